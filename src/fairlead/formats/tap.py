"""TAP Intake API reports: strict JSON or `multipart/mixed` to a typed value.

Source: Akrites Foundation, `docs/TAP-API-Spec.md` in `Akrites-Foundation/SIRT`, commit
911320ecba25c3308d7251ea5724141cd88a973a. Which test shows which sentence of it is listed
in `docs/tap.md`.

A report that came as `multipart/mixed` is kept with its own Content-Type line before it,
as a MIME entity: no JSON begins like one, so what is kept says itself what it is.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from fairlead.errors import Invalid, Malformed, Violation
from fairlead.formats import json_strict, tap_multipart
from fairlead.formats.tap_attachments import Sent, file_of
from fairlead.formats.tap_report import Symbol, TapAttachment, TapReport
from fairlead.formats.tap_rules import violations_of

__all__ = [
    "MAX_BYTES",
    "SIZE_CODES",
    "Symbol",
    "TapAttachment",
    "TapReport",
    "content_of",
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
    """Return the report in *document*, JSON or a MIME entity.

    Raises:
        TooLarge: more than `MAX_BYTES`, the line before a multipart body aside.
        BadEnvelope: a multipart body that cannot be read.
        Malformed: it is not exactly one JSON report: broken, a key twice, a field that
            is unknown or of the wrong type.
        Invalid: it breaks rules of the specification; every one is named.

    """
    if tap_multipart.is_entity(document):
        report, sent, found = _from_parts(document)
    else:
        report, sent, found = _report(_read(document)), {}, []
    found += violations_of(report, sent)
    if sent:
        found = [tap_multipart.name_header(violation) for violation in found]
    if found:
        many = "1 violation" if len(found) == 1 else f"{len(found)} violations"
        raise Invalid(f"{many}; see errors", found)
    return report


def content_of(report: TapReport) -> bytes:
    """Return what *report* says, the same however it was written or sent.

    Two reports with equal content are the same report: spaces, the order of fields,
    line breaks in base64 and boundaries of a multipart body make no difference.
    """
    files = [
        (a.filename, a.content_type.lower(), a.description, a.type, _digest(a))
        for a in (*report.attachments, *report.folded)
    ]
    rest = msgspec.structs.replace(
        report,
        attachments=(),
        exploit=None,
        exploit_content_type=None,
        raw=None,
        raw_content_type=None,
    )
    return msgspec.json.encode((rest, files), order="deterministic")


def _digest(attachment: TapAttachment) -> str:
    content = file_of(attachment.data, attachment.content_type)
    return hashlib.sha256(content).hexdigest()


def _read(document: bytes) -> Any:  # noqa: ANN401 - any JSON
    return json_strict.read(document, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)


def _report(value: Any) -> TapReport:  # noqa: ANN401 - any JSON
    try:
        return msgspec.convert(value, TapReport)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error)) from error


def _from_parts(document: bytes) -> tuple[TapReport, Sent, list[Violation]]:
    parts = tap_multipart.read(document)
    value = _read(parts.report)
    found: list[Violation] = []
    if isinstance(value, dict):
        found = [
            Violation("field_not_allowed", field, "send it as a part of its own")
            for field in tap_multipart.PARTS_ONLY
            if field in value
        ]
        value = {k: v for k, v in value.items() if k not in tap_multipart.PARTS_ONLY}
    return tap_multipart.joined(_report(value), parts), parts.sent, found


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
