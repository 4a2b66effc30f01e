"""Migrations: how a database of an earlier version becomes one of this version."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from fairlead.errors import Misconfigured
from fairlead.store.engine import writing
from fairlead.store.vault import Vault

Rebuild = Callable[[Connection], None]
"""Makes anew what follows from the record."""

HEAD = "0019"
"""The newest migration; a test holds it against the files."""


def upgrade(engine: Engine, vault: Vault, *, rebuild: Rebuild = lambda _: None) -> None:
    """Bring the database to this version; one that is at it already costs one query.

    Migrations change what is on record only where they must, and drop the rest: what
    follows from the record is made anew by *rebuild*, in the same transaction.

    Raises:
        Misconfigured: the database cannot be opened, or a newer version wrote it.

    """
    try:
        version = _version(engine)
        if version != HEAD:
            _run(engine, vault, rebuild if version else lambda _: None)
    except DBAPIError as error:
        raise Misconfigured(
            f"database: {engine.url.render_as_string()} cannot be opened: {error.orig}"
        ) from error


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        query = text("select version_num from alembic_version")
        version: str | None = connection.execute(query).scalar_one_or_none()
        return version


def _run(engine: Engine, vault: Vault, rebuild: Rebuild) -> None:
    from alembic import command  # noqa: PLC0415 - 100 ms that most starts do without
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(files(__name__)))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        config.attributes["vault"] = vault
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Misconfigured(
                f"database: a newer Fairlead wrote it; install that version ({error})"
            ) from error
        rebuild(connection)
