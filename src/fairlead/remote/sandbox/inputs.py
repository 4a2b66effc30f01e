"""What is handed in to a sandbox: sealed copies in memory, never a path.

A program inside gets the bytes that were checked, whatever happens to a file meanwhile,
and nothing of the machine's file system has to be readable to it.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from fairlead.errors import Invalid, TooLarge
from fairlead.sandbox.ports import Command

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_SEALS = (
    fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
)


class Inputs:
    """Open files for one run; they are closed with it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._held: dict[str, int] = {}

    @classmethod
    def of(cls, command: Command) -> Self:
        """Copy what *command* hands in.

        Raises:
            TooLarge: a file, or all together, are larger than its limits say.
            Invalid: a name is not one.

        """
        limits = command.limits
        total = sum(map(len, command.files.values())) + len(command.stdin)
        if total > limits.input:
            raise TooLarge(f"{total} bytes are handed in; at most {limits.input}")
        for name, content in command.files.items():
            if not NAME.fullmatch(name):
                raise Invalid(f"{name!r} cannot name a file that is handed in")
            if len(content) > limits.file:
                raise TooLarge(f"{name}: {len(content)} bytes; at most {limits.file}")
        for name in command.services:
            if not NAME.fullmatch(name):
                raise Invalid(f"{name!r} cannot name a service")
        held = cls()
        for name, content in command.files.items():
            held._hold(f"file {name}", content)
        if command.talk is None:
            held._hold("stdin", command.stdin)
        else:
            held._held["stdin"] = os.dup(command.talk.feed)
        return held

    def open(self, name: str, content: bytes) -> None:
        """Hold *content* of our own."""
        self._hold(name, content)

    def descriptor_of(self, name: str, *, own: bool = False) -> int:
        """Return the open file of what was handed in as *name*, or is our *own*."""
        return self._held[name if own else f"file {name}"]

    @property
    def descriptors(self) -> Sequence[int]:
        """Return every open file, standard input first."""
        return sorted(self._held.values(), key=lambda d: d != self._held["stdin"])

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every file."""
        for descriptor in self._held.values():
            os.close(descriptor)

    def _hold(self, name: str, content: bytes) -> None:
        descriptor = os.memfd_create("fairlead", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self._held[name] = descriptor
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
