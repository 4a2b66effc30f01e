"""What the programme itself needs from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fairlead.base.ids import EngagementId, PersonId
from fairlead.programme.published import Consent, PublishedMonth
from fairlead.programme.registered import Milestone
from fairlead.record.subjects import Subjects
from fairlead.review.ports import ReviewUnit


class Milestones(Subjects[Milestone], Protocol):
    """All milestones that were recorded."""

    def all(self) -> Sequence[Milestone]:
        """Return every one."""


class Figures(Subjects[PublishedMonth], Protocol):
    """All months that were published."""

    def all(self) -> Sequence[PublishedMonth]:
        """Return every one, the first month first."""


class Consents(Subjects[Consent], Protocol):
    """What organisations say about exact figures."""

    def all(self) -> Sequence[Consent]:
        """Return every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A calendar that one person follows at a secret address."""

    digest: str
    """SHA-256 of the secret, in hexadecimal."""
    person: PersonId
    engagement: EngagementId
    made_at: datetime


class Feeds(Protocol):
    """Calendars by secret address; operational: lost, it is made anew."""

    def put(self, new: Feed) -> None:
        """Keep *new* in place of the one that this person had of this engagement."""

    def get(self, digest: str) -> Feed | None:
        """Return the feed whose secret has this digest."""

    def drop(self, person: PersonId, engagement: EngagementId) -> None:
        """Have the address of this person and engagement lead nowhere."""


class ProgrammeUnit(ReviewUnit, Protocol):
    """The part of a unit of work that the programme itself needs."""

    @property
    def milestones(self) -> Milestones:
        """All milestones that were recorded."""

    @property
    def figures(self) -> Figures:
        """All months that were published."""

    @property
    def consents(self) -> Consents:
        """What organisations say about exact figures."""

    @property
    def feeds(self) -> Feeds:
        """Calendars by secret address."""
