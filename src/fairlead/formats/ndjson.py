"""Lines of JSON as they arrive: one document a line (ndjson, JSON Lines)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not empty."""

    number: int
    """The first is 1; empty lines are counted and passed over."""
    content: bytes | None
    """Nothing where it has more bytes than are taken; then it was not kept either."""


@dataclass(slots=True)
class Splitter:
    """Splits a body into lines as it arrives; keeps at most one line."""

    most: int
    """Bytes of a line, at most."""
    _number: int = 0
    _begun: bytearray = field(default_factory=bytearray)
    _too_long: bool = False

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Return the lines that end in *chunk*."""
        first, *others = chunk.split(b"\n")
        self._add(first)
        for piece in others:
            yield from self._end()
            self._add(piece)

    def close(self) -> Iterator[Line]:
        """Return the last line, if the body does not end with a line break."""
        yield from self._end()

    def _add(self, piece: bytes) -> None:
        # One more for the carriage return that may end it.
        if self._too_long or len(self._begun) + len(piece) > self.most + 1:
            self._too_long = True
            self._begun.clear()
            return
        self._begun += piece

    def _end(self) -> Iterator[Line]:
        self._number += 1
        content = bytes(self._begun).removesuffix(b"\r")
        too_long = self._too_long or len(content) > self.most
        self._begun.clear()
        self._too_long = False
        if too_long or content.strip():
            yield Line(self._number, None if too_long else content)
