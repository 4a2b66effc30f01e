"""Tests of licences: 6.1.54, 6.1.55, 6.2.43 to 6.2.46 and 6.3.17."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.formats.csaf_tests.languages import english
from fairlead.formats.csaf_tests.tables import licences
from fairlead.formats.csaf_tests.texts import term_in
from fairlead.formats.csaf_tests.view import Finding, View, objects, text

_AT = "/document/license_expression"
_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")
_REFERENCE = re.compile(r"(?:LicenseRef|AdditionRef)-[A-Za-z0-9.-]+")
_IDENTIFIER = re.compile(r"[A-Za-z0-9.-]+\+?")
_SCANCODE = "LicenseRef-scancode-"


def _tokens(expression: str) -> list[str]:
    return _TOKEN.findall(expression)


def _is_name(token: str) -> bool:
    """Tell whether *token* is an identifier of SPDX 3.0.1, annex B.

    References to other documents are not, since a CSAF document stands alone.
    """
    if token.lower().startswith(("licenseref", "additionref")):
        return _REFERENCE.fullmatch(token) is not None
    return _IDENTIFIER.fullmatch(token) is not None and token not in {
        "AND",
        "OR",
        "WITH",
    }


def _reads(tokens: list[str]) -> bool:
    """Tell whether *tokens* are an expression: names joined by AND, OR, WITH."""
    depth, wants_name, after_with = 0, True, False
    for token in tokens:
        if wants_name:
            if token == "(" and not after_with:  # noqa: S105 - a bracket
                depth += 1
                continue
            if not _is_name(token):
                return False
            wants_name = after_with = False
        elif token == ")":  # noqa: S105 - a bracket
            depth -= 1
            if depth < 0:
                return False
        elif token.upper() in {"AND", "OR", "WITH"}:
            wants_name, after_with = True, token.upper() == "WITH"
        else:
            return False
    return depth == 0 and not wants_name


def invalid_expression(view: View) -> Iterator[Finding]:
    """6.1.54: the licence is an expression of SPDX."""
    expression = text(view.document, "license_expression")
    if expression and not _reads(_tokens(expression)):
        yield Finding(_AT, "is no SPDX licence expression")


def _names(view: View) -> list[str]:
    tokens = _tokens(text(view.document, "license_expression"))
    joins = {"AND", "OR", "WITH", "(", ")"}
    return [token.rstrip("+") for token in tokens if token.upper() not in joins]


def _listed(name: str) -> bool:
    known = licences()
    if name.startswith(_SCANCODE):
        key = name.removeprefix(_SCANCODE)
        return key in known["scancodeLicenses"] or key in known["deprecatedScancode"]
    return any(
        name in known[kind]
        for kind in (
            "spdxLicenses",
            "deprecatedSpdxLicenses",
            "spdxExceptions",
            "deprecatedSpdxExceptions",
        )
    )


def _own(view: View) -> list[str]:
    """Return the licences that no list has."""
    return [name for name in _names(view) if not _listed(name)]


def _licence_notes(view: View, term: str) -> Iterator[Finding]:
    notes = [
        (pointer, note)
        for pointer, note in objects(view.document, "notes", "/document")
        if text(note, "title") == term
    ]
    if len(notes) != 1:
        yield Finding("/document/notes", f"add one note with the title {term!r}")
    for pointer, note in notes:
        if text(note, "category") != "legal_disclaimer":
            yield Finding(f"{pointer}/category", "is legal_disclaimer for a licence")


def missing_text(view: View) -> Iterator[Finding]:
    """6.1.55: a licence of one's own is written out."""
    if english(view) and _own(view):
        yield from _licence_notes(view, "License")


def missing_text_in_language(view: View) -> Iterator[Finding]:
    """6.2.46: the same in other languages, where a translation of the term is known."""
    term = term_in(view, "license", "License")
    if not english(view) and _own(view) and term is not None:
        yield from _licence_notes(view, term)


def missing_expression(view: View) -> Iterator[Finding]:
    """6.2.43: the document has a licence."""
    if "license_expression" not in view.document:
        yield Finding("/document", "add license_expression")


def deprecated_licence(view: View) -> Iterator[Finding]:
    """6.2.44: no licence is deprecated."""
    known = licences()
    old = known["deprecatedSpdxLicenses"] | known["deprecatedSpdxExceptions"]
    for name in _names(view):
        key = name.removeprefix(_SCANCODE)
        if name in old or (key != name and key in known["deprecatedScancode"]):
            yield Finding(_AT, f"{name} is deprecated")


def unknown_licence(view: View) -> Iterator[Finding]:
    """6.2.45: every licence exists."""
    for name in _own(view):
        if not name.startswith("LicenseRef-") or name.startswith(_SCANCODE):
            yield Finding(_AT, f"there is no licence {name}")


def unregistered_licence(view: View) -> Iterator[Finding]:
    """6.3.17: every licence is on a list."""
    for name in _own(view):
        yield Finding(_AT, f"{name} is on no list")
