"""Subjects in SQL: events appended and the snapshot written, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Connection, Select, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from fairlead.base.ports import Randomness
from fairlead.errors import Conflict, NotFound
from fairlead.record.events import Codec, Event, Fact, StoredEvent
from fairlead.record.subjects import Subject, Versioned
from fairlead.store import tables

S = TypeVar("S", bound=Versioned)
Row = Mapping[str, Any]


def _no_children(_: object) -> Mapping[Table, Sequence[Row]]:
    return {}


@dataclass(frozen=True, slots=True)
class Kept(Generic[S]):
    """How one kind of subject is kept: its table, and columns to find it by."""

    subject: Subject[S]
    table: Table
    columns: Callable[[S], Row]
    """Columns of the table besides `id`, `version` and `state`."""
    children: Callable[[S], Mapping[Table, Sequence[Row]]] = _no_children
    """Rows of further tables, whose first column names the subject."""

    def row(self, state: S) -> dict[str, Any]:
        """Return the snapshot row of *state*."""
        return {
            "id": state.id,
            "version": state.version,
            "state": encode(state),
            **self.columns(state),
        }

    def load(self, written: bytes) -> S:
        """Return the state that a snapshot row holds."""
        return msgspec.json.decode(written, type=self.subject.state)


def encode(state: object) -> bytes:
    """Write a state, always in the same way, so that snapshots compare as bytes."""
    return msgspec.json.encode(state, order="deterministic")


@dataclass(frozen=True, slots=True)
class SQLSubjects(Generic[S]):
    """All subjects of one kind, in one transaction."""

    connection: Connection
    kept: Kept[S]
    codec: Codec
    randomness: Randomness

    def get(self, name: str) -> S:
        """Return the present state, or raise `NotFound`."""
        return self._one(self._states().where(self.kept.table.c.id == name), name)

    def save(
        self,
        before: S | None,
        facts: Sequence[Fact],
        *,
        name: str,
        by: str,
        at: datetime,
    ) -> S:
        """Record *facts* and return the new state; see `fairlead.record.subjects`."""
        stream = self.kept.subject.stream(name)
        version = before.version if before else 0
        state = before
        stored: list[StoredEvent] = []
        for number, fact in enumerate(facts, version + 1):
            event = Event(stream=stream, version=number, actor=by, at=at, fact=fact)
            state = self.kept.subject.evolve(state, event)
            stored.append(self.codec.encode(event, self.randomness))
        if state is None:
            message = f"{stream}: nothing to record"
            raise ValueError(message)
        self._append(stored)
        self._write(before, state)
        return state

    def history(self, name: str) -> Sequence[Event]:
        """Return everything that happened to the subject, in order."""
        stream = self.kept.subject.stream(name)
        return [self.codec.decode(e) for e in stored_events(self.connection, stream)]

    def _states(self) -> Select[Any]:
        return select(self.kept.table.c.state)

    def _one(self, query: Select[Any], name: str) -> S:
        written: bytes | None = self.connection.execute(query).scalar_one_or_none()
        if written is None:
            raise NotFound(f"no {self.kept.subject.kind} {name}")
        return self.kept.load(written)

    def _many(self, query: Select[Any]) -> Sequence[S]:
        return [self.kept.load(w) for w in self.connection.execute(query).scalars()]

    def _append(self, stored: Sequence[StoredEvent]) -> None:
        try:
            self.connection.execute(
                insert(tables.events), [event_row(e) for e in stored]
            )
        except IntegrityError as error:
            raise Conflict(
                f"{stored[0].stream} changed meanwhile; read it again and retry"
            ) from error
        self.connection.execute(
            insert(tables.unsequenced),
            [{"stream": e.stream, "version": e.version} for e in stored],
        )

    def _write(self, before: S | None, state: S) -> None:
        table = self.kept.table
        if before is None:
            try:
                self.connection.execute(insert(table).values(self.kept.row(state)))
            except IntegrityError as error:
                raise Conflict(
                    f"somebody added the same {self.kept.subject.kind} at this moment;"
                    " try again"
                ) from error
        else:
            same = (table.c.id == before.id) & (table.c.version == before.version)
            row = self.kept.row(state)
            if self.connection.execute(update(table).where(same), row).rowcount != 1:
                raise Conflict(f"{state.id} changed meanwhile; read it again and retry")
        old = self.kept.children(before) if before else {}
        for child, rows in self.kept.children(state).items():
            if old.get(child) != rows:
                write_children(self.connection, child, state.id, rows)


def write_children(
    connection: Connection, child: Table, name: str, rows: Sequence[Row]
) -> None:
    """Make *rows* the ones that *child* holds for the subject called *name*."""
    whose = next(iter(child.c))
    connection.execute(delete(child).where(whose == name))
    if rows:
        connection.execute(insert(child), list(rows))


def stored_events(connection: Connection, stream: str) -> Iterable[StoredEvent]:
    """Return the events of *stream* as stored, in order."""
    query = (
        select(tables.events)
        .where(tables.events.c.stream == stream)
        .order_by(tables.events.c.version)
    )
    return [StoredEvent(**row) for row in connection.execute(query).mappings()]


def event_row(event: StoredEvent) -> dict[str, Any]:
    """Return the row that *event* is stored in."""
    return {column.name: getattr(event, column.name) for column in tables.events.c}
