"""Rules of a broker that the developer runs: the same terms decide, on its own side.

It knows the agreement that both sides signed, what it counted itself, and of each call a
note of the programme's server. It believes the note about who calls; about everything
that opens access it believes the agreement and its own book. What the programme says of
the window can make it shorter, never longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct, UnsetType

from fairlead.base.ids import EngagementId, OrganisationId, PersonId
from fairlead.base.instants import parse
from fairlead.errors import Refused, Unauthenticated
from fairlead.review import brokering, calling, entry, facts
from fairlead.review.agreeing import opens_by
from fairlead.review.brokering import Admission, NotOpen
from fairlead.review.calling import Caller, CallNote, Entry
from fairlead.review.engagement import Engagement, Named, Partner, State
from fairlead.review.entry import Visitor, Wish
from fairlead.terms.agreement import BrokerTerm, Terms
from fairlead.terms.clauses import Action, Side
from fairlead.terms.decide import Failed, Ground, Used

BROUGHT = "have the programme's server sign a note for this very call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The agreement that a broker at the developer's side works under."""

    terms: Terms
    digest: str

    @property
    def broker(self) -> BrokerTerm:
        """Return what was agreed about the broker.

        Raises:
            Refused: that the programme's server runs it.

        """
        if isinstance(self.terms.broker, UnsetType):
            raise Refused(
                "in these terms the broker runs at the programme's side; agree on the"
                " profile “API only, broker at the developer's side” to run it here"
            )
        return self.terms.broker

    @property
    def lasts(self) -> timedelta:
        """Return for how long a note holds."""
        return timedelta(seconds=self.broker.seconds)


class Grant(Struct, frozen=True, kw_only=True):
    """From when until when somebody has access, as this side keeps it."""

    opens: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a broker at the developer's side knows of its own."""

    last_at: datetime
    """The last instant that it wrote down."""
    grants: Mapping[str, Grant] = field(default_factory=dict)
    """By organisation, those that were let in once."""
    used: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    """Asset: calls, tokens, cents."""
    partners: frozenset[str] = frozenset()
    """Organisations of trusted partners to which the developer consents here."""
    objected: frozenset[str] = frozenset()
    """People to whom the developer objects here."""
    cut: bool = False
    """The developer ended all access."""


class Book(Protocol):
    """What a broker at the developer's side writes down; `fairlead.store.away` keeps it."""

    def standing(self) -> Standing:
        """Return what is known now."""

    def begin(
        self, call: str, organisation: str, grant: Grant, *, at: datetime
    ) -> None:
        """Note that a call begins, for ever.

        Raises:
            Refused: a call of that name began before.

        """

    def end(self, uses: Sequence[facts.Use], *, at: datetime) -> None:
        """Write down calls that ended; what is written survives a power cut."""

    def entries(self, calls: Sequence[str]) -> Sequence[Entry]:
        """Return what was counted here of these calls, as far as they ended."""

    def told(self, entries: Sequence[Entry], note: str, *, at: datetime) -> None:
        """Keep what the other side counted, with the note that it signed."""


def let_in(  # noqa: PLR0913 - one value a thing that must be said
    agreed: Agreed,
    note: CallNote,
    connection: facts.Connection | None,
    standing: Standing,
    more: Mapping[tuple[str, str], Used],
    *,
    now: datetime,
) -> tuple[Admission, Grant]:
    """Let a call through that the programme's server let through, or say what lacks.

    That its note is signed, and is for this very request, was checked before.

    Raises:
        NotOpen: the note does not hold here, or the terms do not open this now.

    """
    terms = agreed.terms
    if note.engagement != terms.engagement:
        raise refused("the note is of another engagement", BROUGHT)
    if note.terms != agreed.digest:
        raise refused(
            "the programme goes by other terms than this broker",
            "take the agreement from the engagement's page, give it to"
            " `fairlead broker init`, and start the broker again",
        )
    of_programme = note.caller.organisation == terms.programme.organisation
    if of_programme is not (note.caller.side is Side.PROGRAMME):
        raise refused("the note takes somebody for one of another side", BROUGHT)
    try:
        calling.check_time(note.at, note.until, agreed.lasts, now)
    except Refused as error:
        raise refused(str(error), BROUGHT) from error
    grant = _grant(agreed, note, standing, now)
    engagement = _engagement(agreed, note, grant, standing)
    visitor = _visitor(note.caller)
    name = EngagementId(terms.engagement)
    wish = Wish(
        action=Action.CALL,
        purpose=note.purpose,
        asset=note.asset,
        second=PersonId(note.second.person) if note.second else None,
        more=more.get((name, note.asset), Used()),
    )
    decision = entry.decide(engagement, visitor, wish, now=now)
    failed = [*_own(note, standing), *decision.failed]
    if failed or decision.clause is None:
        raise NotOpen(failed)
    if connection is None:
        raise refused(
            f"the developer's broker has no endpoint for {note.asset!r}",
            "have the developer give one: fairlead broker init",
        )
    admission = Admission(
        engagement=name,
        visitor=visitor,
        wish=wish,
        clause=decision.clause,
        connection=connection,
        logs_content=brokering.logs_content(decision),
        call=note.call,
    )
    return admission, grant


def goes_on(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    agreed: Agreed,
    note: CallNote,
    admission: Admission,
    until: datetime,
    standing: Standing,
    under_way: Used,
    now: datetime,
) -> tuple[Failed, ...]:
    """Return what stands in the way of a call that goes on; nothing where it may."""
    failed = list(_own(note, standing))
    if now >= until:
        failed.append(
            Failed(
                None,
                Ground.NOTE,
                "the programme's server did not renew its note",
                BROUGHT,
            )
        )
    grant = _grant(agreed, note, standing, now)
    engagement = _engagement(agreed, note, grant, standing)
    wish = brokering.still(admission.wish, under_way)
    decision = entry.decide(engagement, admission.visitor, wish, now=now)
    return (*failed, *decision.failed)


def fits(note: CallNote, method: str, path: str, asset: str, body: bytes) -> None:
    """Raise `Unauthenticated` unless *note* is for this very request."""
    said = (note.method, note.path, note.asset, note.body)
    if said != (method, path, asset, calling.body_digest(body)):
        raise Unauthenticated("the note is for another request")


def refused(what: str, remedy: str) -> NotOpen:
    """Return the refusal of a call whose note does not hold."""
    return NotOpen([Failed(None, Ground.NOTE, what, remedy)])


def _own(note: CallNote, standing: Standing) -> Sequence[Failed]:
    """Return what the developer says alone, at its own side."""
    found: list[Failed] = []
    if standing.cut:
        found.append(
            Failed(None, Ground.CUT, "the developer ended access", "ask the developer")
        )
    people = {note.caller.person, note.second.person if note.second else ""}
    if people & standing.objected:
        found.append(
            Failed(
                None,
                Ground.WHO,
                "the developer objects to this person",
                "have the programme name another",
            )
        )
    partner = note.caller.side is Side.PARTNER
    if partner and note.caller.organisation not in standing.partners:
        found.append(
            Failed(
                None,
                Ground.WHO,
                "the developer has not consented to this partner here",
                "have the developer say so: fairlead broker partner",
            )
        )
    return found


def _grant(agreed: Agreed, note: CallNote, standing: Standing, now: datetime) -> Grant:
    """Return from when until when the caller has access.

    It begins when the first call came, or earlier where the programme says so; its end
    is the earliest that either side ever said.
    """
    terms = agreed.terms
    side = note.caller.side
    length = (
        timedelta(days=terms.partner_days) if side is Side.PARTNER else terms.length
    )
    said = Grant(opens=parse(note.opens), ends=parse(note.ends))
    known = standing.grants.get(note.caller.organisation)
    opens = min(said.opens, now, known.opens if known else now)
    ends = min(said.ends, opens + length, known.ends if known else said.ends)
    if known is None and side is Side.PROGRAMME and opens >= opens_by(terms):
        ends = opens
    return Grant(opens=opens, ends=ends)


def _engagement(
    agreed: Agreed, note: CallNote, grant: Grant, standing: Standing
) -> Engagement:
    """Return the engagement as this side knows it, for the same rules to judge."""
    caller, terms = note.caller, agreed.terms
    people: dict[PersonId, Named] = {}
    partners: dict[OrganisationId, Partner] = {}
    for one in filter(None, (caller, note.second)):
        if one.side is not Side.PARTNER:
            people[PersonId(one.person)] = _named(one)
    if caller.side is Side.PARTNER:
        partners[OrganisationId(caller.organisation)] = Partner(
            nominated_by=Side.DEVELOPER,
            agreed=True,
            opens=grant.opens,
            ends=grant.ends,
        )
    # The programme's own access is over once a partner has its own.
    after = standing.grants.keys() - {terms.programme.organisation}
    return Engagement(
        id=EngagementId(terms.engagement),
        developer=OrganisationId(terms.developer.organisation),
        state=State.PARTNERS if after or partners else State.OPEN,
        began_at=grant.opens,
        moved_at=grant.opens,
        last_at=standing.last_at,
        terms=terms,
        opens=grant.opens,
        ends=grant.ends,
        people=people,
        partners=partners,
        used=dict(standing.used),
    )


def _named(caller: Caller) -> Named:
    return Named(
        side=caller.side,
        organisation=OrganisationId(caller.organisation),
        roles=caller.roles,
        attributes=caller.attributes,
        place=caller.place,
    )


def _visitor(caller: Caller) -> Visitor:
    return Visitor(
        person=PersonId(caller.person),
        side=caller.side,
        organisation=OrganisationId(caller.organisation),
        roles=frozenset(caller.roles),
        attributes=frozenset(caller.attributes),
        place=caller.place,
    )
