"""Stopping early: a test of the threshold by betting, valid whenever one looks.

The unit is a task drawn at random from a stratum s (a family at a step), scored
Y in [0, 1] (its share of attempts solved). Strata have the suite's weights w_s, and
p_s is a model's mean score in one. The threshold stands as mean scores m_s (what a model
exactly at it would have), and the question is about

    D = sum_s w_s (p_s - m_s):      above when D > 0, below when D < 0.

Scores come in rounds, and bets l >= 0 are fixed before a round and so small that no
factor can be negative. With X as below,

    W = prod over rounds, prod over draws (1 + l X)     tests D <= 0,
    V = prod over rounds, prod over draws (1 - l' X)    tests D >= 0.

* A round of a *suite* has k_s tasks of every stratum, K in all, and X = K w_s / k_s
  (Y - m_s). Scores of a round are independent given the model, so that a round's factor
  has mean prod_s (1 + l K w_s d_s / k_s)^k_s <= (1 + l D)^K <= 1 when D <= 0, with
  d_s = p_s - m_s, by the inequality of arithmetic and geometric means.
* Where tasks are made *on demand*, a round is one draw: stratum s with a probability
  q_s > 0 that is fixed by what came before, and X = w_s / q_s (Y - m_s), whose mean is D.

So W is a supermartingale when D <= 0, and P(ever W >= 1 / alpha) <= alpha (Ville): under
any curve of responses, any effects of families and tasks, any choice of strata with q
known, and any rule of stopping between rounds. The item response model only says how
large bets are. What must hold: tasks of a stratum are drawn at random, and the model is
the same throughout.

Source: Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by
betting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np
from scipy import special

from fairlead.bench.estimate.intervals import Floats, Interval, Ints
from fairlead.errors import Invalid

_LARGEST_BET = 0.95
"""Share of its wealth that one factor can lose at most."""
_FLOOR = 0.25
"""Share of draws by the suite's own weights, so that no w / q grows large."""
_LEAST = 0.3
"""Bets are never smaller than would be best at this share of the rule's distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """What tasks are drawn from."""

    weight: Floats
    """Of each stratum in the suite; sums to 1."""
    threshold: Floats
    """Mean score of a model exactly at the threshold."""
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

    @property
    def spread(self) -> float:
        """Return the variance of a score at the threshold, within strata."""
        return float(self.weight @ (self.threshold * (1 - self.threshold)))

    def gain(self, distance: float) -> float:
        """Return by how much the score of a model *distance* logits above is higher."""
        raised = special.expit(special.logit(self.threshold) + distance)
        return float(self.weight @ (raised - self.threshold))


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
    """Whether strata are chosen by information per hour, where tasks come on demand."""

    @property
    def bar(self) -> float:
        """Return what the logarithm of a bet must reach."""
        return -log(self.alpha)


@dataclass
class Wealth:
    """Both bets, for many runs at once: a run is a row."""

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
        self._gain = self.strata.gain(self.rule.distance)

    def bet(self, x: Floats, lowest: Floats, highest: Floats) -> None:
        """Take a round of each run.

        *x* is by run and draw; *lowest* and *highest* say by run how far below and above
        0 any of them could have been, whatever was drawn.
        """
        one, other = self._bets(lowest, highest)
        self.up += np.log1p(one[:, None] * x).sum(axis=1)
        self.down += np.log1p(-other[:, None] * x).sum(axis=1)
        self.best_up = np.maximum(self.best_up, self.up)
        self.best_down = np.maximum(self.best_down, self.down)
        self.sums += x.sum(axis=1)
        self.squares += np.square(x).sum(axis=1)

    def _bets(self, lowest: Floats, highest: Floats) -> tuple[Floats, Floats]:
        """Return the bets, which depend on the past alone."""
        trust, gain = self.rule.trust, self._gain
        expected = self.strata.spread + gain * gain
        spread = trust * expected + self.squares
        least = _LEAST * gain / expected
        up = np.maximum((trust * gain + self.sums) / spread, least)
        down = np.maximum((trust * gain - self.sums) / spread, least)
        return (
            np.minimum(up, _LARGEST_BET / lowest),
            np.minimum(down, _LARGEST_BET / highest),
        )

    @property
    def answer(self) -> Ints:
        """Return by run: 1 for above, -1 for below, 0 for neither yet.

        Both at once happen only where the scores are no draws; then it is neither.
        """
        above, below = self.best_up >= self.rule.bar, self.best_down >= self.rule.bar
        return above.astype(np.int64) - below.astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """The rounds of a suite: its tasks in a given order, cut into rounds."""

    strata: Strata
    stratum: Ints
    """Of each place in a round; the same in every round."""
    rounds: tuple[Ints, ...]
    """By round: the tasks' places in the suite's order, one for each place above."""

    @property
    def ratio(self) -> Floats:
        """Return K w / k of each place."""
        counts = np.bincount(self.stratum, minlength=len(self.strata.weight))
        return np.asarray(
            len(self.stratum) * (self.strata.weight / counts)[self.stratum]
        )

    @property
    def level(self) -> Floats:
        """Return the score at the threshold of each place."""
        return self.strata.threshold[self.stratum]

    @property
    def lowest(self) -> float:
        """Return how far below 0 an X can be."""
        return float((self.ratio * self.level).max())

    @property
    def highest(self) -> float:
        """Return how far above 0 an X can be."""
        return float((self.ratio * (1 - self.level)).max())


def rounds_of(strata: Strata, which: Ints) -> Rounds:
    """Cut a suite into as many rounds as its smallest stratum allows.

    Round r has the next tasks of every stratum, in the order in which the suite has
    them; what is left over at the end is in none. Tasks of a stratum are as good as one
    another, so that it does not matter in which order rounds are run, only that they are
    read whole.
    """
    members = [np.flatnonzero(which == s) for s in range(len(strata.weight))]
    count = min(len(own) for own in members)
    if count == 0:
        raise Invalid("a stratum has no tasks")
    sizes = [len(own) // count for own in members]
    return Rounds(
        strata=strata,
        stratum=np.repeat(np.arange(len(members)), sizes),
        rounds=tuple(
            np.concatenate(
                [
                    own[r * size : (r + 1) * size]
                    for own, size in zip(members, sizes, strict=True)
                ]
            )
            for r in range(count)
        ),
    )


@dataclass
class Choice:
    """Which stratum comes next, where tasks are made on demand: information per hour."""

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

    def draw(
        self, chances: Floats, stratum: Ints, score: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Take one draw of each run; return X, and how far it could be from 0."""
        rows = np.arange(self.runs)
        self.tried[rows, stratum] += 1
        self.solved[rows, stratum] += score
        ratio, level = self.strata.weight / chances, self.strata.threshold
        x = ratio[rows, stratum] * (score - level[stratum])
        return (
            x[:, None],
            (ratio * level).max(axis=1),
            (ratio * (1 - level)).max(axis=1),
        )


def sequence(
    rounds: Rounds, scores: Floats, *, alpha: float = 0.05, points: int = 501
) -> Interval:
    """Return an interval for the suite's score that holds at every look at once.

    *scores* is by round and place. Every value is bet against on both sides with half
    of the stake each, and what was once won against by 1 / alpha stays out.
    """
    values = np.linspace(0, 1, points)
    shift = values - rounds.strata.boundary
    ratio, level = rounds.ratio, rounds.level
    centred = ratio * (scores - level)
    lowest = (ratio * np.maximum(level + shift[:, None], 0)).max(axis=1)
    highest = (ratio * np.maximum(1 - level - shift[:, None], 0)).max(axis=1)
    size = centred.shape[1]
    up, down = np.zeros(points), np.zeros(points)
    out = np.zeros(points, dtype=bool)
    total, squares, seen = 0.0, 4 * 0.25, 4.0
    for number, row in enumerate(centred):
        planned = (number + 1) * size
        wish = np.sqrt(2 * log(2 / alpha) * seen / squares / planned)
        rise = np.minimum(wish, 0.5 / np.maximum(lowest, 1e-9))
        fall = np.minimum(wish, 0.5 / np.maximum(highest, 1e-9))
        away = row[None, :] - (ratio * shift[:, None])
        up += np.log1p(rise[:, None] * away).sum(axis=1)
        down += np.log1p(-fall[:, None] * away).sum(axis=1)
        out |= np.logaddexp(up, down) - log(2) >= -log(alpha)
        total += float(row.sum())
        seen += size
        squares += float(np.square(row - total / max(seen - 4, 1)).sum())
    kept = values[~out]
    if not len(kept):
        return Interval(0.0, 1.0)
    step = float(values[1])
    return Interval(max(0.0, float(kept[0]) - step), min(1.0, float(kept[-1]) + step))


def tasks_needed(strata: Strata, distance: float, rule: Rule) -> float:
    """Return about how many tasks the rule takes at *distance* logits, on average.

    Wald's identity with the growth of the best fixed bet, and what learning it costs.
    """
    gain = strata.gain(abs(distance))
    growth = 0.5 * gain * gain / (strata.spread + gain * gain)
    return float((rule.bar + 0.5) / growth * 1.15) if growth > 0 else np.inf


def fixed_size(strata: Strata, distance: float, error: float = 0.05) -> float:
    """Return how many tasks a test of fixed size needs to miss an answer so rarely.

    A test of the same D, at one side 5 %, with as many tasks of every stratum as its
    weight says, by the normal approximation: which is kind to the fixed size.
    """
    raised = special.expit(special.logit(strata.threshold) + distance)
    gain = abs(float(strata.weight @ (raised - strata.threshold)))
    z = special.ndtri(0.95) * np.sqrt(strata.spread)
    z += special.ndtri(1 - error) * np.sqrt(
        float(strata.weight @ (raised * (1 - raised)))
    )
    return float((z / gain) ** 2)
