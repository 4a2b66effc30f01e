"""The catalogue in a SQLite file of its own, so that imports never block intake.

It is reference data that others publish: no events, no migrations. A file of another
version is made anew by importing again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from fairlead.catalogue.records import CatalogueRecord, Package, read_record
from fairlead.clearinghouse.claims.targets import Target, place_of
from fairlead.errors import Invalid
from fairlead.formats.ecosystems import purl_types_of
from fairlead.store.engine import open_engine, reading, writing
from fairlead.store.tables import Instant

CHUNK = 500
"""Names in one query."""

BATCH = 200
"""Documents stored in one transaction."""

metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("source", String(20), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("modified", Instant),
    Column("record", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

names = Table(
    "names",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("source", String(20), primary_key=True),
    Column("id", String(200), primary_key=True),
    Index("ix_names_record", "source", "id"),
)
"""The identifier of each record and its aliases, in capitals."""

packages = Table(
    "packages",
    metadata,
    Column("place", String(300), primary_key=True),
    Column("source", String(20), primary_key=True),
    Column("id", String(200), primary_key=True),
    Index("ix_packages_record", "source", "id"),
)
"""The packages that each record is about, by the places that they have."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A document that was not taken."""

    place: str
    """File and line."""
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Imported:
    """What an import did."""

    taken: int = 0
    unchanged: int = 0
    quarantined: list[Quarantined] = field(default_factory=list)
    digest: str = ""
    """SHA-256 over the digests of all documents taken, in hexadecimal."""


class SQLCatalogue:
    """What others have published, by their identifiers."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it if it is lacking."""
        self.engine = open_engine(f"sqlite:///{path}")
        metadata.create_all(self.engine)

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()

    def take(self, documents: Iterable[tuple[str, bytes]]) -> Imported:
        """Import *documents*, each with the place it comes from.

        A faulty one is put aside with the reason, and the import goes on. Importing the
        same again changes nothing.
        """
        done = Imported()
        whole = hashlib.sha256()
        batch: list[tuple[CatalogueRecord, bytes]] = []
        for place, document in documents:
            try:
                batch.append((read_record(document), document))
            except Invalid as error:
                said = tuple(f"{v.field}: {v.reason}" for v in error.violations)
                done.quarantined.append(Quarantined(place, said or (str(error),)))
                continue
            whole.update(hashlib.sha256(document).digest())
            if len(batch) >= BATCH:
                self._store(batch, done)
                batch.clear()
        self._store(batch, done)
        done.digest = whole.hexdigest()
        return done

    def find(self, name: str) -> Sequence[CatalogueRecord]:
        """Return the records with this identifier or alias."""
        same = (names.c.source == records.c.source) & (names.c.id == records.c.id)
        query = (
            select(records.c.record)
            .select_from(names.join(records, same))
            .where(names.c.name == name.upper())
            .order_by(records.c.source, records.c.id)
        )
        with reading(self.engine) as connection:
            found = connection.execute(query).scalars().all()
        return [msgspec.json.decode(r, type=CatalogueRecord) for r in found]

    def count_by_package(self, purls: Sequence[str]) -> dict[str, int]:
        """Count the records about each of *purls*; of those without any nothing is said."""
        by_place = {_place(purl): purl for purl in purls}
        wanted = sorted(place for place in by_place if place)
        found: dict[str, int] = {}
        with reading(self.engine) as connection:
            for start in range(0, len(wanted), CHUNK):
                query = (
                    select(packages.c.place, func.count())
                    .where(packages.c.place.in_(wanted[start : start + CHUNK]))
                    .group_by(packages.c.place)
                )
                for place, count in connection.execute(query):
                    found[by_place[place]] = count
        return found

    def _store(
        self, batch: Sequence[tuple[CatalogueRecord, bytes]], done: Imported
    ) -> None:
        with writing(self.engine) as connection:
            for record, document in batch:
                mine = (records.c.source == record.source) & (records.c.id == record.id)
                digest = hashlib.sha256(document).hexdigest()
                held = connection.execute(select(records.c.digest).where(mine)).scalar()
                if held == digest:
                    done.unchanged += 1
                    continue
                connection.execute(delete(records).where(mine))
                connection.execute(
                    delete(names).where(
                        (names.c.source == record.source) & (names.c.id == record.id)
                    )
                )
                connection.execute(
                    delete(packages).where(
                        (packages.c.source == record.source)
                        & (packages.c.id == record.id)
                    )
                )
                about = _packages(record)
                if about:
                    connection.execute(insert(packages), about)
                connection.execute(insert(records), _row(record, digest, document))
                connection.execute(insert(names), _names(record))
                done.taken += 1


def _row(record: CatalogueRecord, digest: str, document: bytes) -> dict[str, object]:
    return {
        "source": record.source,
        "id": record.id,
        "digest": digest,
        "title": record.title,
        "modified": record.modified,
        "record": msgspec.json.encode(record),
        "document": document,
    }


def _names(record: CatalogueRecord) -> list[dict[str, str]]:
    found = dict.fromkeys(name.upper() for name in (record.id, *record.aliases))
    return [{"name": n, "source": record.source, "id": record.id} for n in found]


def _packages(record: CatalogueRecord) -> list[dict[str, str]]:
    places = {_place(_purl(package)) for package in record.packages} - {""}
    return [
        {"place": place[:300], "source": record.source, "id": record.id}
        for place in sorted(places)
    ]


def _purl(package: Package) -> str:
    if package.purl:
        return package.purl
    kinds = sorted(purl_types_of(package.ecosystem))
    name = package.name.replace(":", "/") if kinds == ["maven"] else package.name
    return f"pkg:{kinds[0]}/{name}" if kinds else ""


def _place(purl: str) -> str:
    """Return the place of a package; nothing where its name cannot be read."""
    try:
        return place_of(Target(purl=purl)) if purl else ""
    except Invalid:
        return ""
