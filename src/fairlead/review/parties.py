"""Use cases: who sees an engagement, as what, and how it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.access.visibility import ENGAGEMENTS as VISIBLE
from fairlead.base.ids import (
    EngagementId,
    OrganisationId,
    PersonId,
    new_engagement_id,
)
from fairlead.base.pages import Page
from fairlead.base.ports import Randomness
from fairlead.errors import NotAllowed, NotFound
from fairlead.record.events import Event, Fact
from fairlead.review import agreeing, entry, facts
from fairlead.review.engagement import ENGAGEMENTS, Engagement
from fairlead.review.entry import Visitor
from fairlead.review.ports import ReviewUnit
from fairlead.terms.clauses import Side

PERSON = "person/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whoever asks, as it takes part in one engagement."""

    engagement: Engagement
    side: Side
    asker: Asker
    visitor: Visitor | None
    """Set for people who are named, and people of partners; not for the developer."""

    @property
    def keeps(self) -> bool:
        """Tell whether it keeps the engagement for its side: it may agree and end."""
        return (
            self.asker.may(
                Scope.ENGAGEMENT_OWN
                if self.side is Side.DEVELOPER
                else Scope.ENGAGEMENT_KEEP
            )
            and self.side is not Side.PARTNER
        )

    def needs(self, *sides: Side) -> None:
        """Raise `NotAllowed` unless it keeps the engagement for one of *sides*."""
        if not self.keeps or self.side not in sides:
            raise NotAllowed(f"this is for the {' or the '.join(sides)}")


def ask(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    asker: Asker,
    text: str,
    model: str,
    *,
    at: datetime,
    randomness: Randomness,
) -> Engagement:
    """Ask whether a model is covered; it commits to nothing and need not be named."""
    asker.needs(Scope.ENGAGEMENT_OWN)
    if asker.organisation is None:
        raise NotAllowed("somebody of a developer's organisation asks")
    fact = facts.EngagementAsked(
        developer=asker.organisation,
        body=facts.Question(text=agreeing.text_of(text), model=model.strip()[:200]),
    )
    return _begin(unit, asker, fact, at=at, randomness=randomness)


def propose(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    asker: Asker,
    developer: OrganisationId,
    text: str,
    *,
    at: datetime,
    randomness: Randomness,
) -> Engagement:
    """Propose an engagement to a developer, for the programme.

    Raises:
        NotFound: no such organisation.

    """
    asker.needs(Scope.ENGAGEMENT_KEEP)
    if developer == asker.organisation:
        raise NotAllowed("an engagement is between two organisations")
    unit.organisations.get(developer)
    said = facts.Said(text=agreeing.text_of(text))
    fact = facts.EngagementProposed(developer=developer, body=said)
    return _begin(unit, asker, fact, at=at, randomness=randomness)


def find(unit: ReviewUnit, asker: Asker, name: EngagementId) -> Party:
    """Return the engagement as *asker* takes part in it.

    Raises:
        NotFound: it does not exist, or *asker* must not know that it does.

    """
    engagement = unit.engagements.find(name, VISIBLE.condition(asker))
    if asker.may(Scope.ENGAGEMENT_OWN) and asker.organisation == engagement.developer:
        return Party(
            engagement=engagement, side=Side.DEVELOPER, asker=asker, visitor=None
        )
    visitor = visitor_of(unit, asker, engagement)
    if asker.may(Scope.ENGAGEMENT_KEEP):
        return Party(
            engagement=engagement, side=Side.PROGRAMME, asker=asker, visitor=visitor
        )
    if visitor is None:
        raise NotFound(f"no engagement {name!r}")
    return Party(engagement=engagement, side=visitor.side, asker=asker, visitor=visitor)


def read(
    unit: ReviewUnit, asker: Asker, name: EngagementId, moment: Moment
) -> tuple[Party, Sequence[Event]]:
    """Return the engagement with its history; it leaves a trace."""
    party = find(unit, asker, name)
    leave_trace(unit, asker, [ENGAGEMENTS.stream(name)], How.READ, moment)
    history = unit.engagements.history(name) if party.keeps else []
    return party, [e for e in history if may_know(party, e, moment.at)]


def may_know(party: Party, event: Event, now: datetime) -> bool:
    """Tell whether *party* may know that this happened: of results, its turn must come."""
    fact = event.fact
    if party.side is Side.DEVELOPER or not isinstance(
        fact, facts.AssessmentDelivered | facts.AssessmentAnswered
    ):
        return True
    return now >= party.engagement.assessments[fact.assessment].reply_until


def listed(
    unit: ReviewUnit, asker: Asker, page: Page, moment: Moment
) -> Sequence[Engagement]:
    """Return engagements that *asker* may know of, the newest first."""
    if not {
        Scope.ENGAGEMENT_OWN,
        Scope.ENGAGEMENT_KEEP,
        Scope.ENGAGEMENT_JOINED,
    }.intersection(asker.scopes):
        raise NotAllowed("engagements are for those who take part in one")
    found = unit.engagements.seen(VISIBLE.condition(asker), page)
    streams = [ENGAGEMENTS.stream(engagement.id) for engagement in found]
    leave_trace(unit, asker, streams, How.LISTED, moment)
    return found


def visitor_of(
    unit: ReviewUnit, asker: Asker, engagement: Engagement
) -> Visitor | None:
    """Return how the engagement knows the person who asks, if it does."""
    kind, _, name = asker.actor.partition("/")
    if kind != "person" or asker.organisation is None:
        return None
    person = unit.people.get(PersonId(name))
    roles = frozenset(str(role) for role in person.roles)
    return entry.visitor_of(engagement, person.id, asker.organisation, roles)


def save(
    unit: ReviewUnit, party: Party, said: Sequence[Fact], *, at: datetime
) -> Engagement:
    """Record what follows from a party's act; nothing, where nothing follows."""
    before = party.engagement
    if not said:
        return before
    return unit.engagements.save(
        before, said, name=before.id, by=party.asker.actor, at=at
    )


def _begin(
    unit: ReviewUnit,
    asker: Asker,
    fact: Fact,
    *,
    at: datetime,
    randomness: Randomness,
) -> Engagement:
    name = new_engagement_id(randomness)
    return unit.engagements.save(None, [fact], name=name, by=asker.actor, at=at)
