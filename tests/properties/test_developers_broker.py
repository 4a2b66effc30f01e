"""P2 and P3 at the developer's side: whatever a programme's server signs opens no more."""

from __future__ import annotations

import contextlib
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "terms"))
import strategies as made

from fairlead.base.instants import text
from fairlead.review import away, facts
from fairlead.review.away import Agreed, Standing
from fairlead.review.brokering import NotOpen
from fairlead.review.calling import SKEW, Caller, CallNote
from fairlead.review.window import DOUBT
from fairlead.terms.agreement import BrokerTerm
from fairlead.terms.clauses import Action, Effect, Purpose, Side
from fairlead.terms.decide import Request, Rulebook, Used

SECONDS = 30
DEVELOPER, PROGRAMME, PARTNER = "org-d", "org-p", "org-a"

callers = st.builds(
    Caller,
    person=st.sampled_from(made.PEOPLE),
    side=st.sampled_from([Side.PROGRAMME, Side.PROGRAMME, Side.PARTNER]),
    organisation=st.sampled_from([PROGRAMME, PROGRAMME, PARTNER, DEVELOPER]),
    roles=made.some(made.ROLES),
    attributes=made.some(made.ATTRIBUTES),
    place=st.sampled_from(["", *made.PLACES]),
)
spans = st.sampled_from([-40, -1, 0, 1, 20, 40]).map(lambda days: timedelta(days=days))
wild = st.fixed_dictionaries(
    {
        "caller": callers,
        "second": st.none() | callers,
        "engagement": st.sampled_from(["eng-x", "eng-x", "eng-x", "eng-y"]),
        "digest": st.sampled_from(["d" * 64, "d" * 64, "d" * 64, "e" * 64]),
        "purpose": st.sampled_from(Purpose),
        "asset": st.sampled_from(["endpoint", "endpoint", "weights"]),
        "waits": st.sampled_from([0, 1, 3600, 86_400, 20 * 86_400, -10]),
        "off": st.sampled_from([0, 0, 0, -60, 60]),
        "lasts": st.sampled_from([SECONDS, SECONDS, 1, 3600]),
        "opens": spans,
        "ends": spans,
    }
)
true = st.fixed_dictionaries(
    {
        "caller": st.sampled_from(
            [
                *[Caller(person="per-a", side=Side.PROGRAMME, organisation=PROGRAMME)]
                * 3,
                Caller(person="per-b", side=Side.PARTNER, organisation=PARTNER),
            ]
        ),
        "second": st.none(),
        "engagement": st.just("eng-x"),
        "digest": st.just("d" * 64),
        "purpose": st.just(Purpose.MEASUREMENT),
        "asset": st.just("endpoint"),
        "waits": st.sampled_from([1, 20 * 86_400, 25 * 86_400, -10]),
        "off": st.just(0),
        "lasts": st.just(SECONDS),
        "opens": st.sampled_from([-1, 0]).map(lambda days: timedelta(days=days)),
        "ends": st.sampled_from([1, 20, 40]).map(lambda days: timedelta(days=days)),
    }
)
"""Notes of a server that tells the truth, but perhaps for when access began and ends."""
steps = true | true | wild
WIDE = made.Clause(
    number=0,
    title="Evaluators call",
    effect=Effect.MAY,
    actions=(Action.CALL,),
    assets=("endpoint",),
    purposes=(Purpose.MEASUREMENT, Purpose.DEFENCE),
)
open_terms = st.lists(made.clauses, max_size=4).map(
    lambda given: msgspec.structs.replace(
        made.terms_of(WIDE, *given), broker=BrokerTerm(key="k", seconds=SECONDS)
    )
)


@settings(max_examples=300)
@given(
    open_terms, st.lists(steps, min_size=1, max_size=8), st.booleans(), st.booleans()
)
def test_nothing_is_let_through_but_by_clause_window_and_consent(
    terms, sequence, consents, cut
):
    """Any order of notes, true or not: what is let through could be let through."""
    agreed = Agreed(terms=terms, digest="d" * 64)
    now, latest = made.BEGIN, made.BEGIN
    grants, first = {}, {}
    for number, step in enumerate(sequence):
        now += timedelta(seconds=step["waits"])
        standing = Standing(
            last_at=latest,
            grants=dict(grants),
            partners=frozenset({PARTNER} if consents else ()),
            cut=cut,
        )
        note = _note(step, number, now)
        admission = None
        with contextlib.suppress(NotOpen):
            admission, grant = away.let_in(
                agreed, note, facts.Connection(url="x"), standing, {}, now=now
            )
        if admission is None:
            continue
        # P2: by the notes that came before, the agreement's length and a sound clock.
        organisation = note.caller.organisation
        begun = first.setdefault(organisation, now)
        days = terms.partner_days if organisation == PARTNER else terms.window.days
        assert now < begun + timedelta(days=days)
        assert now <= begun + timedelta(days=30)
        assert now >= latest - DOUBT
        assert abs(step["off"]) <= SKEW.total_seconds()
        assert not cut
        # P3: a clause of the signed terms opens it to this very caller.
        assert (note.engagement, note.terms) == (terms.engagement, agreed.digest)
        clause = terms.clauses[admission.clause - 1]
        assert clause.effect is Effect.MAY
        assert not clause.actions or Action.CALL in clause.actions
        assert Rulebook(terms).decide(_request(note, now)).clause == admission.clause
        if note.caller.side is Side.PARTNER:
            assert consents
        else:
            assert organisation == PROGRAMME
            assert PARTNER not in grants
        grants[organisation], latest = grant, max(latest, now)


@settings(max_examples=100)
@given(open_terms, steps, st.integers(0, 3600))
def test_what_goes_on_ends_with_its_note(terms, step, later):
    """A call that was let through goes on no longer than its note, or its renewal."""
    agreed = Agreed(terms=terms, digest="d" * 64)
    now, standing = made.BEGIN, Standing(last_at=made.BEGIN)
    note = _note(step, 1, now)
    try:
        admission, grant = away.let_in(
            agreed, note, facts.Connection(url="x"), standing, {}, now=now
        )
    except NotOpen:
        return
    after = Standing(last_at=now, grants={note.caller.organisation: grant})
    until = now + timedelta(seconds=SECONDS)
    then = now + timedelta(seconds=later)
    failed = away.goes_on(agreed, note, admission, until, after, Used(calls=1), then)
    if later >= SECONDS:
        assert failed
    assert all(one.what and one.remedy for one in failed)


def _note(step, number, now):
    at = now + timedelta(seconds=step["off"])
    return CallNote(
        call=f"{number:032x}",
        engagement=step["engagement"],
        terms=step["digest"],
        caller=step["caller"],
        second=step["second"],
        asset=step["asset"],
        purpose=step["purpose"],
        method="POST",
        path="/v1/chat/completions",
        body="0" * 64,
        at=text(at),
        until=text(at + timedelta(seconds=step["lasts"])),
        opens=text(now + step["opens"]),
        ends=text(now + step["ends"]),
    )


def _request(note, now):
    return Request(
        person=note.caller.person,
        side=note.caller.side,
        organisation=note.caller.organisation,
        roles=frozenset(note.caller.roles),
        attributes=frozenset(note.caller.attributes),
        action=Action.CALL,
        asset=note.asset,
        purpose=note.purpose,
        place=note.caller.place,
        second=note.second.person if note.second else "",
        at=now,
    )
