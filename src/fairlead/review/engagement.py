"""Engagements: one developer's voluntary participation with one model; the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from fairlead.base.ids import (
    AccessKeyId,
    AssessmentId,
    EngagementId,
    OrganisationId,
    PersonId,
)
from fairlead.record.events import Event
from fairlead.record.subjects import Subject, name_of, unexpected
from fairlead.review import facts
from fairlead.review.facts import Audience
from fairlead.review.window import Ending, Window
from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import AssetKind, Side


class State(StrEnum):
    """Where an engagement stands."""

    INQUIRY = "inquiry"
    NEGOTIATING = "negotiating"
    SIGNED = "signed"
    OPEN = "open"
    RESULTS = "results with the developer"
    PARTNERS = "partners"
    CLOSING = "closing"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


MOVES: dict[State, frozenset[State]] = {
    State.INQUIRY: frozenset({State.NEGOTIATING, State.WITHDRAWN}),
    State.NEGOTIATING: frozenset({State.SIGNED, State.WITHDRAWN}),
    State.SIGNED: frozenset({State.OPEN, State.CLOSING, State.WITHDRAWN}),
    State.OPEN: frozenset(
        {State.RESULTS, State.PARTNERS, State.CLOSING, State.WITHDRAWN}
    ),
    State.RESULTS: frozenset({State.PARTNERS, State.CLOSING, State.WITHDRAWN}),
    State.PARTNERS: frozenset({State.CLOSING, State.WITHDRAWN}),
    State.CLOSING: frozenset({State.CLOSED, State.WITHDRAWN}),
    State.CLOSED: frozenset({State.WITHDRAWN}),
    State.WITHDRAWN: frozenset(),
}
"""What can follow what; the picture in the docs is drawn from this table. A developer
can withdraw from every state, even from one in which there is nothing left to end."""

LIVE = frozenset({State.OPEN, State.RESULTS})
"""States in which the programme may have access."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Terms on the table."""

    side: Side
    digest: str
    terms: Terms | None
    signed: dict[Side, str] = field(default_factory=dict)
    """Side: who signed for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person who acts in the engagement."""

    side: Side
    organisation: OrganisationId
    roles: tuple[str, ...]
    name: str = ""
    attributes: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What was made available."""

    kind: AssetKind
    connection: facts.Connection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAsset:
    """How an asset is sealed; the keys are public, the halves are not here."""

    holder: str
    """The programme's public keys for it, as a file."""
    sealed_by: str = ""
    seal: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A key of a named person."""

    person: PersonId
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was measured, and where it stands on its way."""

    by: str
    delivered_at: datetime
    reply_until: datetime
    measured: facts.Measured | None
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An organisation that gets access after the programme."""

    nominated_by: Side
    small_operator: bool = False
    why: str = ""
    agreed: bool = False
    opens: datetime | None = None
    ends: datetime | None = None
    ended: Ending | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """One engagement."""

    id: EngagementId
    developer: OrganisationId
    state: State = State.INQUIRY
    began_at: datetime
    moved_at: datetime
    last_at: datetime
    """The last instant that was recorded here."""
    question: str | None = None
    model: str = ""
    answers: tuple[str, ...] = ()
    offer: Offer | None = None
    before: Terms | None = None
    """The offer before this one, for the difference."""
    terms: Terms | None = None
    """What both sides signed, as narrowed since."""
    digest: str | None = None
    """Of the terms that both sides signed."""
    signed_at: datetime | None = None
    opens: datetime | None = None
    ends: datetime | None = None
    ended: Ending | None = None
    ended_at: datetime | None = None
    """When access ended, where that was before its end."""
    people: dict[PersonId, Named] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    sealed: dict[str, SealedAsset] = field(default_factory=dict)
    keys: dict[AccessKeyId, AccessKey] = field(default_factory=dict)
    used: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Asset: calls, tokens, cents."""
    relayed: int = 0
    """Calls that the developer's broker answered."""
    compared: int = 0
    """Calls of which both sides compared what they counted."""
    differing: int = 0
    """Those of them of which the counts are not the same."""
    assessments: dict[AssessmentId, Assessment] = field(default_factory=dict)
    partners: dict[OrganisationId, Partner] = field(default_factory=dict)
    released: Audience | None = None
    released_at: datetime | None = None
    withdrawn_at: datetime | None = None
    stated: tuple[str, ...] = ()
    """Organisations that stated what they destroyed."""
    destroyed: bool = False
    version: int = 1

    @property
    def window(self) -> Window | None:
        """Return the programme's window, once access was live."""
        if self.opens is None or self.ends is None:
            return None
        return Window(opens=self.opens, ends=self.ends)

    @property
    def members(self) -> frozenset[str]:
        """Return the people and partners to whom it is shown, by actor or name."""
        people = {f"person/{person}" for person in self.people}
        running = {org for org, p in self.partners.items() if p.opens and not p.ended}
        return frozenset(people | running)


def _evolve(state: Engagement | None, event: Event) -> Engagement:
    fact = event.fact
    if state is None:
        return _begun(event)
    change = CHANGES.get(type(fact))
    if change is None:
        raise unexpected(event)
    changed = change(state, fact, event)
    if "state" in changed and changed["state"] != state.state:
        changed["moved_at"] = event.at
    last = max(state.last_at, event.at)
    return replace(state, last_at=last, version=event.version, **changed)


def _begun(event: Event) -> Engagement:
    fact = event.fact
    if not isinstance(fact, facts.EngagementAsked | facts.EngagementProposed):
        raise unexpected(event)
    asked = isinstance(fact, facts.EngagementAsked)
    body: Any = fact.body
    return Engagement(
        id=EngagementId(name_of(event)),
        developer=fact.developer,
        state=State.INQUIRY if asked else State.NEGOTIATING,
        began_at=event.at,
        moved_at=event.at,
        last_at=event.at,
        question=body.text if body and asked else None,
        model=body.model if body and asked else "",
        answers=(body.text,) if body and not asked else (),
    )


Changed = dict[str, Any]


def _answered(state: Engagement, fact: facts.EngagementAnswered, _: Event) -> Changed:
    text = fact.body.text if fact.body else ""
    return {"answers": (*state.answers, text)}


def _offered(state: Engagement, fact: facts.TermsOffered, _: Event) -> Changed:
    terms = _terms(fact.body)
    offer = Offer(side=fact.side, digest=fact.digest, terms=terms)
    before = state.offer.terms if state.offer else state.terms
    moved = state.state if state.terms else State.NEGOTIATING
    return {"offer": offer, "before": before, "state": moved}


def _signed(state: Engagement, fact: facts.TermsSigned, event: Event) -> Changed:
    if state.offer is None or state.offer.digest != fact.digest:
        raise unexpected(event)
    signed = state.offer.signed | {fact.side: event.actor}
    offer = replace(state.offer, signed=signed)
    if not {Side.DEVELOPER, Side.PROGRAMME} <= signed.keys():
        return {"offer": offer}
    first = state.state is State.NEGOTIATING
    changed: Changed = {
        "offer": offer,
        "terms": offer.terms,
        "digest": offer.digest,
        "signed_at": event.at,
        "state": State.SIGNED if first else state.state,
    }
    if state.opens is not None and state.ends is not None and offer.terms is not None:
        # An amendment may end the window earlier or later, never past 30 days.
        changed["ends"] = state.opens + offer.terms.length
    return changed


def _narrowed(_: Engagement, fact: facts.TermsNarrowed, __: Event) -> Changed:
    return {"terms": _terms(fact.body), "offer": None}


def _person_named(state: Engagement, fact: facts.PersonNamed, _: Event) -> Changed:
    said = fact.body
    named = Named(
        side=fact.side,
        organisation=fact.organisation,
        roles=fact.roles,
        name=said.name if said else "",
        attributes=said.attributes if said else (),
        place=said.place if said else "",
    )
    return {"people": state.people | {fact.person: named}}


def _person_removed(state: Engagement, fact: facts.PersonRemoved, _: Event) -> Changed:
    return {
        "people": {p: n for p, n in state.people.items() if p != fact.person},
        "keys": {k: v for k, v in state.keys.items() if v.person != fact.person},
    }


def _asset(state: Engagement, fact: facts.AssetProvided, _: Event) -> Changed:
    asset = Asset(kind=fact.kind, connection=fact.body)
    return {"assets": state.assets | {fact.asset: asset}}


def _keyed(state: Engagement, fact: facts.AssetKeyed, _: Event) -> Changed:
    return {"sealed": state.sealed | {fact.asset: SealedAsset(holder=fact.holder)}}


def _sealed(state: Engagement, fact: facts.AssetSealed, _: Event) -> Changed:
    after = replace(
        state.sealed[fact.asset],
        sealed_by=fact.sealed_by,
        seal=fact.seal,
        digest=fact.digest,
    )
    return {"sealed": state.sealed | {fact.asset: after}}


def _opened(_: Engagement, fact: facts.AccessOpened, __: Event) -> Changed:
    return {"opens": fact.opens, "ends": fact.ends, "state": State.OPEN}


def _access_ended(state: Engagement, fact: facts.AccessEnded, event: Event) -> Changed:
    moved = State.RESULTS if state.state is State.OPEN else state.state
    at = event.at if state.ends is None else min(event.at, state.ends)
    return {"ended": fact.ending, "ended_at": at, "state": moved}


def _key_issued(state: Engagement, fact: facts.KeyIssued, _: Event) -> Changed:
    key = AccessKey(person=fact.person, digest=fact.digest)
    return {"keys": state.keys | {fact.key: key}}


def _key_ended(state: Engagement, fact: facts.KeyEnded, _: Event) -> Changed:
    return {"keys": {k: v for k, v in state.keys.items() if k != fact.key}}


def _used(state: Engagement, fact: facts.AccessUsed, _: Event) -> Changed:
    used = dict(state.used)
    for asset, more in fact.by_asset.items():
        before = used.get(asset, (0, 0, 0))
        used[asset] = (
            before[0] + more[0],
            before[1] + more[1],
            before[2] + more[2],
        )
    return {"used": used, "relayed": state.relayed + fact.relayed}


def _compared(state: Engagement, fact: facts.UsageCompared, _: Event) -> Changed:
    return {
        "compared": state.compared + fact.calls,
        "differing": state.differing + fact.differing,
    }


def _delivered(
    state: Engagement, fact: facts.AssessmentDelivered, event: Event
) -> Changed:
    assessment = Assessment(
        by=event.actor,
        delivered_at=event.at,
        reply_until=fact.reply_until,
        measured=fact.body,
    )
    moved = State.RESULTS if state.state is State.OPEN else state.state
    return {
        "assessments": state.assessments | {fact.assessment: assessment},
        "state": moved,
    }


def _assessment_answered(
    state: Engagement, fact: facts.AssessmentAnswered, event: Event
) -> Changed:
    before = state.assessments[fact.assessment]
    after = replace(
        before,
        answer=fact.body.text if fact.body else before.answer,
        reply_until=min(before.reply_until, event.at)
        if fact.passes_on
        else before.reply_until,
    )
    return {"assessments": state.assessments | {fact.assessment: after}}


def _released(state: Engagement, fact: facts.ReleaseRecorded, event: Event) -> Changed:
    first = state.released_at or event.at
    return {"released": fact.to, "released_at": first}


def _nominated(state: Engagement, fact: facts.PartnerNominated, _: Event) -> Changed:
    partner = Partner(
        nominated_by=fact.by,
        small_operator=fact.small_operator,
        why=fact.body.text if fact.body else "",
    )
    return {"partners": state.partners | {fact.partner: partner}}


def _partner(state: Engagement, name: OrganisationId, **changed: Any) -> Changed:  # noqa: ANN401 - fields of a partner
    partner = replace(state.partners[name], **changed)
    return {"partners": state.partners | {name: partner}}


def _partner_agreed(state: Engagement, fact: facts.PartnerAgreed, _: Event) -> Changed:
    return _partner(state, fact.partner, agreed=True)


def _partner_opened(state: Engagement, fact: facts.PartnerOpened, _: Event) -> Changed:
    changed = _partner(
        state,
        fact.partner,
        opens=fact.opens,
        ends=fact.ends,
        ended=None,
        ended_at=None,
    )
    return changed | {"state": State.PARTNERS}


def _partner_removed(
    state: Engagement, fact: facts.PartnerRemoved, event: Event
) -> Changed:
    ends = state.partners[fact.partner].ends
    at = event.at if ends is None else min(event.at, ends)
    return _partner(state, fact.partner, ended=fact.ending, ended_at=at)


def _closing(_: Engagement, __: facts.ClosingBegun, ___: Event) -> Changed:
    return {"state": State.CLOSING}


def _stated(state: Engagement, fact: facts.HolderStated, _: Event) -> Changed:
    return {"stated": (*state.stated, fact.organisation)}


def _withdrawn(_: Engagement, __: facts.EngagementWithdrawn, event: Event) -> Changed:
    return {"state": State.WITHDRAWN, "withdrawn_at": event.at}


def _destroyed(_: Engagement, __: facts.EngagementDestroyed, ___: Event) -> Changed:
    return {"destroyed": True, "keys": {}}


def _closed(_: Engagement, __: facts.EngagementClosed, ___: Event) -> Changed:
    return {"state": State.CLOSED}


def _nothing(_: Engagement, __: object, ___: Event) -> Changed:
    return {}


CHANGES: Mapping[type, Any] = {
    facts.EngagementAnswered: _answered,
    facts.TermsOffered: _offered,
    facts.TermsSigned: _signed,
    facts.TermsNarrowed: _narrowed,
    facts.PersonNamed: _person_named,
    facts.PersonRemoved: _person_removed,
    facts.AssetProvided: _asset,
    facts.AssetKeyed: _keyed,
    facts.AssetSealed: _sealed,
    facts.AssetOpened: _nothing,
    facts.AccessOpened: _opened,
    facts.AccessEnded: _access_ended,
    facts.KeyIssued: _key_issued,
    facts.KeyEnded: _key_ended,
    facts.AccessUsed: _used,
    facts.UsageCompared: _compared,
    facts.AssessmentDelivered: _delivered,
    facts.AssessmentAnswered: _assessment_answered,
    facts.ReleaseRecorded: _released,
    facts.PartnerNominated: _nominated,
    facts.PartnerAgreed: _partner_agreed,
    facts.PartnerOpened: _partner_opened,
    facts.PartnerRemoved: _partner_removed,
    facts.ClosingBegun: _closing,
    facts.HolderStated: _stated,
    facts.EngagementWithdrawn: _withdrawn,
    facts.OpeningTried: _nothing,
    facts.EngagementDestroyed: _destroyed,
    facts.EngagementClosed: _closed,
}
"""What each fact changes."""


def _terms(body: facts.Written | None) -> Terms | None:
    # What was recorded had been checked; a fold judges nothing again.
    return msgspec.json.decode(body.terms, type=Terms) if body else None


ENGAGEMENTS = Subject("engagement", Engagement, facts.FACTS, _evolve)
