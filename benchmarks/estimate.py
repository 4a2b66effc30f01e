"""The estimate: whether it is as sure as it says, and what stopping early saves.

python benchmarks/estimate.py [--quick] [--json]

Coverage of 95 % intervals by setting; *above* said of a model that is exactly at the
threshold, however often one looks; tasks until an answer beside a test of fixed size at
equal error; and how well anchors calibrate a threshold. Takes about four minutes on two
cores, with --quick one.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy import special

from fairlead.bench.estimate.anchors import calibrate, enough
from fairlead.bench.estimate.anytime import (
    Choice,
    Rule,
    Strata,
    Wealth,
    fixed_size,
    rounds_of,
    sequence,
    tasks_needed,
)
from fairlead.bench.estimate.intervals import (
    Floats,
    clustered,
    difference,
    jeffreys,
    wilson,
)
from fairlead.bench.estimate.scale import Observed, posterior

STEPS = np.array([-2.4, -1.2, 0.0, 1.2, 2.4])
FAMILIES = 4
DISTANCES = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)
MOST = 200
"""Tasks that a run has at most."""
PEEKS_FROM = 10


# --- Coverage --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A world in which intervals are tried."""

    name: str
    ability: float = 0.0
    families: int = 4
    tasks: int = 20
    """Of each family."""
    attempts: int = 1
    between: float = 0.5
    within: float = 0.3
    slopes: float = 0.0
    link: str = "logit"
    drift: float = 0.0
    """Logits by which ability falls from the first task to the last."""


ABILITY = (
    Setting(name="one attempt"),
    Setting(name="few tasks", tasks=5, ability=0.5),
    Setting(name="three attempts, tasks differ", attempts=3, within=0.8),
    Setting(name="families far apart", families=6, tasks=15, between=1.0),
    Setting(name="families discriminate (2PL)", slopes=0.3, attempts=2),
    Setting(name="near the ceiling", ability=2.4),
    Setting(name="near the floor", ability=-2.4),
    Setting(name="one family", families=1, tasks=60, between=0.0),
)
SCORE = (
    Setting(name="random effects", between=0.8, within=0.8),
    Setting(name="wrong link: probit", link="probit"),
    Setting(name="wrong link: a quarter guessed", link="guess"),
    Setting(name="wrong link: complementary log-log", link="cloglog"),
    Setting(name="drift of one logit", drift=1.0),
    Setting(name="three attempts, tasks differ", attempts=3, within=0.8),
    Setting(name="near the floor", ability=-2.4),
)
LINKS: dict[str, Callable[[Floats], Floats]] = {
    "logit": special.expit,
    "probit": special.ndtr,
    "guess": lambda x: 0.25 + 0.75 * special.expit(x),
    "cloglog": lambda x: -np.expm1(-np.exp(np.clip(x, -30, 3))),
}


def world(s: Setting, random: np.random.Generator) -> tuple[Observed, float, Floats]:
    """Return what is observed, the true ability, and each task's true chance.

    The chance is that of a task like it: its own effect is integrated out by drawing it.
    """
    family = np.repeat(np.arange(s.families), s.tasks)
    step = np.tile(np.resize(STEPS, s.tasks), s.families)
    away = s.between * random.normal(size=s.families)
    slope = np.exp(s.slopes * random.normal(size=s.families))
    place = random.permutation(len(family)) / max(1, len(family) - 1)
    line = slope[family] * (s.ability + away[family] - step) - s.drift * (place - 0.5)
    link = LINKS[s.link]
    own = s.within * random.normal(size=len(family))
    solved = random.binomial(s.attempts, link(line + own))
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    chance = link(line[:, None] + s.within * nodes) @ weights / weights.sum()
    seen = Observed(
        family=family,
        difficulty=step,
        solved=solved,
        tried=np.full(len(family), s.attempts),
        weights=np.full(s.families, 1 / s.families),
    )
    return seen, float((s.ability + away).mean()), chance


def ability_covered(job: tuple[Setting, int, int]) -> tuple[int, float]:
    """Return in how many worlds the interval held the ability, and its mean width."""
    s, seed, worlds = job
    random = np.random.default_rng([seed, 1])
    held, width = 0, 0.0
    for _ in range(worlds):
        seen, truth, _ = world(s, random)
        found = posterior(seen).ability.interval()
        held += found.holds(truth)
        width += found.high - found.low
    return held, width / worlds


def score_covered(s: Setting, worlds: int) -> dict[str, float]:
    """Return coverage of the score by cluster-robust and other intervals."""
    random = np.random.default_rng(2)
    held = {"by task": 0, "against levels": 0}
    for _ in range(worlds):
        seen, _, chance = world(s, random)
        rates, each = seen.solved / seen.tried, np.arange(len(chance))
        ones = np.ones(len(chance))
        cells = seen.family * len(STEPS) + np.searchsorted(STEPS, seen.difficulty)
        share = clustered(rates, each, ones, cells=cells)
        held["by task"] += share.interval.holds(float(chance.mean()))
        level = special.expit(-seen.difficulty)
        _, around = difference(rates, level, each, ones)
        held["against levels"] += around.holds(float((chance - level).mean()))
    return {name: round(float(count / worlds), 3) for name, count in held.items()}


def shares_covered(tried: int = 13) -> dict[str, dict[str, float]]:
    """Return exact coverage of intervals of a share at *tried*, over all shares."""
    shares = np.linspace(0.01, 0.99, 99)
    counts = np.arange(tried + 1)
    ways = special.binom(tried, counts)
    chance = (
        ways * shares[:, None] ** counts * (1 - shares[:, None]) ** (tried - counts)
    )
    rate = counts / tried
    half = 1.959964 * np.sqrt(rate * (1 - rate) / tried)
    bounds: dict[str, tuple[Floats, Floats]] = {
        "plain normal": (rate - half, rate + half)
    }
    for name, kind in (("wilson", wilson), ("jeffreys", jeffreys)):
        found = [kind(int(k), tried) for k in counts]
        bounds[name] = (
            np.array([i.low for i in found]),
            np.array([i.high for i in found]),
        )
    told = {}
    for name, (low, high) in bounds.items():
        inside = (low <= shares[:, None]) & (shares[:, None] <= high)
        covered = (chance * inside).sum(axis=1)
        told[name] = {
            "mean": round(float(covered.mean()), 3),
            "at 5 %": round(float(covered[4]), 3),
            "least": round(float(covered.min()), 3),
        }
    return told


def families_covered(worlds: int) -> dict[str, float]:
    """Return coverage of the mean over families like those seen, by number of them."""
    random = np.random.default_rng(3)
    told = {}
    for families in (4, 8):
        s = Setting(name="", families=families, between=0.8)
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        spread = np.sqrt(s.between**2 + s.within**2)
        chance = special.expit(-STEPS[:, None] + spread * nodes) @ weights
        truth = float(chance.mean() / weights.sum())
        held = 0
        for _ in range(worlds):
            seen, _, _ = world(s, random)
            found = clustered(seen.solved / seen.tried, seen.family)
            held += found.interval.holds(truth)
        told[f"{families} families"] = round(held / worlds, 3)
    return told


# --- Stopping early --------------------------------------------------------------------


def strata() -> Strata:
    """Return the strata of a suite of four families at five steps, threshold at 0."""
    step = np.tile(STEPS, FAMILIES)
    size = len(step)
    return Strata(
        weight=np.full(size, 1 / size),
        threshold=special.expit(-step),
        hours=np.ones(size),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that is tried against the threshold."""

    distance: float = 0.0
    effects: float = 0.0
    """Of families: their spread in logits. They are set so that D is as without."""
    within: float = 0.0
    """Of tasks: what the declared difficulty does not say, in logits."""
    link: str = "logit"
    drift: float = 0.0
    """Logits by which it rises from *distance* - drift to *distance*."""


def chances_of(model: Model, runs: int, random: np.random.Generator) -> Floats:
    """Return by run and stratum the mean score, with D as at *distance* exactly."""
    base = strata()
    step = np.tile(STEPS, FAMILIES)
    away = np.repeat(random.normal(size=(runs, FAMILIES)), len(STEPS), axis=1)
    line = model.effects * away - step
    link = LINKS[model.link]
    wanted = base.boundary + (base.gain(model.distance) if model.distance else 0.0)
    low, high = np.full(runs, -12.0), np.full(runs, 12.0)
    for _ in range(50):
        middle = (low + high) / 2
        over = link(line + middle[:, None]).mean(axis=1) > wanted
        high, low = np.where(over, middle, high), np.where(over, low, middle)
    return np.asarray(link(line + middle[:, None]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """What became of many runs."""

    above: float
    below: float
    tasks: float
    """On average."""

    @property
    def undecided(self) -> float:
        """Return the share of runs that ended without an answer."""
        return 1 - self.above - self.below


def in_rounds(model: Model, runs: int, seed: int) -> tuple[Fared, Floats]:
    """Run a suite in rounds; return how it fared, and every score drawn."""
    random = np.random.default_rng(seed)
    base = strata()
    size = len(base.weight)
    rounds = rounds_of(base, np.tile(np.arange(size), MOST // size))
    wealth = Wealth(base, Rule(), runs)
    chance = chances_of(model, runs, random)
    lowest, highest = np.full(runs, rounds.lowest), np.full(runs, rounds.highest)
    tasks, answer = np.full(runs, MOST), np.zeros(runs, dtype=np.int64)
    kept = []
    for number in range(len(rounds.rounds)):
        now = chance
        if model.drift:
            left = 1 - number / (len(rounds.rounds) - 1)
            now = special.expit(special.logit(chance) - model.drift * left)
        if model.within:  # tasks of a stratum differ, with its mean as it is
            sure = 1 / np.square(model.within) * 4
            now = random.beta(now * sure, (1 - now) * sure)
        score = (random.uniform(size=now.shape) < now) * 1.0
        kept.append(score)
        wealth.bet(rounds.ratio * (score - rounds.level), lowest, highest)
        new = (answer == 0) & (wealth.answer != 0)
        answer[new], tasks[new] = wealth.answer[new], (number + 1) * size
    fared = Fared(
        above=float((answer > 0).mean()),
        below=float((answer < 0).mean()),
        tasks=float(tasks.mean()),
    )
    return fared, np.stack(kept, axis=1)


def on_demand(model: Model, runs: int, seed: int, *, adaptive: bool = True) -> Fared:
    """Run tasks made on demand, looking after each."""
    random = np.random.default_rng(seed)
    base, rule = strata(), Rule(adaptive=adaptive)
    wealth, choice = Wealth(base, rule, runs), Choice(base, rule, runs)
    chance = chances_of(model, runs, random)
    rows = np.arange(runs)
    tasks, answer = np.full(runs, MOST), np.zeros(runs, dtype=np.int64)
    for number in range(MOST):
        q = choice.chances()
        drawn = (q.cumsum(axis=1) < random.uniform(size=(runs, 1))).sum(axis=1)
        drawn = drawn.clip(0, len(base.weight) - 1)
        now = chance[rows, drawn]
        if model.drift:
            left = 1 - number / (MOST - 1)
            now = special.expit(special.logit(now) - model.drift * left)
        score = (random.uniform(size=runs) < now) * 1.0
        wealth.bet(*choice.draw(q, drawn, score))
        new = (answer == 0) & (wealth.answer != 0)
        answer[new], tasks[new] = wealth.answer[new], number + 1
    return Fared(
        above=float((answer > 0).mean()),
        below=float((answer < 0).mean()),
        tasks=float(tasks.mean()),
    )


def naive(scores: Floats, *, every: int) -> float:
    """Return how often *above* is said by a 5 % test repeated at every look.

    *scores* is by run, round and stratum, of models exactly at the threshold.
    """
    base = strata()
    x = (scores - base.threshold).reshape(len(scores), -1)
    total, squares = np.cumsum(x, axis=1), np.cumsum(np.square(x), axis=1)
    number = np.arange(1, x.shape[1] + 1)
    z = total / np.sqrt(np.maximum(squares - total**2 / number, 1e-9))
    looks = number[(number >= PEEKS_FROM) & (number % every == 0)] - 1
    return float((z[:, looks] > special.ndtri(0.95)).any(axis=1).mean())


def fixed_error(distance: float, tasks: int, runs: int) -> float:
    """Return how often that test, simulated, does not say *above* at *distance*."""
    random = np.random.default_rng(5)
    base = strata()
    raised = special.expit(special.logit(base.threshold) + distance)
    each = max(1, round(tasks / len(raised)))
    solved = random.binomial(each, raised, size=(runs, len(raised)))
    spread = each * (base.threshold * (1 - base.threshold)).sum()
    z = (solved - each * base.threshold).sum(axis=1) / np.sqrt(spread)
    return float((z <= special.ndtri(0.95)).mean())


def sequences_hold(runs: int) -> float:
    """Return how often an anytime interval holds the score at its last look."""
    base = strata()
    size = len(base.weight)
    rounds = rounds_of(base, np.tile(np.arange(size), MOST // size))
    held = 0
    _, scores = in_rounds(Model(distance=0.7), runs, 8)
    truth = base.boundary + base.gain(0.7)
    for one in scores:
        held += sequence(rounds, one).holds(truth)
    return held / runs


# --- Anchors ---------------------------------------------------------------------------


def anchored(worlds: int) -> dict[str, Any]:
    """Calibrate a threshold at 0.5 on 4, 8 and 16 anchors whose abilities are measured."""
    random = np.random.default_rng(6)
    told = {}
    for count in (4, 8, 16):
        miss, left_out, held, real_error, used = [], [], 0, [], 0
        for _ in range(worlds):
            true = random.normal(0.5, 1.5, count)
            can = (random.uniform(size=count) < special.expit(3 * (true - 0.5))) * 1.0
            if not enough(can):
                continue
            used += 1
            found = calibrate(true + 0.25 * random.normal(size=count), can)
            miss.append(found.threshold - 0.5)
            left_out.append(found.error)
            held += found.interval.holds(0.5)
            fresh = random.normal(0.5, 1.5, 400)
            knows = random.uniform(size=400) < special.expit(3 * (fresh - 0.5))
            real_error.append(float(((fresh > found.threshold) != knows).mean()))
        told[f"{count} anchors"] = {
            "off by (root mean square, logits)": round(
                float(np.sqrt(np.mean(np.square(miss)))), 2
            ),
            "leave-one-out error": round(float(np.mean(left_out)), 3),
            "error on fresh models": round(float(np.mean(real_error)), 3),
            "90 % interval holds": round(held / used, 3),
        }
    return told


# --- All of it -------------------------------------------------------------------------


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    worlds, runs = (100, 1000) if options.quick else (300, 2000)
    told = measure(worlds, runs)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"\n{name}")
        if not isinstance(value, dict):
            print(f"  {value}")
            continue
        for key, figure in value.items():
            print(f"  {key:44} {figure}")


def measure(worlds: int, runs: int) -> dict[str, Any]:
    """Return every figure."""
    parts = 4
    jobs = [(s, seed, worlds // parts) for s in ABILITY for seed in range(parts)]
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(ability_covered, jobs))
    coverage = {}
    for number, s in enumerate(ABILITY):
        own = found[number * parts : (number + 1) * parts]
        coverage[s.name] = round(
            sum(h for h, _ in own) / (parts * (worlds // parts)), 3
        )
    _, scores = in_rounds(Model(), runs, 11)
    worlds_at_threshold = {
        "as assumed": Model(),
        "families differ (1 logit)": Model(effects=1.0),
        "tasks differ (1 logit)": Model(within=1.0),
        "both": Model(effects=1.0, within=1.0),
        "wrong link: probit": Model(link="probit"),
        "wrong link: a quarter guessed": Model(link="guess"),
        "wrong link: complementary log-log": Model(link="cloglog"),
        "drift up to the threshold from 0.5 below": Model(drift=0.5),
    }
    false_above = {
        name: {
            "rounds": round(in_rounds(m, runs, 12)[0].above, 4),
            "on demand": round(on_demand(m, runs, 13).above, 4),
        }
        for name, m in worlds_at_threshold.items()
        if not m.within
    }
    for name in ("tasks differ (1 logit)", "both"):
        rounds = in_rounds(worlds_at_threshold[name], runs, 12)[0].above
        false_above[name] = {"rounds": round(rounds, 4)}
    falling = Model(distance=0.5, drift=-1.0)
    budget = {}
    ratios: dict[str, list[float]] = {"rounds": [], "on demand": []}
    for d in DISTANCES:
        row: dict[str, Any] = {}
        for name, fared in (
            ("rounds", in_rounds(Model(distance=d), runs, 21)[0]),
            ("on demand", on_demand(Model(distance=d), runs, 22)),
        ):
            row[name] = {
                "tasks": round(fared.tasks, 1),
                "above": round(fared.above, 4),
                "below": round(fared.below, 4),
                "undecided": round(fared.undecided, 4),
            }
            if d:
                wrong = fared.undecided + (fared.above if d < 0 else fared.below)
                wrong = max(wrong, 1 / runs)
                size = fixed_size(strata(), d, wrong)
                row[name]["fixed size at equal error"] = round(size, 1)
                row[name]["ratio"] = round(fared.tasks / size, 3)
                if abs(d) == 1:
                    ratios[name].append(fared.tasks / size)
        budget[f"{d:+.1f}"] = row
    at_five = fixed_size(strata(), 1.0)
    mean_rounds = float(
        np.mean([budget[k]["rounds"]["tasks"] for k in ("-1.0", "+1.0")])
    )
    return {
        "coverage": coverage,
        "coverage_of_the_score": {s.name: score_covered(s, 5 * worlds) for s in SCORE},
        "coverage_over_families": families_covered(5 * worlds),
        "coverage_of_a_share_at_13": shares_covered(),
        "anytime_interval_holds": round(sequences_hold(min(runs, 1000)), 3),
        "false_above": max(max(v.values()) for v in false_above.values()),
        "false_above_by_setting": false_above,
        "naive_peeking": {
            "after every round": round(naive(scores, every=20), 3),
            "after every task": round(naive(scores, every=1), 3),
        },
        "not_promised: falls from 0.5 above to 0.5 below": round(
            in_rounds(falling, runs, 14)[0].above, 3
        ),
        "budget": budget,
        "budget_ratio": round(float(np.mean(ratios["rounds"])), 3),
        "budget_ratio_on_demand": round(float(np.mean(ratios["on demand"])), 3),
        "budget_ratio_to_a_fixed_size_with_5_%_error": round(mean_rounds / at_five, 3),
        "fixed_size_check: error at 1 logit, expected 0.05": round(
            fixed_error(1.0, round(at_five / 20) * 20, 20_000), 3
        ),
        "planned_tasks_at_1_logit": round(tasks_needed(strata(), 1.0, Rule()), 1),
        "anchors": anchored(worlds),
    }


if __name__ == "__main__":
    main()
