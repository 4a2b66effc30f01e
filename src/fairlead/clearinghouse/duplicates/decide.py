"""From a comparison to what happens: merge by itself, ask a person, or a new bug."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fairlead.clearinghouse.duplicates.score import Comparison


class Verdict(StrEnum):
    """What becomes of a pair of findings."""

    MERGE = "merge"
    ASK = "ask"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities from which on a pair is merged, asked about, counted as same."""

    merge: float = 0.6
    same: float = 0.30
    """The single cut where precision and recall balance: what `f1` is measured at."""
    ask: float = 0.12

    def __post_init__(self) -> None:
        """Refuse an order that makes no sense (`ValueError`)."""
        if not 0 < self.ask <= self.same <= self.merge <= 1:
            message = f"thresholds must rise from ask to merge: {self}"
            raise ValueError(message)


class Proof(StrEnum):
    """What was shown of a pair, rather than read off it."""

    SAME = "same"
    """The fix of either stops the reproducers of both."""
    DIFFERENT = "different"
    """The fix of each stops its own reproducer only."""


def decide(
    comparison: Comparison,
    thresholds: Thresholds = Thresholds(),
    *,
    proof: Proof | None = None,
) -> Verdict:
    """Say what becomes of the pair; one that is barred is never merged by itself.

    What was shown with reproducers and fixes goes before all that reports say.
    """
    if proof is not None:
        return Verdict.MERGE if proof is Proof.SAME else Verdict.NEW
    if comparison.probability >= thresholds.merge and not comparison.bars:
        return Verdict.MERGE
    return Verdict.ASK if comparison.probability >= thresholds.ask else Verdict.NEW
