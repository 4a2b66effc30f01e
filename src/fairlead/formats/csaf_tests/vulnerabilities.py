"""Tests of vulnerabilities and their identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.formats.csaf_tests.tables import id_systems
from fairlead.formats.csaf_tests.view import Finding, Json, View, objects, text

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")


def same_cve(view: View) -> Iterator[Finding]:
    """6.1.23: every CVE stands in one vulnerability."""
    seen: set[str] = set()
    for pointer, vulnerability in view.vulnerabilities:
        cve = text(vulnerability, "cve")
        if cve and cve in seen:
            yield Finding(f"{pointer}/cve", f"{cve} stands there before")
        seen.add(cve)


def same_involvement(view: View) -> Iterator[Finding]:
    """6.1.24: a party is involved once at a date."""
    for at, vulnerability in view.vulnerabilities:
        seen: set[tuple[str, str]] = set()
        for pointer, node in objects(vulnerability, "involvements", at):
            key = (text(node, "party"), text(node, "date"))
            if key in seen:
                yield Finding(pointer, f"{key[0]} is involved at {key[1]} already")
            seen.add(key)


def _ids(view: View) -> Iterator[tuple[str, Json]]:
    for at, vulnerability in view.vulnerabilities:
        yield from objects(vulnerability, "ids", at)


def cve_among_ids(view: View) -> Iterator[Finding]:
    """6.2.17: a CVE stands in its own field."""
    for pointer, node in _ids(view):
        if _CVE.fullmatch(text(node, "text")):
            yield Finding(f"{pointer}/text", "write it as cve")


def other_pattern(view: View) -> Iterator[Finding]:
    """6.2.53: identifiers of a registered system look as its registry says."""
    for pointer, node in _ids(view):
        pattern = id_systems().get(text(node, "system_name"))
        if pattern is not None and not re.search(pattern, text(node, "text")):
            yield Finding(f"{pointer}/text", f"does not match {pattern}")


def missing_cve(view: View) -> Iterator[Finding]:
    """6.3.3: every vulnerability has a CVE."""
    for pointer, vulnerability in view.vulnerabilities:
        if "cve" not in vulnerability:
            yield Finding(pointer, "there is no CVE")


def unregistered_system(view: View) -> Iterator[Finding]:
    """6.3.20: systems of identifiers are registered."""
    for pointer, node in _ids(view):
        if text(node, "system_name") not in id_systems():
            yield Finding(f"{pointer}/system_name", "is not registered")
