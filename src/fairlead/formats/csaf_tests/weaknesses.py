"""Tests of CWE: 6.1.11, 6.2.23 to 6.2.26 and 6.3.4."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.formats.csaf_tests.tables import cwe
from fairlead.formats.csaf_tests.times import instant
from fairlead.formats.csaf_tests.view import Finding, Json, View, objects, part, text

_CWE = re.compile(r"CWE-([1-9][0-9]{0,5})")
_MAPPING = 7, (4, 12)
"""Since that version CWE says for what a weakness may be used."""


def _items(view: View) -> Iterator[tuple[str, Json]]:
    for at, vulnerability in view.vulnerabilities:
        single = part(vulnerability, "cwe")
        if single:
            yield f"{at}/cwe", single
        yield from objects(vulnerability, "cwes", at)


def _number(node: Json) -> str:
    found = _CWE.fullmatch(text(node, "id"))
    return found.group(1) if found else ""


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(step) for step in version.split(".") if step.isdigit())


def name_in(number: str, version: str) -> str | None:
    """Return what a weakness was called in *version*; nothing if it was not there."""
    weakness = cwe()["weaknesses"].get(number)
    if weakness is None:
        return None
    name = None
    for since, called in weakness["history"]:
        if _order(since) <= _order(version):
            name = called
    return name


def _names(number: str) -> set[str]:
    weakness = cwe()["weaknesses"].get(number)
    return {called for _, called in weakness["history"]} if weakness else set()


def unknown_weakness(view: View) -> Iterator[Finding]:
    """6.1.11: the weakness exists, under this name in this version."""
    for pointer, node in _items(view):
        number, name = _number(node), text(node, "name")
        version = text(node, "version")
        if not version:
            if name not in _names(number):
                yield Finding(
                    f"{pointer}/name", f"is not what {text(node, 'id')} is called"
                )
            continue
        if version not in cwe()["version_dates"]:
            yield Finding(f"{pointer}/version", f"there is no CWE {version}")
            continue
        expected = name_in(number, version)
        if expected is None:
            yield Finding(f"{pointer}/id", f"is no weakness in CWE {version}")
        elif expected != name:
            yield Finding(f"{pointer}/name", f"is called {expected!r} in CWE {version}")


def deprecated_weakness(view: View) -> Iterator[Finding]:
    """6.2.23: the weakness is not deprecated in its version."""
    for pointer, node in _items(view):
        name = name_in(_number(node), text(node, "version")) or text(node, "name")
        if name.startswith("DEPRECATED"):
            yield Finding(pointer, f"{text(node, 'id')} is deprecated")


def other_version(view: View) -> Iterator[Finding]:
    """6.2.24: the version is the latest at the time of the last revision."""
    at = instant(text(view.tracking, "current_release_date"))
    if at is None:
        return
    known = [
        (_order(version), version)
        for version, day in cwe()["version_dates"].items()
        if (since := instant(f"{day}T00:00:00Z")) is not None and since <= at
    ]
    if not known:
        return
    latest = max(known)[1]
    for pointer, node in _items(view):
        version = text(node, "version")
        if version and version != latest:
            yield Finding(f"{pointer}/version", f"CWE {latest} was the latest")


def _usage(node: Json) -> str:
    weakness = cwe()["weaknesses"].get(_number(node))
    if weakness is None or _order(text(node, "version")) < _MAPPING[1]:
        return ""
    return str(weakness.get("usage") or "")


def not_for_mapping(view: View) -> Iterator[Finding]:
    """6.2.25: the weakness may be used for vulnerabilities."""
    for pointer, node in _items(view):
        usage = _usage(node)
        if usage and not usage.startswith("Allowed"):
            yield Finding(pointer, f"{text(node, 'id')} is {usage.lower()} for mapping")


def mapping_with_review(view: View) -> Iterator[Finding]:
    """6.2.26: the weakness may be used without reviewing whether a closer one fits."""
    for pointer, node in _items(view):
        if _usage(node) == "Allowed-with-Review":
            yield Finding(pointer, f"{text(node, 'id')} is allowed with review")


def missing_weakness(view: View) -> Iterator[Finding]:
    """6.3.4: every vulnerability names its weakness."""
    for at, vulnerability in view.vulnerabilities:
        if "cwe" not in vulnerability and "cwes" not in vulnerability:
            yield Finding(at, "name the weakness")
