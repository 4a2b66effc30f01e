"""Pairs: what people judged about two findings; rules only.

What the comparison decided by itself stands in the submissions. Here stands what a
person said, which goes before it, and is kept as a label for later models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

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


class Suggestion(Struct, frozen=True, kw_only=True):
    """What a second reader said, and by which sentence; it decides nothing."""

    answer: Literal["same", "different", "unsure"]
    report: Receipt
    """In which report the sentence stands."""
    start: int
    end: int
    """Where, in characters: the words themselves are kept nowhere but in the report."""
    reader: str
    """The model."""


class PairSuggested(Fact, frozen=True, tag="pair.suggested@1"):
    """A second reader read both, and suggests."""

    first: Receipt
    second: Receipt
    suggestion: Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """Two findings that somebody has looked at; the last judgement counts."""

    id: PairId
    first: Receipt
    second: Receipt
    judgement: Judgement | None = None
    """Nothing while only a second reader has read it."""
    probability: float | None = None
    by: str
    at: datetime
    suggestion: Suggestion | None = None
    version: int = 1

    @property
    def settled(self) -> bool:
        """Tell whether a person has said yes or no."""
        return self.judgement in {Judgement.SAME, Judgement.DIFFERENT}

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
        case None, PairSuggested() as fact:
            return JudgedPair(
                id=PairId(name_of(event)),
                first=fact.first,
                second=fact.second,
                by=event.actor,
                at=event.at,
                suggestion=fact.suggestion,
            )
        case JudgedPair(), PairSuggested() as fact:
            return replace(state, suggestion=fact.suggestion, version=event.version)
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


PAIRS = Subject("pair", JudgedPair, (PairJudged, PairSuggested), _evolve)
