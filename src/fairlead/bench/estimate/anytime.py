"""Stopping early: a test of the threshold by betting, valid whenever one looks.

The unit is a task drawn at random from a stratum s (a family at a step), scored
Y in [0, 1] (its share of attempts solved). Strata have the suite's weights w_s, and
p_s is a model's mean score in one. The threshold stands as mean scores m_s (what a model
exactly at it would have), and the question is about

    D = sum_s w_s (p_s - m_s):      above when D > 0, below when D < 0.

Task t is drawn from stratum s with a probability q_s that is fixed by what came before.
Then X_t = (w_s / q_s) (Y_t - m_s) has mean D given the past, whatever the tasks are like,
and for bets 0 <= l_t, fixed before the draw and small enough that no factor is negative,

    W_t = prod (1 + l_t X_t)     is a supermartingale when D <= 0  (Ville: P(W >= 1/a) <= a)
    V_t = prod (1 - l'_t X_t)    is one when D >= 0.

So P(ever saying *above* | D <= 0) <= alpha under any curve, any dependence of scores on
what is not seen, any choice of strata with q known, and any rule of stopping. Nothing is
assumed of the item response model; it only says how large the bets are. What must hold:
tasks of a stratum are drawn at random, and the model is the same throughout.

Source: Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by
betting; Howard et al. (2021) for confidence sequences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np
from scipy import special

from fairlead.bench.estimate.intervals import Floats, Interval, Ints
from fairlead.errors import Invalid

_LARGEST_BET = 0.95
"""Share of its wealth that a bet can lose at most."""
_FLOOR = 0.25
"""Share of draws by the suite's own weights, so that no weight w/q grows large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """What tasks are drawn from."""

    weight: Floats
    """Of each stratum in the suite; sums to 1."""
    threshold: Floats
    """Mean score of a model exactly at the threshold."""
    slope: Floats
    """By how much that score rises with a logit of ability there."""
    hours: Floats
    """What a task costs."""

    def __post_init__(self) -> None:
        """Refuse what are no strata.

        Raises:
            Invalid: weights do not sum to 1, or a score is not within 0 and 1.

        """
        if abs(self.weight.sum() - 1) > 1e-6 or (self.weight <= 0).any():  # noqa: PLR2004
            raise Invalid("the weights of strata are positive and sum to 1")
        if (self.threshold <= 0).any() or (self.threshold >= 1).any():
            raise Invalid("a model at the threshold solves some tasks and not all")

    @property
    def boundary(self) -> float:
        """Return the score of a model exactly at the threshold."""
        return float(self.weight @ self.threshold)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a sequential run stops and chooses."""

    alpha: float = 0.05
    """How often at most *above* is said of a model that is not, and *below* likewise."""
    distance: float = 1.0
    """Logits at which bets are best before anything was seen."""
    trust: float = 15.0
    """Draws that this guess weighs as much as."""
    adaptive: bool = True
    """Whether strata are chosen by information per hour."""


@dataclass
class Wealth:
    """Two bets on many runs at once; one run is a row."""

    strata: Strata
    rule: Rule
    runs: int = 1
    up: Floats = field(init=False)
    """Logarithm of what betting on *above* has made of 1."""
    down: Floats = field(init=False)
    best_up: Floats = field(init=False)
    """Its largest value so far."""
    best_down: Floats = field(init=False)
    sums: Floats = field(init=False)
    squares: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Begin with 1 on each side."""
        for name in ("up", "down", "best_up", "best_down", "sums", "squares"):
            setattr(self, name, np.zeros(self.runs))
        strata, rule = self.strata, self.rule
        spread = strata.threshold * (1 - strata.threshold)
        self._gain = float(strata.weight @ strata.slope) * rule.distance
        self._spread = float(strata.weight @ spread)

    def bet(self, stratum: Ints, chance: Floats, score: Floats) -> None:
        """Take one draw of each run.

        *chance* is by run and stratum: the probability of each before the draw.
        """
        rows = np.arange(self.runs)
        ratio = self.strata.weight / chance
        one, other = self._bets(ratio)
        level = self.strata.threshold[stratum]
        x = ratio[rows, stratum] * (score - level)
        self.up += np.log1p(one * x)
        self.down += np.log1p(-other * x)
        self.best_up = np.maximum(self.best_up, self.up)
        self.best_down = np.maximum(self.best_down, self.down)
        self.sums += x
        self.squares += np.square(x)

    def _bets(self, ratio: Floats) -> tuple[Floats, Floats]:
        """Return the bets, which depend on the past alone."""
        trust, gain = self.rule.trust, self._gain
        spread = trust * (self._spread + gain * gain) + self.squares
        least = 0.3 * gain / (self._spread + gain * gain)
        level = self.strata.threshold
        most_up = _LARGEST_BET / (ratio * level).max(axis=1)
        most_down = _LARGEST_BET / (ratio * (1 - level)).max(axis=1)
        up = np.maximum((trust * gain + self.sums) / spread, least)
        down = np.maximum((trust * gain - self.sums) / spread, least)
        return np.minimum(up, most_up), np.minimum(down, most_down)

    @property
    def bar(self) -> float:
        """Return what a logarithm must reach."""
        return -log(self.rule.alpha)

    @property
    def answer(self) -> Ints:
        """Return by run: 1 for above, -1 for below, 0 for neither yet.

        Both at once happen only where the scores are no draws; then it is neither.
        """
        above, below = self.best_up >= self.bar, self.best_down >= self.bar
        return above.astype(np.int64) - below.astype(np.int64)


@dataclass
class Choice:
    """Which stratum comes next: information per hour, by what was seen so far."""

    strata: Strata
    rule: Rule
    runs: int = 1
    solved: Floats = field(init=False)
    tried: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what a model at the threshold would do, weighing four tasks."""
        shape = (self.runs, len(self.strata.weight))
        self.tried = np.full(shape, 4.0)
        self.solved = np.broadcast_to(4.0 * self.strata.threshold, shape).copy()

    def chances(self) -> Floats:
        """Return by run and stratum the probability of being next; never 0.

        The variance of X falls fastest per hour with q ~ w sqrt(p (1 - p) / hours).
        """
        weight = self.strata.weight
        if not self.rule.adaptive:
            return np.broadcast_to(weight, self.tried.shape).copy()
        share = self.solved / self.tried
        wish = weight * np.sqrt(share * (1 - share) / self.strata.hours)
        wish /= wish.sum(axis=1, keepdims=True)
        return np.asarray(_FLOOR * weight + (1 - _FLOOR) * wish)

    def see(self, stratum: Ints, score: Floats) -> None:
        """Take what came of one draw of each run."""
        rows = np.arange(self.runs)
        self.tried[rows, stratum] += 1
        self.solved[rows, stratum] += score


def remaining(strata_of: Ints, count: int) -> Floats:
    """Return by draw and stratum: its chance, where tasks come in a random order.

    A suite's tasks in an order drawn from the seed are draws without replacement of
    strata; what is left of each is known, and tasks within one are as good as new.
    """
    left = np.bincount(strata_of, minlength=count).astype(np.float64)
    chances = np.empty((len(strata_of), count))
    for number, stratum in enumerate(strata_of):
        chances[number] = left / left.sum()
        left[stratum] -= 1
    return chances


def sequence(  # noqa: PLR0913 - what was drawn, and how it is read
    strata: Strata,
    stratum: Ints,
    chance: Floats,
    score: Floats,
    *,
    alpha: float = 0.05,
    points: int = 401,
) -> Interval:
    """Return an interval for the suite's score that holds at every look at once.

    The hedged capital process: every value is bet against on both sides, and those stay
    against which nothing was won. The interval is what has never been excluded.
    """
    values = np.linspace(0, 1, points)
    ratio = strata.weight / chance
    rows = np.arange(len(stratum))
    # Centred within strata, so that which stratum was drawn adds no noise.
    centred = strata.boundary + ratio[rows, stratum] * (
        score - strata.threshold[stratum]
    )
    lowest = strata.boundary - (ratio * strata.threshold).max(axis=1)
    highest = strata.boundary + (ratio * (1 - strata.threshold)).max(axis=1)
    before = np.concatenate([[0.0], np.cumsum(centred)[:-1]])
    number = rows + 1.0
    mean = (strata.boundary + before) / number
    squared = np.concatenate([[0.0], np.cumsum(np.square(centred - mean))[:-1]])
    variance = (0.25 + squared) / number
    wish = np.sqrt(2 * log(2 / alpha) / (variance * number * np.log1p(number)))
    up = np.zeros(points)
    down = np.zeros(points)
    out = np.zeros(points, dtype=bool)
    for t in rows:
        rise = np.minimum(wish[t], 0.5 / np.maximum(values - lowest[t], 1e-9))
        fall = np.minimum(wish[t], 0.5 / np.maximum(highest[t] - values, 1e-9))
        up += np.log1p(rise * (centred[t] - values))
        down += np.log1p(-fall * (centred[t] - values))
        # Half of what is staked on either side; Ville's bound for their mean.
        out |= np.logaddexp(up, down) - log(2) >= -log(alpha)
    kept = values[~out]
    if not len(kept):
        return Interval(0.0, 1.0)
    step = values[1]
    return Interval(max(0.0, kept[0] - step), min(1.0, kept[-1] + step))


def tasks_needed(strata: Strata, distance: float, rule: Rule) -> float:
    """Return about how many tasks the rule takes at *distance* logits, on average.

    Wald's identity with the growth of the best fixed bet, and what learning it costs.
    """
    spread = float(strata.weight @ (strata.threshold * (1 - strata.threshold)))
    logit = special.logit(strata.threshold)
    gain = float(
        strata.weight @ (special.expit(logit + abs(distance)) - strata.threshold)
    )
    growth = 0.5 * gain * gain / (spread + gain * gain)
    return float((-log(rule.alpha) + 0.5) / growth * 1.15) if growth > 0 else np.inf
