"""Intervals for shares, clustered or not, and pass@k; never a plain normal one.

Sources: Wilson (1927); Brown, Cai and DasGupta (2001) for Jeffreys; Korn and Graubard
(1998) for effective sample sizes; Bell and McCaffrey (2002) for the jackknife (CR3);
Chen et al. (2021) for pass@k.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fairlead.errors import Invalid

_SHARPER = 3.0
"""A fixed design is worth at most so many times as many draws at random."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """From *low* to *high*."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Tell whether *value* lies within."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with its interval."""

    value: float
    interval: Interval
    clusters: int
    """Independent units that it rests on."""
    effective: float
    """As many independent draws would say as much."""


def wilson(solved: float, tried: float, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of a share."""
    _sensible(solved, tried, level)
    return _score(solved / tried, tried, float(special.ndtri((1 + level) / 2)))


def jeffreys(solved: float, tried: float, level: float = 0.95) -> Interval:
    """Return Jeffreys' interval: equal tails of Beta(k + 1/2, n - k + 1/2).

    At no successes it begins at 0, at no failures it ends at 1.
    """
    _sensible(solved, tried, level)
    tail = (1 - level) / 2
    a, b = solved + 0.5, tried - solved + 0.5
    low = 0.0 if solved == 0 else float(special.betaincinv(a, b, tail))
    high = 1.0 if solved == tried else float(special.betaincinv(a, b, 1 - tail))
    return Interval(low, high)


def clustered(
    scores: Floats,
    clusters: Ints,
    weights: Floats | None = None,
    *,
    cells: Ints | None = None,
    level: float = 0.95,
) -> Share:
    """Return the weighted mean of *scores*, each between 0 and 1, and an interval.

    Units of one cluster may depend on one another. The variance is the jackknife's
    over clusters (CR3); it gives an effective size, and the interval is Wilson's at
    that size with Student's t of G - 1 degrees of freedom. Where nothing varies, the
    effective size is the number of clusters. *cells* are strata of a fixed design, of
    each of which as many units are always drawn: how far they lie apart is no error.

    Raises:
        Invalid: there are fewer than two clusters.

    """
    weights = np.ones(len(scores)) if weights is None else weights
    mean, variance, groups = _jackknife(scores, clusters, weights)
    if cells is not None:
        _, variance, _ = _jackknife(_within(scores, cells), clusters, weights)
    most = float(weights.sum() ** 2 / np.square(weights).sum())
    most *= 1.0 if cells is None else _SHARPER
    spread = mean * (1 - mean)
    if spread <= 0 or variance <= spread / most * 1e-9:
        effective = min(float(groups), most)
    else:
        effective = min(spread / variance, most)
    z = float(special.stdtrit(groups - 1, (1 + level) / 2))
    interval = _score(mean, effective, z)
    return Share(value=mean, interval=interval, clusters=groups, effective=effective)


def difference(
    scores: Floats, levels: Floats, clusters: Ints, weights: Floats, level: float = 0.95
) -> tuple[float, Interval]:
    """Return the weighted mean of *scores* less *levels*, and an interval.

    Student's t of G - 1 degrees of freedom on the jackknife's variance, which is never
    taken for smaller than if each task were one draw with its *level* as chance: so
    that nothing or everything solved is not taken for certain.

    Raises:
        Invalid: there are fewer than two clusters.

    """
    mean, variance, groups = _jackknife(scores - levels, clusters, weights)
    share = weights / weights.sum()
    least = float(np.square(share) @ (levels * (1 - levels)))
    t = float(special.stdtrit(groups - 1, (1 + level) / 2))
    half = t * sqrt(max(variance, least))
    return mean, Interval(max(-1.0, mean - half), min(1.0, mean + half))


def _within(scores: Floats, cells: Ints) -> Floats:
    """Return how far scores lie from the mean of their cell, as far as if it were known.

    A unit alone in its cell keeps its distance from the mean of all.
    """
    _, which = np.unique(cells, return_inverse=True)
    sizes = np.bincount(which)[which]
    means = (np.bincount(which, weights=scores) / np.bincount(which))[which]
    alone = sizes == 1
    inflated = np.sqrt(sizes / np.maximum(sizes - 1, 1))
    return np.where(alone, scores - scores.mean(), (scores - means) * inflated)


def _jackknife(
    scores: Floats, clusters: Ints, weights: Floats
) -> tuple[float, float, int]:
    """Return mean, variance over clusters left out one by one, number of clusters."""
    _, which = np.unique(clusters, return_inverse=True)
    sums = np.bincount(which, weights=scores * weights)
    sizes = np.bincount(which, weights=weights)
    groups = len(sums)
    if groups < 2:  # noqa: PLR2004
        raise Invalid("an interval needs at least two clusters")
    left = (sums.sum() - sums) / (sizes.sum() - sizes)
    variance = (groups - 1) / groups * np.square(left - left.mean()).sum()
    # A mean of shares can leave 0 to 1 by rounding alone.
    return float(sums.sum() / sizes.sum()), float(variance), groups


def pass_at(k: int, solved: Sequence[int], tried: Sequence[int]) -> Floats:
    """Return by task: the probability that one of *k* attempts solves it, unbiased.

    Raises:
        Invalid: a task was tried fewer than *k* times.

    """
    if k < 1 or any(n < k for n in tried):
        raise Invalid(f"pass@{k} needs at least {max(k, 1)} attempts of every task")
    return np.array(
        [1 - comb(n - c, k) / comb(n, k) for c, n in zip(solved, tried, strict=True)]
    )


def _score(share: float, size: float, z: float) -> Interval:
    share = min(1.0, max(0.0, share))
    square = z * z / size
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * sqrt(share * (1 - share) / size + square / (4 * size))
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
    return Interval(low, high)


def _sensible(solved: float, tried: float, level: float) -> None:
    if not (0 <= solved <= tried and tried > 0 and 0 < level < 1):
        raise Invalid(f"{solved} of {tried} at level {level} is no share")
