"""Determinations: one named official's reasoned decision about one model.

Scores are advice: nothing but a person who gives reasons makes a determination, and one
has no effect on a release (promise P1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import AssessmentId, DeterminationId, EngagementId
from fairlead.errors import Invalid, Refused, Violation
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected
from fairlead.review.agreeing import text_of
from fairlead.review.engagement import Engagement
from fairlead.review.rules import Rules


class Finding(StrEnum):
    """What an official found."""

    COVERED = "a covered frontier model"
    NOT_COVERED = "not a covered frontier model"


class Reasoned(Struct, frozen=True, kw_only=True):
    """Why, in the official's own words."""

    reasons: str


class DeterminationMade(Fact, frozen=True, tag="determination.made@1"):
    """An official decided, and the developer is shown it before anybody else."""

    engagement: EngagementId
    finding: Finding
    cites: tuple[AssessmentId, ...]
    others_from: datetime
    lapses_at: datetime
    body: Reasoned | None = None


class DeterminationReconsidered(Fact, frozen=True, tag="determination.reconsidered@1"):
    """The same or another official decided anew, with reasons."""

    finding: Finding
    others_from: datetime
    lapses_at: datetime
    body: Reasoned | None = None


class DeterminationLapsed(Fact, frozen=True, tag="determination.lapsed@1"):
    """It says nothing any more, and its reasons were destroyed; that it was stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Determination:
    """One determination."""

    id: DeterminationId
    engagement: EngagementId
    by: str
    made_at: datetime
    finding: Finding
    reasons: str | None
    cites: tuple[AssessmentId, ...]
    others_from: datetime
    """Until then only the developer and officials see it."""
    lapses_at: datetime
    reconsidered: int = 0
    version: int = 1

    def lapsed(self, now: datetime) -> bool:
        """Tell whether it says nothing any more."""
        return now >= self.lapses_at


def made(  # noqa: PLR0913 - one value a thing that must be said
    engagement: Engagement,
    finding: Finding,
    reasons: str,
    cites: Sequence[AssessmentId],
    rules: Rules,
    *,
    at: datetime,
) -> Sequence[Fact]:
    """Return what deciding means.

    Raises:
        Invalid: no reasons, or nothing cited that was delivered to the developer.
        Refused: the developer's reply period on what is cited has not ended.

    """
    if not cites or any(name not in engagement.assessments for name in cites):
        raise Invalid(
            "cites: name the assessments that inform it",
            [Violation("missing_field", "cites", "assessments of this engagement")],
        )
    if any(at < engagement.assessments[name].reply_until for name in cites):
        raise Refused("the developer may still reply to what is cited; wait for that")
    others_from, lapses_at = _instants(rules, at)
    return [
        DeterminationMade(
            engagement=engagement.id,
            finding=finding,
            cites=tuple(cites),
            others_from=others_from,
            lapses_at=lapses_at,
            body=Reasoned(reasons=text_of(reasons, "reasons")),
        )
    ]


def reconsidered(
    determination: Determination,
    finding: Finding,
    reasons: str,
    rules: Rules,
    *,
    at: datetime,
) -> Sequence[Fact]:
    """Return what deciding anew means.

    Raises:
        Refused: it has lapsed; a new one can be made.

    """
    if determination.lapsed(at):
        raise Refused(f"{determination.id} has lapsed; make a new one")
    others_from, lapses_at = _instants(rules, at)
    return [
        DeterminationReconsidered(
            finding=finding,
            others_from=others_from,
            lapses_at=lapses_at,
            body=Reasoned(reasons=text_of(reasons, "reasons")),
        )
    ]


def _instants(rules: Rules, at: datetime) -> tuple[datetime, datetime]:
    return (
        at + timedelta(days=rules.reply_days),
        at + timedelta(days=rules.determination_days),
    )


def _evolve(state: Determination | None, event: Event) -> Determination:
    match state, event.fact:
        case None, DeterminationMade() as fact:
            return Determination(
                id=DeterminationId(name_of(event)),
                engagement=fact.engagement,
                by=event.actor,
                made_at=event.at,
                finding=fact.finding,
                reasons=fact.body.reasons if fact.body else None,
                cites=fact.cites,
                others_from=fact.others_from,
                lapses_at=fact.lapses_at,
            )
        case Determination(), DeterminationReconsidered() as fact:
            return replace(
                state,
                by=event.actor,
                made_at=event.at,
                finding=fact.finding,
                reasons=fact.body.reasons if fact.body else None,
                others_from=fact.others_from,
                lapses_at=fact.lapses_at,
                reconsidered=state.reconsidered + 1,
                version=event.version,
            )
        case Determination(), DeterminationLapsed():
            return replace(state, version=event.version)
    raise unexpected(event)


DETERMINATIONS = Subject(
    "determination",
    Determination,
    (DeterminationMade, DeterminationReconsidered, DeterminationLapsed),
    _evolve,
)
