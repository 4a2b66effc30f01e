"""The one place that decides whether somebody may do something with an asset, now.

Whoever asks gets every obstacle at once: clock, window and each clause (promise P3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from fairlead.base.ids import OrganisationId, PersonId
from fairlead.base.instants import text
from fairlead.review.engagement import Engagement
from fairlead.review.living import is_live
from fairlead.review.window import doubtful
from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import Action, Detail, Purpose, Side
from fairlead.terms.decide import (
    NOTHING,
    Decision,
    Failed,
    Ground,
    Request,
    Rulebook,
    Used,
)

AFTER_THE_WINDOW = frozenset({Action.SEE, Action.SHARE, Action.PUBLISH})
"""What concerns results, which outlast the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody as the engagement knows it."""

    person: PersonId
    side: Side
    organisation: OrganisationId
    roles: frozenset[str]
    attributes: frozenset[str] = frozenset()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What it wants to do."""

    action: Action
    purpose: Purpose
    asset: str = ""
    suite: str = ""
    detail: Detail | None = None
    second: PersonId | None = None
    more: Used = NOTHING
    """What is under way and not on the record yet."""


def visitor_of(
    engagement: Engagement,
    person: PersonId,
    organisation: OrganisationId,
    roles: frozenset[str],
) -> Visitor | None:
    """Return how the engagement knows a person, if it does.

    The programme's people are named one by one; a partner's are those whose
    organisation was let in.
    """
    named = engagement.people.get(person)
    if named is not None:
        return Visitor(
            person=person,
            side=named.side,
            organisation=named.organisation,
            # A role that was lost since opens nothing; one gained since neither.
            roles=roles.intersection(named.roles),
            attributes=frozenset(named.attributes),
            place=named.place,
        )
    partner = engagement.partners.get(organisation)
    if partner is not None and partner.opens is not None:
        return Visitor(
            person=person, side=Side.PARTNER, organisation=organisation, roles=roles
        )
    return None


def decide(
    engagement: Engagement, visitor: Visitor, wish: Wish, *, now: datetime
) -> Decision:
    """Return whether *visitor* may do what it wishes, with every reason."""
    terms = engagement.terms
    if terms is None or engagement.destroyed or engagement.withdrawn_at is not None:
        gone = Failed(
            None,
            Ground.WINDOW,
            "no terms hold" if terms is None else f"it is {engagement.state}",
            "a new engagement",
        )
        return Decision(None, (), (gone,))
    decision = _book(terms).decide(_request(engagement, visitor, wish, now))
    obstacles = _obstacles(engagement, visitor, wish, now)
    if not obstacles:
        return decision
    return Decision(None, (), (*obstacles, *decision.failed))


def _obstacles(
    engagement: Engagement, visitor: Visitor, wish: Wish, now: datetime
) -> list[Failed]:
    found: list[Failed] = []
    if doubtful(now, engagement.last_at):
        found.append(
            Failed(
                None,
                Ground.CLOCK,
                "the clock shows less than what was recorded",
                "have the operator mend the clock",
            )
        )
    second = engagement.people.get(wish.second) if wish.second else None
    if wish.second is not None and (second is None or second.side is not visitor.side):
        found.append(
            Failed(
                None,
                Ground.SECOND_PERSON,
                "the second person is not named in this engagement",
                "have the programme name that person",
            )
        )
    if wish.action in AFTER_THE_WINDOW:
        return found
    held = grant(engagement, visitor)
    if held is None:
        found.append(
            Failed(None, Ground.WINDOW, "access is not open", "wait until it is live")
        )
    elif now < held[0]:
        found.append(
            Failed(None, Ground.WINDOW, f"it opens {text(held[0])}", "wait until then")
        )
    elif now >= held[1]:
        found.append(
            Failed(None, Ground.WINDOW, f"it ended {text(held[1])}", "a new engagement")
        )
    return found


def grant(engagement: Engagement, visitor: Visitor) -> tuple[datetime, datetime] | None:
    """Return from when until when *visitor* has access, if it has any."""
    if visitor.side is Side.PARTNER:
        partner = engagement.partners.get(visitor.organisation)
        if (
            partner is None
            or partner.ended is not None
            or partner.opens is None
            or partner.ends is None
        ):
            return None
        return partner.opens, partner.ends
    if not is_live(engagement) or engagement.opens is None or engagement.ends is None:
        return None
    return engagement.opens, engagement.ends


def _request(
    engagement: Engagement, visitor: Visitor, wish: Wish, now: datetime
) -> Request:
    calls, tokens, cents = engagement.used.get(wish.asset, (0, 0, 0))
    return Request(
        person=visitor.person,
        side=visitor.side,
        organisation=visitor.organisation,
        roles=visitor.roles,
        attributes=visitor.attributes,
        action=wish.action,
        asset=wish.asset,
        purpose=wish.purpose,
        suite=wish.suite,
        detail=wish.detail,
        place=visitor.place,
        second=wish.second or "",
        at=now,
        used=Used(calls=calls, tokens=tokens, cents=cents) + wish.more,
    )


@lru_cache(maxsize=256)
def _book(terms: Terms) -> Rulebook:
    return Rulebook(terms)
