"""What a crash looked like, so that two crashes can be held side by side.

Addresses, process numbers and paths go; what stays is what the sanitizer calls it, how
memory was touched, and the innermost frames of the code at fault, as the comparison of
duplicates reads them.
"""

from __future__ import annotations

import re

from msgspec import Struct

from fairlead.clearinghouse.duplicates.traces import frames_in
from fairlead.sandbox.ports import Ended, Reason
from fairlead.sandbox.recipe import Counts, Kind
from fairlead.sandbox.showing import shown

FRAMES = 5
"""Frames that are kept."""
_KEY_FRAMES = 3
"""Frames by which two crashes are the same."""
_REPORT = re.compile(
    r"(?:ERROR|WARNING): (Address|Memory|Thread|Leak|UndefinedBehavior|HWAddress)"
    r"Sanitizer: ([A-Za-z0-9_-]{1,60}(?: [a-z]{1,20}){0,3})"
)
_UNDEFINED = re.compile(r": runtime error: ([^\n]{1,120})")
_ACCESS = re.compile(r"\b(READ|WRITE) (?:of size ([0-9]{1,9})|memory access)")
_VARYING = re.compile(r"0x[0-9a-fA-F]+|-?[0-9]+")
_STARTING = re.compile(r"__libc_start|_start\Z|main\.[0-9]").match
"""Frames by which every program begins."""
_SHOWN = 1 << 18


class CrashState(Struct, frozen=True, kw_only=True):
    """What is always the same about a crash."""

    kind: str
    """`heap-buffer-overflow`, `SIGSEGV`, `time`, …; empty where nothing happened."""
    access: str = ""
    """`READ 4`, `WRITE`; empty where it is not told."""
    frames: tuple[str, ...] = ()
    """Functions, innermost first."""
    place: str = ""
    """File and line of the innermost frame."""

    @property
    def key(self) -> str:
        """Return by what two crashes are the same."""
        return "|".join([self.kind, *self.frames[:_KEY_FRAMES]])


def crash_state(ended: Ended) -> CrashState:
    """Return what *ended* looked like; its kind is empty where it ended well."""
    said = shown(ended.stderr + b"\n" + ended.stdout, _SHOWN)
    kind = _sanitizer(said)
    if not kind:
        kind = _kind_of_end(ended)
    if not kind:
        return CrashState(kind="")
    frames = [f for f in frames_in(_after_report(said)) if not _STARTING(f.function)]
    access = _ACCESS.search(said)
    told = " ".join(filter(None, access.groups())) if access else ""
    first = frames[0] if frames else None
    return CrashState(
        kind=kind,
        access=told,
        frames=tuple(frame.function for frame in frames[:FRAMES]),
        place=f"{first.file}:{first.line}" if first and first.file else "",
    )


def fires(counts: Counts, ended: Ended, state: CrashState) -> bool:
    """Tell whether a run shows what *counts*."""
    match counts.kind:
        case Kind.SANITIZER:
            return _sanitizer_fires(counts, ended, state)
        case Kind.SIGNAL:
            return ended.signal == counts.signal and _in_order(counts, state)
        case Kind.OUTPUT:
            said = ended.stdout + b"\n" + ended.stderr
            return (counts.says or "").encode() in said
        case Kind.TIME:
            late = ended.reason in {Reason.WALL, Reason.CPU}
            return late or ended.seconds > (counts.seconds or 0)


def _sanitizer_fires(counts: Counts, ended: Ended, state: CrashState) -> bool:
    reported = bool(_sanitizer(shown(ended.stderr + b"\n" + ended.stdout, _SHOWN)))
    wanted = (counts.report or "").lower()
    return reported and wanted in state.kind.lower() and _in_order(counts, state)


def _in_order(counts: Counts, state: CrashState) -> bool:
    """Tell whether the frames that were asked for are there, in their order."""
    rest = iter(state.frames)
    return all(
        any(frame.rsplit(".", 1)[-1] == wanted.lower() for frame in rest)
        for wanted in counts.frames
    )


def _sanitizer(said: str) -> str:
    found = _REPORT.search(said)
    if found:
        words = found[2].split(" on ")[0].split()
        return " ".join(words[:3]).removesuffix(" on unknown")
    undefined = _UNDEFINED.search(said)
    if undefined:
        return "undefined: " + _VARYING.sub("N", undefined[1])[:80]
    return ""


def _kind_of_end(ended: Ended) -> str:
    if ended.signal is not None:
        return f"signal {ended.signal}"
    if ended.reason in {Reason.WALL, Reason.CPU}:
        return "time"
    if ended.reason is Reason.MEMORY:
        return "memory"
    return ""


def _after_report(said: str) -> str:
    """Return what follows the sanitizer's first line; build logs have frames too."""
    found = _REPORT.search(said) or _UNDEFINED.search(said)
    return said[found.start() :] if found else said
