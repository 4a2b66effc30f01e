"""The catalogue as it is read: by name, by facets, by words, by product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select, text

from fairlead.base import instants
from fairlead.catalogue.ports import (
    Aside,
    Facets,
    Found,
    Known,
    Listed,
    Placed,
    Probability,
    Query,
)
from fairlead.catalogue.records import Band, Brief, CatalogueRecord, Source
from fairlead.store.catalogue import importing, tables
from fairlead.store.catalogue.aside import FilePlace, Place

CANDIDATES = 10_000
"""Records that words may match before the rest is left out of the ranking."""
_STEP = 400
_RECORDS = msgspec.json.Decoder(CatalogueRecord)
_BRIEFS = msgspec.json.Decoder(Brief)
_WORD = re.compile(r"\w+")

_SQLITE = (
    "select rowid as number from words where words match {}"
    " order by rowid desc limit :candidates"
)
_POSTGRES = (
    "select number from words where {} @@ plainto_tsquery('simple', {})"
    " order by number desc limit :candidates"
)
_MATCHING = {
    "sqlite": (_SQLITE.format(":words"), _SQLITE.format(":titled")),
    "postgresql": (
        _POSTGRES.format("body", ":words"),
        _POSTGRES.format("title", ":titled"),
    ),
}
"""What matches words at all, and what does in its title."""

_RANKED = """
    with m as materialized ({matching}), t as materialized ({titled})
    select r.number, count(*) over () as fitting
    from m join records r on r.number = m.number
    left join t on t.number = m.number left join known k on k.number = m.number
    where 1 = 1 {where}
    order by case when t.number is null then 1 else 0 end,
        case when k.number is null then 1 else 0 end,
        coalesce(r.modified, '') desc, r.number desc
    limit :size offset :after
"""


class SQLCatalogue:
    """What others have published."""

    def __init__(self, place: Place) -> None:
        """Read from *place*, whatever is in it at each reading."""
        self.place = place

    @classmethod
    def at(cls, path: Path) -> SQLCatalogue:
        """Return the catalogue in a SQLite file."""
        return cls(FilePlace(path))

    def close(self) -> None:
        """Close every connection."""
        self.place.close()

    def take(self, paths: Sequence[Path], ports: importing.Ports) -> importing.Imported:
        """Import files, folders and archives; see `importing.run`."""
        return importing.run(self.place, paths, ports)

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """Open one instant's view; an import that ends meanwhile is not seen in it."""
        with self.place.reading() as connection:
            yield Reading(connection)

    def find(self, name: str) -> Sequence[CatalogueRecord]:
        """Return the records with this identifier or alias."""
        with self.read() as reading:
            return reading.named([name])


class Reading:
    """One view of the catalogue."""

    def __init__(self, connection: Connection) -> None:
        """Read over *connection*."""
        self._connection = connection

    def named(self, wanted: Sequence[str]) -> Sequence[CatalogueRecord]:
        """Return the records with these identifiers or aliases, by source and name."""
        found = self.records(self._numbers(wanted)).values()
        order = list(Source)
        return sorted(found, key=lambda r: (order.index(r.source), r.id))

    def briefs(self, wanted: Sequence[str]) -> Sequence[Brief]:
        """Return the same in short, in any order."""
        return [_BRIEFS.decode(held) for _, held in self._held(self._numbers(wanted))]

    def records(self, numbers: Sequence[int]) -> dict[int, CatalogueRecord]:
        """Return records by their numbers."""
        return {number: _RECORDS.decode(held) for number, held in self._held(numbers)}

    def _numbers(self, wanted: Sequence[str]) -> list[int]:
        table = tables.names
        numbers: dict[int, None] = {}
        for some in _steps([name.upper() for name in wanted]):
            query = select(table.c.number).where(table.c.name.in_(some))
            numbers |= dict.fromkeys(self._connection.execute(query).scalars())
        return list(numbers)

    def _held(self, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        table = tables.contents
        for some in _steps(numbers):
            query = select(table.c.number, table.c.record).where(
                table.c.number.in_(some)
            )
            for row in self._connection.execute(query):
                yield row.number, row.record

    def affecting(self, keys: Sequence[str]) -> Sequence[Placed]:
        """Return where in which record anything with these keys stands."""
        table = tables.affects
        found: list[Placed] = []
        for some in _steps(sorted(set(keys))):
            query = select(table.c.key, table.c.number, table.c.place).where(
                table.c.key.in_(some)
            )
            found += [Placed(*row) for row in self._connection.execute(query)]
        return found

    def product(self, key: str, size: int) -> Sequence[CatalogueRecord]:
        """Return the newest records about one product or package."""
        affects, records = tables.affects, tables.records
        query = (
            select(affects.c.number)
            .join(records, records.c.number == affects.c.number)
            .where(affects.c.key == key)
            .group_by(affects.c.number, records.c.modified)
            .order_by(records.c.modified.desc(), affects.c.number.desc())
            .limit(size)
        )
        numbers = self._connection.execute(query).scalars().all()
        found = self.records(numbers)
        return [found[number] for number in numbers]

    def probabilities(self, cves: Sequence[str]) -> dict[str, Probability]:
        """Return the newest EPSS score of each."""
        table = tables.scores
        found: dict[str, Probability] = {}
        for some in _steps(list(dict.fromkeys(cves))):
            query = select(table).where(table.c.cve.in_(some))
            for row in self._connection.execute(query):
                found[row.cve] = Probability(row.probability, row.percentile, row.at)
        return found

    def exploited(self) -> Known:
        """Return how many entries of KEV there are; none if it was never imported."""
        table = tables.records
        query = select(func.count(), func.max(table.c.modified)).where(
            table.c.source == Source.KEV.value
        )
        count, newest = self._connection.execute(query).one()
        at = instants.parse(newest) if isinstance(newest, str) else newest
        return Known(count, at)

    def quarantine(self, size: int, after: int = 0) -> Sequence[Aside]:
        """Return what was put aside, by its place."""
        table = tables.quarantine
        query = (
            select(table.c.place, table.c.pointer, table.c.reason, table.c.at)
            .order_by(table.c.id)
            .limit(size)
            .offset(after)
        )
        return [Aside(*row) for row in self._connection.execute(query)]

    def counted(self) -> dict[str, int]:
        """Return how much there is of everything."""
        wanted = {
            "records": tables.records,
            "scores": tables.scores,
            "quarantined": tables.quarantine,
        }
        return {
            name: self._connection.execute(
                select(func.count()).select_from(table)
            ).scalar_one()
            for name, table in wanted.items()
        }

    def facets(self, query: Query) -> Facets:
        """Return how many records each choice of a facet leaves, the others kept."""
        table = tables.counts
        rows = self._connection.execute(
            select(table).where(table.c.ecosystem.in_(["", query.ecosystem]))
        ).all()
        found = Facets()
        for row in rows:
            count = int(row._mapping["count"])  # noqa: SLF001 - tuples have a `count`
            here = row.ecosystem == query.ecosystem
            source = not query.source or row.source == query.source
            band = not query.band or row.band == query.band
            exploited = not query.exploited or row.exploited
            if here and source and band and exploited:
                found.count += count
            if here and band and exploited:
                _add(found.sources, row.source, count)
            if here and source and exploited:
                _add(found.bands, row.band, count)
            if here and source and band and row.exploited:
                found.exploited += count
        found.ecosystems.update(self._ecosystems(query))
        return found

    def _ecosystems(self, query: Query) -> dict[str, int]:
        table = tables.counts
        count = func.sum(table.c.count)
        statement = select(table.c.ecosystem, count).where(table.c.ecosystem != "")
        for name in ("source", "band"):
            if wanted := getattr(query, name):
                statement = statement.where(table.c[name] == wanted)
        if query.exploited:
            statement = statement.where(table.c.exploited == 1)
        statement = statement.group_by(table.c.ecosystem).order_by(count.desc())
        return {row[0]: int(row[1]) for row in self._connection.execute(statement)}

    def search(self, query: Query) -> Found:
        """Return a page of what fits, the newest first; with words, ranked.

        Words rank those in the title ahead, then what is known to be exploited, then
        the newest. No more than `CANDIDATES` that match are ranked; the answer says so.
        """
        if query.words.strip():
            return self._search_words(query)
        numbers = self._newest(query)
        return self._page(numbers[: query.size], query, more=len(numbers) > query.size)

    def _newest(self, query: Query) -> list[int]:
        """Take the newest of each combination of facets, then the newest of these."""
        table = tables.counts
        statement = select(table.c.source, table.c.band, table.c.exploited).where(
            table.c.ecosystem == query.ecosystem
        )
        for name in ("source", "band"):
            if wanted := getattr(query, name):
                statement = statement.where(table.c[name] == wanted)
        if query.exploited:
            statement = statement.where(table.c.exploited == 1)
        some = (
            "select modified, number from listing where ecosystem = :ecosystem and"
            " source = :source and band = :band and exploited = :exploited"
            " and (modified < :modified or (modified = :modified and number < :number))"
            " order by modified desc, number desc limit :limit"
        )
        before = query.before or ("~", 0)
        found: list[tuple[str, int]] = []
        for row in self._connection.execute(statement).all():
            values = {
                "ecosystem": query.ecosystem,
                "source": row.source,
                "band": row.band,
                "exploited": row.exploited,
                "modified": before[0],
                "number": before[1],
                "limit": query.size + 1,
            }
            found += [
                (r[0], r[1]) for r in self._connection.execute(text(some), values)
            ]
        found.sort(reverse=True)
        return [number for _, number in found[: query.size + 1]]

    def _search_words(self, query: Query) -> Found:
        words = _WORD.findall(query.words)[:10]
        if not words:
            return Found(matching=0)
        where, values = _facets_of(query)
        dialect = self._connection.dialect.name
        matching, titled = _MATCHING[dialect]
        asked = " ".join(f'"{word}"' for word in words)
        values |= {
            "words": asked if dialect == "sqlite" else " ".join(words),
            "titled": f"title: ({asked})" if dialect == "sqlite" else " ".join(words),
            "candidates": CANDIDATES,
            "size": query.size + 1,
            "after": query.after,
        }
        statement = _RANKED.format(matching=matching, titled=titled, where=where)
        rows = self._connection.execute(text(statement), values).all()
        numbers = [row.number for row in rows][: query.size]
        found = self._page(numbers, query, more=len(rows) > query.size)
        fitting = rows[0].fitting if rows else 0
        return msgspec.structs.replace(
            found, matching=fitting, capped=self._is_capped(matching, values["words"])
        )

    def _is_capped(self, matching: str, words: object) -> bool:
        """Tell whether more match than were ranked; stops counting there."""
        statement = text(f"select count(*) from ({matching}) m")  # noqa: S608 - our own
        values = {"words": words, "candidates": CANDIDATES + 1}
        found = self._connection.execute(statement, values).scalar_one()
        return bool(found > CANDIDATES)

    def _page(self, numbers: Sequence[int], query: Query, *, more: bool) -> Found:
        table = tables.records
        wanted = select(table).where(table.c.number.in_(numbers))
        rows = {row.number: row for row in self._connection.execute(wanted)}
        exploited = self._exploited(numbers)
        listed = [
            Listed(
                source=Source(rows[n].source),
                id=rows[n].id,
                title=rows[n].title,
                band=Band(rows[n].band),
                score=rows[n].score,
                modified=rows[n].modified,
                withdrawn=rows[n].withdrawn is not None,
                exploited=n in exploited,
            )
            for n in numbers
        ]
        last = rows[numbers[-1]] if more and numbers else None
        at = instants.text(last.modified) if last and last.modified else ""
        return Found(
            listed=tuple(listed),
            before=(at, last.number) if last else None,
            after=query.after + query.size if more else None,
        )

    def _exploited(self, numbers: Sequence[int]) -> set[int]:
        table = tables.known
        query = select(table.c.number).where(table.c.number.in_(numbers))
        return set(self._connection.execute(query).scalars())


def _facets_of(query: Query) -> tuple[str, dict[str, object]]:
    """Return the condition that facets are, and its values."""
    where: list[str] = []
    values: dict[str, object] = {}
    for name in ("source", "band"):
        if wanted := getattr(query, name):
            where.append(f"and r.{name} = :{name}")
            values[name] = wanted
    if query.ecosystem:
        where.append(
            "and exists (select 1 from ecosystems e where e.number = r.number"
            " and e.ecosystem = :ecosystem)"
        )
        values["ecosystem"] = query.ecosystem
    if query.exploited:
        where.append("and k.number is not null")
    return " ".join(where), values


def _add(found: dict[str, int], name: str, count: int) -> None:
    found[name] = found.get(name, 0) + count


def _steps(values: Sequence[object]) -> Iterator[Sequence[object]]:
    return (values[start : start + _STEP] for start in range(0, len(values), _STEP))
