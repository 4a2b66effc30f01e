"""Cases: what can follow what, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.base.ids import AdvisoryId, Receipt
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import CASES, MOVES, Rules, State
from fairlead.clearinghouse.casework.embargo import EmbargoEnded
from fairlead.errors import Damaged, Error, Invalid, Refused, UnderEmbargo
from fairlead.record.events import Event

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
RULES = Rules()


def recorded(state, facts, at=NOW):
    version = state.version if state else 0
    for number, fact in enumerate(facts, version + 1):
        event = Event(
            stream="case/FL-x", version=number, actor="test", at=at, fact=fact
        )
        state = CASES.evolve(state, event)
    return state


def case(*moves):
    state = recorded(None, [cases.opened(Receipt("SUB-1"), "Title", RULES, at=NOW)])
    for to in moves:
        state = recorded(state, cases.moved(state, to, "so"))
    return state


FIXED = (State.TRIAGED, State.WITH_OWNER, State.FIXED)


def test_a_case_opens_with_an_embargo_a_rule_and_an_end():
    new = case()
    assert new.holding_until == NOW + timedelta(days=45)
    assert new.embargo_until == NOW + timedelta(days=45 + 90)
    assert "90 days from delivery" in new.embargo_rule
    assert new.ends_at > new.embargo_until


def test_publishing_waits_for_the_instant_at_which_the_embargo_ends():
    fixed = case(*FIXED)
    name = AdvisoryId("FL-x")
    early = fixed.embargo_until - timedelta(microseconds=1)
    with pytest.raises(UnderEmbargo, match="2026-08-11T00:30:00"):
        cases.published(fixed, name, at=early)
    out = recorded(fixed, cases.published(fixed, name, at=fixed.embargo_until))
    assert out.state is State.PUBLISHED
    assert out.embargo_over
    assert out.advisory == name


def test_an_embargo_is_shortened_never_extended():
    fixed = case(*FIXED)
    with pytest.raises(Refused, match="can be shortened, not extended"):
        cases.embargo_set(fixed, fixed.embargo_until + timedelta(seconds=1), "r", "so")
    short = recorded(fixed, cases.embargo_set(fixed, NOW, "agreed", "so"))
    assert (short.embargo_until, short.embargo_rule) == (NOW, "agreed")
    over = recorded(short, cases.embargo_ended(short, at=NOW))
    with pytest.raises(Refused, match="is over"):
        cases.embargo_set(over, NOW, "r", "so")
    assert cases.embargo_ended(over, at=NOW) == []


def test_what_was_not_with_its_owner_is_not_published():
    with pytest.raises(Refused, match="with its owner"):
        cases.published(
            case(State.TRIAGED), AdvisoryId("FL-x"), at=NOW + RULES.case_lasts
        )


def test_a_move_needs_a_reason():
    with pytest.raises(Invalid, match="reason"):
        cases.moved(case(), State.TRIAGED, "  ")


def test_every_state_has_a_row_and_all_are_reached():
    assert set(MOVES) == set(State)
    assert set().union(*MOVES.values()) == set(State)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("move"), st.sampled_from(State)),
            st.tuples(st.just("publish"), st.integers(0, 200)),
            st.tuples(st.just("shorten"), st.integers(-10, 200)),
        ),
        max_size=12,
    )
)
def test_no_sequence_of_commands_leaves_the_table_or_publishes_early(commands):
    state = case()
    for kind, what in commands:
        before = state
        at = NOW
        try:
            match kind:
                case "move":
                    facts = cases.moved(state, what, "so")
                case "publish":
                    at = NOW + timedelta(days=what)
                    facts = cases.published(state, AdvisoryId("FL-x"), at=at)
                case _:
                    until = NOW + timedelta(days=what)
                    facts = cases.embargo_set(state, until, "agreed", "so")
        except Error:
            continue
        state = recorded(state, facts, at)
        if state.state is not before.state:
            assert state.state in MOVES[before.state]
        if state.state is State.PUBLISHED and before.state is not State.PUBLISHED:
            assert at >= before.embargo_until
        assert state.embargo_until <= before.embargo_until
        assert state.version == before.version + len(facts)


def test_a_history_that_does_not_begin_with_an_opening_is_damaged():
    with pytest.raises(Damaged, match="cannot follow"):
        recorded(None, [EmbargoEnded(due=NOW)])


def test_a_case_whose_title_was_destroyed_still_folds():
    fact = cases.opened(Receipt("SUB-1"), "Title", RULES, at=NOW)
    erased = cases.CaseOpened(
        finding=fact.finding,
        marking=fact.marking,
        embargo_until=fact.embargo_until,
        embargo_rule=fact.embargo_rule,
        ends_at=fact.ends_at,
        holding_until=fact.holding_until,
        holding_rule=fact.holding_rule,
        body=None,
    )
    assert recorded(None, [erased]).title is None
