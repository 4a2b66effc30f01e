"""What is asked of a sandbox, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fairlead.sandbox.levels import Level
from fairlead.sandbox.limits import Limits

WORK = "/job"
"""The folder inside in which a command works; empty at first, gone afterwards."""
IN = "/in"
"""The folder inside in which the files lie that were handed in; it is read-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What a command is told, and what it says, while it runs."""

    feed: int
    """An open pipe that becomes its standard input; who opened it closes it."""
    hear: Callable[[bytes], None]
    """Gets its standard output as it comes, in the thread that runs it; nothing of it is
    kept, and it does not count as output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command to run."""

    argv: Sequence[str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Handed in, by name in `/in`; a name has no slash."""
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Besides `PATH`, `HOME`, `LANG` and `TERM`; nothing of the machine's own."""
    limits: Limits = field(default_factory=Limits)
    loopback: bool = False
    """Whether programs inside may talk to one another over 127.0.0.1."""
    services: Mapping[str, Path] = field(default_factory=dict)
    """Unix sockets of the machine that are reachable, as `/run/services/NAME`."""
    talk: Talk | None = None
    """Instead of standard input and output as a whole."""
    collect: bool = False
    """Whether `/job` is brought out afterwards; output then goes to standard error."""


def collecting(command: Command) -> Sequence[str]:
    """Return what runs inside: the command, and what brings its folder out."""
    if not command.collect:
        return command.argv
    script = f'"$@" >&2; code=$?; tar -C {WORK} --format=ustar -cf - .; exit $code'
    return ["/bin/sh", "-c", script, "collect", *command.argv]


class Reason(StrEnum):
    """Why a command ended."""

    EXITED = "exited"
    SIGNALLED = "killed by a signal"
    WALL = "wall time"
    CPU = "processor time"
    MEMORY = "memory"
    OUTPUT = "size of output"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended; every byte of it is untrusted."""

    reason: Reason
    code: int | None = None
    """Its exit code, where it exited."""
    signal: int | None = None
    """The signal that killed it, where one did."""
    stdout: bytes = b""
    stderr: bytes = b""
    results: bytes = b""
    """`/job` as a tar archive, where it was to be collected."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    """Bytes; 0 where it is not known."""


def never() -> bool:
    """Tell that nobody cancels."""
    return False


class Sandbox(Protocol):
    """Somewhere to run what nobody trusts."""

    @property
    def level(self) -> Level:
        """How strong it is."""

    def missing(self) -> Sequence[str]:
        """Return what this machine lacks for it, and what would help; nothing if ready."""

    def run(self, command: Command, *, cancelled: Callable[[], bool] = never) -> Ended:
        """Run *command*; nothing of it is left when this returns.

        It is stopped soon after *cancelled*, asked every 50 ms, says so.

        Raises:
            NoSandbox: a layer is missing, so that nothing was run.
            Invalid: what is handed in is more than the limits allow, or named wrongly.

        """
