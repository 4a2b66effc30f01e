"""Rules of results: to the developer first, then as far as the terms go (P4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.base.ids import AssessmentId
from fairlead.errors import NotFound, Refused
from fairlead.record.events import Fact
from fairlead.review import entry, facts
from fairlead.review.agreeing import text_of
from fairlead.review.engagement import Assessment, Engagement, State
from fairlead.review.entry import Visitor, Wish
from fairlead.terms.clauses import DETAILS, Action, Detail, Purpose
from fairlead.terms.decide import Failed

MEASURED = frozenset({State.OPEN, State.RESULTS, State.PARTNERS})
"""States in which an assessment can be delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An assessment as somebody sees it; what is withheld is said to be."""

    id: AssessmentId
    assessment: Assessment
    parts: dict[Detail, str]
    withheld: dict[Detail, str]
    """Level: why it is not shown."""


def delivered(
    engagement: Engagement,
    name: AssessmentId,
    measured: facts.Measured,
    *,
    at: datetime,
) -> Sequence[Fact]:
    """Return what delivering an assessment to the developer means.

    Raises:
        Refused: nothing was measured yet, or the engagement is over.

    """
    if engagement.state not in MEASURED or engagement.terms is None:
        raise Refused(f"{engagement.id} is {engagement.state}; nothing is measured")
    text_of(measured.title, "title")
    text_of(measured.outcome, "outcome")
    reply = timedelta(days=engagement.terms.reply_days)
    return [
        facts.AssessmentDelivered(
            assessment=name, reply_until=at + reply, body=measured
        )
    ]


def answered(
    engagement: Engagement, name: AssessmentId, text: str, *, passes_on: bool
) -> Sequence[Fact]:
    """Return what the developer's answer means; it travels with the assessment.

    Raises:
        NotFound: there is no such assessment.

    """
    if name not in engagement.assessments:
        raise NotFound(f"no assessment {name!r}")
    body = facts.Said(text=text_of(text)) if text.strip() or not passes_on else None
    return [facts.AssessmentAnswered(assessment=name, passes_on=passes_on, body=body)]


def shown(  # noqa: PLR0913 - one value a thing that must be said
    engagement: Engagement,
    name: AssessmentId,
    visitor: Visitor | None,
    purpose: Purpose,
    *,
    actor: str,
    now: datetime,
) -> Shown | None:
    """Return an assessment as somebody sees it, or nothing where it must not know.

    *visitor* is none for the developer, which sees everything.
    """
    assessment = engagement.assessments[name]
    if visitor is None or assessment.by == actor:
        return _at(name, assessment, tuple(DETAILS), {})
    # Until its reply period ended, only its producer and the developer know of it.
    if now < assessment.reply_until:
        return None
    seen: list[Detail] = []
    withheld: dict[Detail, str] = {}
    for detail in DETAILS:
        wish = Wish(action=Action.SEE, purpose=purpose, detail=detail)
        decision = entry.decide(engagement, visitor, wish, now=now)
        if decision.allowed:
            seen.append(detail)
        else:
            withheld[detail] = _why(decision.failed)
    return _at(name, assessment, tuple(seen), withheld) if seen else None


def _at(
    name: AssessmentId,
    assessment: Assessment,
    seen: tuple[Detail, ...],
    withheld: dict[Detail, str],
) -> Shown:
    measured = assessment.measured
    contents = (
        {
            Detail.OUTCOME: measured.outcome,
            Detail.SCORES: measured.scores,
            Detail.TRANSCRIPTS: measured.transcripts,
        }
        if measured
        else {}
    )
    parts = {d: contents[d] for d in seen if contents.get(d)}
    return Shown(id=name, assessment=assessment, parts=parts, withheld=withheld)


def _why(failed: Sequence[Failed]) -> str:
    return "; ".join(
        f"clause {f.clause}: {f.what}" if f.clause else f.what for f in failed
    )
