"""Migration 0018: what was published under capitals is found as before."""

from __future__ import annotations

from importlib import import_module

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from fairlead.formats.osv import package_key

migration = import_module("fairlead.store.migrations.versions.0018_package_keys")

BEFORE = [
    ("a-1", "NuGet", "Newtonsoft.Json"),
    ("a-1", "npm", "JSONStream"),
    ("a-1", "npm", "jsonstream"),
    ("a-2", "crates.io", "Inflector"),
    ("a-2", "PyPI", "zope-event"),
    ("a-3", "Debian:12", "openssl"),
]


@pytest.fixture
def connection(database_url):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create table advisory_packages (advisory_id varchar(40), ecosystem"
            " varchar(80), package varchar(200), primary key"
            " (advisory_id, ecosystem, package))"
        )
        for row in BEFORE:
            statement = sa.text("insert into advisory_packages values (:a, :e, :p)")
            connection.execute(statement, dict(zip("aep", row, strict=True)))
        yield connection
    engine.dispose()


def test_packages_are_found_by_todays_keys(connection):
    """Each row has the key that a query for the package has today, and stands once."""
    with Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()
    rows = connection.exec_driver_sql("select * from advisory_packages").all()
    assert sorted(map(tuple, rows)) == sorted(
        {(a, e, package_key(e, p)) for a, e, p in BEFORE}
    )
