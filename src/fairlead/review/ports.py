"""What review needs from the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
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
from fairlead.sealing.folder import Seal
from fairlead.sealing.holders import Holder
from fairlead.sealing.opening import FailedOpening, OpenedHalf


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


class Halves(Protocol):
    """The programme's halves of sealed assets; `fairlead.store.halves` says more."""

    def give_out(self, asset: str, name: str) -> Holder:
        """Return the public keys that a developer is to seal *asset* for."""

    def open(self, asset: str, holder: Holder, seal: Seal) -> OpenedHalf:
        """Return the programme's half, for one session."""

    def attempt(
        self, asset: str, holder: Holder, seal: Seal
    ) -> OpenedHalf | FailedOpening:
        """Try to open the half as the key service is now."""

    def destroy(self, asset: str, *, at: datetime) -> None:
        """Destroy the half: not opened from now on, its key gone by a job."""


class SealedFiles(Protocol):
    """What was uploaded of sealed assets."""

    def complete(self, asset: str, sealed_by: Holder) -> tuple[str, str]:
        """Return the seal's id and the signature's digest, or raise `Refused`."""

    def seal(self, asset: str, sealed_by: Holder) -> Seal | None:
        """Return the head of a sealed folder, if it is there as it was signed."""

    def file(self, asset: str, name: str) -> Path:
        """Return where a sealed file lies, or raise `NotFound`."""

    def names(self, asset: str) -> Sequence[str]:
        """Return the names of the sealed files that have come."""

    def remove(self, asset: str) -> None:
        """Remove all files of an asset."""

    def expire(self) -> int:
        """Remove uploads that nobody went on with; return how many."""


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
    def halves(self) -> Halves:
        """The programme's halves of sealed assets."""

    @property
    def traces(self) -> Traces:
        """Who read what."""

    @property
    def agenda(self) -> Agenda:
        """Work to do."""
