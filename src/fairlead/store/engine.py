"""Engines: SQLite made durable and patient, PostgreSQL as it is."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from fairlead.errors import Misconfigured, Unavailable

_TURNS: WeakKeyDictionary[Engine, Lock] = WeakKeyDictionary()
"""By engine on SQLite: a lock by which writers of this process take turns.

SQLite's own waiting looks again after growing pauses, and so lets a writer starve while
others come and go.
"""

_FOR_NOW = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EROFS,
    errno.EMFILE,
    errno.ENFILE,
    errno.EFBIG,
}
"""What a disk says when it is full, away or at a limit."""

BUSY = 10_000
"""How long a writer waits for the one ahead, in milliseconds."""

CACHE = 32_768
"""Pages that a connection to SQLite keeps in memory, in KiB; used as far as needed."""


def open_engine(url: str) -> Engine:
    """Return an engine for *url*; it connects when it is first used.

    Raises:
        Misconfigured: *url* is no database address, or its driver is not installed.

    """
    try:
        parsed = make_url(url)
        engine = create_engine(parsed, pool_size=16, max_overflow=48)
    except ArgumentError as error:
        raise Misconfigured(
            "database: write sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        ) from error
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise Misconfigured(
            "database: the driver is lacking; for PostgreSQL install fairlead[postgres]"
            " and write postgresql+psycopg://…"
        ) from error
    if engine.dialect.name == "sqlite":
        _make_durable(engine)
        _TURNS[engine] = Lock()
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write; leaving commits, an exception rolls back.

    Raises:
        Unavailable: the database is full, locked or away; nothing was stored.

    """
    with _translated(), _turn(engine):
        writer = engine.execution_options(writes=True)
        with writer.begin() as connection:
            yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Wait for the writers of this process that came first, on SQLite."""
    lock = _TURNS.get(engine)
    if lock is None:
        yield
        return
    if not lock.acquire(timeout=BUSY / 1000):
        raise Unavailable(
            "another writer takes too long; nothing was stored, try again later"
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads: one instant's view, waiting for no writer."""
    with _translated():
        level = "REPEATABLE READ" if engine.dialect.name == "postgresql" else None
        options = {"isolation_level": level, "postgresql_readonly": True}
        reader = engine.execution_options(**options) if level else engine
        with reader.connect() as connection, connection.begin():
            yield connection


def wipe_journal(engine: Engine) -> None:
    """Leave nothing of what was deleted in SQLite's write-ahead log.

    Where a reader still needs the log, SQLite does it when that one is done.
    """
    if engine.dialect.name != "sqlite":
        return
    with _translated(), _turn(engine), engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None  # noqa: S101 - the connection is open
        driver.execute("pragma wal_checkpoint(truncate)")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a driver says when it cannot store into an error of ours."""
    try:
        yield
    except OSError as error:
        # The folder of keys or of blobs; what else goes wrong there is a fault of ours.
        if error.errno not in _FOR_NOW:
            raise
        raise Unavailable(
            f"the disk could not do it now ({error.strerror}); nothing was stored, try"
            " again later"
        ) from error
    except DBAPIError as error:
        # A broken rule of the schema is a fault of this package and must be seen.
        kind = type(error.orig).__name__
        if kind not in {"OperationalError", "DiskFull", "AdminShutdown"}:
            raise
        raise Unavailable(
            f"the database could not do it now ({error.orig}); nothing was stored,"
            " try again later"
        ) from error


def _make_durable(engine: Engine) -> None:
    """Sync every commit, and make writers wait for the one ahead instead of failing."""

    @event.listens_for(engine, "connect")
    def configure(connection, _record) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        connection.isolation_level = None
        connection.execute(f"pragma busy_timeout = {BUSY}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma secure_delete = on")
        connection.execute("pragma foreign_keys = on")
        connection.execute(f"pragma cache_size = -{CACHE}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that takes the write lock would wait for every writer ahead.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("begin immediate" if writes else "begin")
