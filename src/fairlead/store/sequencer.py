"""The sequencer: gives every event its place in the log, and signs what there is.

A place is never an identity column: a transaction that draws a number early and commits
late would be passed over. Instead each transaction leaves its events in `unsequenced`,
and one sequencer, alone by a database lock, takes from there what it can see.

Steps of one round, each of which may be the last before a power cut:

1. places are given in one database transaction (`leaves`), which is the truth;
2. tiles are written and synced from the last published size on, whose content follows
   from (1) alone, so that writing them again does no harm;
3. the checkpoint over the new size is signed and put in place by a rename.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import Connection, Engine, delete, func, insert, select, text

from fairlead.errors import Damaged, InUse
from fairlead.record.notes import Checkpoint, CheckpointSigner
from fairlead.store import tables
from fairlead.store.engine import reading, writing
from fairlead.store.tiles import TileFolder

BATCH = 10_000
"""How many events are given a place in one transaction."""

_LOCK = 0x6661_6972_6C65_6164
"""PostgreSQL's advisory lock of the one sequencer of a database."""


@dataclass(frozen=True, slots=True)
class Sequencer:
    """Keeps the log of one record up to date."""

    engine: Engine
    tiles: TileFolder
    signer: CheckpointSigner
    origin: str
    _lock: Lock = field(default_factory=Lock)

    def round(self) -> int:
        """Give every event that waits its place, publish, and return the log's size."""
        with self._alone():
            while self._place_some() == BATCH:
                pass
            return self._publish()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one: in this process by a lock, on PostgreSQL by the database's.

        On SQLite the server's file lock keeps other processes away.
        """
        with self._lock:
            if self.engine.dialect.name == "postgresql":
                with self._database_lock():
                    yield
            else:
                yield

    @contextmanager
    def _database_lock(self) -> Iterator[None]:
        with self.engine.connect() as connection:
            take = text("select pg_try_advisory_lock(:lock)")
            if not connection.execute(take, {"lock": _LOCK}).scalar_one():
                raise InUse("another process gives places in this record")
            try:
                yield
            finally:
                give = text("select pg_advisory_unlock(:lock)")
                connection.execute(give, {"lock": _LOCK})

    def _place_some(self) -> int:
        with writing(self.engine) as connection:
            waiting = connection.execute(
                select(tables.unsequenced)
                .order_by(tables.unsequenced.c.id)
                .limit(BATCH)
            ).all()
            if waiting:
                size = log_size(connection)
                connection.execute(
                    insert(tables.leaves),
                    [
                        {"place": place, "stream": row.stream, "version": row.version}
                        for place, row in enumerate(waiting, size)
                    ],
                )
                # Not `id <= last`: a lower one may have been committed just now.
                ids = [row.id for row in waiting]
                gone = tables.unsequenced.c.id.in_(ids)
                connection.execute(delete(tables.unsequenced).where(gone))
            return len(waiting)

    def _publish(self) -> int:
        done = self._published_size()
        with reading(self.engine) as connection:
            size = log_size(connection)
            if size < done:
                raise Damaged(
                    f"the database holds {size} events with a place, the published log"
                    f" {done}: an older copy of the database was put in its place; run"
                    " `fairlead record check`"
                )
            if size == done and self.tiles.checkpoint() is not None:
                return size
            root = self.tiles.append(list(leaves(connection, done, size)), start=done)
        checkpoint = Checkpoint(origin=self.origin, size=size, root=root)
        self.tiles.publish(self.signer.sign(checkpoint.text()))
        return size

    def _published_size(self) -> int:
        note = self.tiles.checkpoint()
        if note is None:
            return 0
        return self.signer.checkpoint(note).size


def log_size(connection: Connection) -> int:
    """Return how many events have a place."""
    last: int | None = connection.execute(
        select(func.max(tables.leaves.c.place))
    ).scalar_one()
    return 0 if last is None else last + 1


def leaves(
    connection: Connection, start: int, end: int
) -> Generator[bytes, None, None]:
    """Return the log's entries from *start* up to but not including *end*."""
    places, events = tables.leaves, tables.events
    same = (places.c.stream == events.c.stream) & (places.c.version == events.c.version)
    query = (
        select(events.c.leaf)
        .select_from(places.join(events, same))
        .where(places.c.place >= start, places.c.place < end)
        .order_by(places.c.place)
        .execution_options(yield_per=BATCH)
    )
    with connection.execute(query) as result:
        yield from result.scalars()


def waiting(connection: Connection) -> Sequence[tuple[str, int]]:
    """Return the events that have no place yet."""
    table = tables.unsequenced
    rows = connection.execute(select(table.c.stream, table.c.version))
    return [(row.stream, row.version) for row in rows]
