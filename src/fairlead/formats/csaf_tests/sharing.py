"""Tests of who may be told: 6.1.38 to 6.1.41, 6.2.10 and 6.2.28 to 6.2.30."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.formats.csaf_tests.view import Finding, View, part, text

MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff"
NIL = "00000000-0000-0000-0000-000000000000"
NAMES = {MAX: "Public", NIL: "No sharing allowed"}
"""Groups with a fixed name (CSAF 2.1, 3.2.2.5.1)."""
_AT = "/document/distribution/sharing_group"


def _group(view: View) -> tuple[str, str]:
    group = part(view.document, "distribution", "sharing_group")
    return text(group, "id"), text(group, "name")


def secret_for_all(view: View) -> Iterator[Finding]:
    """6.1.38: what is not for all is not shared with the group of all."""
    if _group(view)[0] == MAX and view.tlp != "CLEAR":
        yield Finding(f"{_AT}/id", f"everybody is no group for TLP:{view.tlp}")


def public_for_some(view: View) -> Iterator[Finding]:
    """6.1.39: what is for all is shared with the group of all, if with one."""
    name = _group(view)[0]
    if name and name != MAX and view.tlp == "CLEAR":
        yield Finding(f"{_AT}/id", "TLP:CLEAR is for everybody")


def reserved_name(view: View) -> Iterator[Finding]:
    """6.1.40: reserved names are of the groups that they are reserved for."""
    name, called = _group(view)
    if called in NAMES.values() and NAMES.get(name) != called:
        yield Finding(f"{_AT}/name", f"{called!r} is the name of another group")


def missing_name(view: View) -> Iterator[Finding]:
    """6.1.41: groups with a fixed name have it."""
    name, called = _group(view)
    if name in NAMES and called != NAMES[name]:
        yield Finding(f"{_AT}/name", f"is {NAMES[name]!r}")


def missing_label(view: View) -> Iterator[Finding]:
    """6.2.10 of CSAF 2.0: the document has a label of the Traffic Light Protocol."""
    if not view.tlp:
        yield Finding("/document", "add distribution/tlp/label")


def max_uuid(view: View) -> Iterator[Finding]:
    """6.2.28: the group of all is not named."""
    if _group(view)[0] == MAX:
        yield Finding(f"{_AT}/id", "leave the group out")


def nil_uuid(view: View) -> Iterator[Finding]:
    """6.2.29: the group of nobody is not named."""
    if _group(view)[0] == NIL:
        yield Finding(f"{_AT}/id", "nobody may be told")


def group_for_public(view: View) -> Iterator[Finding]:
    """6.2.30: what is for all names no group."""
    if view.tlp == "CLEAR" and part(view.document, "distribution", "sharing_group"):
        yield Finding(_AT, "TLP:CLEAR needs no group")
