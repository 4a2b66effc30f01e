"""People judge pairs, part cases and undo merges, on both databases."""

from __future__ import annotations

import json
import secrets

import pytest

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.access.traces import How
from fairlead.base.ids import OrganisationId, pair_id
from fairlead.clearinghouse import coordinating, judging, parting, reporting
from fairlead.clearinghouse.cases import Part, Rules, State
from fairlead.clearinghouse.pairs import Judgement
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.regrouping import Deed
from fairlead.clearinghouse.submissions import Outcome
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused

COORDINATOR = Asker(
    actor="person/c",
    organisation=OrganisationId("org-p"),
    scopes=SCOPES[Role.COORDINATOR],
)
SAME = [
    "`read_name` writes past `name_buffer` when `name_length` is above 256",
    "heap overflow in `read_name`: `name_buffer` has 256 bytes, `name_length` is unchecked",
]
UNSURE = "`read_name` has a heap overflow, the length of a name is unchecked"


def send(world, organisation, text, function="read_name"):
    asker = Asker(
        actor="token/t",
        organisation=OrganisationId(organisation),
        scopes=SCOPES[Role.REPORTER],
    )
    report = {
        "purl": "pkg:pypi/example@1.0",
        "affected_symbol": {"file": "src/parse.c", "function": function, "line": 40},
        "enrichment": {"cwe": "CWE-787"},
        "attachments": [
            {"filename": "r.md", "content_type": "text/markdown", "data": text}
        ],
    }
    with world.store.begin() as unit:
        accepted = reporting.submit(
            unit,
            asker,
            json.dumps(report).encode(),
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
    world.work()
    world.clock.pass_time(minutes=1)
    return accepted.submission.id


def deed(world):
    return Deed(
        by=COORDINATOR.actor,
        at=world.clock(),
        rules=Rules(),
        randomness=secrets.token_bytes,
    )


def judge(world, one, other, judgement, asker=COORDINATOR):
    with world.store.begin() as unit:
        judging.judge(unit, asker, pair_id(one, other), judgement, deed(world))
    world.clock.pass_time(minutes=1)


def submission(world, receipt):
    with world.store.read() as unit:
        return unit.submissions.get(receipt)


def case(world, name):
    with world.store.read() as unit:
        return unit.cases.get(name)


def waiting(world, **options):
    with world.store.read() as unit:
        found = judging.waiting(
            unit, COORDINATOR, Page(), world.context.moment, **options
        )
    return [pair.pair for pair, _, _ in found]


def test_yes_brings_two_cases_together_and_tells_the_later_sender(world):
    """A coordinator's yes merges, answers the sender, and empties the queue."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", UNSURE)
    assert submission(world, second).outcome is Outcome.IN_REVIEW
    assert waiting(world) == [pair_id(first, second)]
    judge(world, first, second, Judgement.SAME)
    assert submission(world, second).case == submission(world, first).case
    assert submission(world, second).outcome is Outcome.KNOWN
    assert submission(world, first).outcome is Outcome.NEW
    assert case(world, submission(world, first).case).findings == 2
    assert waiting(world) == []


def test_no_is_told_as_new_and_is_never_asked_again(world):
    """A coordinator's no answers the sender, and ends the doubt."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", UNSURE)
    judge(world, first, second, Judgement.DIFFERENT)
    assert submission(world, second).outcome is Outcome.NEW
    assert waiting(world) == []
    with world.store.read() as unit:
        name = unit.submissions.get(second).case
        seen = coordinating.view(unit, COORDINATOR, name, world.context.moment)
    assert seen.doubts == []


def test_later_is_asked_again_apart_from_the_others(world):
    """What was put off waits in a list of its own."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", UNSURE)
    judge(world, first, second, Judgement.LATER)
    assert waiting(world) == []
    assert waiting(world, put_off=True) == [pair_id(first, second)]
    assert submission(world, second).outcome is Outcome.IN_REVIEW


def test_a_merge_is_undone_into_the_cases_that_there_were(world):
    """The merged case is itself again: its name, its state, its participants."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", UNSURE)
    homes = [submission(world, r).case for r in (first, second)]
    member = world.join("Owner")
    with world.store.begin() as unit:
        coordinating.move(
            unit, COORDINATOR, homes[1], State.TRIAGED, reason="so", at=world.clock()
        )
        coordinating.read_in(
            unit, COORDINATOR, homes[1], member.id, Part.OWNER, at=world.clock()
        )
    judge(world, first, second, Judgement.SAME)
    assert case(world, homes[1]).merged_into == homes[0]
    with world.store.begin() as unit:
        assert judging.undo(unit, COORDINATOR, homes[1], deed(world)) == {
            second: homes[1]
        }
    restored = case(world, homes[1])
    assert restored.state is State.TRIAGED
    assert restored.merged_into is None
    assert restored.participants == {member.id: Part.OWNER}
    assert (restored.findings, case(world, homes[0]).findings) == (1, 1)
    assert submission(world, second).outcome is Outcome.NEW
    with world.store.begin() as unit, pytest.raises(Refused, match="no other"):
        judging.undo(unit, COORDINATOR, homes[1], deed(world))


def test_an_automatic_merge_is_parted_and_stays_so(world):
    """A third report, the same as both, joins one side and brings nothing together."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", SAME[1])
    home = submission(world, first).case
    assert submission(world, second).case == home
    with world.store.begin() as unit:
        judging.part(unit, COORDINATOR, home, [second], deed(world))
    apart = submission(world, second).case
    assert apart != home
    assert submission(world, first).case == home
    assert submission(world, second).outcome is Outcome.NEW
    assert case(world, apart).opened_for == second
    third = send(world, "org-c", SAME[1] + " at all")
    assert submission(world, third).case in {home, apart}
    assert submission(world, first).case != submission(world, second).case


@pytest.mark.parametrize("state", [State.WITH_OWNER, State.FIXED, State.REJECTED])
def test_a_case_is_parted_wherever_it_stands(world, state):
    """Also after it went to its owner; the case stays with the finding that opened it."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", SAME[1])
    home = submission(world, first).case
    ways = {
        State.WITH_OWNER: (State.TRIAGED, State.WITH_OWNER),
        State.FIXED: (State.TRIAGED, State.WITH_OWNER, State.FIXED),
        State.REJECTED: (State.REJECTED,),
    }
    for to in ways[state]:
        with world.store.begin() as unit:
            coordinating.move(
                unit, COORDINATOR, home, to, reason="so", at=world.clock()
            )
    with world.store.begin() as unit:
        judging.part(unit, COORDINATOR, home, [second], deed(world))
    assert case(world, home).state is state
    assert case(world, submission(world, second).case).state is State.OPEN


def test_two_cases_with_their_owners_stay_two_though_they_are_one_bug(world):
    """Nothing that went to an owner is taken away from it."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", UNSURE)
    homes = [submission(world, r).case for r in (first, second)]
    for home in homes:
        for to in (State.TRIAGED, State.WITH_OWNER):
            with world.store.begin() as unit:
                coordinating.move(
                    unit, COORDINATOR, home, to, reason="so", at=world.clock()
                )
    judge(world, first, second, Judgement.SAME)
    assert [submission(world, r).case for r in (first, second)] == homes


def test_what_the_merge_had_disclosed_is_listed(world):
    """Who read the report that left, who was answered, and nobody else."""
    owner, finder = world.join("Owner"), world.join("Finder")
    first, second = send(world, "org-a", SAME[0]), send(world, finder.id, SAME[1])
    home = submission(world, first).case
    with world.store.begin() as unit:
        coordinating.read_in(
            unit, COORDINATOR, home, owner.id, Part.OWNER, at=world.clock()
        )
        coordinating.read_in(
            unit, COORDINATOR, home, finder.id, Part.FINDER, at=world.clock()
        )
    for organisation, role in ((owner.id, Role.OWNER), (finder.id, Role.FINDER)):
        world.clock.pass_time(minutes=1)
        asker = Asker(
            actor=f"person/{organisation}",
            organisation=organisation,
            scopes=SCOPES[role],
        )
        with world.store.read() as unit:
            coordinating.view(unit, asker, home, world.context.moment)
    world.clock.pass_time(minutes=1)
    with world.store.begin() as unit:
        judging.part(unit, COORDINATOR, home, [second], deed(world))
    world.clock.pass_time(minutes=1)
    with world.store.read() as unit:
        told = parting.disclosed(unit, COORDINATOR, home, world.context.moment)
    assert {(d.finding, d.to, d.how) for d in told} == {
        (second, finder.id, None),  # its sender was told that it was known
        (second, owner.id, How.READ),
        (first, finder.id, How.READ),
    }


def test_what_is_to_leave_must_be_some_and_not_all(world):
    """A parting that parts nothing is refused."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", SAME[1])
    home = submission(world, first).case
    for leaving in ([], [first, second], ["SUB-nothing"]):
        with world.store.begin() as unit, pytest.raises(Invalid):
            judging.part(unit, COORDINATOR, home, leaving, deed(world))


def test_only_coordinators_judge_and_others_learn_nothing(world):
    """Whoever may not see both cases gets the answer about nothing."""
    first, second = send(world, "org-a", SAME[0]), send(world, "org-b", UNSURE)
    member = world.join("Member")
    finder = Asker(actor="person/f", organisation=member.id, scopes=SCOPES[Role.FINDER])
    with pytest.raises(NotFound):
        judge(world, first, second, Judgement.SAME, finder)
    for receipt in (first, second):
        with world.store.begin() as unit:
            coordinating.read_in(
                unit,
                COORDINATOR,
                submission(world, receipt).case,
                member.id,
                Part.MEMBER,
                at=world.clock(),
            )
    with pytest.raises(NotAllowed):
        judge(world, first, second, Judgement.SAME, finder)
    with pytest.raises(NotFound):
        judge(world, first, first, Judgement.SAME)
    with world.store.read() as unit, pytest.raises(NotAllowed):
        judging.waiting(unit, finder, Page(), world.context.moment)
