"""TAP reports as `multipart/mixed`: a `report` part, and each file as a part of its own.

Source: see `fairlead.formats.tap`, section “Multipart submissions”.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from fairlead.errors import BadEnvelope, TooLarge, Violation
from fairlead.formats.multipart import Parser, Part, Value, boundary_of, value_of
from fairlead.formats.tap_attachments import TEXT
from fairlead.formats.tap_report import TapAttachment, TapReport

TYPE = "multipart/mixed"
PARTS_ONLY = (
    "exploit",
    "exploit_content_type",
    "raw",
    "raw_content_type",
    "attachments",
)
"""Fields that must not stand in the `report` part, not even empty or null."""

MAX_BYTES = 3 * 1024 * 1024
"""The largest body, in bytes (Limits)."""

_ENTITY = b"Content-Type: multipart/mixed;"
_CONTENT_HEADERS = frozenset(
    {
        "content-disposition",
        "content-type",
        "content-transfer-encoding",
        "content-length",
        "content-description",
        "content-akrites-type",
    }
)
_OF_ATTACHMENTS = ("content-description", "content-akrites-type")
_ENCODINGS = frozenset({"binary", "8bit", "7bit"})
_HEADERS = {
    "filename": "Content-Disposition's filename",
    "content_type": "Content-Type",
    "description": "Content-Description",
    "type": "Content-Akrites-Type",
}
_PLACE = re.compile(r"attachments\[[0-9]+\]\.([a-z_]+)")


@dataclass(slots=True)
class Parts:
    """The parts of a report, each in its place."""

    report: bytes = b""
    payloads: dict[str, tuple[bytes, str | None]] = field(default_factory=dict)
    """`exploit` and `raw`, where they are not empty: content and content type."""
    attachments: list[TapAttachment] = field(default_factory=list)
    sent: dict[str, bytes] = field(default_factory=dict)
    """Files as they came, by field."""


def entity(boundary: str, body: bytes) -> bytes:
    """Return a multipart body as it is kept: its Content-Type line, then as sent."""
    return _ENTITY + f' boundary="{boundary}"'.encode("ascii") + b"\r\n\r\n" + body


def is_entity(document: bytes) -> bool:
    """Tell whether *document* was kept by `entity`."""
    return document.startswith(_ENTITY)


def read(document: bytes) -> Parts:
    """Return the parts of an `entity`.

    Raises:
        TooLarge: the body has more than `MAX_BYTES`.
        BadEnvelope: it is no well-formed multipart report.

    """
    head, _, body = document.partition(b"\r\n\r\n")
    if len(body) > MAX_BYTES:
        raise TooLarge(f"{len(body)} bytes; at most {MAX_BYTES} are taken")
    kind = value_of(head.partition(b": ")[2].decode("ascii"))
    parser = Parser(boundary_of(kind))
    parser.feed(body)
    return placed(parser.close())


def placed(parts: Sequence[Part]) -> Parts:
    """Put each of *parts* in its place.

    Raises:
        BadEnvelope: a part is unknown, repeated or lacking, or its headers are not
            those that the specification takes.

    """
    found = Parts()
    seen: set[str] = set()
    for part in parts:
        disposition = _disposition(part)
        name = disposition.get("name")
        if name not in {"report", "exploit", "raw", "attachment"}:
            raise BadEnvelope(
                "a part's name must be report, exploit, raw or attachment"
            )
        if name in seen and name != "attachment":
            raise BadEnvelope(f"the part {name} stands there twice")
        seen.add(name)
        _check_headers(part, name)
        if name == "report":
            found.report = _report(part)
        elif name == "attachment":
            _attach(found, part, disposition)
        elif part.content:
            found.payloads[name] = part.content, _type(part)
            found.sent[name] = part.content
    if "report" not in seen:
        raise BadEnvelope("the part report is lacking")
    return found


def joined(report: TapReport, parts: Parts) -> TapReport:
    """Return *report* with its files."""
    given: dict[str, str | None] = {}
    for name, (content, kind) in parts.payloads.items():
        given[name] = _data(content, kind)
        given[f"{name}_content_type"] = kind
    return msgspec.structs.replace(
        report, attachments=tuple(parts.attachments), **given
    )


def name_header(violation: Violation) -> Violation:
    """Return *violation* with the header named that an attachment's field came in."""
    place = _PLACE.fullmatch(violation.field)
    header = _HEADERS.get(place.group(1)) if place else None
    if header is None:
        return violation
    return Violation(
        violation.code,
        violation.field,
        f"{header}: {violation.reason}",
        violation.also_field,
    )


def _disposition(part: Part) -> Value:
    """Return the Content-Disposition of a part, which says what it is."""
    written = part.get("content-disposition")
    if written is None:
        raise BadEnvelope("a part without Content-Disposition")
    value = value_of(written)
    if value.main != "attachment":
        raise BadEnvelope("Content-Disposition must be attachment, with a name")
    names = [name for name, _ in value.parameters]
    if any("*" in name for name in names):
        raise BadEnvelope("name* and filename* (RFC 2231) are not taken")
    if len(set(names)) != len(names):
        raise BadEnvelope("a parameter of Content-Disposition stands there twice")
    return value


def _check_headers(part: Part, name: str) -> None:
    about = [h for h, _ in part.headers if h.startswith("content-")]
    if not _CONTENT_HEADERS.issuperset(about):
        raise BadEnvelope("a Content- header that is not taken")
    if len(set(about)) != len(about):
        raise BadEnvelope("a Content- header stands there twice")
    if name != "attachment" and any(h in about for h in _OF_ATTACHMENTS):
        raise BadEnvelope("only an attachment has a description and a type")
    encoding = part.get("content-transfer-encoding")
    if encoding is not None and encoding.lower() not in _ENCODINGS:
        raise BadEnvelope("Content-Transfer-Encoding must be binary, 8bit or 7bit")
    length = part.get("content-length")
    if length is not None and length != str(len(part.content)):
        raise BadEnvelope("a part's Content-Length is not its length")


def _report(part: Part) -> bytes:
    if _type(part) != "application/json":
        raise BadEnvelope("the part report must be application/json")
    return part.content


def _type(part: Part) -> str | None:
    """Return a part's content type as a JSON report would have it.

    Text and JSON may add `charset=utf-8`; any other parameter stays, to be refused.
    """
    written = part.get("content-type")
    if not written:
        return None
    value = value_of(written)
    plain = [(name, v.lower()) for name, v in value.parameters]
    if value.main in TEXT and plain == [("charset", "utf-8")]:
        return value.main
    return written.lower()


def _attach(found: Parts, part: Part, disposition: Value) -> None:
    kind = _type(part)
    field_name = f"attachments[{len(found.attachments)}].data"
    found.sent[field_name] = part.content
    found.attachments.append(
        TapAttachment(
            filename=disposition.get("filename") or "",
            data=_data(part.content, kind),
            content_type=kind or "",
            description=part.get("content-description"),
            type=part.get("content-akrites-type") or "other",
        )
    )


def _data(content: bytes, kind: str | None) -> str:
    """Return a file as it stands in a JSON report."""
    if kind in TEXT:
        return content.decode("utf-8", "replace")
    return base64.b64encode(content).decode("ascii")
