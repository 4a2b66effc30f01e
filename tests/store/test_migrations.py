"""Databases of earlier versions become ones of this version, and the record holds."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from fairlead.clearinghouse.ports import Sent
from fairlead.clearinghouse.reporting import Incoming
from fairlead.store import migrations, tables
from fairlead.store.check import check
from fairlead.store.unit import CODEC
from fairlead.wiring import Settings, System, recordkeeping

HOMES = sorted((Path(__file__).parent / "homes").glob("*.tar.xz"))
"""A home folder that each earlier version left, by the migration it was at."""


@pytest.fixture(params=HOMES, ids=lambda path: path.name.partition(".")[0])
def home(request, tmp_path):
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def quiet(_what, _count):
    pass


def opened(home):
    return System(Settings(home=home), create=False)


def test_a_home_of_an_earlier_version_opens_and_its_record_holds(home):
    before = create_engine(f"sqlite:///{home}/fairlead.db")
    with before.connect() as connection:
        events = connection.execute(text("select count(*) from events")).scalar_one()
    before.dispose()
    system = opened(home)
    found = recordkeeping.check(system, quiet)
    assert not found.problems
    assert found.events == found.size == events
    assert found.destroyed == 0
    system.close()


def test_what_was_readable_in_the_database_is_no_more(home):
    def held():
        return b"".join(f.read_bytes() for f in home.glob("fairlead.db*"))

    assert b"rebuild_proxies" in held()
    system = opened(home)
    system.store.wipe_journal()
    system.close()
    assert b"rebuild_proxies" not in held()


def test_reports_of_an_earlier_version_are_recognised_and_compared(home):
    system = opened(home)
    with system.store.read() as unit:
        known = unit.connection.execute(tables.submissions.select()).first()
        submission = unit.submissions.get(known.id)
        document = unit.submissions.report(known.id)
        assert json.loads(document)
        sent = Incoming.read(document)
        (again,) = unit.submissions.same(
            submission.organisation, [Sent(sent.document, sent.content)]
        )
        assert again == submission
        index = unit.connection.execute(tables.finding_features.select()).all()
        assert len(index) == 44
    system.close()


def test_an_interrupted_migration_leaves_the_home_as_it_was(home, monkeypatch):
    def stop(*_args, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fairlead.clearinghouse.resuming.resume", stop)
        with pytest.raises(KeyboardInterrupt):
            opened(home)
    engine = create_engine(f"sqlite:///{home}/fairlead.db")
    with engine.connect() as connection:
        version = connection.execute(text("select version_num from alembic_version"))
        assert version.scalar_one() != migrations.HEAD
    engine.dispose()
    system = opened(home)
    assert not recordkeeping.check(system, quiet).problems
    system.close()


def test_every_type_of_event_that_was_ever_released_is_still_read(home):
    """The events of these homes are a sample of every version of every type."""
    system = opened(home)
    with system.store.read() as unit:
        query = text("select distinct type from events")
        types = set(unit.connection.execute(query).scalars())
    assert len(types) >= 20
    assert "submission.received@1" in types
    assert all(CODEC.has_body(kind) in {True, False} for kind in types)
    system.close()


def test_the_check_is_of_the_whole_home(home):
    system = opened(home)
    found = check(
        system.store.engine,
        system.store.vault,
        system.tiles,
        system.log_keys(),
        "another/record",
    )
    assert {p.code for p in found.problems} == {"checkpoint"}
    system.close()
