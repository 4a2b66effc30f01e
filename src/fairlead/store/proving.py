"""Proofs for others: that an event is in the log, that the log extends an earlier one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Engine, select

from fairlead.errors import Damaged, Invalid, NotFound, Unavailable, Violation
from fairlead.record import proofs
from fairlead.record.notes import Checkpoint, CheckpointKey
from fairlead.record.tlog_proof import TlogProof
from fairlead.store import tables
from fairlead.store.engine import reading
from fairlead.store.tiles import TileFolder

_EVENT = re.compile(r"([a-z][a-z-]*/[^\s@]+)@([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An event's entry in the log, and the proof that it is there."""

    entry: bytes
    """What the log holds: the commitment to the event."""
    size: int
    """The log's size at the checkpoint of the proof."""
    proof: TlogProof


@dataclass(frozen=True, slots=True)
class Prover:
    """Makes proofs from the log of one record, and verifies each before it is given."""

    engine: Engine
    tiles: TileFolder
    keys: CheckpointKey

    def inclusion(self, event: str) -> Proven:
        """Prove that the *event*, such as `case/FL-…@3`, is in the log.

        By the public checkpoint, which witnesses may have cosigned, if it covers the
        event; else by the newest.

        Raises:
            Invalid: *event* is no such name.
            NotFound: there is no such event.
            Unavailable: it has no place in a signed log yet; in a second it has.
            Damaged: what is stored does not lead to the signed root.

        """
        place, entry = self._place(event)
        for note in (self.tiles.public_checkpoint(), self.tiles.checkpoint()):
            if note is None:
                continue
            checkpoint = self.keys.checkpoint(note)
            if place < checkpoint.size:
                path = proofs.inclusion(self.tiles, place, checkpoint.size)
                proofs.check_inclusion(
                    entry, place, checkpoint.size, checkpoint.root, path
                )
                proof = TlogProof(index=place, path=tuple(path), checkpoint=note)
                return Proven(entry=entry, size=checkpoint.size, proof=proof)
        raise _waiting(event)

    def consistency(self, note: str) -> tuple[Checkpoint, Checkpoint, list[bytes]]:
        """Prove that the log extends the one that *note*, a checkpoint of it, signs.

        Return the old checkpoint, the present one and the proof.

        Raises:
            Damaged: *note* is no checkpoint of this log, or the log does not extend it.

        """
        old = self.keys.checkpoint(note)
        present = self.tiles.checkpoint()
        if present is None:
            raise Damaged("there is no checkpoint, but one was handed out")
        new = self.keys.checkpoint(present)
        if old.origin != new.origin:
            raise Damaged(f"the checkpoint is of {old.origin}, the log {new.origin}")
        if new.size < old.size:
            raise Damaged(
                f"the log has {new.size} entries, the checkpoint {old.size}: an older"
                " copy was put in its place"
            )
        path = proofs.consistency(self.tiles, old.size, new.size)
        proofs.check_consistency(old.size, old.root, new.size, new.root, path)
        return old, new, path

    def _place(self, event: str) -> tuple[int, bytes]:
        found = _EVENT.fullmatch(event)
        if found is None:
            raise Invalid(
                f"{event!r} is no event; write its stream and version: case/FL-…@3",
                [Violation("invalid_event", "event", "must be like case/FL-…@3")],
            )
        events, leaves = tables.events, tables.leaves
        placed = (leaves.c.stream == events.c.stream) & (
            leaves.c.version == events.c.version
        )
        query = (
            select(leaves.c.place, events.c.leaf)
            .select_from(events.outerjoin(leaves, placed))
            .where(events.c.stream == found[1], events.c.version == int(found[2]))
        )
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"there is no event {event}")
        if row.place is None:
            raise _waiting(event)
        return row.place, row.leaf


def _waiting(event: str) -> Unavailable:
    return Unavailable(
        f"{event} waits for its place in the log; a running server gives it one within a"
        " second, so try again then"
    )
