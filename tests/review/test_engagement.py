"""One engagement, from a question to the certificate that it is gone."""

from __future__ import annotations

import secrets
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from fairlead.base.ids import OrganisationId
from fairlead.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    NotVerified,
    Refused,
    Unauthenticated,
)
from fairlead.review import concluding, entry, granting, negotiating, parties
from fairlead.review.determination import DeterminationLapsed, Finding
from fairlead.review.engagement import State
from fairlead.review.entry import Wish
from fairlead.review.facts import Audience
from fairlead.store.check import check
from fairlead.terms import agreement
from fairlead.terms.clauses import Action, Detail, Purpose, Side
from fairlead.terms.decide import Ground
from fairlead.terms.narrowing import Narrowing

sys.path.insert(0, str(Path(__file__).parent))
from acts import RULES, Cast

CALL = Wish(action=Action.CALL, purpose=Purpose.MEASUREMENT, asset="endpoint")


@pytest.fixture
def cast(world):
    return Cast(world)


def may(cast, name, engagement, wish=CALL):
    """Return the grounds on which somebody is refused; none: it may."""
    party = cast.see(name, engagement)
    decision = entry.decide(party.engagement, party.visitor, wish, now=cast.now)
    return {failed.ground for failed in decision.failed}


def state(cast, engagement):
    return cast.see("lia", engagement).engagement


# --- Beginning ---------------------------------------------------------------------------


def test_asking_names_no_model_and_commits_to_nothing(cast):
    """A developer asks without a name, is answered, and goes away in one action."""
    engagement = cast.ask()
    answered = cast.do("lia", negotiating.answer, engagement, "It may well be.")
    assert answered.model == ""
    assert answered.answers == ("It may well be.",)
    assert (
        cast.do("dora", granting.withdraw, engagement, RULES).state is State.WITHDRAWN
    )


def test_either_side_may_propose(cast):
    """The programme proposes; the developer makes the first offer."""
    with cast.world.store.begin() as unit:
        name = parties.propose(
            unit,
            cast.asker("lia"),
            OrganisationId(cast.organisations["Developer"]),
            "Shall we?",
            at=cast.now,
            randomness=secrets.token_bytes,
        ).id
    cast.do("dora", negotiating.offer, name, cast.terms(name))
    assert state(cast, name).offer.side is Side.DEVELOPER


@pytest.mark.parametrize("stranger", ["max", "eva", "otto", "pat"])
def test_strangers_get_what_everybody_gets_about_nothing(cast, stranger):
    """Who is not named learns nothing, as about an engagement that is not there."""
    engagement = cast.ask()
    with pytest.raises(NotFound) as one:
        cast.see(stranger, engagement)
    with pytest.raises(NotFound) as other:
        cast.see(stranger, type(engagement)("eng-222222222222"))
    assert type(one.value) is type(other.value)
    with cast.world.store.read() as unit:
        from fairlead.access.traces import Moment
        from fairlead.base.pages import Page

        moment = Moment(cast.now, secrets.token_bytes)
        assert parties.listed(unit, cast.asker(stranger), Page(), moment) == []


# --- Terms -------------------------------------------------------------------------------


def test_terms_hold_once_both_sides_signed_the_same_digest(cast):
    """One signature is an offer; the second makes it hold."""
    engagement = cast.ask()
    cast.do("lia", negotiating.offer, engagement, cast.terms(engagement))
    assert cast.sign("dora", engagement).terms is None
    after = cast.sign("lia", engagement)
    assert after.state is State.SIGNED
    assert agreement.digest(after.terms) == after.digest


def test_a_counter_offer_ends_the_signatures_under_the_one_before(cast):
    """What was signed is gone from the table; signing it now is refused."""
    engagement = cast.ask()
    cast.do("lia", negotiating.offer, engagement, cast.terms(engagement))
    old = cast.sign("dora", engagement).offer.digest
    cast.do("dora", negotiating.offer, engagement, cast.terms(engagement, reply_days=9))
    with pytest.raises(Refused, match="not on the table"):
        cast.do("lia", negotiating.sign_with_key, engagement, old, "x")
    cast.sign("lia", engagement)
    assert state(cast, engagement).terms is None


@pytest.mark.parametrize(
    "wrong", ["other side", "other engagement", "other terms", "garbage"]
)
def test_a_signature_holds_for_one_side_of_one_agreement(cast, wrong):
    """Replayed and misdirected signatures are refused."""
    one, other = cast.ask(), cast.ask()
    for engagement in (one, other):
        cast.do("lia", negotiating.offer, engagement, cast.terms(engagement))
    digest = state(cast, one).offer.digest
    elsewhere = state(cast, other).offer.digest
    signer = cast.signers["Developer"]
    note = {
        "other side": lambda: cast.signers["Programme"].sign(
            agreement.statement(digest, one, Side.PROGRAMME).decode()
        ),
        "other engagement": lambda: signer.sign(
            agreement.statement(elsewhere, other, Side.DEVELOPER).decode()
        ),
        "other terms": lambda: signer.sign(
            agreement.statement("0" * 64, one, Side.DEVELOPER).decode()
        ),
        "garbage": lambda: "no note",
    }[wrong]()
    with pytest.raises(Unauthenticated):
        cast.do("dora", negotiating.sign_with_key, one, digest, note)


def test_a_side_offers_in_its_own_name_only(cast):
    """Terms that name another party, or another engagement, are refused."""
    engagement = cast.ask()
    terms = cast.terms(engagement)
    named = msgspec.structs.replace(terms.programme, organisation="org-else")
    with pytest.raises(NotAllowed):
        cast.do(
            "lia",
            negotiating.offer,
            engagement,
            msgspec.structs.replace(terms, programme=named),
        )
    with pytest.raises(Invalid, match="another engagement"):
        cast.do("lia", negotiating.offer, engagement, cast.terms(cast.ask()))


def test_the_developer_narrows_alone_and_at_once(cast):
    """What is narrowed is closed in the same moment; the programme cannot narrow."""
    engagement = cast.live()
    assert may(cast, "eva", engagement) == set()
    with pytest.raises(NotAllowed):
        cast.do("lia", negotiating.narrow, engagement, Narrowing(calls=0))
    cast.do("dora", negotiating.narrow, engagement, Narrowing(calls=0))
    assert Ground.BUDGET in may(cast, "eva", engagement)


def test_an_amendment_needs_both_and_never_exceeds_thirty_days(cast):
    """The end of the window moves with what both signed."""
    engagement = cast.live()
    begun = state(cast, engagement)
    longer = cast.terms(engagement)
    longer = msgspec.structs.replace(
        longer, window=msgspec.structs.replace(longer.window, days=30)
    )
    cast.do("lia", negotiating.offer, engagement, longer)
    cast.sign("lia", engagement)
    assert state(cast, engagement).ends == begun.ends
    after = cast.sign("dora", engagement)
    assert after.ends - after.opens == timedelta(days=30)
    assert after.state is State.OPEN
    cast.world.clock.pass_time(days=15)
    cast.world.work()
    assert may(cast, "eva", engagement) == set()
    cast.world.clock.pass_time(days=15)
    assert may(cast, "eva", engagement) == {Ground.WINDOW}


# --- The window --------------------------------------------------------------------------


def test_access_ends_with_the_window_by_itself(cast):
    """The last microsecond is open, the end is not, and no process is needed for it."""
    engagement = cast.live()
    ends = state(cast, engagement).ends
    cast.world.clock.at = ends - timedelta(microseconds=1)
    assert may(cast, "eva", engagement) == set()
    cast.world.clock.at = ends
    assert may(cast, "eva", engagement) == {Ground.WINDOW}
    cast.world.work()
    after = state(cast, engagement)
    assert (after.state, after.ended) == (State.RESULTS, "its time was over")


def test_a_clock_that_went_back_opens_nothing(cast):
    """P2: two seconds are forgiven, more are not; asking goes on."""
    engagement = cast.live()
    cast.world.clock.pass_time(seconds=-2)
    assert Ground.CLOCK not in may(cast, "eva", engagement)
    cast.world.clock.pass_time(seconds=-1)
    assert Ground.CLOCK in may(cast, "eva", engagement)
    assert cast.ask()


@pytest.mark.parametrize("to", Audience)
def test_a_release_ends_the_programmes_access(cast, to):
    """It is recorded in one action, and nothing is opened any more."""
    engagement = cast.live()
    cast.do("dora", granting.record_release, engagement, to)
    assert may(cast, "eva", engagement) == {Ground.WINDOW}


def test_withdrawing_ends_everything_and_leads_to_destruction(cast):
    """Access, keys and content are gone; that it happened stays."""
    engagement = cast.live()
    key = cast.do("eva", granting.issue_key, engagement, randomness=secrets.token_bytes)
    cast.do("dora", granting.withdraw, engagement, RULES)
    assert Ground.WINDOW in may(cast, "eva", engagement)
    cast.world.clock.pass_time(hours=73)
    cast.world.work()
    after = state(cast, engagement)
    assert after.destroyed
    assert (after.terms, after.keys, after.assets["endpoint"].connection) == (
        None,
        {},
        None,
    )
    with cast.world.store.read() as unit, pytest.raises(Unauthenticated):
        granting.holder(unit, key.secret)
    # Once more means nothing more, and a release can still be recorded.
    cast.do("dora", granting.withdraw, engagement, RULES)
    released = cast.do("dora", granting.record_release, engagement, Audience.EVERYONE)
    assert released.released is Audience.EVERYONE


def test_objecting_to_a_person_ends_its_keys_at_once(cast):
    """The developer needs no reason; the programme cannot use the key any more."""
    engagement = cast.live()
    key = cast.do("eva", granting.issue_key, engagement, randomness=secrets.token_bytes)
    with cast.world.store.read() as unit:
        assert granting.holder(unit, key.secret)[1].person == cast.people["eva"].id
    cast.do("dora", granting.remove_person, engagement, cast.people["eva"].id)
    with cast.world.store.read() as unit, pytest.raises(Unauthenticated):
        granting.holder(unit, key.secret)
    with pytest.raises(NotFound):
        cast.see("eva", engagement)


def test_a_role_that_was_lost_opens_nothing(cast):
    """A person who is locked out, or no evaluator any more, has no access."""
    engagement = cast.live()
    key = cast.do("eva", granting.issue_key, engagement, randomness=secrets.token_bytes)
    from fairlead.access import membership, recovery
    from fairlead.access.roles import operator

    with cast.world.store.begin() as unit:
        recovery.lock(unit, operator("test"), cast.people["eva"].id, at=cast.now)
    with cast.world.store.read() as unit, pytest.raises(Unauthenticated):
        granting.holder(unit, key.secret)
    assert membership


def test_only_the_programmes_own_people_are_named(cast):
    """Somebody else's people, or people without a role for it, are refused."""
    engagement = cast.ask()
    cast.agree(engagement)
    for name in ("dora", "pat", "max"):
        with pytest.raises(Invalid):
            cast.name(engagement, name)


def test_access_opens_only_with_terms_assets_and_in_time(cast):
    """Each missing thing is said."""
    engagement = cast.ask()
    with pytest.raises(Refused):
        cast.do("dora", granting.go_live, engagement)
    cast.agree(engagement)
    with pytest.raises(Refused, match="asset"):
        cast.do("dora", granting.go_live, engagement)
    with pytest.raises(Refused, match="no asset"):
        cast.provide(engagement, asset="weights")
    cast.provide(engagement)
    with pytest.raises(NotAllowed):
        cast.do("lia", granting.go_live, engagement)
    cast.world.clock.pass_time(days=61)
    with pytest.raises(Refused, match="over"):
        cast.do("dora", granting.go_live, engagement)


# --- Results -----------------------------------------------------------------------------


def seen(cast, name, engagement, purpose=Purpose.DETERMINATION):
    party = cast.see(name, engagement)
    return concluding.assessments(party, purpose, now=cast.now)


def test_results_go_to_the_developer_first(cast):
    """P4: until the reply period ends, its producer and the developer alone know."""
    engagement = cast.live()
    name = cast.deliver(engagement)
    assert [s.id for s in seen(cast, "dora", engagement)] == [name]
    assert [s.id for s in seen(cast, "eva", engagement)] == [name]
    for other in ("ezra", "otto", "lia"):
        assert seen(cast, other, engagement) == []
    cast.do("dora", concluding.reply, engagement, name, "We disagree.", passes_on=False)
    cast.world.clock.pass_time(days=5)
    (shown,) = seen(cast, "otto", engagement)
    assert set(shown.parts) == {Detail.OUTCOME, Detail.SCORES}
    assert set(shown.withheld) == {Detail.TRANSCRIPTS}
    assert "clause" in shown.withheld[Detail.TRANSCRIPTS]
    assert shown.assessment.answer == "We disagree."
    assert set(seen(cast, "ezra", engagement, Purpose.MEASUREMENT)[0].parts) == set(
        Detail
    )
    assert seen(cast, "lia", engagement) == []


def test_the_developer_may_pass_results_on_early(cast):
    """Waiving the rest of the reply period is its own act."""
    engagement = cast.live()
    name = cast.deliver(engagement)
    with pytest.raises(NotAllowed):
        cast.do("lia", concluding.reply, engagement, name, "", passes_on=True)
    cast.do("dora", concluding.reply, engagement, name, "", passes_on=True)
    assert len(seen(cast, "otto", engagement)) == 1


def test_a_determination_is_one_officials_with_reasons_and_lapses(cast):
    """The developer sees it first; scores, or anybody else, make none."""
    engagement = cast.live()
    name = cast.deliver(engagement)

    def determine(who, reasons="Because of it.", cites=(name,)):
        return cast.do(
            who,
            concluding.determine,
            engagement,
            Finding.COVERED,
            reasons,
            cites=cites,
            rules=RULES,
            randomness=secrets.token_bytes,
        )

    with pytest.raises(Refused, match="reply"):
        determine("otto")
    cast.world.clock.pass_time(days=5)
    for who in ("eva", "lia", "dora"):
        with pytest.raises(NotAllowed):
            determine(who)
    for wrong in ({"reasons": " "}, {"cites": ()}):
        with pytest.raises(Invalid):
            determine("otto", **wrong)
    made = determine("otto")
    with cast.world.store.read() as unit:

        def known(who):
            party = parties.find(unit, cast.asker(who), engagement)
            return concluding.determinations(unit, party, now=cast.now)

        assert [d.id for d in known("dora")] == [made.id]
        assert known("lia") == []
        cast.world.clock.pass_time(days=5)
        assert [d.id for d in known("lia")] == [made.id]
    again = cast.do(
        "otto",
        concluding.reconsider,
        engagement,
        made.id,
        Finding.NOT_COVERED,
        "New runs.",
        rules=RULES,
    )
    assert again.reconsidered == 1
    cast.world.clock.pass_time(days=181)
    cast.world.work()
    with cast.world.store.read() as unit:
        lapsed = unit.determinations.get(made.id)
        last = unit.determinations.history(made.id)[-1]
    assert lapsed.lapsed(cast.now)
    assert lapsed.reasons is None
    # The record says why its reasons do not open any more.
    assert isinstance(last.fact, DeterminationLapsed)


def test_a_determination_needs_a_person_who_was_verified_just_now(cast):
    """A stale session, or a token, determines nothing."""
    engagement = cast.live()
    name = cast.deliver(engagement)
    cast.world.clock.pass_time(days=5)
    with cast.world.store.begin() as unit, pytest.raises(NotVerified):
        party = parties.find(unit, cast.people["otto"].asker, engagement)
        concluding.determine(
            unit,
            party,
            Finding.COVERED,
            "Because.",
            cites=(name,),
            rules=RULES,
            at=cast.now,
            randomness=secrets.token_bytes,
        )


# --- Trusted partners --------------------------------------------------------------------

PARTNER_CALL = Wish(action=Action.CALL, purpose=Purpose.DEFENCE, asset="endpoint")


def test_a_partner_comes_after_the_programme_with_consent_only(cast):
    """Before consent nothing; with it, the programme's access is over."""
    engagement = cast.live()
    org = OrganisationId(cast.organisations["Partner"])
    cast.do(
        "lia",
        concluding.nominate,
        engagement,
        org,
        "It runs hospitals.",
        RULES,
        small_operator=True,
    )
    with pytest.raises(NotAllowed, match="consent"):
        cast.do("dora", concluding.let_in, engagement, org)
    with pytest.raises(NotAllowed):
        cast.do("lia", concluding.consent, engagement, org)
    with pytest.raises(NotFound):
        cast.see("pat", engagement)
    cast.do("dora", concluding.consent, engagement, org)
    cast.do("dora", concluding.let_in, engagement, org)
    assert may(cast, "pat", engagement, PARTNER_CALL) == set()
    assert Ground.WINDOW in may(cast, "eva", engagement)
    assert Ground.PURPOSE in may(cast, "pat", engagement)


def test_a_partner_is_removed_at_once_and_ends_by_itself(cast):
    """Either side removes it; its own window ends without anybody."""
    engagement = cast.live()
    cast.partner(engagement)
    org = OrganisationId(cast.organisations["Partner"])
    cast.world.clock.pass_time(days=30)
    assert may(cast, "pat", engagement, PARTNER_CALL) == {Ground.WINDOW}
    cast.world.work()
    with pytest.raises(NotFound):
        cast.see("pat", engagement)
    other = cast.live()
    cast.partner(other)
    cast.do("lia", concluding.remove_partner, other, org)
    with pytest.raises(NotFound):
        cast.see("pat", other)


def test_the_last_places_are_kept_for_small_operators(cast):
    """A large partner is refused where only the set-aside is left."""
    engagement = cast.ask()
    cast.agree(engagement)
    rules = type(RULES)(partners=2, small_operators=1)
    names = [cast.world.join(f"Member {n}").id for n in range(3)]

    def nominate(org, *, small):
        cast.do(
            "lia",
            concluding.nominate,
            engagement,
            org,
            "It defends.",
            rules,
            small_operator=small,
        )

    nominate(names[0], small=False)
    with pytest.raises(Refused, match="small operators"):
        nominate(names[1], small=False)
    nominate(names[1], small=True)
    with pytest.raises(Refused, match="most"):
        nominate(names[2], small=True)


# --- Closing -----------------------------------------------------------------------------


def test_closing_destroys_and_shows_that_nothing_opens_it(cast):
    """Holders state, keys are destroyed, an attempt to open fails and is recorded."""
    engagement = cast.live()
    cast.deliver(engagement)
    cast.do("lia", concluding.close, engagement, RULES)
    assert Ground.WINDOW in may(cast, "eva", engagement)
    cast.do("lia", concluding.state_destroyed, engagement, "All notes.")
    cast.do("dora", concluding.state_destroyed, engagement, "Our logs.")
    with pytest.raises(Refused):
        cast.do("lia", concluding.state_destroyed, engagement, "Again.")
    cast.do("dora", concluding.destroy, engagement)
    cast.world.work()
    with cast.world.store.read() as unit:
        after = unit.engagements.get(engagement)
        history = [type(e.fact).__name__ for e in unit.engagements.history(engagement)]
        assert not unit.engagements.opens(engagement)
    assert after.state is State.CLOSED
    assert history[-3:] == ["EngagementDestroyed", "OpeningTried", "EngagementClosed"]
    assert (after.question, after.terms) == (None, None)
    assert after.assessments[next(iter(after.assessments))].measured is None


def test_a_rebuilt_engagement_is_the_same(cast):
    """P5: the state is a fold over the record, also after destruction."""
    from fairlead.store.rebuild import rebuild

    engagement = cast.live()
    cast.partner(engagement)
    gone = cast.live()
    cast.do("dora", granting.withdraw, gone, RULES)
    cast.world.clock.pass_time(hours=73)
    cast.world.work()
    store = cast.world.store
    with store.read() as unit:
        before = [unit.engagements.get(name) for name in (engagement, gone)]
    with store.begin() as unit:
        rebuild(unit.connection, store.vault, lambda *_: None)
    with store.read() as unit:
        assert [unit.engagements.get(name) for name in (engagement, gone)] == before
    assert check
