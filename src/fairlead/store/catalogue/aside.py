"""Where a catalogue is built: beside the one in use, which it replaces in one step."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from fairlead.errors import InUse, Unavailable
from fairlead.store.catalogue import tables


class Place(Protocol):
    """Where the catalogue is kept."""

    def alone(self) -> AbstractContextManager[None]:
        """Be the only import.

        Raises:
            InUse: another one is under way.

        """

    def building(self, inputs: str) -> Connection:
        """Open the catalogue that is being built of *inputs*, begun or not.

        What was begun of other inputs, or on another catalogue than the present one, is
        thrown away. The caller closes the connection.
        """

    def swap(self) -> None:
        """Put what was built in place of what is read; it is seen whole or not at all."""

    def drop(self) -> None:
        """Throw away what was being built."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open the catalogue in use, for one reading of one instant."""

    def close(self) -> None:
        """Close every connection."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn a full disk, or a database that is away, into an error of ours."""
    try:
        yield
    except DBAPIError as error:
        if type(error.orig).__name__ not in {
            "OperationalError",
            "DiskFull",
            "AdminShutdown",
        }:
            raise
        raise Unavailable(_went_wrong(error.orig)) from error
    except OSError as error:
        raise Unavailable(_went_wrong(error)) from error


def _went_wrong(error: object) -> str:
    return (
        f"the catalogue could not be written ({error}); the one in use is as it was, and"
        " the import goes on from here when the command is given again"
    )


def _begin(connection: Connection, inputs: str, base: str) -> None:
    """Write what is built of what, so that it can be told when going on."""
    tables.create(connection)
    connection.execute(delete(tables.meta))
    connection.execute(delete(tables.inputs))
    values = {"version": tables.VERSION, "inputs": inputs, "base": base}
    connection.execute(
        insert(tables.meta), [{"name": n, "value": v} for n, v in values.items()]
    )
    connection.commit()


def _told(connection: Connection) -> dict[str, str]:
    """Return what is known of a catalogue; nothing if it is none."""
    try:
        rows = connection.execute(select(tables.meta)).all()
    except DBAPIError:
        connection.rollback()
        return {}
    return {row.name: row.value for row in rows}


class FilePlace:
    """The catalogue as a SQLite file, which is never changed once it is in place."""

    def __init__(self, path: Path) -> None:
        """Keep the catalogue at *path*."""
        self._path = path
        self._next = path.with_name(path.name + ".next")
        self._engine: Engine | None = None
        self._opened = ""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only import; see `Place`."""
        with self._path.with_name(self._path.name + ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InUse("another import into the catalogue is under way") from error
            yield

    def building(self, inputs: str) -> Connection:
        """Open what is being built; see `Place`."""
        with translated():
            return self._building(inputs)

    def _building(self, inputs: str) -> Connection:
        base = self._identity()
        wanted = {"version": tables.VERSION, "inputs": inputs, "base": base}
        if self._next.exists():
            connection = open_to_write(self._next)
            told = _told(connection)
            if wanted.items() <= told.items():
                return connection
            _shut(connection)
        self.drop()
        if base and self._version() == tables.VERSION:
            shutil.copyfile(self._path, self._next)
        connection = open_to_write(self._next)
        _begin(connection, inputs, base)
        return connection

    def swap(self) -> None:
        """Rename what was built over what is read; see `Place`."""
        with translated():
            connection = open_to_write(self._next)
            driver = connection.connection.driver_connection
            assert driver is not None  # noqa: S101 - the connection is open
            driver.execute("pragma journal_mode = delete").fetchall()
            _shut(connection)
            with self._next.open("rb") as file:
                os.fsync(file.fileno())
            self._next.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def drop(self) -> None:
        """Throw away what was being built; see `Place`."""
        for end in ("", "-wal", "-shm", "-journal"):
            Path(f"{self._next}{end}").unlink(missing_ok=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open the file that is in place now; see `Place`."""
        engine = self._current()
        with translated(), engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _identity(self) -> str:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return ""
        return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"

    def _version(self) -> str:
        connection = _read_only(self._path).connect()
        try:
            return _told(connection).get("version", "")
        finally:
            _shut(connection)

    def _current(self) -> Engine:
        identity = self._identity()
        if self._engine is None or identity != self._opened:
            # Readings that are under way keep the file they began with.
            self.close()
            usable = identity and self._version() == tables.VERSION
            self._engine = _read_only(self._path) if usable else _empty()
            self._opened = identity
        return self._engine


def open_to_write(path: Path) -> Connection:
    """Open a file that nobody else reads: consistent after any end, quick before it."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def configure(connection, _record) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        connection.isolation_level = None
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma cache_size = -65536")
        connection.execute("pragma wal_autocheckpoint = 8000")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("begin")

    return engine.connect()


def _read_only(path: Path) -> Engine:
    # It is never changed in place, so that no lock is needed, nor any file beside it.
    engine = create_engine(
        f"sqlite:///file:{path}?mode=ro&immutable=1&uri=true",
        pool_size=16,
        max_overflow=48,
    )

    @event.listens_for(engine, "connect")
    def configure(connection, _record) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        connection.execute("pragma mmap_size = 8589934592")

    return engine


def _empty() -> Engine:
    """Return a catalogue in which nothing is, and which every thread sees."""
    # In memory, each connection would have a database of its own. The pool keeps the
    # first one open, and so the shared one alive.
    name = f"file:{uuid4()}?mode=memory&cache=shared&uri=true"
    engine = create_engine(
        f"sqlite:///{name}",
        poolclass=QueuePool,
        connect_args={"check_same_thread": False},
        pool_size=16,
        max_overflow=48,
    )
    with engine.begin() as connection:
        tables.create(connection)
    return engine


def _shut(connection: Connection) -> None:
    engine = connection.engine
    connection.close()
    engine.dispose()


READ, BUILT, OLD = "catalogue", "catalogue_next", "catalogue_old"
_LOCK = 0x666C6361


class SchemaPlace:
    """The catalogue as a schema of a PostgreSQL database."""

    def __init__(self, engine: Engine) -> None:
        """Keep the catalogue in the database of *engine*, which the caller closes."""
        self._engine = engine

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only import; see `Place`."""
        with self._engine.connect() as connection:
            query = text("select pg_try_advisory_lock(:key)")
            if not connection.execute(query, {"key": _LOCK}).scalar_one():
                raise InUse("another import into the catalogue is under way")
            try:
                yield
            finally:
                connection.execute(
                    text("select pg_advisory_unlock(:key)"), {"key": _LOCK}
                )

    def building(self, inputs: str) -> Connection:
        """Open what is being built; see `Place`."""
        with translated():
            # A connection of its own, which nobody gets after it: what is set here would
            # make others' commits less durable.
            own = create_engine(self._engine.url, poolclass=NullPool)
            connection = own.connect()
            # What is lost with the machine is built again: no commit waits for the disk.
            connection.exec_driver_sql("set synchronous_commit = off")
            connection.exec_driver_sql(f"set search_path to {BUILT}")
            connection.commit()
            base = self._identity(connection)
            wanted = {"version": tables.VERSION, "inputs": inputs, "base": base}
            if (
                self._has(connection, BUILT)
                and wanted.items() <= _told(connection).items()
            ):
                return connection
            self._make(connection, copy=bool(base))
            _begin(connection, inputs, base)
            return connection

    def swap(self) -> None:
        """Rename what was built to what is read; see `Place`."""
        with translated(), self._engine.begin() as connection:
            connection.exec_driver_sql("set local lock_timeout = '10s'")
            if self._has(connection, READ):
                # Every reading holds this table, so that none sees half of each.
                connection.exec_driver_sql(f"lock table {READ}.meta")
                old = f"{OLD}_{self._number(connection)}"
                connection.exec_driver_sql(f"alter schema {READ} rename to {old}")
            connection.exec_driver_sql(f"alter schema {BUILT} rename to {READ}")
        self._drop_old()

    def _drop_old(self) -> None:
        with translated(), self._engine.begin() as connection:
            query = text("select nspname from pg_namespace where nspname like :like")
            found = connection.execute(query, {"like": f"{OLD}_%"}).scalars().all()
            for name in found:
                connection.exec_driver_sql(f'drop schema "{name}" cascade')

    def drop(self) -> None:
        """Throw away what was being built; see `Place`."""
        with translated(), self._engine.begin() as connection:
            connection.exec_driver_sql(f"drop schema if exists {BUILT} cascade")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open the schema that is in place now; see `Place`."""
        with translated(), self._engine.connect() as connection:
            # Looking at its version holds the schema in place until the end.
            if not self._usable(connection):
                connection.rollback()
                with _empty().connect() as nothing:
                    yield nothing
                return
            connection.exec_driver_sql(f"set local search_path to {READ}")
            yield connection

    def close(self) -> None:
        """Leave the engine to whoever gave it."""

    def _usable(self, connection: Connection) -> bool:
        return (
            self._has(connection, READ) and self._version(connection) == tables.VERSION
        )

    @staticmethod
    def _has(connection: Connection, schema: str) -> bool:
        query = text("select to_regclass(:name) is not null")
        return bool(connection.execute(query, {"name": f"{schema}.meta"}).scalar_one())

    @staticmethod
    def _version(connection: Connection) -> str:
        query = text(f"select value from {READ}.meta where name = 'version'")  # noqa: S608 - a constant
        return str(connection.execute(query).scalar_one_or_none())

    def _identity(self, connection: Connection) -> str:
        return self._number(connection) if self._usable(connection) else ""

    @staticmethod
    def _number(connection: Connection) -> str:
        query = text("select oid from pg_namespace where nspname = :name")
        return str(connection.execute(query, {"name": READ}).scalar_one())

    @staticmethod
    def _make(connection: Connection, *, copy: bool) -> None:
        connection.rollback()
        connection.exec_driver_sql(f"drop schema if exists {BUILT} cascade")
        connection.exec_driver_sql(f"create schema {BUILT}")
        tables.create(connection)
        if copy:
            for name in (*tables.metadata.tables, "words"):
                connection.exec_driver_sql(
                    f"insert into {BUILT}.{name} select * from {READ}.{name}"  # noqa: S608 - our own names
                )
            connection.exec_driver_sql(
                "select setval(pg_get_serial_sequence('quarantine', 'id'),"
                " (select coalesce(max(id), 0) + 1 from quarantine))"
            )
        connection.commit()
