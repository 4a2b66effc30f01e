"""Pairs: what people judged about two findings; rules only.

What the comparison decided by itself stands in the submissions. Here stands what a
person said, which goes before it, and is kept as a label for later models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fairlead.base.ids import PairId, Receipt
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Judgement(StrEnum):
    """What a person says of two findings."""

    SAME = "same"
    """One root cause and one fix: they belong in one case."""
    DIFFERENT = "different"
    """Two bugs: nothing ever brings them into one case again by itself."""
    LATER = "later"
    """Nothing yet; whatever was judged before does not count any more."""


class PairJudged(Fact, frozen=True, tag="pair.judged@1"):
    """A person judged whether two findings are one bug."""

    first: Receipt
    second: Receipt
    judgement: Judgement
    probability: float | None = None
    """What the comparison had said, if it had compared them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """Two findings that a person has judged; the last judgement counts."""

    id: PairId
    first: Receipt
    second: Receipt
    judgement: Judgement
    probability: float | None = None
    by: str
    at: datetime
    version: int = 1

    @property
    def both(self) -> tuple[Receipt, Receipt]:
        """Return the two."""
        return self.first, self.second


def _evolve(state: JudgedPair | None, event: Event) -> JudgedPair:
    match state, event.fact:
        case None, PairJudged() as fact:
            return JudgedPair(
                id=PairId(name_of(event)),
                first=fact.first,
                second=fact.second,
                judgement=fact.judgement,
                probability=fact.probability,
                by=event.actor,
                at=event.at,
            )
        case JudgedPair(), PairJudged() as fact:
            return replace(
                state,
                judgement=fact.judgement,
                probability=fact.probability,
                by=event.actor,
                at=event.at,
                version=event.version,
            )
    raise unexpected(event)


PAIRS = Subject("pair", JudgedPair, (PairJudged,), _evolve)
