"""The budget curve: does the score still rise where the budget ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from fairlead.bench.estimate.intervals import Floats, wilson

MARGIN = 0.05
"""A gain over the last rung that is called none."""


class Shape(StrEnum):
    """How the curve ends."""

    FLAT = "flat"
    """A gain above the margin from the last rung to the one before is excluded."""
    RISING = "rising"
    """That there is a gain is shown."""
    UNCLEAR = "not shown to be flat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What the last rung brought."""

    value: float
    low: float
    high: float
    shape: Shape


def last_gain(
    before: Floats, after: Floats, *, margin: float = MARGIN, level: float = 0.95
) -> Gain:
    """Return what the last rung brought, task by task; the task is the unit.

    Gains and losses are shares of tasks with a Wilson interval each, so that nothing
    gained at few tasks is not taken for nothing to gain.
    """
    change = after - before
    tasks = len(change)
    gained, lost = np.clip(change, 0, 1).sum(), np.clip(-change, 0, 1).sum()
    # Each side takes half of what may be missed, at one end: one-sided at `level`.
    ups, downs = wilson(gained, tasks, level), wilson(lost, tasks, level)
    low, high = ups.low - downs.high, ups.high - downs.low
    shape = Shape.RISING if low > 0 else Shape.FLAT if high <= margin else Shape.UNCLEAR
    return Gain(value=float(change.mean()), low=low, high=high, shape=shape)
