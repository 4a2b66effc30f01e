"""Asking witnesses to cosign a checkpoint (C2SP tlog-witness)."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self

import httpx

from fairlead.errors import Damaged
from fairlead.record import proofs
from fairlead.record.cosignatures import Witness
from fairlead.record.notes import Checkpoint, Note, read_count
from fairlead.record.proofs import Hashes
from fairlead.record.witness import SIZE, Request

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds within which a witness has to have answered."""
LARGEST = 16 * 1024
"""Bytes of an answer that are read."""

_PEER = re.compile(r"(\S+?)@(https?://\S+)")


@dataclass(frozen=True, slots=True)
class Peer:
    """A witness, and where it is reached."""

    witness: Witness
    url: str
    """Its submission prefix, without a slash at the end."""

    @classmethod
    def read(cls, written: str) -> Self:
        """Read `VKEY@URL`.

        Raises:
            Damaged: it is no such thing, or no key of a witness.

        """
        found = _PEER.fullmatch(written)
        if found is None:
            raise Damaged(f"{written!r} is no witness; write its key, @ and its URL")
        return cls(Witness.read(found[1]), found[2].rstrip("/"))


@dataclass(slots=True)
class HttpWitnesses:
    """Asks every witness at once; who does not answer in time is left out."""

    peers: Sequence[Peer]
    patience: float = PATIENCE
    _sizes: dict[Peer, int] = field(default_factory=dict)
    """What each witness cosigned last, as far as is known; it says if it is not so."""
    _asking: set[Peer] = field(default_factory=set)

    def cosign(self, note: Note, checkpoint: Checkpoint, tiles: Hashes) -> list[str]:
        """Return the lines of the cosignatures that came in time and fit.

        Never raises: a witness that is away, slow or talks nonsense is logged, and one
        that says that it has seen another log is logged as an error.
        """
        found: dict[Peer, str] = {}

        def ask(peer: Peer) -> None:
            try:
                line = _Asking(self, peer, note, checkpoint, tiles).ask()
                if line is not None:
                    found[peer] = line
            except Exception:
                # Whatever a stranger's answer leads to, the log goes on.
                log.exception("witness.not_asked", extra={"witness": peer.witness.name})
            finally:
                self._asking.discard(peer)

        threads = []
        for peer in self.peers:
            if peer in self._asking:
                _tell(peer, "witness.slow", why="it still has not answered before")
                continue
            self._asking.add(peer)
            # No pool: at the end of the process that would wait for a witness that drips.
            thread = threading.Thread(target=ask, args=(peer,), daemon=True)
            thread.start()
            threads.append(thread)
        until = time.monotonic() + self.patience
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return [found[peer] for peer in self.peers if peer in found]

    def known(self, peer: Peer) -> int:
        """Return what *peer* has cosigned last, as far as is known."""
        return self._sizes.get(peer, 0)

    def learn(self, peer: Peer, size: int) -> None:
        """Note what *peer* has cosigned last."""
        self._sizes[peer] = size


@dataclass(frozen=True, slots=True)
class _Asking:
    """One witness is asked about one checkpoint."""

    witnesses: HttpWitnesses
    peer: Peer
    note: Note
    checkpoint: Checkpoint
    tiles: Hashes

    def ask(self) -> str | None:
        """Return the line of the cosignature, if there is one."""
        size = self.checkpoint.size
        for _ in range(2):
            old = min(self.witnesses.known(self.peer), size)
            try:
                status, kind, body = self._send(old)
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
                _tell(self.peer, "witness.away", why=repr(error))
                return None
            if status == HTTPStatus.OK:
                return self._taken(body)
            if status != HTTPStatus.CONFLICT or kind != SIZE:
                self._alarm("witness.refused", status=status)
                return None
            seen = self._size(body)
            if seen is None:
                return None
            if seen > size or seen == old:
                break
            self.witnesses.learn(self.peer, seen)
        self._alarm("witness.saw_another_log", status=status, seen=seen)
        return None

    def _send(self, old: int) -> tuple[int, str, bytes]:
        """Send the checkpoint; return status, type and text of the answer."""
        path = proofs.consistency(self.tiles, old, self.checkpoint.size)
        asked = Request(old=old, proof=tuple(path), note=self.note).text()
        patience = self.witnesses.patience
        until = time.monotonic() + patience
        with httpx.stream(
            "POST",
            f"{self.peer.url}/add-checkpoint",
            content=asked.encode(),
            timeout=patience,
        ) as answer:
            body = b""
            for part in answer.iter_raw():
                body += part
                if len(body) > LARGEST or time.monotonic() > until:
                    message = "the answer is too long, or took too long"
                    raise TimeoutError(message)
            kind = answer.headers.get("content-type", "").partition(";")[0].strip()
            return answer.status_code, kind, body

    def _taken(self, body: bytes) -> str | None:
        """Return the line of *body* by which the witness cosigned, if it fits."""
        try:
            answered = Note.parse(f"{self.note.text}\n{body.decode()}")
            line = answered.signed_by(self.peer.witness)
        except (Damaged, UnicodeDecodeError) as error:
            _tell(self.peer, "witness.nonsense", why=str(error))
            return None
        if line is None:
            _tell(self.peer, "witness.nonsense", why="it signs with another key")
            return None
        self.witnesses.learn(self.peer, self.checkpoint.size)
        return line

    def _size(self, body: bytes) -> int | None:
        try:
            return read_count(body.decode().removesuffix("\n"), "size")
        except (Damaged, UnicodeDecodeError) as error:
            _tell(self.peer, "witness.nonsense", why=str(error))
            return None

    def _alarm(self, event: str, **fields: object) -> None:
        """Log that a witness disagrees: this log may have been rolled back or forked."""
        told = {"witness": self.peer.witness.name, "size": self.checkpoint.size}
        log.error(event, extra=told | fields)


def _tell(peer: Peer, event: str, *, why: str) -> None:
    log.warning(event, extra={"witness": peer.witness.name, "why": why})
