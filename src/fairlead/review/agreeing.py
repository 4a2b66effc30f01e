"""Rules of negotiation: offers, signatures, amendments, and narrowing alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.errors import Invalid, NotAllowed, Refused, Violation
from fairlead.record.events import Fact
from fairlead.review import facts
from fairlead.review.engagement import MOVES, Engagement, State
from fairlead.terms import agreement
from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import Side
from fairlead.terms.narrowing import Narrowing, narrowed

AMENDABLE = frozenset({State.SIGNED, State.OPEN, State.RESULTS, State.PARTNERS})
"""States in which signed terms can still be changed, by both sides together."""
LONGEST_TEXT = 10_000


def text_of(text: str, field: str = "text") -> str:
    """Return *text* if it says something, and not too much.

    Raises:
        Invalid: it does not.

    """
    text = text.strip()
    if not 0 < len(text) <= LONGEST_TEXT:
        raise Invalid(
            f"{field}: say something, in at most {LONGEST_TEXT} characters",
            [Violation("missing_field", field, "say it in words")],
        )
    return text


def answered(engagement: Engagement, text: str) -> Sequence[Fact]:
    """Return what an answer of the programme means; it moves nothing.

    Raises:
        Refused: the engagement is over.

    """
    needs_alive(engagement)
    return [facts.EngagementAnswered(body=facts.Said(text=text_of(text)))]


def offered(engagement: Engagement, side: Side, terms: Terms) -> Sequence[Fact]:
    """Return what an offer means; signatures under an earlier one count no more.

    Raises:
        Refused: nothing can be agreed any more.
        Invalid: the terms break a rule, or are not of this engagement.

    """
    opens = State.NEGOTIATING in MOVES[engagement.state]
    if not (
        opens or engagement.state is State.NEGOTIATING or engagement.state in AMENDABLE
    ):
        raise Refused(f"{engagement.id} is {engagement.state}; nothing is agreed now")
    agreement.check(terms)
    if (terms.engagement, terms.developer.organisation) != (
        engagement.id,
        engagement.developer,
    ):
        raise Invalid(
            "these are the terms of another engagement",
            [Violation("wrong_engagement", "engagement", f"must be {engagement.id}")],
        )
    if engagement.terms is not None and (
        terms.programme.organisation != engagement.terms.programme.organisation
    ):
        raise Invalid(
            "an amendment is between the same parties",
            [Violation("wrong_party", "programme.organisation", "must stay the same")],
        )
    written = agreement.canonical(terms)
    return [
        facts.TermsOffered(
            side=side,
            digest=agreement.digest(terms),
            body=facts.Written(terms=written.decode()),
        )
    ]


def signed(
    engagement: Engagement, side: Side, digest: str, signature: facts.Signature
) -> Sequence[Fact]:
    """Return what a signature means; with the second one, the terms hold.

    That the signature is good was checked before.

    Raises:
        Refused: these are not the terms on the table, or this side signed already.

    """
    offer = engagement.offer
    needs_alive(engagement)
    if offer is None or offer.digest != digest:
        raise Refused("these terms are not on the table any more; read the latest")
    if side in offer.signed:
        raise Refused(f"the {side} has signed these terms")
    if engagement.digest == digest:
        raise Refused("these terms hold already")
    return [facts.TermsSigned(side=side, digest=digest, body=signature)]


def narrowed_alone(engagement: Engagement, narrowing: Narrowing) -> Sequence[Fact]:
    """Return what the developer's own narrowing means; it holds at once.

    Raises:
        Refused: no terms hold.
        Invalid: it says nothing, or would open something.

    """
    if engagement.terms is None:
        raise Refused("no terms hold yet; make an offer instead")
    found: list[Fact] = []
    after = engagement.terms
    if narrowing != Narrowing(people_removed=narrowing.people_removed):
        after = narrowed(engagement.terms, narrowing)
        found.append(
            facts.TermsNarrowed(
                digest=agreement.digest(after),
                body=facts.Written(terms=agreement.canonical(after).decode()),
            )
        )
    unknown = [p for p in narrowing.people_removed if p not in engagement.people]
    if unknown or not (found or narrowing.people_removed):
        raise Invalid(
            "people_removed: name people of this engagement",
            [Violation("unknown_person", "people_removed", "no such named person")],
        )
    found += [
        facts.PersonRemoved(person=person, by=Side.DEVELOPER)
        for person in engagement.people
        if person in narrowing.people_removed
    ]
    return found


def lives(engagement: Engagement) -> bool:
    """Tell whether anything can still happen but its end."""
    return engagement.state not in {State.CLOSING, State.CLOSED, State.WITHDRAWN}


def needs_alive(engagement: Engagement) -> None:
    """Raise `Refused` where the engagement is over."""
    if not lives(engagement):
        raise Refused(f"{engagement.id} is {engagement.state}")


def needs_side(side: Side, *sides: Side) -> None:
    """Raise `NotAllowed` unless *side* is one of *sides*."""
    if side not in sides:
        raise NotAllowed(f"this is for the {' or the '.join(sides)}")


def opens_by(terms: Terms) -> datetime:
    """Return until when access must be live."""
    return agreement.instant(terms.window.opens_by)
