"""What else is on record around claims: names of projects, allowances, inventories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import Struct

from fairlead.base.ids import AliasId, OrganisationId
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected

# --- Names of one project over ecosystems ---------------------------------------------


class AliasSaid(Fact, frozen=True, tag="alias.said@1"):
    """A coordinator said that a place is another one's, or is built from it."""

    place: str
    into: str
    same: bool


class AliasWithdrawn(Fact, frozen=True, tag="alias.withdrawn@1"):
    """It does not hold any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One more name of a project."""

    id: AliasId
    place: str
    into: str
    same: bool
    active: bool = True
    version: int = 1


def _alias(state: Alias | None, event: Event) -> Alias:
    match state, event.fact:
        case None, AliasSaid(place=place, into=into, same=same):
            return Alias(id=AliasId(name_of(event)), place=place, into=into, same=same)
        case Alias(), AliasWithdrawn():
            return replace(state, active=False, version=event.version)
    raise unexpected(event)


ALIASES = Subject("alias", Alias, (AliasSaid, AliasWithdrawn), _alias)

# --- How often a member asked what blind claims answer --------------------------------


class AllowanceUsed(Fact, frozen=True, tag="allowance.used@1"):
    """A member asked blind claims, so often."""

    day: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a member used up of its allowance, on the last day on which it did."""

    id: OrganisationId
    day: str
    used: int
    version: int = 1


def _allowance(state: Allowance | None, event: Event) -> Allowance:
    match event.fact:
        case AllowanceUsed(day=day, count=count):
            before = state.used if state and state.day == day else 0
            return Allowance(
                id=OrganisationId(name_of(event)),
                day=day,
                used=before + count,
                version=event.version,
            )
    raise unexpected(event)


ALLOWANCES = Subject("allowance", Allowance, (AllowanceUsed,), _allowance)

# --- What members run, told of their own accord ---------------------------------------


class Running(Struct, frozen=True, kw_only=True):
    """What an organisation runs."""

    purls: tuple[str, ...]


class InventorySaid(Fact, frozen=True, tag="inventory.said@1"):
    """An organisation told what it runs; it takes the place of what it told before."""

    count: int
    critical: bool
    """Whether it runs critical infrastructure."""
    body: Running | None = None


class InventoryWithdrawn(Fact, frozen=True, tag="inventory.withdrawn@1"):
    """It is counted no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What an organisation runs."""

    id: OrganisationId
    said_at: datetime
    critical: bool
    purls: tuple[str, ...] = ()
    active: bool = True
    version: int = 1


def _inventory(state: Inventory | None, event: Event) -> Inventory:
    match state, event.fact:
        case _, InventorySaid(critical=critical, body=body):
            return Inventory(
                id=OrganisationId(name_of(event)),
                said_at=event.at,
                critical=critical,
                purls=body.purls if body else (),
                version=event.version,
            )
        case Inventory(), InventoryWithdrawn():
            return replace(state, purls=(), active=False, version=event.version)
    raise unexpected(event)


INVENTORIES = Subject(
    "inventory", Inventory, (InventorySaid, InventoryWithdrawn), _inventory
)
