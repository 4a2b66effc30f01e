"""P5: nothing happens off the record."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from sqlalchemy import delete, select, update

from fairlead.access.roles import Role
from fairlead.clearinghouse import coordinating, reporting
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.resuming import resume
from fairlead.errors import NotAllowed, Unavailable
from fairlead.record.events import type_of
from fairlead.record.notes import new_signer
from fairlead.store import tables
from fairlead.store.check import DESTROYING, check
from fairlead.store.rebuild import rebuild
from fairlead.store.sequencer import Sequencer
from fairlead.store.tables import Class, metadata
from fairlead.store.tiles import TileFolder
from fairlead.store.traces import SQLTraces
from fairlead.store.unit import KEPT

sys.path.insert(0, str(Path(__file__).parent))
import worlds

SIGNER = new_signer("test/record", secrets.token_bytes)


class Log(Sequencer):
    """A sequencer that knows the vault of its store."""

    vault = None


@pytest.fixture
def sequencer(world, tmp_path):
    log = Log(world.store.engine, TileFolder(tmp_path / "log"), SIGNER, "test")
    Log.vault = world.store.vault
    return log


def checked(sequencer):
    return check(
        sequencer.engine, sequencer.vault, sequencer.tiles, SIGNER.verifier(), "test"
    )


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


@pytest.mark.parametrize("column", ["state_name", "state", "key"])
def test_a_state_changed_behind_the_record_is_named(filled, column):
    value = {"state_name": "closed", "state": b"\x00{}", "key": 7}[column]
    tamper(filled, update(tables.cases).values({column: value}))
    found = checked(filled)
    assert {p.code for p in found.problems} == {"snapshot"}
    assert all(column in p.message for p in found.problems)


def test_a_state_put_in_the_place_of_another_one_is_named(filled):
    with filled.engine.begin() as connection:
        rows = connection.execute(select(tables.cases.c.id, tables.cases.c.state)).all()
    there, other = rows
    change = update(tables.cases).where(tables.cases.c.id == there.id)
    tamper(filled, change.values(state=other.state))
    assert codes(filled) == {"snapshot"}


def test_a_participant_added_behind_the_record_is_named(filled, world):
    with filled.engine.begin() as connection:
        case = connection.execute(select(tables.cases.c.id)).scalars().first()
        at = world.clock()
        row = {"case_id": case, "organisation": "org-z", "opened_at": at}
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
    row = {"id": "org-z", "version": 1, "state": b"\x00{}", "name": "Nobody"}
    tamper(filled, tables.organisations.insert().values(row))
    assert codes(filled) == {"snapshot-count"}


@pytest.mark.parametrize("column", ["header", "body", "leaf"])
def test_an_event_changed_afterwards_is_named(filled, column):
    opened = tables.events.c.type == "case.opened@2"
    with filled.engine.begin() as connection:
        query = select(tables.events.c[column]).where(opened)
        before = connection.execute(query).scalars().first()
    changed = before[:-2] + bytes([before[-2] ^ 1]) + before[-1:]
    tamper(filled, update(tables.events).where(opened).values({column: changed}))
    assert ("body" if column == "body" else "event") in codes(filled)


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


def test_a_body_that_vanished_without_an_event_is_named(filled):
    received = tables.events.c.type == "submission.received@2"
    tamper(filled, update(tables.events).where(received).values(body=None))
    assert "key" in codes(filled)


def test_a_case_whose_key_vanished_without_an_event_is_named(filled):
    with filled.engine.begin() as connection:
        stream = tables.subject_keys.c.stream.startswith("case/")
        query = select(tables.subject_keys.c.number).where(stream)
        number = connection.execute(query).scalars().first()
    filled.vault.keys.destroy(number)
    assert "key" in codes(filled)


# --- Reading leaves a trace ------------------------------------------------------------------


def readings(world, thing):
    with world.store.read() as unit:
        return [(t.actor, t.how) for t in unit.traces.of(thing)]


def only_case(world):
    with world.store.read() as unit:
        listed = coordinating.queue(
            unit, worlds.COORDINATOR, Page(), world.context.moment
        )
    return listed[0]


@pytest.fixture
def one_case(world):
    worlds.do(world, ("submit", "org-a", "one", 0, "`parse` overflows"))
    worlds.do(world, ("work",))
    return only_case(world)


def test_whoever_opens_a_case_is_seen_by_those_whose_reports_are_in_it(world, one_case):
    with world.store.read() as unit:
        view = coordinating.view(
            unit, worlds.COORDINATOR, one_case.id, world.context.moment
        )
        receipt = view.filed[0].submission.id
    mine = worlds.reporter("org-a")
    with world.store.read() as unit:
        seen = reporting.read_report(unit, mine, receipt, world.context.moment)
    assert [(t.organisation, t.how) for t in seen.readings] == [
        ("org-programme", "read")
    ]


def test_a_list_leaves_one_trace_an_hour_and_a_reading_each_time(world, one_case):
    thing = f"case/{one_case.id}"
    for _ in range(3):
        only_case(world)
    assert readings(world, thing) == [(worlds.COORDINATOR.actor, "listed")]
    world.clock.pass_time(minutes=61)
    only_case(world)
    assert len(readings(world, thing)) == 2
    for _ in range(2):
        with world.store.read() as unit:
            coordinating.view(
                unit, worlds.COORDINATOR, one_case.id, world.context.moment
            )
    assert [how for _, how in readings(world, thing)].count("read") == 2


def test_where_the_trace_cannot_be_kept_nothing_is_shown(world, one_case, monkeypatch):
    def full(*_args, **_named):
        raise Unavailable("the disk is full")

    monkeypatch.setattr(SQLTraces, "save", full)
    shown = None
    with pytest.raises(Unavailable), world.store.read() as unit:
        shown = coordinating.view(
            unit, worlds.COORDINATOR, one_case.id, world.context.moment
        )
    assert shown is not None  # it was read, but the answer is only given after this
    assert len(readings(world, f"case/{one_case.id}")) == 1


@pytest.mark.usefixtures("one_case")
def test_traces_are_on_the_record(world, sequencer):
    only_case(world)
    sequencer.round()
    assert not checked(sequencer).problems
    tamper(sequencer, delete(tables.trace_objects))
    assert codes(sequencer) == {"snapshot"}


@pytest.mark.usefixtures("one_case")
def test_more_cases_than_a_person_works_on_in_an_hour_are_an_export(world, monkeypatch):
    monkeypatch.setattr("fairlead.access.traces.BULK", 1)
    worlds.do(world, ("submit", "org-a", "two", 1, "heap overflow in `lex`"))
    worlds.do(world, ("work",))
    with world.store.read() as unit:
        both = coordinating.queue(
            unit, worlds.COORDINATOR, Page(), world.context.moment
        )
    first, second = (case.id for case in both)

    def open_it(name):
        with world.store.read() as unit:
            coordinating.view(unit, worlds.COORDINATOR, name, world.context.moment)

    open_it(first)
    open_it(first)
    with pytest.raises(NotAllowed, match="an export"):
        open_it(second)
    world.clock.pass_time(minutes=61)
    open_it(second)


# --- What follows from the record can be made anew --------------------------------------------


NUMBERED = {
    "finding_features": "place",
    "finding_keys": "place",
    "unsequenced": "id",
}
"""Tables whose rows are numbered anew, and by which column."""


def follows(connection):
    """Return all that follows from the record, but for how it is numbered and shut."""
    return {
        table.name: sorted(
            str(
                {
                    name: value
                    for name, value in row.items()
                    if name not in {"state", "features"}
                    and name != NUMBERED.get(table.name)
                }
            )
            for row in connection.execute(select(table)).mappings()
        )
        for table in metadata.tables.values()
        if table.info["class"] in {Class.SNAPSHOT, Class.DERIVED}
    }


@settings(max_examples=8)
@given(deeds=worlds.deeds)
def test_a_rebuild_gives_what_there_was(world, sequencer, deeds):
    for deed in [*deeds, ("work",)]:
        worlds.do(world, deed)
    with world.store.begin() as unit:
        before = follows(unit.connection)
        rebuild(unit.connection, world.store.vault, lambda _what, _count: None)
        resume(unit, at=world.clock(), desk=worlds.DESK)
        assert follows(unit.connection) == before
    sequencer.round()
    assert not checked(sequencer).problems


def test_a_rebuild_mends_what_was_changed_behind_the_record(filled, world):
    damage = [
        delete(tables.case_participants),
        delete(tables.case_words),
        delete(tables.finding_keys),
        update(tables.cases).values(state_name="closed"),
        delete(tables.timers),
    ]
    with filled.engine.begin() as connection:
        timers = connection.execute(select(tables.timers)).all()
    tamper(filled, *damage)
    assert codes(filled)
    with world.store.begin() as unit:
        rebuild(unit.connection, world.store.vault, lambda _what, _count: None)
        resume(unit, at=world.clock(), desk=worlds.DESK)
    assert not codes(filled)
    with filled.engine.begin() as connection:
        assert sorted(connection.execute(select(tables.timers)).all()) == sorted(timers)
    again = ("submit", "org-c", "one", 0, "`parse` overflows")
    worlds.do(world, again)
    worlds.do(world, ("work",))
    with world.store.read() as unit:
        mine = reporting.list_submissions(
            unit, worlds.reporter("org-c"), Page(), world.context.moment
        )
    assert mine[0].pairs  # the index knows the earlier finding again


def test_every_table_is_of_exactly_one_class():
    assert all(isinstance(t.info["class"], Class) for t in metadata.tables.values())


def test_every_event_that_says_it_destroyed_is_one_that_the_check_knows():
    kinds = {
        type_of(fact).partition("@")[0] for kept in KEPT for fact in kept.subject.facts
    }
    said = {kind for kind in kinds if kind.endswith((".destroyed", ".erased"))}
    assert said <= DESTROYING <= kinds
