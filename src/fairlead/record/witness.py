"""The rules of a witness (C2SP tlog-witness): what it cosigns, and what it refuses.

A witness remembers, of each log it knows, the last checkpoint that it cosigned, and
cosigns another only if that one extends it. So two people who both ask for its
cosignature cannot have been shown different histories, and a log that was rolled back is
found out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from fairlead.errors import Damaged
from fairlead.record import proofs
from fairlead.record.notes import (
    Checkpoint,
    Note,
    Verifier,
    base64_text,
    read_count,
    read_hash,
)
from fairlead.record.tree import EMPTY_ROOT

SIZE = "text/x.tlog.size"
"""The type of an answer that tells the last cosigned size."""


class Status(IntEnum):
    """What an answer says (tlog-witness, add-checkpoint), as a status of HTTP."""

    COSIGNED = 200
    UNREADABLE = 400
    NOT_SIGNED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    NOT_EXTENDED = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A checkpoint that is to be cosigned, and the proof that it extends an older one."""

    old: int
    """The size that the proof begins with."""
    proof: tuple[bytes, ...]
    note: Note

    def text(self) -> str:
        """Return the request as it is sent (tlog-witness, add-checkpoint)."""
        hashes = "".join(f"{base64_text(hashed)}\n" for hashed in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note.written()}"

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read what `text` wrote.

        Raises:
            Damaged: it is no such request.

        """
        head, found, note = written.partition("\n\n")
        first, *hashes = head.split("\n")
        if not found or not first.startswith("old "):
            raise Damaged("a request begins with the old size")
        if len(hashes) > proofs.LONGEST:
            raise Damaged(f"the proof is longer than {proofs.LONGEST} hashes")
        return cls(
            old=read_count(first.removeprefix("old "), "old size"),
            proof=tuple(read_hash(line, "hash of the proof") for line in hashes),
            note=Note.parse(note),
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A checkpoint is not cosigned."""

    status: Status
    reason: str
    """For people; the answer of a witness does not hold it."""
    size: int | None = None
    """The last cosigned size, where another one was supposed."""


def known_logs(keys: Iterable[Verifier]) -> dict[str, tuple[Verifier, ...]]:
    """Return the keys of each log by its origin, which is the name of its keys."""
    logs: dict[str, tuple[Verifier, ...]] = {}
    for key in keys:
        logs[key.name] = (*logs.get(key.name, ()), key)
    return logs


def identify(
    request: Request, logs: Mapping[str, tuple[Verifier, ...]]
) -> Checkpoint | Refusal:
    """Return the checkpoint of *request*, if a log that is known has signed it."""
    try:
        checkpoint = Checkpoint.parse(request.note.text)
    except Damaged as error:
        return Refusal(Status.UNREADABLE, str(error))
    keys = logs.get(checkpoint.origin)
    if keys is None:
        return Refusal(Status.UNKNOWN_LOG, f"{checkpoint.origin} is not known here")
    if not any(_signed(request.note, key) for key in keys):
        return Refusal(Status.NOT_SIGNED, f"{checkpoint.origin} has not signed this")
    return checkpoint


def refuse(
    request: Request, checkpoint: Checkpoint, last: Checkpoint | None
) -> Refusal | None:
    """Tell why *checkpoint* is not cosigned; `None` says that it may be.

    *last* is the checkpoint of the same log that was cosigned last. Whoever cosigns then
    must have put the new one in its place, durably, before anybody gets the cosignature;
    no other request may come between this answer and that.
    """
    size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
    if request.old > checkpoint.size:
        return Refusal(Status.UNREADABLE, "the old size is larger than the new")
    if request.old != size:
        return Refusal(Status.OTHER_SIZE, f"the last size was {size}", size)
    if checkpoint.size == size and checkpoint.root != root:
        return Refusal(
            Status.OTHER_SIZE,
            f"another log of {size} entries was cosigned: this log has forked",
            size,
        )
    try:
        proofs.check_consistency(
            size, root, checkpoint.size, checkpoint.root, request.proof
        )
    except Damaged as error:
        return Refusal(Status.NOT_EXTENDED, str(error))
    return None


def _signed(note: Note, key: Verifier) -> bool:
    try:
        return note.signed_by(key) is not None
    except Damaged:
        return False
