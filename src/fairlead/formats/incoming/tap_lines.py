"""TAP reports in files: one, a list of them, or one a line."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fairlead.errors import Invalid
from fairlead.formats import tap
from fairlead.formats.incoming.reading import Hints, Reading, reasons_of, text_at


def read_one(value: object, content: bytes, _hints: Hints) -> Sequence[Reading]:
    """Return the one report of a file, exactly as it stands there."""
    return [_reading("", value, content)]


def read_list(value: object, _content: bytes, _hints: Hints) -> Sequence[Reading]:
    """Return each report of a list."""
    reports = value if isinstance(value, list) else []
    return [
        _reading(f"[{place}]", one, json.dumps(one, ensure_ascii=False).encode())
        for place, one in enumerate(reports)
    ]


def read_lines(content: bytes) -> Sequence[Reading]:
    """Return the report of each line, exactly as it stands there."""
    lines = enumerate(content.split(b"\n"), 1)
    return [
        _reading(f"line {n}", None, line.strip()) for n, line in lines if line.strip()
    ]


def _reading(place: str, value: object, content: bytes) -> Reading:
    title = text_at(value, "purl") or text_at(value, "software")
    try:
        report = tap.decode(content)
    except Invalid as error:
        return Reading(place=place, title=title, why=reasons_of(error))
    title = report.purl or report.software or ""
    if b"\n" in content or b"\r" in content:
        # A batch has a report a line; JSON has line breaks between its tokens only.
        content = content.replace(b"\r", b" ").replace(b"\n", b" ")
    return Reading(place=place, title=title, report=content)
