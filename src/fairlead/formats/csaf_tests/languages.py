"""Tests of languages: 6.1.12, 6.1.15, 6.1.28, 6.2.12, 6.2.14 and 6.2.15."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.formats.csaf_tests.tables import languages
from fairlead.formats.csaf_tests.view import Finding, View, part, text

_PRIVATE_LANGUAGE = re.compile(r"q[a-t][a-z]")
_PRIVATE_REGION = re.compile(r"aa|q[m-z]|x[a-z]|zz")
_PRIVATE_SCRIPT = re.compile(r"qa(?:a[a-z]|b[a-x])")
_WHOLE = frozenset({"i-default", "i-mingo"})


def _given(view: View) -> Iterator[tuple[str, str]]:
    for name in ("lang", "source_lang"):
        tag = text(view.document, name)
        if tag:
            yield f"/document/{name}", tag


def english(view: View) -> bool:
    """Tell whether the document is in English, or does not say."""
    tag = text(view.document, "lang").lower()
    return not tag or tag.split("-")[0] == "en"


def invalid_language(view: View) -> Iterator[Finding]:
    """6.1.12: languages are those of IANA's registry (RFC 5646)."""
    for pointer, tag in _given(view):
        wrong = _unknown(tag.lower())
        if wrong:
            yield Finding(pointer, f"{wrong!r} is no subtag of a language")


def _unknown(tag: str) -> str:
    """Return the first subtag that nobody registered."""
    if tag in _WHOLE:
        return ""
    first, *rest = tag.split("-")
    if first == "x":
        return ""
    known = languages()
    if first not in known["language"] and not _PRIVATE_LANGUAGE.fullmatch(first):
        return first
    for subtag in rest:
        if len(subtag) == 1:
            return ""
        kind = {2: "region", 3: "extlang", 4: "script"}.get(len(subtag))
        if subtag.isdigit():
            kind = "region"
        if kind is None or (subtag[0].isdigit() and kind == "script"):
            continue
        private = _PRIVATE_REGION.fullmatch(subtag) or _PRIVATE_SCRIPT.fullmatch(subtag)
        if subtag not in known[kind] and not private:
            return subtag
    return ""


def translator(view: View) -> Iterator[Finding]:
    """6.1.15: who translates names the language of the original."""
    category = text(part(view.document, "publisher"), "category")
    if category == "translator" and "source_lang" not in view.document:
        yield Finding("/document", "name the language of the original as source_lang")


def same_language(view: View) -> Iterator[Finding]:
    """6.1.28: a translation is in another language."""
    tag, original = text(view.document, "lang"), text(view.document, "source_lang")
    if tag and tag.lower() == original.lower():
        yield Finding("/document/source_lang", "is the language of the document itself")


def missing_language(view: View) -> Iterator[Finding]:
    """6.2.12: the document names its language."""
    if "lang" not in view.document:
        yield Finding("/document", "name the language as lang")


def private_language(view: View) -> Iterator[Finding]:
    """6.2.14: no subtag is for private use."""
    for pointer, tag in _given(view):
        first, *rest = tag.lower().split("-")
        private = first == "x" or _PRIVATE_LANGUAGE.fullmatch(first) is not None
        for subtag in rest:
            if subtag == "x" or private:
                private = True
                break
            private = bool(
                _PRIVATE_REGION.fullmatch(subtag) or _PRIVATE_SCRIPT.fullmatch(subtag)
            )
        if private:
            yield Finding(pointer, f"{tag!r} is for private use")


def default_language(view: View) -> Iterator[Finding]:
    """6.2.15: the language is said, not left at i-default."""
    for pointer, tag in _given(view):
        if tag.lower() == "i-default":
            yield Finding(pointer, "name the language")
