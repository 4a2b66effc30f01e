"""`record rebuild`: make snapshots and derived tables anew from the record alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from fairlead.errors import Damaged
from fairlead.store import tables
from fairlead.store.bulk import insert_many
from fairlead.store.subjects import (
    Kept,
    blob_contexts,
    event_rows,
    snapshot_row,
    stored_event,
)
from fairlead.store.unit import CODEC, KEPT
from fairlead.store.vault import Vault

BATCH = 500

Progress = Callable[[str, int], None]
"""Is told what is being made anew, and how many were."""


def rebuild(connection: Connection, vault: Vault, progress: Progress) -> int:
    """Make every snapshot anew, and what waits for a place; return how many subjects.

    It is one transaction: killed at any moment, it leaves what there was.

    Raises:
        Damaged: the record itself cannot be read; `record check` names where.

    """
    count = 0
    for kept in KEPT:
        for table in (*kept.child_tables, kept.table):
            connection.execute(delete(table))
    for kept in KEPT:
        count += _rebuild(connection, kept, vault, progress)
    _find_unsequenced(connection)
    return count


def remove_unnamed(connection: Connection, vault: Vault) -> int:
    """Remove blobs that no event names; return how many there were.

    Nobody else may write meanwhile.
    """
    if vault.blobs is None:
        return 0
    named = set(map(vault.blob_name, blob_contexts(connection)))
    unnamed = [name for name in vault.blobs.names() if name not in named]
    for name in unnamed:
        vault.blobs.remove(name)
    return len(unnamed)


def _rebuild(
    connection: Connection, kept: Kept[Any], vault: Vault, progress: Progress
) -> int:
    writer = _Writer(connection, kept)
    count = 0
    rows = event_rows(connection, kept.subject.kind)
    for stream, group in groupby(rows, lambda row: row["stream"]):
        events = list(group)
        number, destroyed = events[0]["number"], events[0]["destroyed_at"]
        key = None if destroyed else number
        state = kept.subject.fold(
            CODEC.decode(stored_event(row, key, vault)) for row in events
        )
        if state is None:
            raise Damaged(f"{stream}: no state follows from its events")
        writer.write(state, key, vault)
        count += 1
        if count % BATCH == 0:
            progress(kept.subject.kind, count)
    writer.flush()
    progress(kept.subject.kind, count)
    return count


class _Writer:
    """Collects rows, and writes many at once."""

    def __init__(self, connection: Connection, kept: Kept[Any]) -> None:
        self._connection = connection
        self._kept = kept
        # The subject's own table first: the others refer to it.
        order = (kept.table, *kept.child_tables)
        self._rows: dict[Table, list[Any]] = {table: [] for table in order}

    def write(self, state: Any, key: int | None, vault: Vault) -> None:  # noqa: ANN401 - any state
        own = self._rows[self._kept.table]
        own.append(snapshot_row(self._kept, state, key, vault))
        for child, rows in self._kept.children(state, vault).items():
            self._rows[child] += rows
        if len(own) >= BATCH:
            self.flush()

    def flush(self) -> None:
        for table, rows in self._rows.items():
            insert_many(self._connection, table, rows)
            rows.clear()


def _find_unsequenced(connection: Connection) -> None:
    """Have every event without a place wait for one."""
    events, leaves, waiting = tables.events, tables.leaves, tables.unsequenced
    placed = (leaves.c.stream == events.c.stream) & (
        leaves.c.version == events.c.version
    )
    lacking = (
        select(events.c.stream, events.c.version)
        .select_from(events.outerjoin(leaves, placed))
        .where(leaves.c.place.is_(None))
        .order_by(events.c.at, events.c.stream, events.c.version)
    )
    connection.execute(delete(waiting))
    connection.execute(insert(waiting).from_select(["stream", "version"], lacking))
