"""The rules of the TAP Intake API for attachments, and for the two deprecated payloads."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterator, Mapping

from fairlead.errors import Violation
from fairlead.formats.tap_report import TapAttachment, TapReport

COUNT = 16
"""Attachments of a report, deprecated payloads among them (Limits)."""
DATA = 1024 * 1024
"""Bytes of one payload as it stands in the JSON (Limits)."""
FILENAME = 255
DESCRIPTION = 1024

EXTENSIONS = {
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".tar.gz",
    "application/x-bzip2": ".tar.bz2",
    "application/octet-stream": ".bin",
}
"""Content types and the extension that a download gets (Content types)."""

TEXT = frozenset({"text/plain", "text/markdown", "application/json"})
KINDS = frozenset(
    {"patch", "exploit-proof-of-concept", "reproducer", "threat-model", "other"}
)

_LINES = re.compile(r"[\r\n]")


Sent = Mapping[str, bytes]
"""Payloads that came as the files themselves, by field: `attachments[0].data`, `raw`."""


def violations_of(report: TapReport, sent: Sent) -> Iterator[Violation]:
    """Say what is wrong with the attachments of *report*, some of them *sent* as files."""
    yield from _payloads(report, sent)
    everything = [*report.attachments, *report.folded]
    if len(everything) > COUNT:
        yield Violation(
            "too_many_items",
            "attachments",
            f"{len(everything)} with exploit and raw; at most {COUNT}",
        )
        return
    for place, attachment in enumerate(report.attachments):
        yield from _attachment(f"attachments[{place}]", attachment, sent)
    yield from _same_names(report)


def download_name(attachment: TapAttachment) -> str:
    """Return the name that a download gets (Attachments, `filename`)."""
    extension = EXTENSIONS.get(attachment.content_type.lower(), "")
    name = attachment.filename
    return name if name.lower().endswith(extension) else name + extension


def _payloads(report: TapReport, sent: Sent) -> Iterator[Violation]:
    """Say what is wrong with `exploit` and `raw` (Core; Identity; Content types)."""
    for name in ("exploit", "raw"):
        data: str | None = getattr(report, name)
        kind: str | None = getattr(report, f"{name}_content_type")
        if data and not kind:
            yield Violation(
                "missing_field", f"{name}_content_type", "say its type", name
            )
        if kind is not None and not data:
            yield Violation(
                "missing_field", name, "a type without content", f"{name}_content_type"
            )
        if kind is not None and kind.lower() not in EXTENSIONS:
            yield _wrong_type(f"{name}_content_type")
        elif data and kind:
            yield from _data(name, sent.get(name, data), kind)


def _attachment(
    where: str, attachment: TapAttachment, sent: Sent
) -> Iterator[Violation]:
    if attachment.filename:
        yield from _filename(f"{where}.filename", attachment.filename)
    for field in ("filename", "data", "content_type"):
        if not getattr(attachment, field):
            yield Violation("missing_field", f"{where}.{field}", "must not be empty")
    if attachment.description is not None:
        yield from _description(f"{where}.description", attachment.description)
    if attachment.type not in KINDS:
        yield Violation(
            "invalid_attachment_type", f"{where}.type", f"must be of {sorted(KINDS)}"
        )
    if not attachment.content_type:
        return
    if attachment.content_type.lower() not in EXTENSIONS:
        yield _wrong_type(f"{where}.content_type")
    elif attachment.data:
        field = f"{where}.data"
        content = sent.get(field, attachment.data)
        yield from _data(field, content, attachment.content_type)


def _filename(field: str, name: str) -> Iterator[Violation]:
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > FILENAME:
        yield Violation("field_too_large", field, f"{size} bytes; at most {FILENAME}")
    if "/" in name or "\\" in name or name in {".", ".."}:
        yield Violation("invalid_filename", field, "must be a file name, not a path")
    categories = {unicodedata.category(c) for c in name}
    if "Cs" in categories:
        yield Violation("invalid_utf8", field, "must be UTF-8")
    if "Cc" in categories:
        yield Violation("control_characters", field, "must not hold control characters")
    if "Cf" in categories:
        yield Violation(
            "invalid_filename", field, "must not hold invisible formatting characters"
        )


def _description(field: str, text: str) -> Iterator[Violation]:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > DESCRIPTION:
        yield Violation(
            "field_too_large", field, f"{size} bytes; at most {DESCRIPTION}"
        )
    categories = {unicodedata.category(c) for c in text}
    if "Cs" in categories:
        yield Violation("invalid_utf8", field, "must be UTF-8")
    if categories & {"Cc", "Cf", "Zl", "Zp"}:
        yield Violation("control_characters", field, "must be one line of visible text")


def _data(field: str, data: str | bytes, content_type: str) -> Iterator[Violation]:
    """Say what is wrong with a payload: in JSON a string, in multipart a file.

    The size of a string counts before base64 is decoded (Limits).
    """
    content = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    if len(content) > DATA:
        said = f"{len(content)} bytes; at most {DATA}"
        yield Violation("field_too_large", field, said)
        return
    if content_type.lower() in TEXT:
        if isinstance(data, bytes) and not _is_utf8(data):
            yield Violation("invalid_utf8", field, "a text or JSON file must be UTF-8")
        return
    if isinstance(data, str) and not file_of(data, content_type):
        yield Violation(
            "invalid_base64", field, "a binary type is sent as padded standard base64"
        )


def file_of(data: str, content_type: str) -> bytes:
    """Return the file that *data*, in JSON, stands for; nothing if it does not decode."""
    if content_type.lower() in TEXT:
        return data.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(_LINES.sub("", data), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _same_names(report: TapReport) -> Iterator[Violation]:
    """Name attachments that download under the same name as one before them."""
    taken = {_folded(payload): payload.filename for payload in report.folded}
    for place, attachment in enumerate(report.attachments):
        name = _folded(attachment)
        if not attachment.filename:
            continue
        if name in taken:
            yield Violation(
                "invalid_filename",
                f"attachments[{place}].filename",
                "downloads under the same name as another",
                taken[name],
            )
        else:
            taken[name] = f"attachments[{place}].filename"


def _folded(attachment: TapAttachment) -> str:
    """Return the download name without regard to case and Unicode form."""
    name = unicodedata.normalize("NFKC", download_name(attachment))
    return unicodedata.normalize("NFKC", name.casefold())


def _wrong_type(field: str) -> Violation:
    return Violation(
        "invalid_content_type", field, "must be of " + ", ".join(EXTENSIONS)
    )
