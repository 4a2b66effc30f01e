"""The tables of the catalogue. All are of the class *catalogue*: replaceable any time."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from fairlead.store.tables import Class, Instant

VERSION = "3"
"""Of these tables; a catalogue of another version is made anew."""

metadata = MetaData()


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, info={"class": Class.CATALOGUE})


def _compact(name: str, *items: SchemaItem) -> Table:
    """Return a table that is its own index."""
    info = {"class": Class.CATALOGUE}
    return Table(name, metadata, *items, info=info, sqlite_with_rowid=False)


meta = _table(
    "meta", Column("name", String(40), primary_key=True), Column("value", Text)
)

records = _table(
    "records",
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source", String(8), nullable=False),
    Column("id", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("modified", Instant),
    Column("withdrawn", Instant),
    Column("band", String(8), nullable=False),
    Column("score", Float),
    UniqueConstraint("source", "id"),
)

contents = _table(
    "contents",
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("record", LargeBinary, nullable=False),
)

names = _compact(
    "names",
    Column("name", String(200), primary_key=True),
    Column("number", Integer, primary_key=True),
)
"""The identifier of each record and its aliases, in capitals."""

affects = _compact(
    "affects",
    Column("key", String(300), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
)
"""What each record affects, by `records.affected_keys`; the place is within the record."""

ecosystems = _compact(
    "ecosystems",
    Column("number", Integer, primary_key=True),
    Column("ecosystem", String(80), primary_key=True),
)

listing = _compact(
    "listing",
    Column("ecosystem", String(80), primary_key=True),
    Column("source", String(8), primary_key=True),
    Column("band", String(8), primary_key=True),
    Column("exploited", SmallInteger, primary_key=True),
    Column("modified", String(27), primary_key=True),
    Column("number", Integer, primary_key=True),
)
"""Every record under every facet, the newest last; an empty ecosystem stands for any."""

counts = _compact(
    "counts",
    Column("ecosystem", String(80), primary_key=True),
    Column("source", String(8), primary_key=True),
    Column("band", String(8), primary_key=True),
    Column("exploited", SmallInteger, primary_key=True),
    Column("count", Integer, nullable=False),
)

exploited = _compact("exploited", Column("name", String(200), primary_key=True))
"""CVEs that are known to be exploited."""

known = _compact("known", Column("number", Integer, primary_key=True))
"""Records about what is known to be exploited; made anew after every import."""

scores = _compact(
    "scores",
    Column("cve", String(40), primary_key=True),
    Column("probability", Float, nullable=False),
    Column("percentile", Float, nullable=False),
    Column("at", String(10), nullable=False),
)
"""The newest EPSS score of each CVE."""

quarantine = _table(
    "quarantine",
    Column("id", Integer, primary_key=True),
    Column("input", Text, nullable=False, index=True),
    Column("place", Text, nullable=False),
    Column("pointer", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

inputs = _table(
    "inputs",
    Column("path", Text, primary_key=True),
    Column("fingerprint", String(80), nullable=False),
    Column("done", Integer, nullable=False),
)
"""How far the import that is under way has come; empty once it is done."""

WORDS = {
    "sqlite": (
        """
        create virtual table if not exists words using fts5(title, body, content='',
        detail=column, columnsize=0, tokenize='unicode61 remove_diacritics 2')
        """,
    ),
    "postgresql": (
        """
        create table if not exists words
        (number integer primary key, title tsvector, body tsvector)
        """,
        "create index if not exists ix_words_title on words using gin (title)",
        "create index if not exists ix_words_body on words using gin (body)",
    ),
}
"""The index of words, which each database has in its own way."""


def create(connection: Connection) -> None:
    """Make every table that is lacking."""
    metadata.create_all(connection)
    for statement in WORDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
