"""Check a document against what its format demands: CSAF, OSV and CVE, told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from fairlead.errors import Invalid, Violation
from fairlead.formats import csaf_tests, json_strict, schemas
from fairlead.formats.csaf_tests import Group

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 200

Json = dict[str, Any]


class Format(StrEnum):
    """What a document is."""

    CSAF_2_0 = "CSAF 2.0"
    CSAF_2_1 = "CSAF 2.1"
    OSV = "OSV"
    CVE = "CVE 5"


SCHEMAS = {
    Format.CSAF_2_0: schemas.CSAF_2_0,
    Format.CSAF_2_1: schemas.CSAF_2_1,
    Format.OSV: schemas.OSV,
    Format.CVE: schemas.CVE,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a document gets wrong."""

    rule: str
    """`schema`, or the number of a test."""
    group: Group
    pointer: str
    """JSON pointer; empty for the document as a whole."""
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one document."""

    format: Format
    faults: tuple[Fault, ...]

    @property
    def valid(self) -> bool:
        """Tell whether nothing mandatory is broken."""
        return not any(fault.group is Group.MANDATORY for fault in self.faults)


def read(document: bytes) -> tuple[Format, Json]:
    """Return what *document* is, and its value.

    Raises:
        Malformed: it cannot be read as JSON.
        Invalid: it is of no format that is known here.

    """
    value = decode(document)
    return format_of(value), value


def decode(document: bytes) -> Json:
    """Return the value of a document that may be an advisory.

    Raises:
        Malformed: it cannot be read as JSON.
        Invalid: it is no JSON object.

    """
    value = json_strict.read(document, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    if not isinstance(value, dict):
        raise Invalid("this is no advisory: not a JSON object")
    found: Json = value
    return found


def format_of(value: Json) -> Format:
    """Return what *value* is.

    Raises:
        Invalid: it is of no format that is known here.

    """
    head = value.get("document")
    if isinstance(head, dict) and "csaf_version" in head:
        old = head["csaf_version"] == "2.0"
        return Format.CSAF_2_0 if old else Format.CSAF_2_1
    if value.get("dataType") == "CVE_RECORD":
        return Format.CVE
    if isinstance(value.get("id"), str) and "modified" in value:
        return Format.OSV
    raise Invalid("this is neither a CSAF document nor an OSV or CVE record")


def check(
    document: bytes,
    *,
    now: Decimal | None = None,
    resolves: Callable[[str], bool] | None = None,
) -> Report:
    """Return everything that is wrong with *document*.

    First the schema, then, for CSAF, every test of its version; see `csaf_tests.run` for
    *now* and *resolves*.

    Raises:
        Malformed: it cannot be read as JSON.
        Invalid: it is of no format that is known here.

    """
    kind, value = read(document)
    faults = [
        Fault("schema", Group.MANDATORY, fault.pointer, fault.message)
        for fault in schemas.violations(SCHEMAS[kind], value)
    ]
    if kind in {Format.CSAF_2_0, Format.CSAF_2_1}:
        tests = csaf_tests.tests_of("2.0" if kind is Format.CSAF_2_0 else "2.1")
        failed = csaf_tests.run(value, tests, now=now, resolves=resolves)
        faults += [
            Fault(one.test.id, one.test.group, one.pointer, one.message)
            for one in failed
        ]
    return Report(kind, tuple(faults))


def expect(kind: Format, value: Json) -> None:
    """Make sure that *value* keeps the schema of its format.

    Raises:
        Invalid: it does not; every fault is named.

    """
    faults = [
        Violation("schema", fault.pointer, fault.message)
        for fault in schemas.violations(SCHEMAS[kind], value)
    ]
    if faults:
        raise Invalid(f"this is no valid {kind}: {len(faults)} faults", faults)
