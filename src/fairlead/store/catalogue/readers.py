"""Processes that read documents for an import; what they bring comes in the same order.

Each is asked one thing at a time over its own pair of pipes, and ends when its input does:
with the import, whatever ends that. One that is ended by what it reads is replaced; the
document that does so again, when it is read alone, is put aside.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue
from typing import IO, NamedTuple

import msgspec

from fairlead.catalogue.reading import Faulty
from fairlead.store.catalogue.preparing import Brought, bring, bring_parts
from fairlead.store.catalogue.sources import Document

MOST = 8
"""Processes, however many processors there are: one writer cannot keep up with more."""
FIRST = 200
"""Documents that are read in this process, before it is worth beginning others."""
CHUNK = 64
"""Documents that are sent at once…"""
CHUNK_BYTES = 1 << 20
"""…or as many as have so many bytes."""
AHEAD = 3
"""Chunks for each process that may be waiting, so that memory is bounded."""
_OF_MANY = (".csv", ".jsonl", ".ndjson", ".csv.gz", ".jsonl.gz", ".ndjson.gz")
"""Files of many records, which need not be held all at once, and so are not sent."""
COMMAND = [sys.executable, "-m", "fairlead.store.catalogue.readers"]
"""What is run in each."""


class Place(NamedTuple):
    """A document, and where it stands."""

    input: str
    number: int
    """From 1, within its input."""
    document: Document


Chunk = Sequence[Place]
_Answer = Future[list[Brought]]
_Queue = SimpleQueue[tuple[Chunk, _Answer] | None]
_chunks = msgspec.msgpack.Encoder()
_answers = msgspec.msgpack.Decoder(list[Brought])


def usual() -> int:
    """Return how many processes are worth having here; none on a single processor."""
    count = len(os.sched_getaffinity(0))
    return 0 if count == 1 else min(count, MOST)


class Readers:
    """Up to so many processes, begun when there is enough to read."""

    def __init__(self, count: int) -> None:
        """Allow *count* processes; with none, documents are read in this one."""
        self._count = count
        self._asked: _Queue = SimpleQueue()
        self._readers: list[_Reader] = []
        self._begun = 0

    def read(self, places: Iterable[Place]) -> Iterator[tuple[Place, Brought]]:
        """Yield what each document brought, in order, perhaps in parts."""
        left = iter(places)
        if not self._count:
            yield from _read_here(left)
            return
        first = islice(left, max(0, FIRST - self._begun))
        for one in first:
            self._begun += 1
            yield from _read_here([one])
        waiting: deque[tuple[Chunk, _Answer | None]] = deque()
        for chunk in _chunked(left):
            waiting.append((chunk, self._ask(chunk)))
            if len(waiting) > AHEAD * self._count:
                yield from _brought(*waiting.popleft())
        while waiting:
            yield from _brought(*waiting.popleft())

    def close(self) -> None:
        """End every process, whatever it is doing."""
        for reader in self._readers:
            reader.stop()
            self._asked.put(None)
        for reader in self._readers:
            reader.join()
        self._readers.clear()

    def _ask(self, chunk: Chunk) -> _Answer | None:
        """Have *chunk* read; nothing if it is to be read here."""
        if _is_read_here(chunk[0]):
            return None
        if len(self._readers) < self._count:
            self._readers.append(_Reader(self._asked))
        future: _Answer = Future()
        self._asked.put((chunk, future))
        return future


def _brought(chunk: Chunk, future: _Answer | None) -> Iterator[tuple[Place, Brought]]:
    if future is None:
        yield from _read_here(chunk)
    else:
        yield from zip(chunk, future.result(), strict=True)


def _read_here(places: Iterable[Place]) -> Iterator[tuple[Place, Brought]]:
    for one in places:
        yield from ((one, part) for part in bring_parts(one.document))


def _is_read_here(one: Place) -> bool:
    document = one.document
    return bool(document.refused) or document.place.lower().endswith(_OF_MANY)


def _chunked(places: Iterable[Place]) -> Iterator[Chunk]:
    """Yield documents that are sent at once; those that are read here one by one."""
    chunk: list[Place] = []
    size = 0
    for one in places:
        here = _is_read_here(one)
        if chunk and (here or len(chunk) == CHUNK or size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        if here:
            yield [one]
            continue
        chunk.append(one)
        size += len(one.document.content)
    if chunk:
        yield chunk


class _EndedError(Exception):
    """A process ended while it was asked something."""


class _Reader:
    """A process, and the thread that waits for it."""

    def __init__(self, asked: _Queue) -> None:
        self._asked = asked
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        # A daemon, so that nothing waits for it when the import is ended.
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill()

    def join(self) -> None:
        """Wait for the end of the thread, which takes any of what is put for it."""
        self._thread.join()

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None and not self._closed:
            chunk, future = asked
            try:
                future.set_result(self._read(chunk))
            except BaseException as error:  # noqa: BLE001 - raised where it is awaited
                future.set_exception(error)
        if self._process is not None:
            _end(self._process)

    def _read(self, chunk: Chunk) -> list[Brought]:
        try:
            return self._exchange(chunk)
        except _EndedError:
            return [self._read_alone(one) for one in chunk]

    def _read_alone(self, place: Place) -> Brought:
        try:
            return self._exchange([place])[0]
        except _EndedError as error:
            return Brought(faulty=[Faulty("", f"reading it ended the reader: {error}")])

    def _exchange(self, chunk: Chunk) -> list[Brought]:
        if self._closed:
            raise _EndedError
        process = self._process = self._process or _begin()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            _send(process.stdin, _chunks.encode([_asked(place) for place in chunk]))
            answer = _receive(process.stdout)
        except BrokenPipeError:
            answer = None
        if answer is None:
            self._process = None
            raise _EndedError(f"it returned {_end(process)}")
        return _answers.decode(answer)


def _begin() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - ourselves
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _end(process: subprocess.Popen[bytes]) -> int:
    """End a process, and return what it returned."""
    process.kill()
    with suppress(BrokenPipeError):
        process.communicate()
    return process.returncode


def _asked(place: Place) -> tuple[str, bytes]:
    return place.document.place, place.document.content


def _send(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(8))
    pipe.write(message)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """Return the next message; nothing where there is no more."""
    head = pipe.read(8)
    size = int.from_bytes(head)
    message = pipe.read(size) if len(head) == 8 else b""  # noqa: PLR2004 - as `_send`
    return message if head and len(message) == size else None


def main() -> None:
    """Read what is asked on the standard input, until it ends."""
    # Ctrl-C is for the import, with which this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is read holds no circles, so that looking for them seldom is enough.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    decoder = msgspec.msgpack.Decoder(list[tuple[str, bytes]])
    encoder = msgspec.msgpack.Encoder()
    while (asked := _receive(sys.stdin.buffer)) is not None:
        found = [bring(Document(*one)) for one in decoder.decode(asked)]
        try:
            _send(sys.stdout.buffer, encoder.encode(found))
        except BrokenPipeError:
            # The import is over; nothing is left to be told, not even when closing.
            os._exit(0)


if __name__ == "__main__":
    main()
