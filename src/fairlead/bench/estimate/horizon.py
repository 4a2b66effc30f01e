"""The horizon: how long the tasks take an expert that the model solves half the time.

A logistic curve of solving over log2 of the expert's minutes, fitted by maximum of the
penalised likelihood (a weak normal prior on both coefficients keeps the fit finite where
everything or nothing was solved). The interval is a bootstrap over families, tasks
within them, and attempts within these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairlead.bench.estimate.intervals import Floats, Interval, Ints

_RIDGE = 0.05
_ROUNDS = 25
LONGEST = 2.0**20
"""Minutes beyond which a horizon is not told apart: two years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Minutes of an expert at which the model solves a share of tasks."""

    share: float
    minutes: float
    interval: Interval
    outside: bool
    """It lies beyond the shortest or the longest task, where nothing was observed."""


def horizon(  # noqa: PLR0913 - columns of one table
    minutes: Floats,
    family: Ints,
    solved: Ints,
    tried: Ints,
    *,
    share: float = 0.5,
    seed: int = 0,
    resamples: int = 500,
    level: float = 0.95,
) -> Horizon:
    """Return the horizon at *share*, with its bootstrap interval."""
    random = np.random.Generator(np.random.PCG64(seed))
    length = np.log2(minutes)
    told = _crossing(
        length, solved[None].astype(float), tried[None].astype(float), share
    )
    rates = solved / tried
    members = [np.flatnonzero(family == f) for f in np.unique(family)]
    drawn = np.zeros((resamples, len(length)))
    for row in drawn:
        for number in random.integers(len(members), size=len(members)):
            own = members[number]
            np.add.at(row, own[random.integers(len(own), size=len(own))], 1.0)
    counts = drawn * tried
    hits = random.binomial(counts.astype(np.int64), rates).astype(float)
    found = np.sort(_crossing(length, hits, counts, share))
    tail = (1 - level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    point = float(told[0])
    return Horizon(
        share=share,
        minutes=_minutes(point),
        interval=Interval(_minutes(min(low, point)), _minutes(max(high, point))),
        outside=not length.min() <= point <= length.max(),
    )


def _crossing(length: Floats, hits: Floats, counts: Floats, share: float) -> Floats:
    """Return by row: log2 of the minutes at which the fitted curve crosses *share*."""
    middle = length.mean()
    x = length - middle
    level, slope = np.zeros(len(hits)), np.full(len(hits), -0.5)
    for _ in range(_ROUNDS):
        chance = 1 / (
            1 + np.exp(-np.clip(level[:, None] + slope[:, None] * x, -30, 30))
        )
        weight = counts * chance * (1 - chance)
        rest = hits - counts * chance
        down = rest.sum(axis=1) - _RIDGE * level
        across = rest @ x - _RIDGE * (slope + 0.5)
        a = weight.sum(axis=1) + _RIDGE
        b = weight @ x
        d = weight @ np.square(x) + _RIDGE
        whole = a * d - b * b
        level = level + np.clip((d * down - b * across) / whole, -2, 2)
        slope = slope + np.clip((a * across - b * down) / whole, -1, 1)
    # A curve that does not fall with length crosses nowhere; its level decides the side.
    falls = slope < -1e-3  # noqa: PLR2004
    odds = np.log(share / (1 - share))
    crossed = middle + (odds - level) / np.where(falls, slope, -1.0)
    far = np.where(level > odds, np.inf, -np.inf)
    return np.asarray(np.clip(np.where(falls, crossed, far), -10, np.log2(LONGEST)))


def _minutes(log: float) -> float:
    return float(2.0**log)
