"""A database of an earlier version becomes one of this version, and loses nothing."""

from __future__ import annotations

import json

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, select, text

from fairlead.access.members import Person
from fairlead.access.roles import Role
from fairlead.base.ids import OrganisationId, PersonId
from fairlead.store import migrations, tables
from fairlead.store.engine import open_engine, writing
from fairlead.store.subjects import encode

ADA = {
    "id": "per-ada",
    "organisation": "org-x",
    "roles": ["reporter"],
    "name": "Ada",
    "active": True,
    "version": 1,
}
"""The state of a person as the first version wrote it."""


@pytest.fixture
def engine(database_url):
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def upgrade_to(engine, version):
    config = Config()
    folder = str(migrations.files(migrations.__name__))
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def test_people_of_the_first_version_are_the_fold_of_this_one(engine):
    upgrade_to(engine, "0001")
    row = {"id": "per-ada", "version": 1, "organisation": "org-x", "active": True}
    with writing(engine) as connection:
        state = json.dumps(ADA, separators=(",", ":")).encode()
        connection.execute(insert(tables.people), {**row, "state": state})
        signed_in = "insert into sessions values ('0', 'per-ada', '2026-08-18T14:03:21.000000Z')"
        connection.execute(text(signed_in))
    migrations.upgrade(engine)
    ada = Person(
        id=PersonId("per-ada"),
        organisation=OrganisationId("org-x"),
        roles=(Role.REPORTER,),
        name="Ada",
    )
    with engine.connect() as connection:
        assert connection.execute(select(tables.people.c.state)).scalar_one() == encode(
            ada
        )
        # How they signed in was not kept, so they sign in anew.
        assert connection.execute(select(tables.sessions)).all() == []
