"""Rules of an engagement's life: access opens, ends, and everything is destroyed.

Withdrawing and recording a release are refused in no state (promise P1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.base.ids import PersonId
from fairlead.errors import Damaged, Invalid, Refused, Violation
from fairlead.record.events import Fact
from fairlead.record.notes import Verifier
from fairlead.review import facts
from fairlead.review.agreeing import needs_alive, opens_by, text_of
from fairlead.review.engagement import LIVE, MOVES, Engagement, Named, State
from fairlead.review.facts import Audience
from fairlead.review.window import Ending, Window, doubtful
from fairlead.terms.clauses import ENDPOINTS, Side

LONGEST_ATTRIBUTE = 100


def named(engagement: Engagement, person: PersonId, who: Named) -> Sequence[Fact]:
    """Return what naming a person means.

    Raises:
        Refused: no terms hold, or the engagement is over.
        Invalid: an attribute cannot be written.

    """
    needs_alive(engagement)
    if engagement.terms is None:
        raise Refused("people are named once terms hold")
    wrong = [
        a
        for a in who.attributes
        if not 0 < len(a) <= LONGEST_ATTRIBUTE or a != a.strip()
    ]
    if wrong:
        raise Invalid(
            "attributes: write each like citizenship:US",
            [Violation("invalid_attribute", "attributes", "1 to 100 characters each")],
        )
    return [
        facts.PersonNamed(
            person=person,
            side=who.side,
            organisation=who.organisation,
            roles=who.roles,
            body=facts.Described(
                name=who.name, attributes=who.attributes, place=who.place
            ),
        )
    ]


def removed(engagement: Engagement, person: PersonId, side: Side) -> Sequence[Fact]:
    """Return what removing a person means, whoever of both sides does it.

    Raises:
        Refused: nobody of that name acts in the engagement.

    """
    if person not in engagement.people:
        raise Refused("this person is not named, or not any more")
    return [facts.PersonRemoved(person=person, by=side)]


def provided(
    engagement: Engagement, name: str, connection: facts.Connection
) -> Sequence[Fact]:
    """Return what making an asset available means.

    Raises:
        Refused: the signed terms know no such asset.
        Invalid: an endpoint without an address.

    """
    needs_alive(engagement)
    asset = engagement.terms.asset(name) if engagement.terms else None
    if asset is None:
        raise Refused(f"the signed terms name no asset {name!r}")
    if asset.kind in ENDPOINTS and not connection.url:
        raise Invalid(
            "url: an endpoint needs its address",
            [Violation("missing_field", "url", "write https://…")],
        )
    if engagement.terms is not None and asset.kind in ENDPOINTS:
        _fits_side(engagement.terms.broker_side, connection)
    return [facts.AssetProvided(asset=name, kind=asset.kind, body=connection)]


def _fits_side(side: Side, connection: facts.Connection) -> None:
    """Raise `Invalid` unless a connection is what the side of the broker needs.

    Where the developer runs it, no credential of its own may ever come here.
    """
    if side is Side.PROGRAMME:
        wrong = (
            ("key", "the broker runs here; it has no key") if connection.key else None
        )
    elif connection.credential:
        wrong = ("credential", "it stays with your own broker; do not give it here")
    elif not connection.key:
        wrong = ("key", "give the key that `fairlead broker init` printed")
    else:
        try:
            Verifier.read(connection.key)
        except Damaged as error:
            wrong = ("key", str(error))
        else:
            wrong = None
    if wrong:
        field, why = wrong
        raise Invalid(f"{field}: {why}", [Violation(f"wrong_{field}", field, why)])


def opened(engagement: Engagement, *, at: datetime) -> Sequence[Fact]:
    """Return what going live means: the window runs from now.

    Raises:
        Refused: no terms hold, nothing was made available, or it is too late.

    """
    if State.OPEN not in MOVES[engagement.state] or engagement.terms is None:
        raise Refused(f"{engagement.id} is {engagement.state}; access cannot open now")
    if doubtful(at, engagement.last_at):
        raise Refused("the clock went back behind what was recorded; mend it first")
    if not engagement.assets:
        raise Refused("make an asset available first")
    if at >= opens_by(engagement.terms):
        raise Refused(
            "the instant by which access was to open is over; amend the terms"
        )
    if engagement.released is not None:
        raise Refused("the model was released; its window does not open any more")
    window = Window(opens=at, ends=at + engagement.terms.length)
    return [facts.AccessOpened(opens=window.opens, ends=window.ends)]


def ended(engagement: Engagement, ending: Ending) -> Sequence[Fact]:
    """Return what the end of the programme's access means; nothing if it is over."""
    if engagement.opens is None or engagement.ended is not None:
        return []
    return [facts.AccessEnded(ending=ending)]


def released(engagement: Engagement, to: Audience) -> Sequence[Fact]:
    """Return what recording a release means; it ends the programme's access.

    It is refused in no state.
    """
    return [facts.ReleaseRecorded(to=to), *ended(engagement, Ending.RELEASED)]


def withdrawn(engagement: Engagement) -> Sequence[Fact]:
    """Return what withdrawing means; once more, it means nothing more.

    It is refused in no state.
    """
    if engagement.state is State.WITHDRAWN:
        return []
    return [
        *ended(engagement, Ending.WITHDRAWN),
        *_partners_ended(engagement, Ending.WITHDRAWN),
        facts.EngagementWithdrawn(),
    ]


def closing(engagement: Engagement) -> Sequence[Fact]:
    """Return what closing means: all access is over, holders destroy.

    Raises:
        Refused: it cannot follow where the engagement stands.

    """
    if State.CLOSING not in MOVES[engagement.state]:
        raise Refused(
            f"{engagement.id} is {engagement.state}; there is nothing to close"
        )
    return [
        *ended(engagement, Ending.CLOSING),
        *_partners_ended(engagement, Ending.CLOSING),
        facts.ClosingBegun(),
    ]


def stated(
    engagement: Engagement, side: Side, organisation: str, text: str
) -> Sequence[Fact]:
    """Return what a holder's statement means.

    Raises:
        Refused: nothing is being destroyed, or this holder stated it.

    """
    if engagement.state not in {State.CLOSING, State.WITHDRAWN} or engagement.destroyed:
        raise Refused("what was destroyed is stated while an engagement closes")
    if organisation in engagement.stated:
        raise Refused("this holder has stated what it destroyed")
    return [
        facts.HolderStated(
            side=side,
            organisation=type(engagement.developer)(organisation),
            body=facts.Said(text=text_of(text)),
        )
    ]


def destroyed(engagement: Engagement) -> Sequence[Fact]:
    """Return what destruction means.

    Raises:
        Refused: the engagement goes on, or it was destroyed.

    """
    if engagement.destroyed:
        raise Refused(f"{engagement.id} was destroyed")
    if engagement.state not in {State.CLOSING, State.WITHDRAWN}:
        raise Refused("an engagement is destroyed once it closes or was withdrawn")
    return [facts.EngagementDestroyed()]


def tried(engagement: Engagement, what: str, *, opened: bool) -> Sequence[Fact]:
    """Return what an attempt to open something after destruction means.

    Where it failed, as it must, an engagement that was closing is closed.
    """
    found: list[Fact] = [facts.OpeningTried(what=what, opened=opened)]
    if engagement.state is State.CLOSING and not opened:
        found.append(facts.EngagementClosed())
    return found


def is_live(engagement: Engagement) -> bool:
    """Tell whether the programme may have access at all, whatever the time."""
    return (
        engagement.state in LIVE
        and engagement.ended is None
        and engagement.released is None
        and not engagement.destroyed
    )


def _partners_ended(engagement: Engagement, ending: Ending) -> list[Fact]:
    return [
        facts.PartnerRemoved(partner=name, ending=ending)
        for name, partner in engagement.partners.items()
        if partner.opens is not None and partner.ended is None
    ]
