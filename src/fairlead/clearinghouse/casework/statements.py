"""What those who take part state of their products: four different things.

*No answer* is a position of its own, never taken for *not affected*: it stands where
somebody was asked and did not say, and stays until it does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.access.visibility import EVERYONE
from fairlead.base.ids import CaseId, OrganisationId, StatementId
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Position(StrEnum):
    """How a product stands to the vulnerability."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not affected"
    FIXED = "fixed"
    NO_ANSWER = "no answer"


class Stated(Struct, frozen=True, kw_only=True):
    """What is stated of one product."""

    product: str
    """Empty where it is about all of the organisation's products."""
    position: Position
    versions: str = ""
    """Which ones, as VERS, or nothing."""
    text: str = ""


class StatementGiven(Fact, frozen=True, tag="statement.given@1"):
    """An organisation, or a coordinator for it, stated how a product stands."""

    case: CaseId
    organisation: OrganisationId
    body: Stated | None = None


class StatementChanged(Fact, frozen=True, tag="statement.changed@1"):
    """The product stands otherwise now."""

    body: Stated | None = None


class StatementShown(Fact, frozen=True, tag="statement.shown@1"):
    """Everyone who takes part may see it from now on, or not any more."""

    to_all: bool


class StatementDestroyed(Fact, frozen=True, tag="statement.destroyed@1"):
    """It was destroyed with its case."""

    case: CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One organisation's statement about one product."""

    id: StatementId
    case: CaseId
    organisation: OrganisationId
    stated: Stated | None
    """Nothing once it was destroyed."""
    by: str
    at: datetime
    """When it was last said."""
    to_all: bool = False
    destroyed: bool = False
    version: int = 1

    @property
    def readers(self) -> tuple[str, ...]:
        """Who sees it besides the coordinators."""
        return (EVERYONE,) if self.to_all else (self.organisation,)


def _evolve(state: Statement | None, event: Event) -> Statement:
    match state, event.fact:
        case None, StatementGiven(case=case, organisation=organisation, body=body):
            return Statement(
                id=StatementId(name_of(event)),
                case=case,
                organisation=organisation,
                stated=body,
                by=event.actor,
                at=event.at,
            )
        case Statement(), StatementChanged(body=body):
            return replace(
                state,
                stated=body,
                by=event.actor,
                at=event.at,
                version=event.version,
            )
        case Statement(), StatementShown(to_all=to_all):
            return replace(state, to_all=to_all, version=event.version)
        case Statement(), StatementDestroyed():
            return replace(state, stated=None, destroyed=True, version=event.version)
    raise unexpected(event)


STATEMENTS = Subject(
    "statement",
    Statement,
    (StatementGiven, StatementChanged, StatementShown, StatementDestroyed),
    _evolve,
)
