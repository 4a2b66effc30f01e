"""What owners need from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from fairlead.base.ids import CaseId, OrganisationId, OwnerId, RoutingId
from fairlead.base.pages import Page
from fairlead.clearinghouse.claims.ports import ClaimsUnit
from fairlead.clearinghouse.owners.owner import Owner
from fairlead.clearinghouse.owners.routing import Routing, Stage
from fairlead.clearinghouse.owners.tokens import About, Token
from fairlead.clearinghouse.ports import RoutingsOfCase
from fairlead.record.events import Event
from fairlead.record.subjects import Subjects


class Owners(Subjects[Owner], Protocol):
    """All owners."""

    def maybe(self, name: str) -> Owner | None:
        """Return an owner, if there is one of that name."""

    def about(self, places: Sequence[str]) -> Mapping[str, Sequence[Owner]]:
        """Return who is said to maintain *places*, by place; ended ones left out."""

    def of(self, organisation: OrganisationId) -> Sequence[Owner]:
        """Return the owners that are this member, the first entered first."""

    def many(self, names: Sequence[OwnerId]) -> Mapping[OwnerId, Owner]:
        """Return owners by their names."""

    def listed(self, page: Page) -> Sequence[Owner]:
        """Return owners, the one entered last first."""

    def history(self, name: str) -> Sequence[Event]:
        """Return everything that happened to it, in order."""

    def token(self, about: About, name: str, epoch: int, extra: str = "") -> Token:
        """Return the token for what an owner is sent; only this clearinghouse can."""

    def genuine(self, token: Token, epoch: int, extra: str = "") -> bool:
        """Tell whether *token* was made here, for that contact; in constant time."""


class Routings(RoutingsOfCase, Protocol):
    """All deliveries."""

    def maybe(self, name: str) -> Routing | None:
        """Return a delivery, if there is one of that name."""

    def queue(self, owner: OwnerId) -> Sequence[Routing]:
        """Return what waits for an owner, and what is held back."""

    def queues(self, owners: Sequence[OwnerId]) -> Mapping[OwnerId, Sequence[Routing]]:
        """Return the same for many owners, with few statements."""

    def sent(
        self, owners: Sequence[OwnerId], since: datetime
    ) -> Mapping[OwnerId, Sequence[datetime]]:
        """Return when something went to each of *owners*, after *since*."""

    def of_owner(self, owner: OwnerId, page: Page) -> Sequence[Routing]:
        """Return what an owner has, what was delivered last first."""

    def of_case(self, case: CaseId) -> Sequence[Routing]:
        """Return every delivery of a case, the first queued first."""

    def staged(self, stages: Sequence[Stage], page: Page) -> Sequence[Routing]:
        """Return deliveries in one of *stages*, the first queued first."""

    def counts(self, owner: OwnerId) -> Mapping[Stage, int]:
        """Count an owner's deliveries by stage."""

    def live(self) -> Sequence[Routing]:
        """Return every delivery of which something may still come by itself."""

    def history(self, name: RoutingId) -> Sequence[Event]:
        """Return everything that happened to it, in order."""


class OwnersUnit(ClaimsUnit, Protocol):
    """The part of a unit of work that owners need."""

    @property
    def owners(self) -> Owners:
        """All owners."""

    @property
    def routings(self) -> Routings:
        """All deliveries."""
