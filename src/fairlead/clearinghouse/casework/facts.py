"""What else can happen to a case while it is worked on; facts and values only."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import PersonId
from fairlead.clearinghouse.casework.words import Explained
from fairlead.record.events import Fact


class Limit(StrEnum):
    """An end that a named person can put off, for a reason."""

    HOLDING = "holding"
    EMBARGO = "embargo"
    END = "end of the case"


class Exposure(StrEnum):
    """How a vulnerability got out before its embargo ended."""

    EXPLOITED = "exploited"
    LEAKED = "leaked"


class CoordinatorNamed(Fact, frozen=True, tag="case.coordinator_named@1"):
    """A person answers for the case from now on."""

    coordinator: PersonId


class CaseExtended(Fact, frozen=True, tag="case.extended@1"):
    """Somebody put an end off; it is counted publicly (promise P11)."""

    limit: Limit
    until: datetime
    body: Explained | None = None


class HoldingSet(Fact, frozen=True, tag="case.holding_set@1"):
    """The case is to be with its owner by another instant."""

    until: datetime
    rule: str


class HoldingReached(Fact, frozen=True, tag="case.holding_reached@1"):
    """The instant came by which the case was to be with its owner, and it is not."""

    due: datetime
    coordinator: PersonId | None
    """Who must send it, re-route it, or start disclosure."""


class DisclosureStarted(Fact, frozen=True, tag="case.disclosure_started@1"):
    """It is being disclosed without its owner."""

    body: Explained | None = None


class CaseExposed(Fact, frozen=True, tag="case.exposed@1"):
    """It is exploited, or was leaked."""

    how: Exposure
    known_at: datetime
    body: Explained | None = None


class FixAvailable(Fact, frozen=True, tag="case.fix_available@1"):
    """A fix is out."""

    since: datetime
    body: Explained | None = None


class CaseEnded(Fact, frozen=True, tag="case.ended@1"):
    """The time of the case is over; nobody works on it any more."""

    due: datetime


class Rating(Struct, frozen=True, kw_only=True):
    """How severe it is, and why."""

    vectors: tuple[str, ...]
    reason: str


class CaseRated(Fact, frozen=True, tag="case.rated@1"):
    """Somebody rated its severity."""

    body: Rating | None = None


class Ranges(Struct, frozen=True, kw_only=True):
    """Which versions are affected, and how that is known."""

    vers: tuple[str, ...]
    """Each `vers:type/constraints`."""
    reason: str


class RangesGiven(Fact, frozen=True, tag="case.ranges_given@1"):
    """Somebody said which versions are affected."""

    body: Ranges | None = None


class AdvisoryHeld(Fact, frozen=True, tag="case.advisory_held@1"):
    """An advisory is ready to go out; it keeps to every rule of every format."""

    body: bytes | None = None
    """The draft, as JSON."""


class PublicationScheduled(Fact, frozen=True, tag="case.publication_scheduled@1"):
    """The advisory that is held goes out at an instant, by itself."""

    due: datetime


class PublicationCalledOff(Fact, frozen=True, tag="case.publication_called_off@1"):
    """It does not go out by itself: somebody said so, or it could not."""

    due: datetime
    body: Explained | None = None


class Extension(Struct, frozen=True, kw_only=True):
    """One end that was put off."""

    limit: Limit
    until: datetime
    by: str
    at: datetime
