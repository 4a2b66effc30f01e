"""The budget curve: does the score still rise where the budget ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np

from fairlead.bench.estimate.intervals import Floats, wilson

MARGIN = 0.1
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

    Gains and losses are shares of tasks with a Wilson interval each, joined by the
    method of variance estimates recovered (Newcombe 1998): so that nothing gained at few
    tasks is not taken for nothing to gain.
    """
    change = after - before
    tasks = len(change)
    gained, lost = (float(np.clip(c, 0, 1).sum()) for c in (change, -change))
    up, down = gained / tasks, lost / tasks
    ups, downs = wilson(gained, tasks, level), wilson(lost, tasks, level)
    # Shares of one sample: what is gained cannot be lost.
    both = (1 - up) * (1 - down)
    related = -sqrt(up * down / both) if both > 0 else 0.0
    low = _joined(up - ups.low, downs.high - down, related)
    high = _joined(ups.high - up, down - downs.low, related)
    value = up - down
    low, high = max(-1.0, value - low), min(1.0, value + high)
    shape = Shape.RISING if low > 0 else Shape.FLAT if high <= margin else Shape.UNCLEAR
    return Gain(value=value, low=low, high=high, shape=shape)


def _joined(one: float, other: float, related: float) -> float:
    return sqrt(one * one - 2 * related * one * other + other * other)
