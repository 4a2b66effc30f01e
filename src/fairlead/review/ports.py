"""What review needs from the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fairlead.access.ports import Organisations, People
from fairlead.access.traces import Traces
from fairlead.access.visibility import Condition
from fairlead.base.agenda import Agenda
from fairlead.base.ids import DeterminationId, EngagementId
from fairlead.base.pages import Page
from fairlead.record.events import Event, StoredEvent
from fairlead.record.subjects import Destroyable
from fairlead.review.determination import Determination
from fairlead.review.engagement import Engagement


class Engagements(Destroyable[Engagement], Protocol):
    """All engagements."""

    def find(self, name: EngagementId, condition: Condition) -> Engagement:
        """Return the engagement if *condition* holds for it, or raise `NotFound`."""

    def seen(self, condition: Condition, page: Page) -> Sequence[Engagement]:
        """Return those for which *condition* holds, the newest first."""

    def by_key(self, digest: str) -> Engagement | None:
        """Return the engagement in which a key with this digest was issued."""

    def history(self, name: str) -> Sequence[Event]:
        """Return everything that happened to the engagement, in order."""

    def stored(self, name: str) -> Sequence[StoredEvent]:
        """Return the same as it is stored."""

    def opens(self, name: str) -> bool:
        """Tell whether the key of the engagement can still be had."""


class Determinations(Destroyable[Determination], Protocol):
    """All determinations."""

    def of(self, engagement: EngagementId) -> Sequence[Determination]:
        """Return those about the model of *engagement*, the newest first."""

    def history(self, name: DeterminationId) -> Sequence[Event]:
        """Return everything that happened to the determination, in order."""


class ReviewUnit(Protocol):
    """The part of a unit of work that review needs."""

    @property
    def organisations(self) -> Organisations:
        """All organisations."""

    @property
    def people(self) -> People:
        """All people."""

    @property
    def engagements(self) -> Engagements:
        """All engagements."""

    @property
    def determinations(self) -> Determinations:
        """All determinations."""

    @property
    def traces(self) -> Traces:
        """Who read what."""

    @property
    def agenda(self) -> Agenda:
        """Work to do."""
