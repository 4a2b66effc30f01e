"""A witness: its memory on disk, and its answers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from fairlead.base.ports import Clock
from fairlead.errors import Damaged
from fairlead.record import witness
from fairlead.record.cosignatures import WitnessSigner
from fairlead.record.notes import Checkpoint, Note, Verifier
from fairlead.record.witness import Refusal, Request, Status
from fairlead.store import files

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """The last checkpoint that was cosigned, of each log, in one folder."""

    path: Path

    def last(self, origin: str) -> Checkpoint | None:
        """Return the checkpoint of *origin* that was cosigned last.

        Raises:
            Damaged: it cannot be read; a witness that forgot would cosign anything.

        """
        path = self._file(origin)
        try:
            written = path.read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise Damaged(f"{path} is no text") from error
        checkpoint = Checkpoint.parse(Note.parse(written).text)
        if checkpoint.origin != origin:
            raise Damaged(f"{path} is of {checkpoint.origin}")
        return checkpoint

    def keep(self, origin: str, note: Note) -> None:
        """Remember *note*, with the log's signature on it; on return it is on disk."""
        files.write(self._file(origin), note.written().encode())

    def _file(self, origin: str) -> Path:
        # An origin may hold anything, also `../`.
        return self.path / f"{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says to one request."""

    status: Status
    body: str
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Takes checkpoints, and cosigns those that extend what it cosigned before."""

    signer: WitnessSigner
    logs: Mapping[str, tuple[Verifier, ...]]
    memory: Memory
    clock: Clock
    _lock: Lock = field(default_factory=Lock)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request (tlog-witness, add-checkpoint).

        1. Read it, and see that a log that is known has signed it.
        2. Alone: see that it extends what was cosigned last, and put it in its place.
        3. Only then cosign it. A witness that was killed before this has promised more
           than it said, which harms nobody.

        Raises:
            Damaged: the memory cannot be read.

        """
        try:
            request = Request.parse(body.decode())
        except (Damaged, UnicodeDecodeError) as error:
            return _refused(Refusal(Status.UNREADABLE, str(error)))
        found = witness.identify(request, self.logs)
        if isinstance(found, Refusal):
            return _refused(found)
        with self._lock:
            last = self.memory.last(found.origin)
            refusal = witness.refuse(request, found, last)
            if refusal is not None:
                return _refused(refusal, found)
            self.memory.keep(found.origin, request.note)
            line = self.signer.cosign(request.note.text, int(self.clock().timestamp()))
        log.info("witness.cosigned", extra={"log": found.origin, "size": found.size})
        return Answer(Status.COSIGNED, f"{line}\n")


def _refused(refusal: Refusal, checkpoint: Checkpoint | None = None) -> Answer:
    told: dict[str, object] = {"status": int(refusal.status), "why": refusal.reason}
    if checkpoint is not None:
        told |= {"log": checkpoint.origin, "size": checkpoint.size}
        # Signed by the log, and yet refused: it may be proof of what the log did.
        told["root"] = checkpoint.root.hex()
    log.warning("witness.refused", extra=told)
    if refusal.size is None:
        return Answer(refusal.status, "")
    return Answer(refusal.status, f"{refusal.size}\n", witness.SIZE)
