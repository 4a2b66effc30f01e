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
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from fairlead.base.ports import Clock
from fairlead.catalogue.reading import Faulty
from fairlead.catalogue.reading.epss import Score
from fairlead.store.catalogue import aside, finishing, rows, tables
from fairlead.store.catalogue.aside import translated
from fairlead.store.catalogue.preparing import Brought, Ready
from fairlead.store.catalogue.readers import Place, Readers, usual
from fairlead.store.catalogue.rows import steps
from fairlead.store.catalogue.sources import Input, inputs

log = logging.getLogger(__name__)

BATCH = 500
"""Things stored in one transaction."""
FINISHED = -1
"""How far an input is of which everything is stored."""
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
    readers: int | None = None
    """Processes that read; as many as there are processors if nothing is said."""


def run(place: aside.Place, paths: Sequence[Path], ports: Ports) -> Imported:
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
        readers = Readers(usual() if ports.readers is None else ports.readers)
        try:
            with translated():
                done = _Run(connection, ports, readers).run(found)
        finally:
            readers.close()
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

    def __init__(self, connection: Connection, ports: Ports, readers: Readers) -> None:
        self._connection = connection
        self._ports = ports
        self._readers = readers
        self._meta = _Meta(connection)
        self._writer = rows.Writer(connection)
        self._records: list[Ready] = []
        self._scores: list[Score] = []
        self._faulty: list[dict[str, object]] = []
        self._done: dict[str, int] = {}
        self._documents = 0
        self._digest = self._meta.get("digest")

    def run(self, found: Sequence[Input]) -> Imported:
        resumed = bool(self._meta.get("import"))
        if not resumed:
            self._meta.set({"import": "imp-" + secrets.token_hex(8), "digest": ""})
            self._forget(found)
            self._connection.commit()
        if self._meta.get("complete") != self._meta.get("import"):
            self._take(found)
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

    def _take(self, found: Sequence[Input]) -> None:
        """Read all that is left of *found*; many files are one stream of documents."""
        query = select(tables.inputs.c.path, tables.inputs.c.done)
        done = {row.path: row.done for row in self._connection.execute(query)}
        path = ""
        for here, brought in self._readers.read(_left(found, done)):
            if here.input != path:
                self._done |= {path: FINISHED} if path else {}
                path = here.input
            self._add(here, brought)
            if not brought.last:
                # A file of many: what it brings is stored, and read again after a kill.
                self._write()
                continue
            self._documents += 1
            self._done[path] = here.number
            if len(self._records) + len(self._scores) >= BATCH:
                self._store(path)
        self._done |= {str(one.path): FINISHED for one in found}
        self._store(path)

    def _add(self, here: Place, brought: Brought) -> None:
        if brought.digest:
            self._digest = _chain(self._digest, brought.digest)
        if brought.mistake:
            told = {"place": here.document.place, "traceback": brought.mistake}
            log.error("catalogue.unread", extra=told)
        for item in brought.faulty:
            self._put_aside(here, item)
        self._records += brought.records
        self._scores += brought.scores

    def _put_aside(self, here: Place, item: Faulty) -> None:
        told = (here.document.place, item.pointer, item.reason)
        said = Quarantined(*(text.replace("\0", " ") for text in told))
        row = {"input": here.input, "at": self._ports.clock(), **said._asdict()}
        self._faulty.append(row)

    def _write(self) -> None:
        """Store what was read, within the present transaction."""
        found = self._writer.records(self._records)
        scored = self._writer.scores(self._scores)
        self._records, self._scores = [], []
        self._meta.add("taken", found.taken + scored.taken)
        self._meta.add("unchanged", found.unchanged + scored.unchanged)
        self._meta.add("older", found.older + scored.older)
        self._meta.add("scored", scored.taken)
        self._meta.add("quarantined", len(self._faulty))
        if self._faulty:
            self._connection.execute(insert(tables.quarantine), self._faulty)
            self._faulty.clear()

    def _store(self, path: str) -> None:
        """Store what was read and how far it is, in one transaction."""
        self._write()
        table = tables.inputs
        for some in steps(list(self._done)):
            self._connection.execute(delete(table).where(table.c.path.in_(some)))
        rows = [
            {"path": path, "fingerprint": "", "done": done}
            for path, done in self._done.items()
        ]
        if rows:
            self._connection.execute(insert(table), rows)
        self._done.clear()
        self._meta.set({"digest": self._digest})
        self._connection.commit()
        taken, quarantined = self._meta.count("taken"), self._meta.count("quarantined")
        self._ports.tell(Progress(path, self._documents, taken, quarantined))

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


def _left(found: Iterable[Input], done: dict[str, int]) -> Iterator[Place]:
    """Yield every document that is not stored yet, with where it stands."""
    for one in found:
        path = str(one.path)
        if (start := done.get(path, 0)) == FINISHED:
            continue
        left = islice(one.documents(), start, None)
        for number, document in enumerate(left, start + 1):
            yield Place(path, number, document)


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
