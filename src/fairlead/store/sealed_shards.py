"""Shards of a sealed folder: opened one by one, each fault named by file and chunk."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.errors import Damaged
from fairlead.sealing import chunked
from fairlead.sealing import folder as layout
from fairlead.sealing.chunked import CHUNK, HEADER, SEALED, ChunkDamaged, Message
from fairlead.sealing.folder import Piece
from fairlead.store.sealing import AT_ONCE

_ZEROS = bytes(CHUNK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and where."""

    file: str
    """The model's file where it is known, else the sealed one."""
    chunk: int | None
    """Within the file, the first is 0; none if it is not about one chunk."""
    reason: str

    def __str__(self) -> str:
        """Say it in one line."""
        place = "" if self.chunk is None else f", chunk {self.chunk}"
        return f"{self.file}{place}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the shards of an opened folder lie, and what they must be."""

    path: Path
    seal: str
    key: bytes = field(repr=False)
    files: dict[Piece, str]
    digests: dict[str, str]


class Unreadable(Damaged):
    """A shard cannot even be begun."""

    def __init__(self, fault: Fault) -> None:
        """Say where and why."""
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard, open for reading."""

    place: Place
    piece: Piece
    file: int
    size: int
    message: Message

    @classmethod
    def open(cls, place: Place, piece: Piece) -> Shard:
        """Open it for reading.

        Raises:
            Unreadable: it cannot even be begun.

        """
        name = place.files[piece]
        try:
            # Who can put a pipe there must not make the reader wait.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            file = os.open(place.path / name, flags)
        except OSError as error:
            raise _cannot_begin(piece, f"{name} is missing or no file") from error
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise _cannot_begin(piece, f"{name} is missing or no file")
            size = status.st_size
            message = _begin(place, piece, os.pread(file, HEADER, 0))
        except ChunkDamaged as error:
            os.close(file)
            raise _cannot_begin(piece, error.reason) from error
        except Unreadable:
            os.close(file)
            raise
        return cls(place, piece, file, size, message)

    def close(self) -> None:
        """Close it."""
        os.close(self.file)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Return some bytes of the shard; whether it is as long as it must be, too."""
        if self.size != chunked.sealed_size(self.piece.size):
            end_of = max(0, self.size - HEADER) // SEALED
            if (end - 1) // CHUNK >= end_of:
                raise ChunkDamaged(end_of, "cut off")
        for number in range(start // CHUNK, (end - 1) // CHUNK + 1):
            sealed = os.pread(self.file, self._length(number), HEADER + number * SEALED)
            content = self.message.unlock(number, sealed)
            yield content[max(0, start - number * CHUNK) : end - number * CHUNK]

    def _length(self, number: int) -> int:
        """Return how many sealed bytes a chunk must have."""
        whole = min(CHUNK, self.piece.size - number * CHUNK)
        return whole + chunked.TAG

    def verify(self, target: int | None) -> list[Fault]:
        """Open every chunk; write what they hold to *target* if there is one.

        The size of the sealed file, each chunk and the digest of all must be as they
        were sealed.
        """
        faults: list[Fault] = []
        hashed = hashlib.sha256()
        count = chunked.chunks_of(self.piece.size)
        for first in range(0, count, AT_ONCE):
            block = os.pread(self.file, AT_ONCE * SEALED, HEADER + first * SEALED)
            for number in range(first, min(first + AT_ONCE, count)):
                start = (number - first) * SEALED
                sealed = block[start : start + self._length(number)]
                try:
                    content = self.message.unlock(number, sealed)
                except ChunkDamaged as error:
                    faults.append(self.fault(error))
                    if error.chunk is not None and len(sealed) < self._length(number):
                        return faults
                    continue
                hashed.update(content)
                if target is not None and content != _ZEROS[: len(content)]:
                    place = self.piece.start + number * CHUNK
                    _write_at(target, content, place)
        if not faults and self.size != chunked.sealed_size(self.piece.size):
            faults.append(self._fault(None, "bytes were added behind its last chunk"))
        elif not faults and hashed.hexdigest() != self._digest():
            faults.append(self._fault(None, "not what the manifest says"))
        return faults

    def _digest(self) -> str:
        return self.place.digests[self.piece.name]

    def fault(self, error: ChunkDamaged) -> Fault:
        """Say why a chunk does not open, with its number in the file."""
        number = error.chunk
        if number is None:
            return self._fault(None, error.reason)

        def read(offset: int, length: int) -> bytes:
            return os.pread(self.file, length, offset)

        reason = chunked.explain(self.message, read, self.size, number)
        return self._fault(self.piece.start // CHUNK + number, reason)

    def _fault(self, chunk: int | None, reason: str) -> Fault:
        return Fault(file=self.piece.path, chunk=chunk, reason=reason)


def _begin(place: Place, piece: Piece, header: bytes) -> Message:
    """Return the message of a shard; if it is another one's, say whose."""
    try:
        return _message(place, piece, header)
    except ChunkDamaged:
        for other in place.files:
            try:
                _message(place, other, header)
            except ChunkDamaged:
                continue
            raise _cannot_begin(
                piece, f"swapped: it holds bytes {other.start} on of {other.path}"
            ) from None
        raise


def _message(place: Place, piece: Piece, header: bytes) -> Message:
    context = layout.context(place.seal, piece.name)
    return Message.resume(place.key, context, header)


def _cannot_begin(piece: Piece, reason: str) -> Unreadable:
    first = piece.start // CHUNK
    return Unreadable(
        Fault(file=piece.path, chunk=None, reason=f"from chunk {first} on: {reason}")
    )


def _write_at(target: int, content: bytes, place: int) -> None:
    view = memoryview(content)
    while view:
        count = os.pwrite(target, view, place)
        view, place = view[count:], place + count
