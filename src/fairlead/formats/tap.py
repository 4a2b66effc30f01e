"""TAP Intake API reports: strict JSON to a typed value.

Source: Akrites Foundation, `docs/TAP-API-Spec.md` in `Akrites-Foundation/SIRT`, commit
911320ecba25c3308d7251ea5724141cd88a973a. What of it a test shows is listed in
`docs/tap.md`; `multipart/mixed` is not taken yet.
"""

from __future__ import annotations

import re

import msgspec

from fairlead.errors import Invalid, Malformed, Violation
from fairlead.formats import json_strict
from fairlead.formats.tap_report import Symbol, TapAttachment, TapReport
from fairlead.formats.tap_rules import violations_of

__all__ = [
    "MAX_BYTES",
    "SIZE_CODES",
    "Symbol",
    "TapAttachment",
    "TapReport",
    "decode",
    "warnings_of",
]

MAX_BYTES = 3 * 1024 * 1024
"""The largest report, in bytes (Limits)."""
MAX_DEPTH = 16
"""Nesting of a report; `enrichment` has a smaller bound of its own."""

SIZE_CODES = frozenset({"field_too_large", "too_many_items", "structure_too_deep"})
"""Codes that make the answer a 413 (Errors)."""


def decode(document: bytes) -> TapReport:
    """Return the report in *document*.

    Raises:
        TooLarge: more than `MAX_BYTES`.
        Malformed: it is not exactly one JSON report: broken, a key twice, a field that
            is unknown or of the wrong type.
        Invalid: it breaks rules of the specification; every one is named.

    """
    value = json_strict.read(document, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    try:
        report = msgspec.convert(value, TapReport)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error)) from error
    found = tuple(violations_of(report))
    if found:
        many = "1 violation" if len(found) == 1 else f"{len(found)} violations"
        raise Invalid(f"{many}; see errors", found)
    return report


def warnings_of(report: TapReport) -> tuple[Violation, ...]:
    """Return what is accepted but deprecated (202 Accepted)."""
    return tuple(
        Violation(
            "deprecated_field",
            payload.filename,
            f"{payload.filename} is deprecated; send it as an attachment instead",
        )
        for payload in report.folded
    )


_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`", re.DOTALL)
_PLACE = re.compile(r" - at `(?:key in )?\$\.?(.*?)`$", re.DOTALL)


def _wrong_type(said: str) -> Malformed:
    """Return the error for a field that is unknown or of the wrong type."""
    place = _PLACE.search(said)
    where = place.group(1) if place else ""
    unknown = _UNKNOWN.search(said)
    if unknown:
        name = ascii(unknown.group(1)[:64])[1:-1]
        field = f"{where}.{name}" if where else name
        reason = f"unknown field {field}"
    else:
        field = where or "report"
        reason = f"{field}: {_PLACE.sub('', said)}"
    return Malformed(reason, [Violation("malformed", field, reason)])
