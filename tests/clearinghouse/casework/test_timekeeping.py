"""What the timer does in cases: once, in order, late if it must be, never early."""

from __future__ import annotations

import secrets
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fairlead.access.roles import Role
from fairlead.clearinghouse import cases, coordinating, destroying
from fairlead.clearinghouse.cases import Ground, Rules, State
from fairlead.clearinghouse.casework import (
    delivering,
    steering,
    taking_part,
    timekeeping,
    timing,
)
from fairlead.clearinghouse.casework.delivered import Channel, Delivery
from fairlead.clearinghouse.casework.facts import Limit
from fairlead.clearinghouse.casework.statements import Position, Stated
from fairlead.clearinghouse.casework.tasks import Duty
from fairlead.clearinghouse.casework.timekeeping import Ringer
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Conflict, Invalid, NotVerified, Refused
from fairlead.web.pages.happenings import SAID, happened

sys.path.insert(0, str(Path(__file__).parents[2] / "properties"))
import worlds

RULES = Rules()


@pytest.fixture
def filled(world):
    """Three triaged cases, opened an hour after one another."""
    for place in range(3):
        worlds.do(world, ("submit", "org-a", "one", place, "`parse` overflows"))
        worlds.do(world, ("work",))
        world.clock.pass_time(hours=1)
    for number in range(3):
        worlds.do(world, ("move", number, State.TRIAGED))
    return world


def running(world):
    with world.store.read() as unit:
        found = unit.cases.running(Page())
    return sorted(found, key=lambda case: case.opened_at)


def facts_of(world, case):
    with world.store.read() as unit:
        return [event.fact for event in unit.cases.history(case.id)]


def tasks_of(world, case):
    with world.store.read() as unit:
        return [unit.tasks.get(name) for name in unit.tasks.names_in(case.id)]


def me(world):
    return replace(worlds.COORDINATOR, verified_at=world.clock())


def deliver(world, case):
    with world.store.begin() as unit:
        delivery = Delivery(
            owner="own-1",
            at=world.clock(),
            channel=Channel.MAIL,
            proof="DNS",
            by="person/per-x",
        )
        return delivering.deliver(unit, case.id, delivery, RULES, at=world.clock())


def hold(world, case):
    with world.store.begin() as unit:
        return steering.hold_advisory(
            unit,
            me(world),
            case.id,
            worlds.DRAFT,
            world.context.press,
            at=world.clock(),
        )


def schedule(world, case, due):
    with world.store.begin() as unit:
        return steering.schedule_publication(
            unit, me(world), case.id, due, at=world.clock()
        )


def test_after_two_days_without_a_timer_all_is_done_once_in_order_and_said_late(filled):
    first, second, third = running(filled)
    deliver(filled, second)
    with filled.store.begin() as unit:
        for case, hours in ((third, 1), (second, 2)):
            coordinating.shorten_embargo(
                unit,
                worlds.COORDINATOR,
                case.id,
                first.holding_until + timedelta(hours=hours, minutes=30),
                rule="agreed",
                reason="so",
                at=filled.clock(),
            )
    filled.clock.at = third.holding_until + timedelta(days=2)
    filled.work()
    filled.work()
    with filled.store.read() as unit:
        done = [
            event
            for case in (first, second, third)
            for event in unit.cases.history(case.id)
            if event.actor == "system/timer"
        ]
    done.sort(key=lambda event: event.fact.due)
    told = [
        (event.stream.removeprefix("case/"), type(event.fact).__name__)
        for event in done
    ]
    assert told == [
        (first.id, "HoldingReached"),
        (third.id, "EmbargoEnded"),
        (third.id, "HoldingReached"),
        (second.id, "EmbargoEnded"),
    ]
    assert all("late" in happened(event) for event in done)
    with filled.store.read() as unit:
        stored = [
            (row.stream.removeprefix("case/"), row.version)
            for row in unit.connection.exec_driver_sql(
                "select stream, version from unsequenced union"
                " select stream, version from leaves"
            )
            if row.stream.startswith("case/")
        ]
    assert len(stored) == len(set(stored))


def test_the_ceiling_sets_one_task_for_whoever_answers_for_the_case(filled):
    first = running(filled)[0]
    filled.clock.at = first.holding_until + timedelta(minutes=1)
    filled.work()
    filled.work()
    (task,) = tasks_of(filled, first)
    assert (task.duty, task.due) == (Duty.SEND, first.holding_until)
    assert f"person/{task.person}" == worlds.COORDINATOR.actor
    assert task.late(filled.clock())
    # To re-route is to put it off, for a reason, in one's own name.
    with filled.store.begin() as unit:
        case = steering.extend(
            unit,
            me(filled),
            first.id,
            Limit.HOLDING,
            filled.clock() + timedelta(days=10),
            reason="another maintainer took over",
            at=filled.clock(),
        )
    assert not case.holding_over
    filled.clock.pass_time(days=11)
    filled.work()
    assert len(tasks_of(filled, first)) == 2


def test_what_is_with_its_owner_is_held_no_more(filled):
    first = deliver(filled, running(filled)[0])
    filled.clock.at = first.holding_until + timedelta(days=1)
    filled.work()
    assert not tasks_of(filled, first)


def test_an_advisory_goes_out_by_itself_when_its_instant_comes(filled):
    case = hold(filled, deliver(filled, running(filled)[0]))
    schedule(filled, case, case.embargo_until)
    filled.clock.at = case.embargo_until - timedelta(seconds=1)
    filled.work()
    with filled.store.read() as unit:
        assert not unit.advisories.newest(Page())
    filled.clock.pass_time(seconds=1)
    filled.work()
    with filled.store.read() as unit:
        (out,) = unit.advisories.newest(Page())
        after = unit.cases.get(case.id)
        last = unit.cases.history(case.id)[-1]
    assert (out.title, out.published_at) == (worlds.DRAFT.title, filled.clock())
    assert (after.state, after.publication_due) == (State.PUBLISHED, None)
    assert last.fact.due == case.embargo_until
    assert "late" not in happened(last)


def test_what_cannot_go_out_by_itself_is_called_off_and_a_person_asked(filled):
    case = hold(filled, deliver(filled, running(filled)[0]))
    case = schedule(filled, case, case.embargo_until)
    with filled.store.begin() as unit:
        coordinating.move(
            unit,
            worlds.COORDINATOR,
            case.id,
            State.REJECTED,
            reason="no bug",
            at=filled.clock(),
        )
        coordinating.move(
            unit,
            worlds.COORDINATOR,
            case.id,
            State.TRIAGED,
            reason="it is one",
            at=filled.clock(),
        )
    filled.clock.at = case.embargo_until
    filled.work()
    with filled.store.read() as unit:
        after = unit.cases.get(case.id)
    assert after.publication_due is None
    assert [task.duty for task in tasks_of(filled, case)] == [Duty.PUBLISH]
    assert "publish what is with its owner" in facts_of(filled, case)[-1].body.reason


def test_publication_is_scheduled_by_a_verified_person_after_the_embargo_of_what_is_held(
    filled,
):
    case = deliver(filled, running(filled)[0])
    with pytest.raises(Refused, match="hold one first"):
        schedule(filled, case, case.embargo_until)
    case = hold(filled, case)
    with pytest.raises(Invalid, match="embargo ends"):
        schedule(filled, case, case.embargo_until - timedelta(seconds=1))
    with filled.store.begin() as unit, pytest.raises(NotVerified):
        steering.schedule_publication(
            unit,
            worlds.COORDINATOR,
            case.id,
            case.embargo_until,
            at=filled.clock(),
        )
    schedule(filled, case, case.embargo_until)
    with filled.store.begin() as unit, pytest.raises(Refused, match="call that off"):
        steering.extend(
            unit,
            me(filled),
            case.id,
            Limit.EMBARGO,
            case.embargo_until + timedelta(days=3),
            reason="so",
            at=filled.clock(),
        )


def test_a_clock_set_back_does_nothing_until_it_has_caught_up(filled):
    first = running(filled)[0]
    with filled.store.begin() as unit:
        coordinating.shorten_embargo(
            unit,
            worlds.COORDINATOR,
            first.id,
            filled.clock() - timedelta(days=1),
            rule="agreed",
            reason="so",
            at=filled.clock(),
        )
    truth = filled.clock.at
    filled.clock.at = truth - timedelta(hours=5)
    with filled.store.begin() as unit:
        ringer = Ringer(randomness=secrets.token_bytes)
        timekeeping.ring(unit, first.id, ringer, at=filled.clock())
    assert not running(filled)[0].embargo_over
    filled.clock.at = truth
    filled.work()
    assert running(filled)[0].embargo_over


def test_a_case_ends_by_itself_unless_a_person_puts_that_off(filled):
    first, second, _ = running(filled)
    with filled.store.begin() as unit:
        steering.extend(
            unit,
            me(filled),
            second.id,
            Limit.END,
            second.ends_at + timedelta(days=30),
            reason="a court asked for it",
            at=filled.clock(),
        )
    token = replace(worlds.COORDINATOR, actor="token/tok-x")
    with filled.store.begin() as unit, pytest.raises(Refused, match="only a person"):
        steering.extend(
            unit,
            token,
            first.id,
            Limit.END,
            first.ends_at + timedelta(days=30),
            reason="so",
            at=filled.clock(),
        )
    filled.clock.at = second.ends_at + timedelta(hours=1)
    filled.work()
    with filled.store.read() as unit:
        assert unit.cases.get(first.id).state is State.CLOSED
        assert unit.cases.get(second.id).state is State.TRIAGED
        counted = unit.cases.extensions(before=filled.clock())
    assert [limit for _, limit in counted] == [Limit.END]


def test_of_two_coordinators_who_decide_at_once_the_second_is_told(filled):
    first = running(filled)[0]
    with filled.store.begin() as unit:
        stale = unit.cases.get(first.id)
        steering.decide(
            unit,
            worlds.COORDINATOR,
            first.id,
            lambda case: cases.moved(case, State.REJECTED, "no bug"),
            at=filled.clock(),
        )
        with pytest.raises(Conflict, match="changed meanwhile"):
            unit.cases.save(
                stale,
                timing.disclosing(stale, "so", RULES, at=filled.clock()),
                name=stale.id,
                by="person/per-y",
                at=filled.clock(),
            )


def test_what_was_said_in_a_case_is_destroyed_with_it(filled):
    filled.join("Programme")
    filled.code("Programme", Role.COORDINATOR)
    worlds.do(filled, ("read in", 2, "org-b"))
    case = next(c for c in running(filled) if c.participants)
    deed = taking_part.Deed(
        asker=me(filled), at=filled.clock(), randomness=secrets.token_bytes
    )
    with filled.store.begin() as unit:
        said = taking_part.say(
            unit, deed, case.id, "the buffer of `parse`", ["everyone"]
        )
        stated = Stated(product="Server", position=Position.FIXED)
        stands = taking_part.state(unit, deed, case.id, stated, "org-b")
        due = filled.clock() + timedelta(days=1)
        task = taking_part.set_task(unit, deed, case.id, "call them", due)
        coordinating.move(
            unit, me(filled), case.id, State.REJECTED, reason="so", at=filled.clock()
        )
        destroying.destroy_case(
            unit, me(filled), case.id, Ground.LAW, at=filled.clock()
        )
    filled.work()
    with filled.store.read() as unit:
        assert unit.messages.get(said.id).text is None
        assert unit.statements.get(stands.id).stated is None
        assert unit.tasks.get(task.id).text is None
        assert all(
            event.body is None
            for name in (said.id,)
            for event in unit.messages.stored(name)
        )


def test_every_fact_about_a_case_is_told_in_words():
    assert set(SAID) == set(cases.CASES.facts)


FOUND = "`parse` writes past `name_buffer` when a name has 300 bytes"
AGAIN = "writes past `name_buffer` in `parse` when a name has 300 bytes"


def send(world, organisation, words):
    worlds.do(world, ("submit", organisation, "two", 0, words))
    worlds.do(world, ("work",))


@pytest.fixture
def found(world):
    """One triaged case, found by one organisation."""
    send(world, "org-a", FOUND)
    worlds.do(world, ("move", 0, State.TRIAGED))
    return world


def test_when_others_hand_it_in_too_a_coordinator_is_asked_once(found):
    case = deliver(found, running(found)[0])
    send(found, "org-a", AGAIN)
    assert not tasks_of(found, case)
    send(found, "org-b", AGAIN)
    send(found, "org-c", AGAIN)
    (task,) = tasks_of(found, case)
    assert task.duty is Duty.COLLISION
    assert task.due == found.clock() + timedelta(days=2)
    (after,) = running(found)
    assert (after.findings, after.embargo_until) == (4, case.embargo_until)


def test_nobody_is_asked_about_others_before_an_owner_works_on_it(found):
    send(found, "org-b", AGAIN)
    (case,) = running(found)
    assert case.findings == 2
    assert not tasks_of(found, case)
