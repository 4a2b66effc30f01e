"""P5: nothing happens off the record."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from sqlalchemy import delete, select, update

from fairlead.access.roles import Role
from fairlead.clearinghouse.cases import State
from fairlead.record.notes import new_signer
from fairlead.store import tables
from fairlead.store.check import check
from fairlead.store.sequencer import Sequencer
from fairlead.store.tables import Class, metadata
from fairlead.store.tiles import TileFolder

sys.path.insert(0, str(Path(__file__).parent))
import worlds

SIGNER = new_signer("test/record", secrets.token_bytes)


@pytest.fixture
def sequencer(world, tmp_path):
    return Sequencer(world.store.engine, TileFolder(tmp_path / "log"), SIGNER, "test")


def checked(sequencer):
    return check(sequencer.engine, sequencer.tiles, SIGNER.verifier(), "test")


@settings(max_examples=15)
@given(deeds=worlds.deeds)
def test_whatever_is_done_every_state_is_the_fold_over_its_events(
    world, sequencer, deeds
):
    for deed in deeds:
        worlds.do(world, deed)
    sequencer.round()
    found = checked(sequencer)
    assert not found.problems
    assert found.size == found.events
    assert found.waiting == 0


@pytest.fixture
def filled(world, sequencer):
    """A world with two cases, everything in the log."""
    for place in (0, 2):
        worlds.do(world, ("submit", "org-a", "one", place, "`parse` overflows"))
    worlds.do(world, ("work",))
    worlds.do(world, ("move", 0, State.TRIAGED))
    worlds.do(world, ("read in", 0, "org-b"))
    sequencer.round()
    assert not checked(sequencer).problems
    return sequencer


def tamper(sequencer, *statements):
    with sequencer.engine.begin() as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount


def codes(sequencer):
    return {problem.code for problem in checked(sequencer).problems}


@pytest.mark.parametrize("column", ["state_name", "title", "state"])
def test_a_state_changed_behind_the_record_is_named(filled, column):
    value = b"{}" if column == "state" else "closed"
    tamper(filled, update(tables.cases).values({column: value}))
    found = checked(filled)
    assert {p.code for p in found.problems} == {"snapshot"}
    assert all(column in p.message for p in found.problems)


def test_a_participant_added_behind_the_record_is_named(filled):
    with filled.engine.begin() as connection:
        case = connection.execute(select(tables.cases.c.id)).scalars().first()
        row = {"case_id": case, "organisation": "org-z"}
        connection.execute(tables.case_participants.insert(), row)
    assert codes(filled) == {"snapshot"}


@pytest.mark.parametrize(
    "table", [tables.person_passkeys, tables.person_logins], ids=str
)
def test_a_way_in_added_behind_the_record_is_named(filled, world, table):
    world.join("Finder")
    world.code("Finder", Role.REPORTER)
    filled.round()
    assert not checked(filled).problems
    with filled.engine.begin() as connection:
        person = connection.execute(select(tables.people.c.id)).scalar_one()
        connection.execute(table.insert(), {"person": person, "digest": "0" * 64})
    assert codes(filled) == {"snapshot"}


def test_a_state_without_events_is_named(filled):
    row = {"id": "org-z", "version": 1, "state": b"{}", "name": "Nobody"}
    tamper(filled, tables.organisations.insert().values(row))
    assert codes(filled) == {"snapshot-count"}


@pytest.mark.parametrize("column", ["header", "body", "leaf"])
def test_an_event_changed_afterwards_is_named(filled, column):
    opened = tables.events.c.type == "case.opened@1"
    with filled.engine.begin() as connection:
        query = select(tables.events.c[column]).where(opened)
        before = connection.execute(query).scalars().first()
    changed = before[:-2] + bytes([before[-2] ^ 1]) + before[-1:]
    tamper(filled, update(tables.events).where(opened).values({column: changed}))
    assert "event" in codes(filled)


def test_an_event_that_was_dropped_is_named(filled):
    moved = tables.events.c.type == "case.moved@1"
    with filled.engine.begin() as connection:
        row = connection.execute(select(tables.events).where(moved)).one()
    mine = (tables.leaves.c.stream == row.stream) & (
        tables.leaves.c.version == row.version
    )
    tamper(
        filled, delete(tables.leaves).where(mine), delete(tables.events).where(moved)
    )
    assert {"stream", "place"} <= codes(filled)


def test_events_that_changed_places_are_named(filled):
    places = tables.leaves
    tamper(
        filled,
        update(places).where(places.c.place == 0).values(place=1000),
        update(places).where(places.c.place == 1).values(place=0),
        update(places).where(places.c.place == 1000).values(place=1),
    )
    assert {"entry", "root", "tile"} <= codes(filled)


def test_an_older_database_under_a_newer_log_is_named(filled):
    last = filled.round() - 1
    tamper(filled, delete(tables.leaves).where(tables.leaves.c.place == last))
    assert {"place", "log"} <= codes(filled)


def test_a_checkpoint_that_was_edited_is_named(filled):
    note = filled.tiles.checkpoint()
    filled.tiles.publish(note.replace("\n", "\n1", 1))
    assert codes(filled) == {"checkpoint"}


def test_a_destroyed_body_is_counted_and_no_fault(filled):
    opened = tables.events.c.type == "submission.received@1"
    tamper(
        filled, update(tables.events).where(opened).values(body=None, body_salt=None)
    )
    found = checked(filled)
    assert found.destroyed == 2
    assert not found.problems


def test_every_table_is_of_exactly_one_class():
    assert all(isinstance(t.info["class"], Class) for t in metadata.tables.values())
