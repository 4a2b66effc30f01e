"""Crashes are told apart by what is always the same about them."""

from __future__ import annotations

import pytest

from fairlead.clearinghouse.evidence.crash import crash_state, fires
from fairlead.sandbox.ports import Ended, Reason
from fairlead.sandbox.recipe import Counts, Kind

OVERREAD = b"""==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000018 at pc 0x55
READ of size 4 at 0x602000000018 thread T0
    #0 0x55a4 in decode_row /job/source/src/row.c:%d
    #1 0x55a8 in decode_image /job/source/src/image.c:77
    #2 0x7f12 in __libc_start_call_main ../sysdeps/nptl/libc_start_call_main.h:58

0x602000000018 is located 0 bytes to the right of 8-byte region
allocated by thread T0 here:
    #0 0x7f in __interceptor_malloc ../../asan_malloc_linux.cpp:145
    #1 0x55 in new_row /job/source/src/row.c:3
SUMMARY: AddressSanitizer: heap-buffer-overflow /job/source/src/row.c in decode_row
"""
UNDEFINED = b"""row.c:9:12: runtime error: index -17 out of bounds for type 'int [99]'
    #0 0x55 in set_index /job/source/row.c:9
"""


def exited(said: bytes, code: int = 99) -> Ended:
    return Ended(reason=Reason.EXITED, code=code, stderr=said)


def test_sanitizer_report() -> None:
    """A report gives its kind, the access, and the frames of the code at fault alone."""
    state = crash_state(exited(OVERREAD % 12))
    assert (state.kind, state.access) == ("heap-buffer-overflow", "READ 4")
    assert state.frames == ("decode_row", "decode_image")
    assert state.place == "job/source/src/row.c:12"


def test_same_crash_on_another_line() -> None:
    """Two versions of one crash have one key, whatever lines and addresses they have."""
    first = crash_state(exited(OVERREAD % 12))
    second = crash_state(exited((OVERREAD % 19).replace(b"0x6020", b"0x6130")))
    assert first.key == second.key
    assert first != second


def test_undefined_behaviour() -> None:
    """What differs from run to run in a message is no part of its kind."""
    state = crash_state(exited(UNDEFINED))
    assert state.kind == "undefined: index N out of bounds for type 'int [N]'"
    assert state.frames == ("set_index",)


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        (Ended(reason=Reason.SIGNALLED, signal=11), "signal 11"),
        (Ended(reason=Reason.WALL), "time"),
        (Ended(reason=Reason.CPU), "time"),
        (Ended(reason=Reason.MEMORY), "memory"),
        (Ended(reason=Reason.EXITED, code=1, stderr=b"error: no"), ""),
    ],
)
def test_other_ends(ended: Ended, kind: str) -> None:
    """Ends without a report have a kind too, and a plain failure has none."""
    assert crash_state(ended).kind == kind


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(kind=Kind.SANITIZER), True),
        (Counts(kind=Kind.SANITIZER, report="heap-buffer-overflow"), True),
        (Counts(kind=Kind.SANITIZER, report="stack-buffer-overflow"), False),
        (Counts(kind=Kind.SANITIZER, frames=("decode_row", "decode_image")), True),
        (Counts(kind=Kind.SANITIZER, frames=("decode_image", "decode_row")), False),
        (Counts(kind=Kind.SANITIZER, frames=("new_row",)), False),
        (Counts(kind=Kind.SIGNAL, signal=11), False),
        (Counts(kind=Kind.OUTPUT, says="8-byte region"), True),
        (Counts(kind=Kind.OUTPUT, says="16-byte region"), False),
        (Counts(kind=Kind.TIME, seconds=5), False),
    ],
)
def test_what_counts(counts: Counts, expected: bool) -> None:  # noqa: FBT001
    """Only what the recipe says counts, and frames only in their order."""
    ended = exited(OVERREAD % 12)
    assert fires(counts, ended, crash_state(ended)) is expected


def test_signal_and_time_count() -> None:
    """A signal counts if it is the one, time if it ran out."""
    killed = Ended(reason=Reason.SIGNALLED, signal=6)
    assert fires(Counts(kind=Kind.SIGNAL, signal=6), killed, crash_state(killed))
    late = Ended(reason=Reason.WALL, seconds=9)
    assert fires(Counts(kind=Kind.TIME, seconds=5), late, crash_state(late))


def test_report_with_escapes_is_plain() -> None:
    """Nothing that a crash says reaches the reader's terminal as it is."""
    said = (OVERREAD % 12).replace(b"decode_row", b"decode\x1b[31m_row")
    state = crash_state(exited(said))
    assert "\x1b" not in repr(state).encode().decode("unicode_escape")
