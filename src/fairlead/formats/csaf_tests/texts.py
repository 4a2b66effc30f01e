"""Tests of text and links: 6.2.11, 6.2.13, 6.2.20, 6.2.22, 6.2.40; 6.3.6 to 6.3.8, 6.3.16.

What needs the network or a dictionary is done as far as a pure function can, and each
function says how far.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

from fairlead.formats.csaf_tests.languages import english
from fairlead.formats.csaf_tests.tables import translations
from fairlead.formats.csaf_tests.view import Finding, View, objects, text
from fairlead.formats.schemas import CSAF_2_0, CSAF_2_1, violations

_NAME = re.compile(r"[^+\-a-z0-9]+")
_NOWHERE = (".invalid", ".test", ".localhost", ".local", ".internal")
"""Ends of host names that never lead anywhere (RFC 2606, RFC 6761, RFC 6762)."""


def file_name(tracking_id: str) -> str:
    """Return the file name of a document (CSAF 2.0 and 2.1, 5.1)."""
    return _NAME.sub("_", tracking_id.lower()) + ".json"


def missing_canonical_url(view: View) -> Iterator[Finding]:
    """6.2.11: a reference to the document itself ends in its file name."""
    name = file_name(text(view.tracking, "id"))
    for _, reference in objects(view.document, "references"):
        url = text(reference, "url")
        own = text(reference, "category") == "self"
        if own and url.startswith("https://") and url.endswith(f"/{name}"):
            return
    yield Finding("/document", f"add a reference of category self that ends in /{name}")


def unsorted_keys(view: View) -> Iterator[Finding]:
    """6.2.13: keys are sorted; the first that is not is said for each object."""
    for at, node in view.objects:
        names = list(node)
        if names == sorted(names):
            continue
        before, after = next(pair for pair in pairwise(names) if pair[1] < pair[0])
        yield Finding(f"{at}/{after}", f"sort it before {before}")


def additional_properties(view: View) -> Iterator[Finding]:
    """6.2.20: there is nothing that the schema does not name."""
    schema = CSAF_2_0 if view.version == "2.0" else CSAF_2_1
    faults = list(violations(schema, view.doc, strict=True))
    known = {f.pointer for f in violations(schema, view.doc)} if faults else set()
    for fault in faults:
        if fault.pointer not in known or "properties are not" in fault.message:
            yield Finding(fault.pointer, fault.message)


def id_in_title(view: View) -> Iterator[Finding]:
    """6.2.22: the title does not repeat the id."""
    name = text(view.tracking, "id")
    if name and name in text(view.document, "title"):
        yield Finding("/document/title", f"leave {name} out")


def description_without_product(view: View) -> Iterator[Finding]:
    """6.2.40: a product description says of which products it is."""
    term = term_in(view, "product_description", "Product Description")
    for pointer, note in objects(view.document, "notes", "/document"):
        if term is None or text(note, "category") != "description":
            continue
        bound = "product_ids" in note or "group_ids" in note
        if text(note, "title").startswith(term) and not bound:
            yield Finding(pointer, "say of which products it is")


def term_in(view: View, key: str, in_english: str) -> str | None:
    """Return a term with a fixed wording in the language of the document.

    Nothing where no translation is recorded.
    """
    if english(view):
        return in_english
    tag = text(view.document, "lang").lower()
    known = translations().get(tag) or translations().get(tag.split("-")[0]) or {}
    return known.get(key)


def _leads_nowhere(view: View, address: str) -> bool:
    if view.resolves is not None:
        return not view.resolves(address)
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return True
    return not host or f".{host}".endswith(_NOWHERE)


def dead_link(view: View) -> Iterator[Finding]:
    """6.3.6: links lead somewhere.

    Whoever runs the tests may give a function that looks; without, nothing is fetched, and
    found are addresses that can lead nowhere by their form, and hosts under names that are
    reserved for leading nowhere.
    """
    for pointer, address, own in view.links:
        if not own and _leads_nowhere(view, address):
            yield Finding(pointer, "leads nowhere")


def dead_own_link(view: View) -> Iterator[Finding]:
    """6.3.7: links to the document itself lead somewhere; found as in 6.3.6."""
    for pointer, address, own in view.links:
        if own and _leads_nowhere(view, address):
            yield Finding(pointer, "leads nowhere")
