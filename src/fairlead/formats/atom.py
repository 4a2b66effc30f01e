"""Atom feeds (RFC 4287) of advisories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from fairlead.formats.csaf import instant
from fairlead.formats.csaf_feed import Entry

_NAMESPACE = "http://www.w3.org/2005/Atom"
TYPE = "application/atom+xml"


def feed(address: str, name: str, entries: Sequence[Entry], updated: datetime) -> bytes:
    """Return the feed of *entries*, the newest first; titles are text, never markup.

    Characters that XML 1.0 cannot hold are left out.
    """
    ET.register_namespace("", _NAMESPACE)
    root = ET.Element(_name("feed"))
    _add(root, "title", f"Advisories of {name}")
    _add(root, "id", f"{address}/advisories.atom")
    _add(root, "updated", instant(updated))
    author = _add(root, "author", None)
    _add(author, "name", name)
    _link(root, "self", f"{address}/advisories.atom", TYPE)
    _link(root, "alternate", f"{address}/advisories", "text/html")
    for one in entries:
        at = f"{address}/advisories/{one.id}"
        entry = _add(root, "entry", None)
        withdrawn = "Withdrawn: " if one.withdrawn else ""
        _add(entry, "title", withdrawn + one.title)
        _add(entry, "id", at)
        _add(entry, "published", instant(one.published))
        _add(entry, "updated", instant(one.revised))
        _link(entry, "alternate", at, "text/html")
        _link(entry, "related", f"{at}/csaf", "application/json")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _name(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


def _add(parent: ET.Element, name: str, text: str | None) -> ET.Element:
    element = ET.SubElement(parent, _name(name))
    if text is not None:
        element.text = "".join(c for c in text if _allowed(c))
    return element


def _link(parent: ET.Element, kind: str, address: str, media_type: str) -> None:
    link = _add(parent, "link", None)
    link.attrib.update(rel=kind, href=address, type=media_type)


def _allowed(character: str) -> bool:
    """Tell whether XML 1.0 has a place for *character* (2.2)."""
    if character < " ":
        return character in "\t\n\r"
    return not "\ud800" <= character <= "\udfff" and character not in "\ufffe\uffff"
