"""Patches and code in a report: which lines they touch, what the code says.

A unified diff is recognised by its `+++` and `@@` lines; anything may surround it.
"""

from __future__ import annotations

import re
from zlib import crc32

from fairlead.clearinghouse.duplicates.locations import (
    function_of,
    is_source,
    path_of,
)
from fairlead.clearinghouse.duplicates.traces import Frame, is_secondary

SPAN_CAP = 16
GRAM_CAP = 160
MENTION_CAP = 40
_LINES_CAP = 4_000
_LINE_CAP = 400
_GRAM = 4

_HUNK = re.compile(r"^@@ -([0-9]{1,7})(?:,([0-9]{1,5}))? \+")
_HEADER = re.compile(r"^@@[^@\n]{0,80}@@ ?([^\n]{1,200})", re.MULTILINE)
_AT_LINE = re.compile(r"([A-Za-z0-9_.+/\\-]{3,200}):([0-9]{1,7})(?![0-9])")
_LINE = re.compile(r"\blines? ~?([0-9]{1,7})|~([0-9]{2,7})")
_CALL = re.compile(r"(?<![A-Za-z0-9_.:~])[A-Za-z_~][A-Za-z0-9_.:]{2,80}(?=\()")
_TICKED = re.compile(r"`([A-Za-z_~][A-Za-z0-9_.:]{2,80})(?:\(\))?`")
_TOKEN = re.compile(r"[A-Za-z_]\w*|[0-9]+|->|::|\+=|-=|[=!<>]=|&&|\|\||[^\s\w]")
_PROSE = frozenset([",", ".", ":", "#", "*", "|", "`", "'"])

Span = tuple[str, int, int]
"""Name of a file without its folders, first line, last line."""


def spans_in(
    text: str, file: str, line: int, frames: tuple[Frame, ...]
) -> tuple[Span, ...]:
    """Return the places in source files that a report points at, most direct first.

    *file* and *line* are what the reporter declares. Where memory was allocated or
    freed is left out: it is the same for many bugs.
    """
    spans = [(file, line, line), *((f.file, f.line, f.line) for f in frames[:4])]
    patched = ""
    for written in text.split("\n", _LINES_CAP)[:_LINES_CAP]:
        row = written[:_LINE_CAP]
        if is_secondary(row) or "allocated" in row:
            continue
        if row.startswith("+++ "):
            patched = path_of(row[4:].split("\t")[0].strip())
        hunk = _HUNK.match(row)
        if hunk:
            spans.append(_changed(patched or file, hunk))
        for path, number in _AT_LINE.findall(row):
            if is_source(path):
                spans.append((path_of(path), int(number), int(number)))
        for number, about in _LINE.findall(row):
            spans.append((file, int(number or about), int(number or about)))
    named = ((_name(path), first, last) for path, first, last in spans if path and last)
    return tuple(dict.fromkeys(named))[:SPAN_CAP]


def _changed(file: str, hunk: re.Match[str]) -> Span:
    """Return the lines that a hunk changes: its range without the context around."""
    first, length = int(hunk[1]), int(hunk[2] or 1)
    context = min(3, max(0, length - 1) // 2)
    return file, first + context, first + max(0, length - 1) - context


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def mentions_in(text: str) -> tuple[str, ...]:
    """Return functions that prose or a patch names, in order of appearance."""
    named = _CALL.findall(text) + _TICKED.findall(text)
    for header in _HEADER.findall(text):
        named += header.split("(")[0].split()[-1:]
    functions = (function_of(name) for name in named)
    return tuple(dict.fromkeys(f for f in functions if len(f) > 3))[:MENTION_CAP]  # noqa: PLR2004


def grams_in(text: str) -> tuple[int, ...]:
    """Return hashes of four successive tokens of code, those with operators in them."""
    found: set[int] = set()
    for line in text.split("\n", _LINES_CAP)[:_LINES_CAP]:
        tokens = _TOKEN.findall(line[:_LINE_CAP].lstrip("+-").strip())
        for start in range(len(tokens) - _GRAM + 1):
            gram = tokens[start : start + _GRAM]
            operators = sum(not token[0].isalnum() for token in gram)
            if 0 < operators < _GRAM and _PROSE.isdisjoint(gram):
                found.add(crc32(" ".join(gram).encode("utf-8", "replace")))
    return tuple(sorted(found)[:GRAM_CAP])
