"""Claims from taking to release: atomic, in line, kept alive, ending by themselves."""

from __future__ import annotations

import sys
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.access.roles import Role
from fairlead.access.visibility import Always
from fairlead.base.ids import ClaimId
from fairlead.clearinghouse.claims import checking, keeping, placing, taking
from fairlead.clearinghouse.claims.claim import (
    MOVES,
    Coverage,
    Depth,
    Outcome,
    State,
    Visibility,
    Why,
)
from fairlead.clearinghouse.claims.targets import Target, read
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused, TooMany, Unavailable

from .conftest import NOTHING, asked

sys.path.insert(0, str(Path(__file__).parents[2] / "properties"))
import worlds


def test_two_exclusive_claims_on_the_same_cannot_both_succeed(ground):
    """The second is told who is there."""
    first = ground.claim("Lab")
    answer = ground.take("Other")
    assert answer.claim is None
    assert [c.id for c in answer.others] == [first.id]
    said = str(taking.declined(answer, ground.member("Other")))
    assert first.id in said
    assert ground.homes["Lab"] in said


def test_shared_claims_stand_beside_each_other_but_not_beside_an_exclusive_one(ground):
    """Sharing needs both sides."""
    ground.claim("Lab", exclusive=False)
    ground.claim("Other", exclusive=False)
    assert ground.take("Third").claim is None


def test_what_contains_a_package_is_claimed_with_it(ground):
    """Package in repository in organisation, once the catalogue of names says so."""
    package, repository = (
        Target(purl="pkg:pypi/django"),
        Target(repository="https://github.com/django/django"),
    )
    ground.does(
        placing.name,
        "Programme",
        package,
        repository,
        role=Role.COORDINATOR,
        same=False,
        desk=ground.desk,
    )
    ground.claim("Lab")
    for wider in ("https://github.com/django/django", "https://github.com/django"):
        assert ground.take("Other", repository=wider).claim is None
    assert ground.take("Other", repository="https://github.com/pallets").claim


def test_a_name_that_is_learned_later_counts_for_claims_that_are_there(ground):
    """Both were granted before anybody knew that they are one project."""
    ground.claim("Lab", purl="pkg:conda/django")
    ground.does(
        placing.name,
        "Programme",
        Target(purl="pkg:conda/django"),
        Target(purl="pkg:pypi/django"),
        role=Role.COORDINATOR,
        same=True,
        desk=ground.desk,
    )
    assert ground.take("Other", purl="pkg:pypi/django").claim is None


def test_versions_set_two_claims_apart(ground):
    """One scans the old line, another the new one."""
    ground.claim("Lab", versions="<4")
    ground.claim("Other", versions=">=4,<5")
    assert ground.take("Third", versions="3.9").claim is None


def test_the_same_request_gets_the_same_claim(ground):
    """A client that lost the answer asks again; another member's word is its own."""
    first = ground.take("Lab", request="job-1")
    again = ground.take("Lab", request="job-1")
    assert again.claim == first.claim
    assert not again.new
    other = ground.take("Other", request="job-1", purl="pkg:pypi/flask")
    assert other.claim.id != first.claim.id


def test_the_first_in_line_is_granted_when_the_holder_releases(ground):
    """And nobody passes the line meanwhile."""
    first = ground.claim("Lab")
    second = ground.claim("Other", wait=True)
    assert second.state is State.WAITING
    ground.world.clock.pass_time(minutes=1)
    third = ground.claim("Third", wait=True)
    ground.release("Lab", first)
    assert ground.take("Fourth").claim is None
    ground.world.work()
    assert ground.get(second).holds(ground.world.clock())
    assert ground.get(third).state is State.WAITING


def test_who_held_it_before_stands_behind_who_did_not(ground):
    """Squatting by asking again at once gains nothing."""
    first = ground.claim("Lab")
    again = ground.take("Lab", wait=True).claim
    ground.world.clock.pass_time(minutes=1)
    other = ground.claim("Other", wait=True)
    ground.release("Lab", first)
    ground.world.work()
    assert ground.get(other).state is State.ACTIVE
    assert ground.get(again).state is State.WAITING


def test_a_claim_ends_by_itself_and_the_line_moves(ground):
    """No command is needed, and the instant alone decides."""
    first = ground.claim("Lab", hours=2)
    second = ground.claim("Other", wait=True)
    ground.world.clock.pass_time(hours=2)
    assert not ground.get(first).holds(ground.world.clock())
    ground.world.work()
    assert ground.get(first).why is Why.OVER
    assert ground.get(second).state is State.ACTIVE


def test_silence_ends_a_claim_and_a_sign_keeps_it(ground):
    """A holder who is gone keeps nobody off."""
    silent = ground.claim("Lab", hours=300)
    heard = ground.claim("Lab", hours=300, purl="pkg:pypi/flask")
    ground.world.clock.pass_time(hours=23)
    ground.does(keeping.alive, "Lab", heard.id, ground.desk)
    ground.world.clock.pass_time(hours=2)
    ground.world.work()
    assert ground.get(silent).why is Why.SILENT
    assert ground.get(heard).state is State.ACTIVE
    ground.world.clock.pass_time(hours=23)
    ground.world.work()
    assert ground.get(heard).why is Why.SILENT


def test_a_sign_just_after_another_is_not_recorded(ground):
    """A client that beats each second does not fill the record."""
    claim = ground.claim("Lab", hours=300)
    ground.world.clock.pass_time(hours=2)
    once = ground.does(keeping.alive, "Lab", claim.id, ground.desk)
    ground.world.clock.pass_time(seconds=1)
    again = ground.does(keeping.alive, "Lab", claim.id, ground.desk)
    assert once.version == 2
    assert again.version == 2


def test_a_claim_is_extended_unless_others_wait(ground):
    """Three times at most, never for longer than a claim may last."""
    claim = ground.claim("Lab", hours=2)
    until = claim.until + timedelta(hours=5)
    longer = ground.does(keeping.extend, "Lab", claim.id, until, ground.desk)
    assert longer.until == until
    again = ground.does(keeping.extend, "Lab", claim.id, until, ground.desk)
    assert again.version == longer.version
    with pytest.raises(Invalid):
        far = until + timedelta(days=30)
        ground.does(keeping.extend, "Lab", claim.id, far, ground.desk)
    ground.claim("Other", wait=True)
    with pytest.raises(Refused, match="others wait"):
        later = until + timedelta(hours=1)
        ground.does(keeping.extend, "Lab", claim.id, later, ground.desk)


def test_a_release_keeps_what_was_covered_also_that_nothing_was_found(ground):
    """And says it again without complaint."""
    claim = ground.claim("Lab")
    done = ground.release("Lab", claim)
    assert (done.state, done.coverage, done.late) == (State.RELEASED, NOTHING, False)
    assert ground.release("Lab", claim) == done
    other = Coverage(outcome=Outcome.FOUND, depth=Depth.SURFACE)
    with pytest.raises(Refused):
        ground.release("Lab", claim, other)


def test_a_release_at_the_instant_of_silence_counts_as_late(ground):
    """What was covered counts; that the claim held until then is not said."""
    claim = ground.claim("Lab", hours=300)
    ground.world.clock.pass_time(hours=24)
    done = ground.release("Lab", claim)
    assert (done.state, done.late, done.why) == (State.RELEASED, True, Why.SILENT)
    ground.claim("Other")


def test_a_release_after_another_took_over_does_not_end_theirs(ground):
    """Late by an hour, with somebody else there since."""
    claim = ground.claim("Lab", hours=1)
    ground.world.clock.pass_time(hours=1)
    ground.world.work()
    theirs = ground.claim("Other")
    assert ground.release("Lab", claim).late
    assert ground.get(theirs).holds(ground.world.clock())
    ground.world.clock.pass_time(days=40)
    ground.world.work()
    with pytest.raises(Refused, match="30 days"):
        gone = ground.claim("Lab", purl="pkg:pypi/flask", hours=1)
        ground.world.clock.pass_time(hours=1)
        ground.world.work()
        ground.world.clock.pass_time(days=31)
        ground.release("Lab", gone)


def test_nobody_keeps_or_releases_what_is_another_ones(ground):
    """It is as if there were none."""
    claim = ground.claim("Lab")
    ground.member("Other")
    with pytest.raises(NotFound):
        ground.release("Other", claim)
    with pytest.raises(NotFound):
        ground.does(keeping.alive, "Other", claim.id, ground.desk)
    with pytest.raises(NotFound):
        ground.does(keeping.withdraw, "Other", ClaimId("clm-none"), ground.desk)


def test_leaving_the_line_lets_the_next_one_up(ground):
    """An exclusive claim in line kept a shared one behind it."""
    ground.claim("Lab", exclusive=False)
    second = ground.claim("Other", wait=True)
    third = ground.claim("Third", exclusive=False, wait=True)
    assert third.state is State.WAITING
    ground.does(keeping.withdraw, "Other", second.id, ground.desk)
    ground.world.work()
    assert ground.get(third).state is State.ACTIVE


def test_a_member_that_leaves_holds_nothing_any_more(ground):
    """Its claims end, its place in line is free, and others are let up."""
    held = ground.claim("Lab")
    waiting = ground.claim("Other", wait=True)
    ground.claim("Other", purl="pkg:pypi/flask")
    mine = ground.claim("Lab", purl="pkg:pypi/flask", wait=True)
    with ground.world.store.begin() as unit:
        ended = keeping.leave(
            unit,
            ground.homes["Lab"],
            ground.desk,
            by="person/x",
            at=ground.world.clock(),
        )
    assert ended == 2
    ground.world.work()
    assert ground.get(held).why is Why.LEFT
    assert ground.get(mine).why is Why.LEFT
    assert ground.get(waiting).state is State.ACTIVE


def test_a_member_holds_only_so_much(sqlite_ground):
    """An organisation's whole ground counts twenty; the line is bounded too."""
    ground = sqlite_ground
    ground.rules(budget=21, waiting=1)
    ground.claim("Lab", repository="https://github.com/pallets")
    last = ground.claim("Lab", purl="pkg:pypi/one")
    with pytest.raises(TooMany):
        ground.claim("Lab", purl="pkg:pypi/two")
    ground.release("Lab", last)
    ground.claim("Other", purl="pkg:pypi/three")
    ground.claim("Lab", purl="pkg:pypi/three", wait=True)
    ground.claim("Other", purl="pkg:pypi/four")
    with pytest.raises(TooMany):
        ground.claim("Lab", purl="pkg:pypi/four", wait=True)


def test_a_clock_that_went_back_grants_nothing(sqlite_ground):
    """Within two seconds it is a matter of rounding; beyond, nobody can say who is first."""
    ground = sqlite_ground
    ground.claim("Lab")
    ground.world.clock.pass_time(seconds=-2)
    ground.claim("Lab", purl="pkg:pypi/one")
    ground.world.clock.pass_time(seconds=-1)
    with pytest.raises(Unavailable, match="clock"):
        ground.claim("Lab", purl="pkg:pypi/two")


def test_a_claim_lasts_no_longer_than_the_rules_say(sqlite_ground):
    """Fourteen days, unless the programme says otherwise."""
    with pytest.raises(Invalid, match="14 days"):
        sqlite_ground.claim("Lab", hours=24 * 15)


def test_only_who_owns_a_host_claims_it(sqlite_ground):
    """Scanning what somebody else runs is no scanning of code."""
    with pytest.raises(NotAllowed, match="who owns it"):
        sqlite_ground.claim("Lab", host="www.example.org")


def test_several_are_claimed_in_one_step_each_answered_for_itself(ground):
    """One that cannot be leaves the others be."""
    ground.claim("Other", purl="pkg:pypi/b")
    wanted = [asked(f"pkg:pypi/{name}") for name in ("a", "b", "*", "c", "a")]
    me = ground.member("Lab")
    with ground.world.store.begin() as unit:
        answers = taking.take_many(
            unit, me, wanted, ground.desk, at=ground.world.clock()
        )
    assert [a.claim is not None for a in answers] == [True, False, False, True, False]
    assert "too" in answers[2].said or "names no package" in answers[2].said


def test_a_check_shows_who_is_there_and_what_was_covered(ground):
    """Before one begins, and without telling of blind claims."""
    done = ground.claim("Lab", purl="pkg:pypi/flask")
    ground.release("Lab", done)
    ground.claim("Lab", visibility=Visibility.SOMEONE)
    targets = [Target(purl=f"pkg:pypi/{n}") for n in ("django", "flask", "none")]
    found = ground.does(checking.check, "Other", targets)
    assert [len(f.active) for f in found] == [1, 0, 0]
    assert [len(f.covered) for f in found] == [0, 1, 0]


@pytest.mark.parametrize("state", list(State))
def test_every_state_is_in_the_table_of_moves(state):
    """And what follows from none is an end."""
    assert MOVES[state] <= frozenset(State)
    assert (not MOVES[state]) == (state in {State.RELEASED, State.WITHDRAWN})


IN_CLEAR = worlds.claims("all", "someone")
deeds = st.lists(
    st.one_of(IN_CLEAR, IN_CLEAR, worlds.end_claim, worlds.wait, worlds.work),
    max_size=20,
)


@settings(max_examples=25)
@given(deeds=deeds)
def test_whatever_is_done_no_two_claims_that_exclude_each_other_hold(world, deeds):
    """By any order of taking, releasing, waiting and working, on either database."""
    for deed in deeds:
        worlds.do(world, deed)
        at = world.clock()
        with world.store.read() as unit:
            page = Page(size=500)
            active = unit.claims.seen(Always(), page, states=[State.ACTIVE])
        held = [claim for claim in active if claim.holds(at)]
        for one, other in combinations(held, 2):
            if one.exclusive or other.exclusive:
                assert not read(one.scan.target).overlaps(read(other.scan.target))


@pytest.mark.parametrize(("covered", "days"), [(False, 30), (True, 3 * 365)])
def test_what_a_claim_was_on_is_destroyed_once_nobody_needs_it(ground, covered, days):
    """While coverage counts it is shown; a claim that covered nothing tells sooner."""
    claim = ground.claim("Lab", contact="lab@example.org")
    if covered:
        ground.release("Lab", claim)
    else:
        ground.world.clock.pass_time(days=1)
        ground.world.work()
    ground.world.clock.pass_time(days=days - 1)
    ground.world.work()
    assert ground.get(claim).scan is not None
    ground.world.clock.pass_time(days=1, minutes=1)
    ground.world.work()
    gone = ground.get(claim)
    assert gone.destroyed
    assert gone.scan is None
    (found,) = ground.does(checking.check, "Other", [Target(purl="pkg:pypi/django")])
    assert not found.covered
    with ground.world.store.read() as unit:
        assert all(
            event.fact.body is None
            for event in unit.claims.history(claim.id)
            if hasattr(event.fact, "body")
        )
        assert not unit.places.keys_of(claim.id).own
    with pytest.raises(Refused):
        ground.release("Lab", claim, Coverage(outcome=Outcome.FOUND, depth=Depth.DEEP))
