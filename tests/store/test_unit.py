"""Units of work on both databases."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from fairlead.access import membership
from fairlead.access.members import OrganisationJoined, OrganisationLeft
from fairlead.access.roles import operator
from fairlead.clearinghouse.submissions import SubmissionReceived
from fairlead.errors import Conflict, Misconfigured, NotFound, Unavailable
from fairlead.record.notes import new_signer
from fairlead.store import migrations, sequencer, tables
from fairlead.store.check import check
from fairlead.store.engine import open_engine
from fairlead.store.sequencer import Sequencer
from fairlead.store.tiles import TileFolder

ME = operator("test")


def join(world, unit, name):
    return membership.join(
        unit, ME, name, at=world.clock(), randomness=secrets.token_bytes
    )


def names(world):
    with world.store.read() as unit:
        return [o.name for o in unit.organisations.all()]


def test_what_fails_half_way_leaves_nothing(world):
    with pytest.raises(ZeroDivisionError), world.store.begin() as unit:
        join(world, unit, "Half")
        raise ZeroDivisionError
    assert names(world) == []
    with world.store.read() as unit:
        assert unit.connection.execute(select(tables.events)).all() == []


def test_of_two_who_change_one_state_the_second_is_refused(world):
    organisation = world.join("Contested")

    def end():
        try:
            with world.store.begin() as unit:
                unit.organisations.save(
                    organisation,
                    [OrganisationLeft()],
                    name=organisation.id,
                    by="test",
                    at=world.clock(),
                )
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: end(), range(8))) == 1


def test_readers_do_not_wait_for_a_writer_and_see_what_was_committed(world):
    world.join("Before")
    with world.store.begin() as unit:
        join(world, unit, "During")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(names, world).result(timeout=5) == ["Before"]
    assert names(world) == ["Before", "During"]


def test_a_reader_sees_one_instant(world):
    with world.store.read() as unit:
        assert unit.organisations.all() == []
        world.join("Later")
        assert unit.organisations.all() == []


def test_a_writer_that_waits_too_long_is_told_to_try_again(world, monkeypatch):
    if world.store.engine.dialect.name != "sqlite":
        pytest.skip("on PostgreSQL writers of other rows do not wait for each other")
    monkeypatch.setattr("fairlead.store.engine.BUSY", 50)
    with world.store.begin() as unit:
        join(world, unit, "First")
        with (
            ThreadPoolExecutor(1) as pool,
            pytest.raises(Unavailable, match="try again"),
        ):
            pool.submit(world.join, "Second").result(timeout=10)
    assert names(world) == ["First"]


def test_what_is_missing_is_not_found(world):
    with world.store.read() as unit, pytest.raises(NotFound):
        unit.cases.get("FL-nothing")


def test_migrations_lead_to_the_tables_of_the_code(store):
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, tables.metadata) == []


def test_the_newest_migration_is_the_one_that_the_code_asks_for():
    folder = str(migrations.files(migrations.__name__))
    assert ScriptDirectory(folder).get_current_head() == migrations.HEAD


def test_a_database_of_a_newer_version_is_refused(store):
    with store.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(Misconfigured, match="newer Fairlead"):
        migrations.upgrade(store.engine, store.vault)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "write sqlite:///FILE"),
        ("oracle://x/y", "driver is lacking"),
    ],
)
def test_an_address_that_is_none_is_refused(url, said):
    with pytest.raises(Misconfigured, match=said):
        open_engine(url)


# --- The sequencer ----------------------------------------------------------------------


@pytest.fixture
def log(world, tmp_path):
    signer = new_signer("log", secrets.token_bytes)
    return Sequencer(world.store.engine, TileFolder(tmp_path / "log"), signer, "log")


def test_every_event_gets_one_place_in_the_order_of_commits(world, log):
    for number in range(5):
        world.join(f"Organisation {number}")
    assert log.round() == 5
    assert log.round() == 5
    with world.store.read() as unit:
        rows = unit.connection.execute(select(tables.leaves)).all()
        assert sequencer.waiting(unit.connection) == []
    assert sorted(row.place for row in rows) == [0, 1, 2, 3, 4]
    assert len({row.stream for row in rows}) == 5


def test_an_event_that_is_committed_late_is_not_passed_over(world, log):
    if world.store.engine.dialect.name != "postgresql":
        pytest.skip("on SQLite no transaction can be overtaken by another")
    began, may_end = threading.Event(), threading.Event()

    def slow():
        with world.store.begin() as unit:
            join(world, unit, "Slow")
            began.set()
            assert may_end.wait(10)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert began.wait(10)
        world.join("Quick")
        assert log.round() == 1
        may_end.set()
        late.result()
    assert log.round() == 2


def test_rounds_at_the_same_time_give_no_place_twice(world, log):
    for number in range(30):
        world.join(f"Organisation {number}")
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: log.round(), range(8))) == {30}


def test_many_subjects_at_once_are_as_if_saved_one_by_one(world, tmp_path):
    at = world.clock()
    new = {
        f"org-{number}": [OrganisationJoined(name=f"Organisation {number}")]
        for number in range(300)
    }
    with world.store.begin() as unit:
        states = unit.organisations.add_many(new, by="me", at=at)
    reports = {
        f"SUB-{number}": [
            SubmissionReceived(
                organisation="org-1", fingerprint=str(number), size=3, body=b"abc"
            )
        ]
        for number in range(600)
    }
    with world.store.begin() as unit:
        unit.submissions.add_many(reports, by="me", at=at)
    with world.store.read() as unit:
        assert [unit.organisations.get(name) for name in new] == list(states)
        assert unit.submissions.report("SUB-599") == b"abc"
    with pytest.raises(Conflict), world.store.begin() as unit:
        unit.organisations.add_many(new, by="me", at=at)
    signer = new_signer("log", secrets.token_bytes)
    log = Sequencer(world.store.engine, TileFolder(tmp_path / "log"), signer, "log")
    assert log.round() == 900
    found = check(log.engine, world.store.vault, log.tiles, signer.verifier(), "log")
    assert not found.problems
