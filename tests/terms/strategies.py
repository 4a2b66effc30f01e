"""Terms and requests of every kind, for hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from fairlead.base.instants import text
from fairlead.terms.agreement import AssetTerm, Party, Terms, WindowTerm
from fairlead.terms.clauses import (
    Action,
    AssetKind,
    Clause,
    Detail,
    Effect,
    Limits,
    Purpose,
    Side,
    Who,
)
from fairlead.terms.decide import Request, Used
from fairlead.terms.standard import numbered

BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
ASSETS = (
    AssetTerm(name="endpoint", kind=AssetKind.ENDPOINT),
    AssetTerm(name="weights", kind=AssetKind.WEIGHTS),
)
ORGANISATIONS = ("org-a", "org-b")
PEOPLE = ("per-a", "per-b")
ROLES = ("evaluator", "official", "partner")
ATTRIBUTES = ("citizenship:US", 'odd "quote"')
PLACES = ("here", "there")
SUITES = ("memory", "web")


def some(values, most=2):
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


instants = st.integers(0, 6).map(lambda days: BEGIN + timedelta(days=days))
amounts = st.none() | st.integers(0, 3)

whos = st.builds(
    Who,
    sides=some(tuple(Side)),
    roles=some(ROLES),
    organisations=some(ORGANISATIONS, 1),
    people=some(PEOPLE, 1),
    attributes=some(ATTRIBUTES, 1),
)

clauses = st.builds(
    Clause,
    number=st.just(0),
    title=st.just("A clause"),
    effect=st.sampled_from(Effect),
    who=whos,
    actions=some(tuple(Action), 3),
    assets=some(tuple(a.name for a in ASSETS)),
    purposes=some(tuple(Purpose), 3),
    suites=some(SUITES, 1),
    detail=st.none() | st.sampled_from(Detail),
    places=some(PLACES, 1),
    not_before=st.none() | instants.map(text),
    not_after=st.none() | instants.map(text),
    limits=st.builds(Limits, calls=amounts, tokens=amounts, cents=amounts),
    people_needed=st.sampled_from([1, 1, 2]),
)


def terms_of(*given):
    return Terms(
        engagement="eng-x",
        model="Heron",
        developer=Party(organisation="org-d", name="Developer"),
        programme=Party(organisation="org-p", name="Programme"),
        window=WindowTerm(days=30, opens_by=text(BEGIN)),
        reply_days=5,
        assets=ASSETS,
        clauses=numbered(given),
    )


terms = st.lists(clauses, max_size=6).map(lambda given: terms_of(*given))

requests = st.builds(
    Request,
    person=st.sampled_from(PEOPLE),
    side=st.sampled_from(Side),
    organisation=st.sampled_from(ORGANISATIONS),
    roles=some(ROLES).map(frozenset),
    attributes=some(ATTRIBUTES).map(frozenset),
    action=st.sampled_from(Action),
    asset=st.sampled_from(["", *(a.name for a in ASSETS)]),
    purpose=st.sampled_from(Purpose),
    suite=st.sampled_from(["", *SUITES]),
    detail=st.none() | st.sampled_from(Detail),
    place=st.sampled_from(["", *PLACES]),
    second=st.sampled_from(["", *PEOPLE]),
    at=instants,
    used=st.builds(
        Used,
        calls=st.integers(0, 4),
        tokens=st.integers(0, 4),
        cents=st.integers(0, 4),
    ),
)
