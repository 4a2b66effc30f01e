"""Subjects in SQL: events appended and the snapshot written, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from fairlead.clearinghouse.ports import Job
from fairlead.errors import Conflict, Damaged, NotFound, Refused
from fairlead.record.events import SALT, Codec, Event, Fact, StoredEvent
from fairlead.record.subjects import Subject, Versioned
from fairlead.store import tables
from fairlead.store.bulk import chunks, insert_many, run
from fairlead.store.vault import Vault, in_blobs, key_of

S = TypeVar("S", bound=Versioned)
Row = Mapping[str, Any]


def _no_children(_: object, __: Vault) -> Mapping[Table, Sequence[Row]]:
    return {}


@dataclass(frozen=True, slots=True)
class Kept(Generic[S]):
    """How one kind of subject is kept: its table, and columns to find it by."""

    subject: Subject[S]
    table: Table
    columns: Callable[[S], Row]
    """Columns of the table besides `id`, `version`, `key` and `state`."""
    children: Callable[[S, Vault], Mapping[Table, Sequence[Row]]] = _no_children
    """Rows of further tables, whose first column names the subject."""
    child_tables: tuple[Table, ...] = ()
    """These tables."""

    def row(self, state: S) -> dict[str, Any]:
        """Return the snapshot row of *state*, but for what the vault keeps closed."""
        return {"id": state.id, "version": state.version, **self.columns(state)}

    def load(self, written: bytes) -> S:
        """Return the state that `encode` wrote."""
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
    vault: Vault

    def get(self, name: str) -> S:
        """Return the present state, or raise `NotFound`."""
        row = run(self.connection, _by_name(self.kept.table), {"name": name}).first()
        if row is None:
            raise NotFound(f"no {self.kept.subject.kind} {name!r}")
        return self._load(row)

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
            stored.append(self.codec.encode(event, self.vault.randomness))
        if state is None:
            message = f"{stream}: nothing to record"
            raise ValueError(message)
        key = self._key(stream, before)
        if (
            key is None
            and self.kept.subject.confidential
            and any(e.body for e in stored)
        ):
            raise Refused(f"{stream} was destroyed; nothing more is kept about it")
        self._append(stored, key)
        self._write(before, state, key)
        return state

    def add_many(
        self, new: Mapping[str, Sequence[Fact]], *, by: str, at: datetime
    ) -> Sequence[S]:
        """Record the first facts of many subjects, by name; return their states.

        It is `save` for each of them, with one statement a table.
        """
        subject = self.kept.subject
        streams = {name: subject.stream(name) for name in new}
        keys: Mapping[str, int] = {}
        if subject.confidential:
            keys = self.vault.new_keys(self.connection, list(streams.values()))
        states: list[S] = []
        events: list[dict[str, Any]] = []
        for name, facts in new.items():
            stream, state = streams[name], None
            for number, fact in enumerate(facts, 1):
                event = Event(stream=stream, version=number, actor=by, at=at, fact=fact)
                state = subject.evolve(state, event)
                stored = self.codec.encode(event, self.vault.randomness)
                events.append(event_row(stored, keys.get(stream), self.vault))
            if state is None:
                message = f"{stream}: nothing to record"
                raise ValueError(message)
            states.append(state)
        self._insert_events(events)
        self._insert_states(states, [keys.get(streams[name]) for name in new])
        return states

    def keys_of(self, names: Sequence[str]) -> Mapping[str, int]:
        """Return the numbers of the keys of subjects, by name."""
        table = tables.subject_keys
        found: dict[str, int] = {}
        streams = {self.kept.subject.stream(name): name for name in names}
        for some in chunks(list(streams)):
            query = select(table.c.stream, table.c.number).where(
                table.c.stream.in_(some), table.c.destroyed_at.is_(None)
            )
            rows = self.connection.execute(query)
            found |= {streams[row.stream]: row.number for row in rows}
        return found

    def destroy(self, name: str, *, at: datetime) -> None:
        """Destroy every body of the subject; see `fairlead.record.subjects`.

        What its snapshot said of them is gone too.
        """
        stream = self.kept.subject.stream(name)
        events, keys = tables.events, tables.subject_keys
        self.connection.execute(
            update(events).where(events.c.stream == stream), {"body": None}
        )
        self.connection.execute(
            update(keys).where(keys.c.stream == stream), {"destroyed_at": at}
        )
        state = self.kept.subject.fold(self.history(name))
        if state is None:
            raise NotFound(f"no {self.kept.subject.kind} {name!r}")
        self._update(self.get(name), state, None)
        job = {
            "kind": Job.DESTROY_KEY.value,
            "subject": stream,
            "due_at": at,
            "attempts": 0,
        }
        self.connection.execute(insert(tables.jobs), job)

    def history(self, name: str) -> Sequence[Event]:
        """Return everything that happened to the subject, in order."""
        return [self.codec.decode(event) for event in self.stored(name)]

    def stored(self, name: str) -> Sequence[StoredEvent]:
        """Return the same as it is stored."""
        stream = self.kept.subject.stream(name)
        return stored_events(self.connection, stream, self.vault)

    def _key(self, stream: str, before: S | None) -> int | None:
        """Return the number of the key that shuts what is kept of the subject."""
        if not self.kept.subject.confidential:
            return None
        if before is None:
            return self.vault.new_key(self.connection, stream)
        return key_of(self.connection, stream)

    def _states(self) -> Select[Any]:
        table = self.kept.table
        return select(table.c.id, table.c.key, table.c.state)

    def _one(self, query: Select[Any], name: str) -> S:
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"no {self.kept.subject.kind} {name!r}")
        return self._load(row)

    def _many(self, query: Select[Any]) -> Sequence[S]:
        return [self._load(row) for row in self.connection.execute(query)]

    def _load(self, row: Any) -> S:  # noqa: ANN401 - a row of any subject's table
        context = state_context(self.kept.subject.stream(row.id))
        written = self.vault.unlock(row.key, row.state, context)
        if written is not None:
            return self.kept.load(written)
        # The key is gone, but the database is an older copy that knows nothing of it.
        state = self.kept.subject.fold(self.history(row.id))
        if state is None:
            raise Damaged(f"{context}: a snapshot without events")
        return state

    def _append(self, stored: Sequence[StoredEvent], key: int | None) -> None:
        self._insert_events([event_row(event, key, self.vault) for event in stored])

    def _insert_events(self, rows: Sequence[Row]) -> None:
        try:
            insert_many(self.connection, tables.events, rows)
        except IntegrityError as error:
            raise Conflict(
                f"{rows[0]['stream']} changed meanwhile; read it again and retry"
            ) from error
        waiting = [{"stream": r["stream"], "version": r["version"]} for r in rows]
        insert_many(self.connection, tables.unsequenced, waiting)

    def _write(self, before: S | None, state: S, key: int | None) -> None:
        if before is not None:
            self._update(before, state, key)
            return
        self._insert_states([state], [key])

    def _insert_states(self, states: Sequence[S], keys: Sequence[int | None]) -> None:
        rows = [
            snapshot_row(self.kept, state, key, self.vault)
            for state, key in zip(states, keys, strict=True)
        ]
        try:
            insert_many(self.connection, self.kept.table, rows)
        except IntegrityError as error:
            raise Conflict(
                f"somebody added the same {self.kept.subject.kind} at this moment;"
                " try again"
            ) from error
        children: defaultdict[Table, list[Row]] = defaultdict(list)
        if self.kept.child_tables:
            for state in states:
                for child, added in self.kept.children(state, self.vault).items():
                    children[child] += added
        for child, added in children.items():
            insert_many(self.connection, child, added)

    def _update(self, before: S, state: S, key: int | None) -> None:
        row = snapshot_row(self.kept, state, key, self.vault)
        change = _change(self.kept.table, tuple(row))
        given = {f"new_{name}": value for name, value in row.items()}
        given |= {"was_id": before.id, "was_version": before.version}
        if run(self.connection, change, given).rowcount != 1:
            raise Conflict(f"{state.id} changed meanwhile; read it again and retry")
        old = self.kept.children(before, self.vault)
        for child, rows in self.kept.children(state, self.vault).items():
            if old.get(child) == rows:
                continue
            if not old.get(child):
                insert_many(self.connection, child, rows)
            else:
                write_children(self.connection, child, state.id, rows)


@lru_cache(maxsize=64)
def _by_name(table: Table) -> Select[Any]:
    query = select(table.c.id, table.c.key, table.c.state)
    return query.where(table.c.id == bindparam("name"))


@lru_cache(maxsize=64)
def _change(table: Table, columns: tuple[str, ...]) -> Update:
    """Return the statement that writes a state over the one it followed from."""
    same = (table.c.id == bindparam("was_id")) & (
        table.c.version == bindparam("was_version")
    )
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}
    return update(table).where(same).values(new)


def write_children(
    connection: Connection, child: Table, name: str, rows: Sequence[Row]
) -> None:
    """Make *rows* the ones that *child* holds for the subject called *name*."""
    whose = next(iter(child.c))
    connection.execute(delete(child).where(whose == name))
    insert_many(connection, child, rows)


def snapshot_row(
    kept: Kept[S], state: S, key: int | None, vault: Vault
) -> dict[str, Any]:
    """Return the whole snapshot row of *state*."""
    context = state_context(kept.subject.stream(state.id))
    return {
        **kept.row(state),
        "key": key,
        "state": vault.shut(key, encode(state), context),
    }


def state_context(stream: str) -> str:
    """Return the context in which a snapshot's state is shut."""
    return f"state of {stream}"


def stored_events(
    connection: Connection, stream: str, vault: Vault
) -> Sequence[StoredEvent]:
    """Return the events of *stream*, in order."""
    query = (
        select(tables.events)
        .where(tables.events.c.stream == stream)
        .order_by(tables.events.c.version)
    )
    key = key_of(connection, stream)
    rows = connection.execute(query).mappings()
    return [stored_event(row, key, vault) for row in rows]


def event_rows(connection: Connection, kind: str) -> Iterator[RowMapping]:
    """Return the events of all subjects of *kind*, stream by stream, in order.

    Each with the `number` of its subject's key and when that key was destroyed.
    """
    events, keys = tables.events, tables.subject_keys
    query = (
        select(events, keys.c.number, keys.c.destroyed_at)
        .select_from(events.outerjoin(keys, keys.c.stream == events.c.stream))
        .where(events.c.stream.startswith(f"{kind}/", autoescape=True))
        .order_by(events.c.stream, events.c.version)
        .execution_options(yield_per=1000)
    )
    with connection.execute(query) as result:
        yield from result.mappings()


def stored_event(row: Mapping[Any, Any], key: int | None, vault: Vault) -> StoredEvent:
    """Return the event that a row holds.

    Raises:
        Damaged: its body does not open with its key.

    """
    salted: bytes | None = row["body"]
    if salted is not None:
        salted = vault.unlock(key, salted, body_context(row["stream"], row["version"]))
    return StoredEvent(
        stream=row["stream"],
        version=row["version"],
        type=row["type"],
        actor=row["actor"],
        at=row["at"],
        header=row["header"],
        body=None if salted is None else salted[SALT:],
        header_salt=row["header_salt"],
        body_salt=None if salted is None else salted[:SALT],
        body_hash=row["body_hash"],
        leaf=row["leaf"],
    )


def event_row(event: StoredEvent, key: int | None, vault: Vault) -> dict[str, Any]:
    """Return the row that *event* is stored in; its salt lies with its body."""
    return {
        "stream": event.stream,
        "version": event.version,
        "type": event.type,
        "actor": event.actor,
        "at": event.at,
        "header": event.header,
        "body": None
        if event.body is None or event.body_salt is None
        else vault.shut_large(
            key,
            event.body_salt + event.body,
            body_context(event.stream, event.version),
        ),
        "header_salt": event.header_salt,
        "body_hash": event.body_hash,
        "leaf": event.leaf,
    }


def body_contexts(connection: Connection, stream: str) -> Sequence[str]:
    """Return the contexts in which the bodies of *stream* are, or were, shut."""
    query = select(tables.events.c.version).where(tables.events.c.stream == stream)
    return [body_context(stream, n) for n in connection.execute(query).scalars()]


def destroyed_contexts(connection: Connection) -> Sequence[str]:
    """Return the contexts of all bodies that were destroyed."""
    events, keys = tables.events, tables.subject_keys
    query = (
        select(events.c.stream, events.c.version)
        .join_from(events, keys, keys.c.stream == events.c.stream)
        .where(keys.c.destroyed_at.is_not(None))
    )
    return [body_context(row.stream, row.version) for row in connection.execute(query)]


def blob_contexts(connection: Connection) -> Iterator[str]:
    """Return the contexts of all bodies that lie in blobs."""
    events = tables.events
    query = select(events.c.stream, events.c.version).where(in_blobs(events.c.body))
    for row in connection.execute(query):
        yield body_context(row.stream, row.version)


def body_context(stream: str, version: int) -> str:
    """Return the context in which a body is shut."""
    return f"body of {stream}, event {version}"
