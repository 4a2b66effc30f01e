"""How many tasks an answer needs, against the days that are left in the window."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from msgspec import Struct

from fairlead.bench.estimate.anytime import Rule, Strata, fixed_size, tasks_needed
from fairlead.bench.estimate.betting import strata_of
from fairlead.bench.outcomes import Planned
from fairlead.bench.threshold import Threshold
from fairlead.errors import Invalid

DISTANCES = (0.5, 1.0, 2.0)


class Pace(Struct, frozen=True, kw_only=True):
    """How fast tasks are done."""

    minutes: float
    """Of one attempt."""
    parallel: int
    """Attempts at one time."""
    attempts: int
    """At each task, over all budgets."""
    days: float
    """Left in the window."""

    @property
    def tasks(self) -> int:
        """Return how many tasks can be done in the days that are left."""
        return int(self.days * 1440 * self.parallel / (self.minutes * self.attempts))


class Row(Struct, frozen=True, kw_only=True):
    """A model so far from the threshold."""

    distance: float
    """In logits, either way."""
    early: int
    """Tasks until an answer, on average, where the run may stop between rounds."""
    fixed: int
    """Tasks of a run of fixed size that answers in 19 of 20 cases."""
    days: float
    """That the former take."""
    fits: bool
    """Whether they are in the suite, and fit into the days that are left."""


class Plan(Struct, frozen=True, kw_only=True):
    """What can be decided."""

    tasks: int
    """In the suite."""
    round: int
    """Tasks of a round; between rounds a run may stop."""
    possible: int
    """Tasks that can be done in time, of those in the suite."""
    rows: tuple[Row, ...]


def plan(tasks: Sequence[Planned], threshold: Threshold, pace: Pace) -> Plan:
    """Return what can be decided with *tasks* in the days that are left.

    Raises:
        Invalid: there is nothing to plan with.

    """
    if not tasks or min(pace.minutes, pace.parallel, pace.attempts, pace.days) <= 0:
        raise Invalid("a plan needs tasks, and minutes, attempts and days above 0")
    strata, which = strata_of(tasks, threshold)
    size = _round(which.tolist(), len(strata.weight))
    possible = min(pace.tasks, len(tasks))
    rows = [_row(strata, d, size, pace, possible) for d in DISTANCES]
    return Plan(tasks=len(tasks), round=size, possible=possible, rows=tuple(rows))


def _round(which: Sequence[int], strata: int) -> int:
    counts = [which.count(s) for s in range(strata)]
    return sum(count // min(counts) for count in counts)


def _row(strata: Strata, distance: float, size: int, pace: Pace, possible: int) -> Row:
    # A run stops at the end of a round: half a round later than it could, on average.
    early = ceil(tasks_needed(strata, distance, Rule()) + size / 2)
    return Row(
        distance=distance,
        early=early,
        fixed=ceil(fixed_size(strata, distance)),
        days=round(early * pace.minutes * pace.attempts / pace.parallel / 1440, 2),
        fits=early <= possible,
    )
