"""Stack traces: frames of the code at fault, from whatever tool printed them.

Read are AddressSanitizer and its kin, valgrind, gdb, Python, Java, JavaScript, Rust and
Go, and the shortened forms that people write by hand. Frames of the run time, the C
library, the fuzzer and the sanitizer are dropped: they are the same in every crash.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fairlead.clearinghouse.duplicates.locations import (
    function_of,
    is_source,
    path_of,
)

FRAME_CAP = 12
_LINE_CAP = 400
_LINES_CAP = 4_000


class Frame(NamedTuple):
    """One call: the function, and its file and line as far as they are given."""

    function: str
    file: str = ""
    line: int = 0


_FILE = re.compile(r"([A-Za-z0-9_.+/\\-]{3,200})(?::([0-9]{1,7}))?(?::[0-9]{1,5})?")
_NUMBERED = re.compile(r"^(?:frame )?#?[0-9]{1,3}[:.]? +(.*)$")
_ADDRESS = re.compile(r"^0x[0-9a-fA-F]+:? ?")
_VALGRIND = re.compile(r"^(?:==[0-9]+== *)?(?:at|by) 0x[0-9a-fA-F]+: (.*)$")
_PYTHON = re.compile(r'^File "([^"]{1,300})", line ([0-9]{1,7})(?:, in (.{1,200}))?')
_AT = re.compile(r"^(?:at|up:|<-|called by|in) +(.*)$")

_SECONDARY = (
    "allocated by",
    "allocated:",
    "alloc'd",
    "freed by",
    "free'd",
    "previously allocated",
    "stack of allocation",
    "thread t0 created",
)
"""What follows tells where memory came from, not where the fault is."""

_RUNTIME = (
    "__asan",
    "__hwasan",
    "__interceptor",
    "__libc",
    "__msan",
    "__sanitizer",
    "__ubsan",
    "_py",
    "cfunction",
    "fuzzer",
    "java.",
    "llvmfuzzer",
    "method_vectorcall",
    "py",
    "std.",
)
_TEXT_OF_RUNTIME_NAMES = """
_start abort asan calloc clone exit fprintf free fwrite gsignal kill longjmp main
malloc memchr memcmp memcpy memmove memset operator printf pthread_create raise
realloc start_thread strcat strchr strcmp strcpy strdup strlen strncat strncmp strncpy
strnlen strstr strtol strtoul vfprintf vsnprintf vsprintf
"""
_RUNTIME_NAMES = frozenset(_TEXT_OF_RUNTIME_NAMES.split())


def frames_in(text: str) -> tuple[Frame, ...]:
    """Return the frames in *text*, innermost first, at most `FRAME_CAP`."""
    found: list[Frame] = []
    for line in _primary_lines(text):
        frame = _frame(line)
        if frame and is_own(frame) and frame not in found:
            found.append(frame)
            if len(found) == FRAME_CAP:
                break
    return tuple(found)


_BOILERPLATE = (
    "==",
    "summary:",
    "error: ",
    "addresssanitizer",
    "read of size",
    "write of size",
    "alarm: ",
    "artifact_prefix",
    "info: ",
)


def without_traces(text: str) -> str:
    """Return *text* without frames and what sanitizers print around them."""
    kept: list[str] = []
    for line in text.split("\n", _LINES_CAP)[:_LINES_CAP]:
        bare = line[:_LINE_CAP].strip()
        indented = (" " if line[:1].isspace() else "") + bare
        lowered = bare.lower()
        if lowered.startswith(_BOILERPLATE) or " is located " in lowered:
            continue
        if is_secondary(lowered) or _frame(indented):
            continue
        kept.append(line)
    return "\n".join(kept)


def without_frames(text: str) -> str:
    """Return *text* without the calls of a trace, but with what is said above them."""
    return "\n".join(
        line
        for line in text.split("\n", _LINES_CAP)[:_LINES_CAP]
        if not _frame((" " if line[:1].isspace() else "") + line[:_LINE_CAP].strip())
    )


def is_secondary(line: str) -> bool:
    """Whether *line* begins a stack of where memory came from."""
    lowered = line.lower()
    return any(word in lowered for word in _SECONDARY)


def _primary_lines(text: str) -> list[str]:
    lines: list[str] = []
    secondary = False
    for line in text.split("\n", _LINES_CAP)[:_LINES_CAP]:
        bare = line[:_LINE_CAP].strip().removeprefix("|").strip()
        if not bare:
            secondary = False
        elif is_secondary(bare):
            secondary = True
        elif not secondary:
            # Indentation is what tells an abbreviated frame from prose.
            lines.append((" " if line[:1].isspace() else "") + bare)
    return lines


def is_own(frame: Frame) -> bool:
    """Whether *frame* is code that somebody may have to fix."""
    last = frame.function.rsplit(".", 1)[-1]
    if not last or last in _RUNTIME_NAMES:
        return False
    if frame.function.startswith(_RUNTIME) and not is_source(frame.file):
        return False
    return (
        not frame.function.startswith(
            ("__asan", "__interceptor", "__sanitizer", "fuzzer", "llvmfuzzer", "std.")
        )
        and "fuzz" not in frame.file
    )


def _frame(line: str) -> Frame | None:
    bare = line.strip()
    python = _PYTHON.match(bare)
    if python:
        path, number, function = python.groups()
        return Frame(function_of(function or ""), path_of(path), int(number))
    for pattern in (_VALGRIND, _NUMBERED, _AT):
        match = pattern.match(bare)
        if match:
            return _called(match.group(1))
    return _abbreviated(bare) if line.startswith(" ") else None


def _called(call: str) -> Frame | None:
    call = _ADDRESS.sub("", call).removeprefix("in ")
    if not call or len(call.split()) > 14:  # noqa: PLR2004
        return None
    place = _last_file(call)
    head = call[: place.start()] if place else call
    head = head.split(" <- ")[0].split(" from ")[0].removesuffix("at ").rstrip(" (@")
    function = function_of(head)
    if not place:
        return Frame(function) if function else None
    return Frame(function, path_of(place.group(1)), int(place.group(2) or 0))


def _abbreviated(line: str) -> Frame | None:
    """Read `json_parse  is_json.c:224`: a name, a file, and nothing else before it."""
    place = _last_file(line)
    if not place:
        return None
    head = line[: place.start()].rstrip(" (").removeprefix("<-").strip()
    if len(head.split()) != 1 or (not head[0].isalpha() and head[0] not in "_~"):
        return None
    return Frame(function_of(head), path_of(place.group(1)), int(place.group(2) or 0))


def _last_file(line: str) -> re.Match[str] | None:
    for match in _FILE.finditer(line):
        if is_source(match.group(1)):
            return match
    return None
