"""Findings in the formats that tools and people write, as reports of the TAP Intake API.

One file may hold many results; each becomes a report, or a reason why not. What a report
has no field for is named, and the result itself goes along as an attachment, so nothing
is lost on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairlead.errors import Invalid
from fairlead.formats import json_strict
from fairlead.formats.incoming import csaf, mail, osv, sarif, tap_lines
from fairlead.formats.incoming.reading import Hints, Reading, reasons_of

__all__ = ["Hints", "Reading", "read"]

MAX_BYTES = 64 * 1024 * 1024
"""The largest file that is read, in bytes."""
MAX_DEPTH = 64

_BOM = b"\xef\xbb\xbf"

Reader = Callable[[object, bytes, Hints], Sequence[Reading]]


def read(name: str, content: bytes, hints: Hints) -> Sequence[Reading]:
    """Return what the file called *name* holds; its content tells the format.

    Nothing is raised for what a file may hold: a file that cannot be read is one reading
    that says why.
    """
    content = content.removeprefix(_BOM)
    if len(content) > MAX_BYTES:
        return [Reading(why=f"more than the {MAX_BYTES} bytes that are read")]
    try:
        if name.lower().endswith((".jsonl", ".ndjson")):
            return tap_lines.read_lines(content)
        if content.lstrip()[:1] in {b"{", b"["}:
            return _read_json(content, hints)
        return mail.read(name, content, hints)
    except Invalid as error:
        return [Reading(why=reasons_of(error))]


def _read_json(content: bytes, hints: Hints) -> Sequence[Reading]:
    value = json_strict.read(content, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    reader = _reader_of(value)
    if reader is None:
        return [Reading(why="neither a TAP report, SARIF, OSV nor CSAF")]
    return reader(value, content, hints) or [Reading(why="it holds no result")]


def _reader_of(value: object) -> Reader | None:
    """Tell the format by what a document of it must have."""
    if isinstance(value, list):
        return tap_lines.read_list if all(map(_is_tap, value)) else osv.read
    if not isinstance(value, dict):
        return None
    if "runs" in value:
        return sarif.read
    if isinstance(value.get("document"), dict):
        return csaf.read
    if "id" in value and ("modified" in value or "affected" in value):
        return osv.read
    return tap_lines.read_one if _is_tap(value) else None


def _is_tap(value: object) -> bool:
    return isinstance(value, dict) and ("purl" in value or "software" in value)
