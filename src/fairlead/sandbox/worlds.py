"""A sandbox that lives over many commands: what is asked of it, and what it answers.

All that runs in one world shares its folder, its processes and its limits, and may
meddle with one another: what a world answers is no more to be believed than what ran in
it. Between worlds nothing is shared but the connections that were laid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from fairlead.sandbox.levels import Level
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import WORK, Ended

OUTPUT = 1 << 20
"""Bytes that one command may say, unless told otherwise."""
LARGEST = 32 << 20
"""Bytes of one file that is written or read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One command in a world."""

    argv: Sequence[str]
    stdin: bytes = b""
    folder: str = WORK
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 60.0
    """Wall time; with what it started in its session it is killed then."""
    output: int = OUTPUT


class World(Protocol):
    """One living sandbox; ended with its `with` block, and nothing of it is left then."""

    @property
    def alive(self) -> bool:
        """Tell whether it still answers."""

    def run(self, asked: Asked) -> Ended:
        """Run a command.

        Raises:
            Gone: the world has ended, or does not answer.

        """

    def write(self, path: str, content: bytes) -> None:
        """Write a file as the user inside; relative paths are those of the folder.

        Raises:
            Gone: the world has ended, or does not answer.
            TooLarge: it has more than `LARGEST` bytes.
            OSError: it could not be written, as inside.

        """

    def read(self, path: str, *, most: int = LARGEST) -> bytes:
        """Read a file as the user inside.

        Raises:
            Gone: the world has ended, or does not answer.
            TooLarge: it has more than *most* bytes.
            OSError: it could not be read, as inside.

        """

    def lay(self, port: int, other: World) -> None:
        """Let what connects to 127.0.0.1:*port* here reach that port in *other*."""

    def close(self) -> None:
        """End it."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""


class Worlds(Protocol):
    """Where worlds are opened."""

    @property
    def level(self) -> Level:
        """How strong they are."""

    def open(
        self, files: Mapping[str, bytes], limits: Limits, *, loopback: bool = False
    ) -> World:
        """Open a world with what is in the archive `world.tar` of *files*.

        Raises:
            NoSandbox: a layer is missing, so that nothing was run.

        """
