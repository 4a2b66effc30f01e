"""Imports: documents in, a catalogue built aside, what is faulty kept apart with reasons.

Killed at any moment it leaves the catalogue in use as it was, and goes on where it was
when it is called again with the same inputs.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from fairlead.base.ports import Clock
from fairlead.catalogue.reading import Faulty, Item, Read, read
from fairlead.catalogue.reading.epss import Score
from fairlead.store.catalogue import finishing, rows, tables
from fairlead.store.catalogue.aside import Place, translated
from fairlead.store.catalogue.sources import Document, Input, inputs

log = logging.getLogger(__name__)

BATCH = 500
"""Things stored in one transaction."""
SHOWN = 20
"""Faulty documents that an import names; all are in the quarantine."""


class Quarantined(NamedTuple):
    """Something that was not taken."""

    place: str
    """File, and what is within it."""
    pointer: str
    """A JSON pointer into the document, or a line."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    id: str
    """Its name on the record."""
    digest: str
    """Over the digest of everything that was read, in order; see `_chain`."""
    taken: int = 0
    unchanged: int = 0
    older: int = 0
    """Left out, because something newer was there."""
    quarantined: int = 0
    faulty: tuple[Quarantined, ...] = ()
    """The first of those that were put aside."""
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    input: str
    documents: int
    taken: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What an import needs from outside."""

    clock: Clock
    tell: Callable[[Progress], None] = lambda _: None
    """Is told how far it is, after every transaction."""
    note: Callable[[Imported], None] = lambda _: None
    """Puts the import on the record, before anybody can see what it brought."""


def run(place: Place, paths: Sequence[Path], ports: Ports) -> Imported:
    """Import everything that *paths* name.

    Importing the same again changes nothing.

    Raises:
        InUse: another import is under way.
        Unavailable: the disk is full or the database away; nothing of it can be seen, and
            calling it again goes on where it was.

    """
    with place.alone():
        found = list(inputs(paths))
        connection = place.building(_name_of(found))
        try:
            with translated():
                done = _Run(connection, ports).run(found)
        finally:
            shut(connection)
        ports.note(done)
        if done.taken or done.quarantined or done.unchanged or done.older:
            place.swap()
        else:
            place.drop()
        return done


def shut(connection: Connection) -> None:
    """Close the connection of an import, and its engine, which is its own."""
    connection.close()
    connection.engine.dispose()


def _name_of(found: Iterable[Input]) -> str:
    """Return what tells whether an import is the one that was begun."""
    whole = hashlib.sha256()
    for one in found:
        whole.update(f"{one.path.absolute()}\0{one.fingerprint}\0".encode())
    return whole.hexdigest()


class _Run:
    """One import, or the rest of one that was ended."""

    def __init__(self, connection: Connection, ports: Ports) -> None:
        self._connection = connection
        self._ports = ports
        self._meta = _Meta(connection)
        self._writer = rows.Writer(connection)
        self._items: list[Item] = []
        self._faulty: list[Quarantined] = []
        self._documents = 0
        self._digest = self._meta.get("digest")

    def run(self, found: Sequence[Input]) -> Imported:
        resumed = bool(self._meta.get("import"))
        if not resumed:
            self._meta.set({"import": "imp-" + secrets.token_hex(8), "digest": ""})
            self._forget(found)
            self._connection.commit()
        if self._meta.get("complete") != self._meta.get("import"):
            for one in found:
                self._take(one)
            if self._meta.count("taken") or self._meta.count("scored"):
                finishing.finish(self._connection)
            self._meta.set({"complete": self._meta.get("import")})
            self._connection.execute(delete(tables.inputs))
        told = self._told(resumed=resumed)
        # Left in place: the same call after a kill ends with the same import.
        self._connection.commit()
        return told

    def _forget(self, found: Sequence[Input]) -> None:
        """Take what an earlier import put aside of the same inputs out of quarantine."""
        for name in ("taken", "unchanged", "older", "quarantined", "scored"):
            self._meta.set({name: "0"})
        paths = [str(one.path) for one in found]
        for start in range(0, len(paths), BATCH):
            some = paths[start : start + BATCH]
            self._connection.execute(
                delete(tables.quarantine).where(tables.quarantine.c.input.in_(some))
            )

    def _take(self, one: Input) -> None:
        path = str(one.path)
        done = self._connection.execute(
            select(tables.inputs.c.done).where(tables.inputs.c.path == path)
        ).scalar()
        if done == -1:
            return
        count = 0
        for document in one.documents():
            count += 1
            if count <= (done or 0):
                continue
            self._add(path, document)
            if len(self._items) >= BATCH:
                self._store(path, count)
        self._store(path, -1)

    def _add(self, path: str, document: Document) -> None:
        self._documents += 1
        if document.refused:
            self._put_aside(document.place, Faulty("", document.refused))
            return
        whole = hashlib.sha256(document.content)
        self._digest = _chain(self._digest, whole.digest())
        for item in _read(document):
            if isinstance(item, Faulty):
                self._put_aside(document.place, item)
                continue
            self._items.append(item)
            if len(self._items) >= 20 * BATCH:
                # A file of many: what it brings is stored, and read again after a kill.
                self._write(path)

    def _put_aside(self, place: str, item: Faulty) -> None:
        said = (text.replace("\0", " ") for text in (place, item.pointer, item.reason))
        self._faulty.append(Quarantined(*said))

    def _write(self, path: str) -> None:
        """Store what was read, within the present transaction."""
        records = [item for item in self._items if isinstance(item, Read)]
        scores = [item for item in self._items if isinstance(item, Score)]
        self._items.clear()
        found = self._writer.records(records)
        scored = self._writer.scores(scores)
        self._meta.add("taken", found.taken + scored.taken)
        self._meta.add("unchanged", found.unchanged + scored.unchanged)
        self._meta.add("older", found.older + scored.older)
        self._meta.add("scored", scored.taken)
        self._meta.add("quarantined", len(self._faulty))
        if self._faulty:
            at = self._ports.clock()
            self._connection.execute(
                insert(tables.quarantine),
                [_aside(path, faulty, at) for faulty in self._faulty],
            )
            self._faulty.clear()

    def _store(self, path: str, done: int) -> None:
        """Store what was read and how far it is, in one transaction."""
        self._write(path)
        values = {"fingerprint": "", "done": done}
        changed = self._connection.execute(
            update(tables.inputs).where(tables.inputs.c.path == path).values(values)
        )
        if not changed.rowcount:
            self._connection.execute(insert(tables.inputs).values(path=path, **values))
        self._meta.set({"digest": self._digest})
        self._connection.commit()
        self._ports.tell(
            Progress(
                path,
                self._documents,
                self._meta.count("taken"),
                self._meta.count("quarantined"),
            )
        )

    def _told(self, *, resumed: bool) -> Imported:
        count = self._meta.count
        query = (
            select(
                tables.quarantine.c.place,
                tables.quarantine.c.pointer,
                tables.quarantine.c.reason,
            )
            .order_by(tables.quarantine.c.id.desc())
            .limit(min(SHOWN, count("quarantined")))
        )
        faulty = self._connection.execute(query).all()
        return Imported(
            id=self._meta.get("import"),
            digest=self._digest,
            taken=count("taken"),
            unchanged=count("unchanged"),
            older=count("older"),
            quarantined=count("quarantined"),
            faulty=tuple(Quarantined(*row) for row in reversed(faulty)),
            resumed=resumed,
        )


def _read(document: Document) -> Iterator[Item]:
    """Read a document, whatever it does to the reader."""
    try:
        yield from read(document.place, document.content)
    except Exception as error:
        log.exception("catalogue.unread", extra={"place": document.place})
        kind = type(error).__name__
        yield Faulty("", f"it could not be read, by a mistake of ours: {kind}: {error}")


class _Meta:
    """Values beside the tables, kept in the same transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        rows = connection.execute(select(tables.meta)).all()
        self._values = {row.name: row.value or "" for row in rows}

    def get(self, name: str) -> str:
        return self._values.get(name, "")

    def count(self, name: str) -> int:
        return int(self._values.get(name) or 0)

    def add(self, name: str, more: int) -> None:
        if more:
            self.set({name: str(self.count(name) + more)})

    def set(self, values: dict[str, str]) -> None:
        table = tables.meta
        for name, value in values.items():
            if name in self._values:
                statement = (
                    update(table).where(table.c.name == name).values(value=value)
                )
                self._connection.execute(statement)
            else:
                self._connection.execute(insert(table).values(name=name, value=value))
            self._values[name] = value


def _chain(before: str, digest: bytes) -> str:
    """Return SHA-256 over the digest so far and that of the next document.

    A chain, because an import that was ended goes on with it.
    """
    return hashlib.sha256(bytes.fromhex(before) + digest).hexdigest()


def _aside(path: str, faulty: Quarantined, at: datetime) -> dict[str, object]:
    return {"input": path, "at": at, **faulty._asdict()}
