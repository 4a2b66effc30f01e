"""Records and scores as rows: many at once, each replaced only by what is newer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, Table, delete, func, select

from fairlead.base import instants
from fairlead.catalogue.reading.epss import Score
from fairlead.catalogue.records import CatalogueRecord
from fairlead.store.catalogue import tables
from fairlead.store.catalogue.preparing import Ready, record_of

_STEP = 500
"""Values of one `in`."""

_INSERT_WORDS = {
    "sqlite": "insert into words (rowid, title, body) values (?, ?, ?)",
    "postgresql": (
        "insert into words (number, title, body) values"
        " (%s, to_tsvector('simple', %s), to_tsvector('simple', %s))"
    ),
}
_DELETE_WORDS = {
    "sqlite": "insert into words (words, rowid, title, body) values ('delete', ?, ?, ?)",
    "postgresql": "delete from words where number = %s",
}


@dataclass(slots=True)
class Done:
    """What became of some records or scores."""

    taken: int = 0
    unchanged: int = 0
    older: int = 0


class _Held(NamedTuple):
    number: int
    digest: str
    modified: str


Name = tuple[str, str]
"""Source and identifier of a record."""
Row = tuple[object, ...]
T = TypeVar("T")


class Writer:
    """Writes into the catalogue that is being built."""

    def __init__(self, connection: Connection) -> None:
        """Write over *connection*, within the caller's transactions."""
        self._connection = connection
        self._dialect = connection.dialect.name
        self._inserts = {
            t: _insert(t, self._dialect) for t in tables.metadata.sorted_tables
        }
        highest = connection.execute(select(func.max(tables.records.c.number))).scalar()
        self._next = (highest or 0) + 1

    def records(self, found: Sequence[Ready]) -> Done:
        """Store records, those in place of older ones that are newer."""
        done = Done()
        if not found:
            return done
        held = self._held([(ready.source, ready.id) for ready in found])
        wanted: dict[Name, Ready] = {}
        for ready in found:
            name = (ready.source, ready.id)
            before = wanted.get(name) or held.get(name)
            if before and before.digest == ready.digest:
                done.unchanged += 1
            elif before and ready.modified < before.modified:
                done.older += 1
            else:
                wanted[name] = ready
                done.taken += 1
        self._remove([held[name].number for name in wanted if name in held])
        self._insert(
            [
                (held[name].number if name in held else self._number(), ready)
                for name, ready in wanted.items()
            ]
        )
        return done

    def scores(self, found: Sequence[Score]) -> Done:
        """Store scores in place of those of earlier days."""
        done = Done()
        table = tables.scores
        newest = {score.cve: score for score in found}
        for some in steps(list(newest)):
            query = select(table).where(table.c.cve.in_(some))
            held = {row.cve: row for row in self._connection.execute(query)}
            fresh = []
            for cve in some:
                score, known = newest[cve], held.get(cve)
                if known and known.at > score.at:
                    done.older += 1
                elif known and (known.at, known.probability, known.percentile) == (
                    score.at,
                    score.probability,
                    score.percentile,
                ):
                    done.unchanged += 1
                else:
                    fresh.append(score)
            again = [s.cve for s in fresh if s.cve in held]
            if again:
                self._connection.execute(delete(table).where(table.c.cve.in_(again)))
            self._put(
                table, [(s.cve, s.probability, s.percentile, s.at) for s in fresh]
            )
            done.taken += len(fresh)
        return done

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _held(self, wanted: Sequence[Name]) -> dict[Name, _Held]:
        table = tables.records
        by_source: dict[str, list[str]] = {}
        for source, name in wanted:
            by_source.setdefault(source, []).append(name)
        held: dict[Name, _Held] = {}
        for source, names in by_source.items():
            for some in steps(names):
                query = select(
                    table.c.id, table.c.number, table.c.digest, table.c.modified
                ).where(table.c.source == source, table.c.id.in_(some))
                for row in self._connection.execute(query):
                    at = instants.text(row.modified) if row.modified else ""
                    held[source, row.id] = _Held(row.number, row.digest, at)
        return held

    def _remove(self, numbers: Sequence[int]) -> None:
        """Take records out again, with everything by which they are found."""
        for some in steps(numbers):
            table = tables.contents
            query = select(table.c.number, table.c.record).where(
                table.c.number.in_(some)
            )
            old = [
                (row.number, record_of(row.record))
                for row in self._connection.execute(query)
            ]
            self._remove_words(old)
            self._take_out(
                tables.names, [(n, number) for number, r in old for n in r.names]
            )
            self._take_out(
                tables.affects,
                [
                    (key, number, place)
                    for number, r in old
                    for key, place in r.affected_keys()
                ],
            )
            kev = [r.id for _, r in old if r.exploited]
            self._take_out(tables.exploited, [(name,) for name in kev])
            for by_number in (tables.records, tables.contents, tables.ecosystems):
                self._connection.execute(
                    delete(by_number).where(by_number.c.number.in_(some))
                )

    def _remove_words(self, old: Sequence[tuple[int, CatalogueRecord]]) -> None:
        rows: list[Row] = [
            self._words(number, record.title, record.details) for number, record in old
        ]
        if self._dialect == "postgresql":
            rows = [(number,) for number, _ in old]
        if rows:
            self._connection.exec_driver_sql(_DELETE_WORDS[self._dialect], rows)

    def _words(self, number: int, title: str, details: str) -> Row:
        if self._dialect == "postgresql":
            # Its index is asked for one column at a time.
            return number, title, f"{title} {details}"
        return number, title, details

    def _take_out(self, table: Table, rows: Sequence[Row]) -> None:
        mark = "?" if self._dialect == "sqlite" else "%s"
        same = " and ".join(f"{c.name} = {mark}" for c in table.columns)
        if rows:
            self._connection.exec_driver_sql(
                f"delete from {table.name} where {same}",  # noqa: S608 - our own names
                list(dict.fromkeys(rows)),
            )

    def _insert(self, found: Sequence[tuple[int, Ready]]) -> None:
        rows: list[tuple[Table, list[Row]]] = [
            (tables.records, [_record_row(n, r) for n, r in found]),
            (tables.contents, [(n, r.content) for n, r in found]),
            # In the order of their keys, which is that of their pages.
            (tables.names, sorted((name, n) for n, r in found for name in r.names)),
            (tables.affects, sorted((k, n, at) for n, r in found for k, at in r.keys)),
            (tables.ecosystems, [(n, e) for n, r in found for e in r.ecosystems]),
            (tables.exploited, [(r.id,) for _, r in found if r.exploited]),
        ]
        for table, some in rows:
            self._put(table, some)
        words = [self._words(n, r.title, r.details) for n, r in found]
        if words:
            self._connection.exec_driver_sql(_INSERT_WORDS[self._dialect], words)

    def _put(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._connection.exec_driver_sql(self._inserts[table], list(rows))


def _record_row(number: int, ready: Ready) -> Row:
    return (
        number,
        ready.source,
        ready.id,
        ready.digest,
        ready.title,
        ready.modified or None,
        ready.withdrawn,
        ready.band,
        ready.score,
    )


def _insert(table: Table, dialect: str) -> str:
    marks = ", ".join(("?" if dialect == "sqlite" else "%s",) * len(table.columns))
    names = ", ".join(table.columns.keys())
    return f"insert into {table.name} ({names}) values ({marks})"  # noqa: S608 - our own names


def steps(values: Sequence[T]) -> Iterable[Sequence[T]]:
    """Return *values* in parts that a statement has place for."""
    return (values[start : start + _STEP] for start in range(0, len(values), _STEP))
