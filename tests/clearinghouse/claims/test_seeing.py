"""P6 for claims: all, "someone is", and blind; owners' doors; introductions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.access.roles import Asker, Role, Scope
from fairlead.access.visibility import CLAIMS, holds
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.claims import (
    blind,
    introducing,
    keeping,
    saying,
    seeing,
    taking,
)
from fairlead.clearinghouse.claims.claim import State, Visibility
from fairlead.clearinghouse.claims.introducing import Words
from fairlead.clearinghouse.claims.owners import Word
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Invalid, NotFound, Refused, TooMany

from .conftest import asked

DJANGO = Target(purl="pkg:pypi/django")
ALL = Page(size=1000)


def listed(ground, who, role=Role.FINDER):
    """Return what somebody sees in the list of claims."""
    moment = ground.world.context.moment
    asker = ground.member(who, role)
    with ground.world.store.read() as unit:
        return seeing.listed(unit, asker, ALL, moment)


def tokens_of(ground, purl):
    """Return the tokens that a client would get for a package."""
    place = f"pkg/{purl.removeprefix('pkg:')}"
    return ground.world.context.claims.matching.tokens([place])


@pytest.fixture
def seen(ground):
    """One claim of each kind, by the same lab."""
    ground.desk = ground.world.context.claims
    return {
        Visibility.ALL: ground.claim("Lab", purl="pkg:pypi/a", tool="x", contact="c@x"),
        Visibility.SOMEONE: ground.claim(
            "Lab",
            purl="pkg:pypi/b",
            visibility=Visibility.SOMEONE,
            tool="x",
            model="m",
            contact="c@x",
        ),
        Visibility.BLIND: ground.claim(
            "Lab",
            visibility=Visibility.BLIND,
            tokens=tokens_of(ground, "pkg:pypi/c"),
            contact="c@x",
        ),
    }


def test_a_member_sees_what_each_holder_chose(ground, seen):
    """Target and holder, target alone, or nothing."""
    found = {s.claim.visibility: s for s in listed(ground, "Other")}
    assert set(found) == {Visibility.ALL, Visibility.SOMEONE}
    named, someone = found[Visibility.ALL], found[Visibility.SOMEONE]
    assert named.organisation == ground.homes["Lab"]
    assert named.scan.contact == "c@x"
    assert someone.organisation is None
    assert someone.scan.target.purl == "pkg:pypi/b"
    assert (someone.scan.tool, someone.scan.model, someone.scan.contact) == ("", "", "")
    with pytest.raises(NotFound), ground.world.store.read() as unit:
        name = seen[Visibility.BLIND].id
        seeing.look(unit, ground.member("Other"), name, ground.world.context.moment)


def test_the_holder_sees_its_own_and_coordinators_no_blind_target(ground, seen):
    """Nobody here knows the target of a blind claim: it was never sent."""
    assert len(listed(ground, "Lab")) == len(seen)
    found = {
        s.claim.visibility: s for s in listed(ground, "Programme", Role.COORDINATOR)
    }
    assert found[Visibility.BLIND].scan.target is None
    assert found[Visibility.BLIND].scan.tokens == ()
    assert found[Visibility.SOMEONE].organisation == ground.homes["Lab"]


def test_a_coordinator_who_looks_leaves_a_trace(ground, seen):
    """On claims that are not for everyone."""
    listed(ground, "Programme", Role.COORDINATOR)
    with ground.world.store.read() as unit:
        there = {v: unit.traces.of(f"claim/{c.id}") for v, c in seen.items()}
    assert not there[Visibility.ALL]
    assert there[Visibility.SOMEONE]
    assert there[Visibility.BLIND]


def test_what_is_said_when_declined_tells_no_more_than_the_holder_allows(ground, seen):
    """Not who, where someone is; not until when, where it is blind."""
    me = ground.member("Other")
    for visibility, purl in (("all", "a"), ("someone", "b"), ("blind", "c")):
        answer = ground.take("Other", purl=f"pkg:pypi/{purl}")
        said = str(taking.declined(answer, me))
        claim = seen[Visibility(visibility)]
        assert (claim.id in said) == (visibility == "all")
        assert (ground.homes["Lab"] in said) == (visibility == "all")
        assert ("until" in said) == (visibility != "blind")


def test_learning_of_a_blind_claim_is_counted_on_the_record(ground, seen):
    """Each refusal is one question of the day's, and the day's are few."""
    assert seen
    ground.desk = ground.world.context.claims
    ground.rules(evaluations=2)
    for _ in range(2):
        assert ground.take("Other", purl="pkg:pypi/c").claim is None
    with pytest.raises(TooMany):
        ground.take("Other", purl="pkg:pypi/c")
    with pytest.raises(TooMany):
        ground.does(blind.ask, "Other", tokens_of(ground, "pkg:pypi/x"), ground.desk)
    with ground.world.store.read() as unit:
        assert unit.allowances.get(ground.homes["Other"]).used == 2
        assert len(unit.allowances.history(ground.homes["Other"])) == 2
    ground.world.clock.pass_time(days=1)
    assert (
        ground.does(blind.ask, "Other", tokens_of(ground, "pkg:pypi/d"), ground.desk)
        is False
    )


def test_a_blind_claim_in_the_clear_is_refused(ground):
    """A client that sent the name by mistake is told before it is kept."""
    ground.desk = ground.world.context.claims
    with pytest.raises(Invalid):
        ground.take("Lab", asked(visibility=Visibility.BLIND))
    with pytest.raises(Invalid):
        ground.take("Lab", asked(visibility=Visibility.BLIND, tokens=("zz",)))


def test_the_database_alone_names_no_target(sqlite_ground, tmp_path):
    """A copy of it without the keys tells nobody who scans what."""
    ground = sqlite_ground
    ground.claim("Lab", purl="pkg:pypi/averyrarename", tool="averyraretool")
    ground.world.store.wipe_journal()
    held = b"".join(f.read_bytes() for f in tmp_path.glob("world.db*"))
    assert b"averyrare" not in held


askers = st.builds(
    Asker,
    actor=st.just("person/per-x"),
    organisation=st.sampled_from([None, "org-a", "org-b"]),
    scopes=st.frozensets(st.sampled_from(Scope)),
)
SOME = st.tuples(
    st.sampled_from(["org-a", "org-b"]),
    st.sampled_from(["all", "someone"]),
    st.integers(0, 6),
)


@settings(max_examples=10)
@given(claims=st.lists(SOME, max_size=5), some=st.lists(askers, min_size=4, max_size=4))
def test_the_rule_says_the_same_in_python_and_in_sql(ground, claims, some):
    """For every claim and asker."""
    with ground.world.store.begin() as unit:
        for home, visibility, number in claims:
            me = Asker(
                actor="person/p",
                organisation=OrganisationId(home),
                scopes=frozenset({Scope.CLAIM_TAKE}),
            )
            wanted = asked(
                f"pkg:pypi/p{number}",
                visibility=Visibility(visibility),
                exclusive=False,
            )
            taking.take(unit, me, wanted, ground.desk, at=ground.world.clock())
        everything = unit.claims.seen(
            CLAIMS.condition(COORDINATOR), ALL, states=[*State]
        )
        for asker in some:
            rule = CLAIMS.condition(asker)
            found = unit.claims.seen(rule, ALL, states=[*State])
            assert [c for c in everything if holds(rule, c)] == list(found)


COORDINATOR = Asker(actor="person/c", scopes=frozenset({Scope.CLAIM_READ_ALL}))


# --- Owners ----------------------------------------------------------------------------------


def door(ground, who="Owner"):
    """Return who is at an owner's door."""
    asker, moment = ground.member(who, Role.OWNER), ground.world.context.moment
    tokens = ground.world.context.claims.matching.tokens
    with ground.world.store.read() as unit:
        return seeing.at_the_door(unit, asker, moment, tokens=tokens)


def own(ground, target=DJANGO, **word):
    """Have an owner say something, and a coordinator verify it."""
    said = ground.does(
        saying.say, "Owner", target, Word(**word), ground.desk, role=Role.OWNER
    )
    ground.does(
        saying.verify, "Programme", said.id, "a file there", role=Role.COORDINATOR
    )
    return said


def test_an_owner_sees_who_is_at_the_door_as_far_as_each_allows(ground):
    """And how many more there are whom nobody sees."""
    ground.desk = ground.world.context.claims
    own(ground)
    ground.claim("Lab", exclusive=False)
    ground.claim("Other", exclusive=False, visibility=Visibility.SOMEONE)
    ground.claim(
        "Third",
        exclusive=False,
        visibility=Visibility.BLIND,
        tokens=tokens_of(ground, "pkg:pypi/django"),
    )
    (found,) = door(ground)
    assert {s.organisation for s in found.active} == {ground.homes["Lab"], None}
    assert found.blind == 1


def test_a_word_that_nobody_verified_opens_no_door(ground):
    """Else anybody could ask who scans what by calling it its own."""
    ground.claim("Lab")
    ground.does(saying.say, "Owner", DJANGO, Word(), ground.desk, role=Role.OWNER)
    assert door(ground) == []


def test_at_most_n_scanners_then_the_line(ground):
    """The next one waits, and is let in when one is done."""
    own(ground, at_most=2)
    first = ground.claim("Lab", exclusive=False)
    ground.claim("Other", exclusive=False)
    third = ground.claim("Third", exclusive=False, wait=True)
    assert third.state is State.WAITING
    ground.release("Lab", first)
    ground.world.work()
    assert ground.get(third).state is State.ACTIVE


def test_withdrawing_the_word_lets_everyone_in(ground):
    """From then on."""
    said = own(ground, scanning=False)
    with pytest.raises(Refused, match="not at all"):
        ground.claim("Lab")
    ground.does(saying.withdraw, "Owner", said.id, role=Role.OWNER)
    ground.claim("Lab")


def test_a_host_is_claimed_by_its_verified_owner(sqlite_ground):
    """And by nobody else."""
    ground = sqlite_ground
    own(ground, Target(host="*.example.org"))
    owner = {Role.OWNER, Role.FINDER}
    me = ground.member("Owner", *owner)
    with ground.world.store.begin() as unit:
        answer = taking.take(
            unit,
            me,
            asked(host="www.example.org"),
            ground.desk,
            at=ground.world.clock(),
        )
    assert answer.claim.state is State.ACTIVE


# --- Introductions -----------------------------------------------------------------------------


def test_two_who_overlap_agree_without_learning_more_than_each_allows(ground):
    """Names stay unsaid, contacts come with the agreement, and both hold."""
    held = ground.claim("Lab", visibility=Visibility.SOMEONE)
    waits = ground.claim("Other", wait=True, visibility=Visibility.SOMEONE)
    (one,) = ground.does(
        introducing.ask,
        "Other",
        waits.id,
        Words(words="I take src", contact="other@x"),
        ground.desk,
    )
    for who, other in (("Lab", "Other"), ("Other", "Lab")):
        with ground.world.store.read() as unit:
            (shown,) = introducing.listed(unit, ground.member(who), ALL)
        assert shown.contact == ""
        assert shown.claim == (held.id if who == "Lab" else waits.id)
        assert ground.homes[other] not in str((shown.words, shown.contact, shown.claim))
    with ground.world.store.read() as unit:
        assert not introducing.listed(unit, ground.member("Programme"), ALL)
    with pytest.raises(NotFound):
        ground.does(introducing.answer, "Third", one.id, Words(), agree=True)
    with pytest.raises(Refused):
        ground.does(introducing.answer, "Other", one.id, Words(), agree=True)
    ground.does(introducing.answer, "Lab", one.id, Words(contact="lab@x"), agree=True)
    ground.world.work()
    assert ground.get(held).state is State.ACTIVE
    assert ground.get(waits).state is State.ACTIVE
    with ground.world.store.read() as unit:
        (shown,) = introducing.listed(unit, ground.member("Other"), ALL)
    assert shown.contact == "lab@x"


def test_declining_leaves_everything_as_it_was(ground):
    """And cannot be asked again for the same."""
    ground.claim("Lab")
    waits = ground.claim("Other", wait=True)
    words = Words()
    (one,) = ground.does(introducing.ask, "Other", waits.id, words, ground.desk)
    ground.does(introducing.answer, "Lab", one.id, Words(), agree=False)
    ground.world.work()
    assert ground.get(waits).state is State.WAITING
    (again,) = ground.does(introducing.ask, "Other", waits.id, words, ground.desk)
    assert again.id == one.id
    with pytest.raises(Refused):
        ground.does(introducing.answer, "Lab", one.id, Words(), agree=True)


def test_an_agreement_does_not_let_a_third_one_in(ground):
    """It concerns the two."""
    ground.claim("Lab")
    waits = ground.claim("Other", wait=True)
    words = Words()
    (one,) = ground.does(introducing.ask, "Other", waits.id, words, ground.desk)
    third = ground.claim("Third", wait=True)
    ground.does(introducing.answer, "Lab", one.id, words, agree=True)
    ground.world.work()
    assert ground.get(third).state is State.WAITING
    assert ground.take("Fourth").claim is None
    ground.does(keeping.withdraw, "Third", third.id, ground.desk)
