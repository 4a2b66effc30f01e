"""Many rows at once, at nearly the speed of the driver itself.

SQLAlchemy prepares each row anew, which costs more than SQLite needs to store it. Here
its statement is compiled once a table and dialect, and the driver gets the rows as they
are (measured: `benchmarks/record.py`, `batched_events_per_second`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import (
    ClauseElement,
    Connection,
    CursorResult,
    Dialect,
    Executable,
    Table,
    insert,
)
from sqlalchemy.sql.compiler import SQLCompiler

from fairlead.base import instants
from fairlead.store.tables import Instant

T = TypeVar("T")


class _Prepared(NamedTuple):
    text: str
    names: tuple[str, ...]
    positional: bool
    instants: tuple[int, ...]
    """Which of the names are instants."""


def insert_many(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert *rows*, each of which gives the same columns; none does nothing."""
    if not rows:
        return
    prepared = _prepare(table, tuple(rows[0]), connection.dialect)
    # Two names at least, for `itemgetter` to give tuples: one is simply given twice.
    values = map(itemgetter(*prepared.names, prepared.names[0]), rows)
    plain = [_row(value, prepared.instants) for value in values]
    if prepared.positional:
        connection.exec_driver_sql(prepared.text, plain)
    else:
        named = [dict(zip(prepared.names, row, strict=True)) for row in plain]
        connection.exec_driver_sql(prepared.text, named)


def run(
    connection: Connection, statement: Executable, values: Mapping[str, Any]
) -> CursorResult[Any]:
    """Execute a statement that is built once, at nearly the speed of the driver.

    *statement* is kept for ever, so it must be one of a module or of a cached function.
    Rows come as the driver gives them: instants as text.
    """
    known = _known(statement, connection.dialect)
    processed = {
        name: process(values[name]) if process else values[name]
        for name, process in known.values
    }
    if known.positional:
        row = tuple(processed[name] for name in known.names)
        return connection.exec_driver_sql(known.text, row)
    return connection.exec_driver_sql(known.text, processed)


class _Known(NamedTuple):
    text: str
    names: tuple[str, ...]
    positional: bool
    values: tuple[tuple[str, Callable[[Any], Any] | None], ...]


@lru_cache(maxsize=512)
def _known(statement: Executable, dialect: Dialect) -> _Known:
    compiled = cast("ClauseElement", statement).compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - a statement, not a table
    fixed = {n: p.value for n, p in compiled.binds.items() if p.value is not None}
    assert not fixed, fixed  # noqa: S101 - values are given, never part of it
    processors = compiled._bind_processors  # noqa: SLF001 - the one place that has them
    return _Known(
        text=str(compiled),
        names=tuple(compiled.positiontup or ()),
        positional=bool(compiled.positional),
        values=tuple((n, cast("Any", processors.get(n))) for n in compiled.binds),
    )


def chunks(names: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Return *names* in parts: both databases take more, and no plan gets slower."""
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _row(values: tuple[Any, ...], places: tuple[int, ...]) -> tuple[Any, ...]:
    """Return the row without what was given twice, its instants as text."""
    if not places:
        return values[:-1]
    row = list(values[:-1])
    for place in places:
        at = row[place]
        row[place] = None if at is None else instants.text(at)
    return tuple(row)


@lru_cache(maxsize=256)
def _prepare(table: Table, given: tuple[str, ...], dialect: Dialect) -> _Prepared:
    compiled = insert(table).compile(dialect=dialect, column_keys=list(given))
    names = tuple(compiled.positiontup or given)
    return _Prepared(
        text=str(compiled),
        names=names,
        positional=bool(compiled.positional),
        instants=tuple(
            i for i, name in enumerate(names) if isinstance(table.c[name].type, Instant)
        ),
    )
