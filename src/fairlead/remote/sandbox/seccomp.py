"""The filter of system calls: an allow-list, as classic BPF (seccomp(2)).

What is not on the list fails with EPERM, what is newer than the list with ENOSYS, so
that libraries fall back; another architecture's calls kill the process.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fairlead.remote.sandbox.syscalls import AARCH64, HIGHEST, NUMBERS, X86_64

_LOAD, _EQUAL, _GREATER, _AT_LEAST, _ANY_OF = 0x20, 0x15, 0x25, 0x35, 0x45
_AND, _RETURN = 0x54, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in `struct seccomp_data`."""
_X32 = 0x40000000
_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET."""
_UNIX, _INET, _INET6 = 1, 2, 10
_TYPE = 0xF000
_PLAIN_TYPES = (0, 0x1000, 0x8000, 0xC000)
"""Unset, FIFO, regular file and socket: no device."""
_TYPING = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put words into the mouth of a terminal."""
_PERSONALITIES = (0, 8, 0x20000, 0x20008, 0x40000, 0xFFFFFFFF)
"""Linux, its short uname, without random addresses (AddressSanitizer), and asking."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One kind of processor."""

    audit: int
    """AUDIT_ARCH_…, as the kernel tells the filter."""
    column: int
    """Its column in `NUMBERS`."""


ARCHITECTURES = {
    "x86_64": Architecture(0xC000003E, X86_64),
    "aarch64": Architecture(0xC00000B7, AARCH64),
}

Instruction = tuple[int, int, int, int]
"""Operation, steps to skip if true, if false, and the constant."""


def program(*, loopback: bool, machine: str | None = None) -> bytes:
    """Return the filter for this machine; *loopback* allows sockets of IP.

    Raises:
        KeyError: nobody wrote down the numbers of this architecture.

    """
    kind = ARCHITECTURES[machine or platform.machine()]
    steps = [*_head(kind), *_judged(kind, loopback=loopback), *_allowed(kind)]
    steps.append(_refuse(errno.EPERM))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _head(kind: Architecture) -> Iterator[Instruction]:
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, kind.audit
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    if kind.column == X86_64:
        yield _AT_LEAST, 0, 1, _X32
        yield _RETURN, 0, 0, _KILL
    yield _GREATER, 0, 1, HIGHEST
    yield _refuse(errno.ENOSYS)


def _judged(kind: Architecture, *, loopback: bool) -> Iterator[Instruction]:
    """Yield the calls that depend on an argument; each block ends with an answer."""
    families = (_UNIX, _INET, _INET6) if loopback else (_UNIX,)
    blocks: dict[str, Sequence[Instruction]] = {
        "socket": _one_of(0, families, errno.EAFNOSUPPORT),
        "personality": _one_of(0, _PERSONALITIES, errno.EPERM),
        "clone": [
            _argument(0),
            (_ANY_OF, 0, 1, _NAMESPACES),
            _refuse(errno.EPERM),
            _allow(),
        ],
        # Its flags are behind a pointer; without it the C library takes clone.
        "clone3": [_refuse(errno.ENOSYS)],
        "ioctl": _none_of(1, _TYPING),
        "mknod": _one_of(1, _PLAIN_TYPES, errno.EPERM, mask=_TYPE),
        "mknodat": _one_of(2, _PLAIN_TYPES, errno.EPERM, mask=_TYPE),
    }
    for name, block in blocks.items():
        number = NUMBERS[name][kind.column]
        if number is not None:
            yield _EQUAL, 0, len(block), number
            yield from block


def _allowed(kind: Architecture) -> Iterator[Instruction]:
    """Yield the calls that are allowed whatever their arguments, as ranges."""
    judged = {"socket", "personality", "clone", "clone3", "ioctl", "mknod", "mknodat"}
    numbers = (row[kind.column] for name, row in NUMBERS.items() if name not in judged)
    for first, last in _ranges(number for number in numbers if number is not None):
        yield _AT_LEAST, 0, 2, first
        yield _GREATER, 1, 0, last
        yield _allow()


def _ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = -2
    for number in sorted(numbers):
        if number != last + 1:
            if last >= 0:
                yield first, last
            first = number
        last = number
    yield first, last


def _one_of(
    place: int, values: Sequence[int], otherwise: int, *, mask: int | None = None
) -> list[Instruction]:
    """Allow the call where its argument at *place* is one of *values*."""
    masked = [] if mask is None else [(_AND, 0, 0, mask)]
    last = len(values)
    tests = [(_EQUAL, last - i, 0, value) for i, value in enumerate(values)]
    return [_argument(place), *masked, *tests, _refuse(otherwise), _allow()]


def _none_of(place: int, values: Sequence[int]) -> list[Instruction]:
    last = len(values)
    tests = [(_EQUAL, last - i, 0, value) for i, value in enumerate(values)]
    return [_argument(place), *tests, _allow(), _refuse(errno.EPERM)]


def _argument(place: int) -> Instruction:
    """Load the lower half, which is all that the kernel reads of these arguments."""
    return _LOAD, 0, 0, _ARGUMENTS + 8 * place


def _allow() -> Instruction:
    return _RETURN, 0, 0, _ALLOW


def _refuse(number: int) -> Instruction:
    return _RETURN, 0, 0, _ERRNO | number
