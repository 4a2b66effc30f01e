"""Worlds: sandboxes that live over many commands, of whatever level.

A program inside (`inside/serving.py`) does what it is asked over a pipe that is its input
and answers over its output. It belongs to the same user as what it runs, so whatever
runs inside can forge its answers or kill it; every answer is bounded and read strictly,
connections are laid only where that was asked from here, and a world that breaks the
rules ends.
"""

from __future__ import annotations

import errno
import json
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files as resources
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec import Struct

from fairlead.errors import Gone, Invalid, NoSandbox, TooLarge
from fairlead.remote.sandbox.proving import interpreter
from fairlead.sandbox.levels import Level
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import WORK, Command, Ended, Reason, Sandbox, Talk
from fairlead.sandbox.worlds import LARGEST, Asked

_INSIDE = resources("fairlead.remote.sandbox.inside")
_START, _GRACE = 30.0, 15.0
"""Seconds until it answers at first, and beyond what was granted to a command."""
_FRAME = struct.Struct(">IcI")
_OWN = 5
"""Bytes of kind and number, which the length counts."""
_MOST = LARGEST + (4 << 20)
"""Bytes of one frame."""
_CONNECTIONS = 256
"""Open at one time, from one world."""
_ERRORS = 200
"""Above every number of an error there is."""
_BEGIN = (
    "if [ -e /in/world.tar ]; then tar -xf /in/world.tar -C /job || exit 9; fi;"
    ' exec "$0" -I -S /in/serving.py'
)


class _Answer(Struct, frozen=True, kw_only=True):
    """The head of an answer; untrusted."""

    code: int | None = None
    reason: str | None = None
    seconds: float = 0.0
    out: int = 0
    error: int | None = None
    more: bool = False


@dataclass(slots=True)
class _Waiting:
    """Somebody who waits for an answer."""

    event: threading.Event = field(default_factory=threading.Event)
    answer: _Answer | None = None
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class LivingWorlds:
    """Worlds in sandboxes of one kind."""

    sandbox: Sandbox

    @property
    def level(self) -> Level:
        """Return how strong they are."""
        return self.sandbox.level

    def open(
        self, files: Mapping[str, bytes], limits: Limits, *, loopback: bool = False
    ) -> Living:
        """Open a world; see `fairlead.sandbox.worlds`."""
        world = Living(self.sandbox)
        world.begin(files, limits, loopback=loopback)
        return world


class Living:
    """One world; see `fairlead.sandbox.worlds.World`."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Prepare a world in *sandbox*."""
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._laid: dict[int, Living] = {}
        self._peers: dict[int, tuple[Living | None, int]] = {}
        self._numbers = 0
        self._buffer = bytearray()
        self._ready, self._over = threading.Event(), threading.Event()
        self._broken = ""
        self._failure: BaseException | None = None
        self._pipe: int | None = None
        self._thread: threading.Thread | None = None

    def begin(
        self, files: Mapping[str, bytes], limits: Limits, *, loopback: bool
    ) -> None:
        """Start it, and wait until it answers.

        Raises:
            NoSandbox: a layer is missing, so that nothing was run.
            Gone: it does not answer.

        """
        reading, self._pipe = os.pipe()
        os.set_blocking(self._pipe, False)
        program = _INSIDE.joinpath("serving.py").read_bytes()
        command = Command(
            argv=["/bin/sh", "-c", _BEGIN, interpreter()],
            files={**files, "serving.py": program},
            limits=limits,
            loopback=loopback,
            talk=Talk(feed=reading, hear=self._hear),
        )
        self._thread = threading.Thread(
            target=self._live, args=(command, reading), daemon=True
        )
        self._thread.start()
        if not self._ready.wait(_START) or self._failure is not None:
            self.close()
            if isinstance(self._failure, NoSandbox | Invalid):
                raise self._failure
            raise Gone(self._broken or "a sandbox does not answer")

    @property
    def alive(self) -> bool:
        """Tell whether it still answers."""
        return not self._over.is_set() and not self._broken

    def run(self, asked: Asked) -> Ended:
        """Run a command; see `fairlead.sandbox.worlds`."""
        told = {
            "argv": list(asked.argv),
            "folder": asked.folder or WORK,
            "environment": dict(asked.environment),
            "seconds": asked.seconds,
            "output": asked.output,
        }
        answer, content = self._ask(b"x", told, asked.stdin, asked.seconds)
        cut = max(0, min(answer.out, len(content)))
        reasons = {reason.value: reason for reason in (Reason.WALL, Reason.OUTPUT)}
        code = answer.code if answer.code is not None else -9
        reason = reasons.get(answer.reason or "")
        if reason is None:
            reason = Reason.EXITED if code >= 0 else Reason.SIGNALLED
        return Ended(
            reason=reason,
            code=code if code >= 0 and reason is Reason.EXITED else None,
            signal=-code if code < 0 else None,
            stdout=content[:cut][: asked.output],
            stderr=content[cut:][: asked.output],
            seconds=answer.seconds,
        )

    def write(self, path: str, content: bytes) -> None:
        """Write a file; see `fairlead.sandbox.worlds`."""
        if len(content) > LARGEST:
            raise TooLarge(f"{path}: {len(content)} bytes; at most {LARGEST}")
        answer, _ = self._ask(b"w", {"path": _inside(path)}, content, _GRACE)
        _complain(answer, path)

    def read(self, path: str, *, most: int = LARGEST) -> bytes:
        """Read a file; see `fairlead.sandbox.worlds`."""
        told = {"path": _inside(path), "most": min(most, LARGEST)}
        answer, content = self._ask(b"r", told, b"", _GRACE)
        _complain(answer, path)
        if answer.more or len(content) > most:
            raise TooLarge(f"{path} has more than {most} bytes")
        return content

    def lay(self, port: int, other: Any) -> None:  # noqa: ANN401 - a Living
        """Lay a connection; see `fairlead.sandbox.worlds`."""
        self._laid[port] = other
        answer, _ = self._ask(b"l", {"port": port}, b"", _GRACE)
        _complain(answer, f"port {port}")

    def close(self) -> None:
        """End it, with all that runs in it."""
        self._over.set()
        with self._writing:
            if self._pipe is not None:
                os.close(self._pipe)
                self._pipe = None
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.close()

    def _live(self, command: Command, reading: int) -> None:
        try:
            ended = self._sandbox.run(command, cancelled=self._ending)
            if not self._over.is_set():
                self._broken = f"a sandbox has ended: {ended.reason}"
        except BaseException as error:  # noqa: BLE001 - told to who waits
            self._failure = error
            self._broken = str(error)
        finally:
            os.close(reading)
            self._over.set()
            self._ready.set()
            with self._lock:
                waiting, self._waiting = dict(self._waiting), {}
            for one in waiting.values():
                one.event.set()

    def _ending(self) -> bool:
        return self._over.is_set() or bool(self._broken)

    def _ask(
        self, kind: bytes, told: Mapping[str, object], content: bytes, seconds: float
    ) -> tuple[_Answer, bytes]:
        head = json.dumps(told).encode()
        waiting = _Waiting()
        with self._lock:
            if not self.alive:
                raise Gone(self._broken or "a sandbox has ended")
            self._numbers += 1
            number = self._numbers
            self._waiting[number] = waiting
        self._send(kind, number, struct.pack(">I", len(head)) + head + content)
        if not waiting.event.wait(seconds + _GRACE):
            self._break("a sandbox does not answer")
        if waiting.answer is None:
            raise Gone(self._broken or "a sandbox has ended")
        return waiting.answer, waiting.content

    def _send(self, kind: bytes, number: int, content: bytes) -> None:
        rest = memoryview(_FRAME.pack(len(content) + _OWN, kind, number) + content)
        until = time.monotonic() + _GRACE
        with self._writing:
            while rest:
                if self._pipe is None or not self.alive:
                    raise Gone(self._broken or "a sandbox has ended")
                try:
                    rest = rest[os.write(self._pipe, rest) :]
                except BlockingIOError:
                    if time.monotonic() > until:
                        self._break("a sandbox does not listen")
                    select.select([], [self._pipe], [], 0.2)
                except OSError as error:
                    self._break("a sandbox has ended")
                    raise Gone(self._broken) from error

    def _break(self, why: str) -> None:
        self._broken = self._broken or why

    def _hear(self, chunk: bytes) -> None:
        """Take what is said inside; whatever breaks the rules ends the world."""
        self._buffer += chunk
        while len(self._buffer) >= _FRAME.size:
            length, kind, number = _FRAME.unpack_from(self._buffer)
            if not _OWN <= length <= _MOST:
                self._break("what ran in a sandbox broke its line to the outside")
                self._buffer.clear()
                return
            end = 4 + length
            if len(self._buffer) < end:
                return
            content = bytes(self._buffer[_FRAME.size : end])
            del self._buffer[:end]
            handler = _HEARD.get(kind)
            if handler is not None and not self._broken:
                handler(self, number, content)

    def _heard_hello(self, _number: int, _content: bytes) -> None:
        self._ready.set()

    def _heard_answer(self, number: int, content: bytes) -> None:
        with self._lock:
            waiting = self._waiting.pop(number, None)
        if waiting is None:
            return
        size = int.from_bytes(content[:4])
        try:
            waiting.answer = msgspec.json.decode(content[4 : 4 + size], type=_Answer)
        except msgspec.MsgspecError:
            self._break("what ran in a sandbox broke its line to the outside")
        waiting.content = content[4 + size :]
        waiting.event.set()

    def _heard_connection(self, number: int, content: bytes) -> None:
        other = self._laid.get(int.from_bytes(content[:2]))
        if other is None or len(self._peers) >= _CONNECTIONS or number in self._peers:
            with suppress(Gone):
                self._send(b"e", number, b"")
            return
        theirs = other.connected(self, number)
        self._peers[number] = (other, theirs)
        with suppress(Gone):
            other._send(b"c", theirs, content[:2])  # noqa: SLF001 - of the same kind

    def connected(self, other: Living, number: int) -> int:
        """Return the number here of a connection that is *number* in *other*."""
        with self._lock:
            self._numbers += 1
            mine = 0x80000000 | (self._numbers & 0x7FFFFFFF)
        self._peers[mine] = (other, number)
        return mine

    def _heard_data(self, number: int, content: bytes) -> None:
        peer, theirs = self._peers.get(number, _ENDED)
        if peer is not None:
            with suppress(Gone):
                peer._send(b"d", theirs, content)  # noqa: SLF001

    def _heard_end(self, number: int, _content: bytes) -> None:
        """Pass on that one end is done; when both are, forget the connection."""
        peer, theirs = self._peers.get(number, _ENDED)
        if peer is None:
            return
        with suppress(Gone):
            peer._send(b"e", theirs, b"")  # noqa: SLF001
        self._peers[number] = _ENDED
        if peer._peers.get(theirs, _ENDED)[0] is None:  # noqa: SLF001
            self._peers.pop(number, None)
            peer._peers.pop(theirs, None)  # noqa: SLF001


_ENDED: tuple[Living | None, int] = (None, 0)

_HEARD: dict[bytes, Callable[[Living, int, bytes], None]] = {
    b"h": Living._heard_hello,  # noqa: SLF001
    b"a": Living._heard_answer,  # noqa: SLF001
    b"n": Living._heard_connection,  # noqa: SLF001
    b"d": Living._heard_data,  # noqa: SLF001
    b"e": Living._heard_end,  # noqa: SLF001
}


def _inside(path: str) -> str:
    """Return the path inside.

    Raises:
        Invalid: it is none.

    """
    if not path or "\0" in path:
        raise Invalid(f"{path!a} is no path")
    return path if path.startswith("/") else f"{WORK}/{path}"


def _complain(answer: _Answer, path: str) -> None:
    """Raise what went wrong inside, as `OSError`."""
    if answer.error is not None:
        number = answer.error if 0 < answer.error < _ERRORS else errno.EIO
        raise OSError(number, os.strerror(number), path)
