"""Delivery to a verified owner: the holding clock stops, the embargo's begins."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead.base.ids import Receipt
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import CASES, Rules, State
from fairlead.clearinghouse.casework import delivering
from fairlead.clearinghouse.casework.delivered import Answer, Channel, Delivery
from fairlead.clearinghouse.casework.delivering import Said
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Invalid, Refused
from fairlead.record.events import Event

sys.path.insert(0, str(Path(__file__).parents[2] / "properties"))
import worlds

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
RULES = Rules()


def recorded(state, facts, at=NOW):
    version = state.version if state else 0
    for number, fact in enumerate(facts, version + 1):
        event = Event(
            stream="case/FL-x", version=number, actor="person/per-x", at=at, fact=fact
        )
        state = CASES.evolve(state, event)
    return state


def triaged():
    state = recorded(None, [cases.opened(Receipt("SUB-1"), "Title", RULES, at=NOW)])
    return recorded(state, cases.moved(state, State.TRIAGED, "so"))


def delivery(at, owner="own-1"):
    return Delivery(owner=owner, at=at, channel=Channel.MAIL, proof="DNS")


def test_the_embargo_counts_from_delivery_and_the_case_is_with_its_owner():
    there = NOW + timedelta(days=10)
    before = triaged()
    after = recorded(
        before, delivering.delivered(before, delivery(there), RULES, at=there), there
    )
    assert after.state is State.WITH_OWNER
    assert after.delivered_at == there
    assert after.embargo_until == there + RULES.embargo
    assert after.embargo_until < before.embargo_until
    assert after.embargo_rule == RULES.embargo_rule


def test_another_delivery_does_not_begin_the_embargo_anew():
    first = recorded(
        triaged(), delivering.delivered(triaged(), delivery(NOW), RULES, at=NOW)
    )
    later = NOW + timedelta(days=30)
    facts = delivering.delivered(first, delivery(later, "own-2"), RULES, at=later)
    second = recorded(first, facts, later)
    assert second.embargo_until == first.embargo_until
    assert [d.owner for d in second.deliveries] == ["own-1", "own-2"]


def test_time_that_was_lost_before_delivery_is_not_given_to_the_embargo():
    late = NOW + RULES.holding + timedelta(days=20)
    case = triaged()
    facts = delivering.delivered(case, delivery(late), RULES, at=late)
    assert recorded(case, facts, late).embargo_until == case.embargo_until


def test_only_what_was_triaged_is_delivered_and_not_before_it_was_opened():
    new = recorded(None, [cases.opened(Receipt("SUB-1"), "Title", RULES, at=NOW)])
    with pytest.raises(Refused, match="triaged first"):
        delivering.delivered(new, delivery(NOW), RULES, at=NOW)
    for wrong in (NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)):
        with pytest.raises(Invalid):
            delivering.delivered(triaged(), delivery(wrong), RULES, at=NOW)


def test_an_owner_answers_and_its_date_stands_until_it_names_another():
    case = recorded(
        triaged(), delivering.delivered(triaged(), delivery(NOW), RULES, at=NOW)
    )
    planned = NOW + timedelta(days=20)
    for answer, date in ((Answer.ACCEPTED, planned), (Answer.NEEDS_MORE, None)):
        said = Said(
            owner="own-1", channel=Channel.MAIL, answer=answer, fix_planned=date
        )
        case = recorded(case, delivering.answered(case, said))
    told = case.answers["own-1"]
    assert (told.answer, told.fix_planned) == (Answer.NEEDS_MORE, planned)
    assert case.state is State.WITH_OWNER
    stranger = Said(owner="own-2", channel=Channel.MAIL, answer=Answer.ACCEPTED)
    with pytest.raises(Refused, match="not delivered to own-2"):
        delivering.answered(case, stranger)


def test_a_delivery_is_kept_and_the_timer_rings_at_the_new_end(world):
    worlds.do(world, ("submit", "org-a", "one", 0, "`parse` overflows"))
    worlds.do(world, ("work",))
    worlds.do(world, ("move", 0, State.TRIAGED))
    at = world.clock()
    with world.store.begin() as unit:
        name = unit.cases.running(Page())[0].id
        case = delivering.deliver(unit, name, delivery(at), RULES, at=at)
    assert case.embargo_until == at + RULES.embargo
    world.clock.pass_time(days=91)
    world.work()
    with world.store.read() as unit:
        assert unit.cases.get(name).embargo_over
