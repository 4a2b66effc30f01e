"""Stopping early: what is promised holds whatever the tasks are like."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

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
from fairlead.bench.estimate.betting import decided, follow, ordered, rounds_in
from fairlead.bench.outcomes import read_run
from fairlead.bench.planning import Pace, plan
from fairlead.bench.threshold import Threshold, read_threshold
from fairlead.errors import Invalid

STEPS = np.tile(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), 2)
RUNS = 400


def strata():
    return Strata(
        weight=np.full(len(STEPS), 1 / len(STEPS)),
        threshold=special.expit(-STEPS),
        hours=np.ones(len(STEPS)),
    )


def fared(chance, *, rounds=12, seed=0):
    """Return what many runs of a model with these mean scores came to."""
    random = np.random.default_rng(seed)
    base = strata()
    cut = rounds_of(base, np.tile(np.arange(len(STEPS)), rounds))
    wealth = Wealth(base, Rule(), RUNS)
    bounds = np.full(RUNS, cut.lowest), np.full(RUNS, cut.highest)
    for _ in range(rounds):
        score = (random.uniform(size=(RUNS, len(STEPS))) < chance) * 1.0
        wealth.bet(cut.ratio * (score - cut.level), *bounds)
    return wealth.answer


@given(st.lists(st.floats(0.02, 0.98), min_size=10, max_size=10))
@settings(max_examples=25)
def test_a_model_at_the_threshold_is_seldom_called_above(wanted):
    """However its scores are spread over families and steps, if their mean is the same."""
    base = strata()
    chance = np.array(wanted)
    # Moved so that the mean is that of the threshold: no curve of ours need fit.
    low, high = -12.0, 12.0
    for _ in range(60):
        middle = (low + high) / 2
        over = special.expit(special.logit(chance) + middle).mean() > base.boundary
        low, high = (low, middle) if over else (middle, high)
    at = special.expit(special.logit(chance) + low)
    answers = fared(at)
    # 5 % is promised; 400 runs show 9 % of that once in ten thousand times.
    assert (answers == 1).mean() < 0.09
    assert (answers == -1).mean() < 0.09


def test_a_model_well_beyond_is_told_apart_soon():
    """Two logits above or below are decided in nearly every run."""
    assert (fared(special.expit(2 - STEPS)) == 1).mean() > 0.97
    assert (fared(special.expit(-2 - STEPS)) == -1).mean() > 0.97


def test_choosing_by_what_was_seen_keeps_the_mean():
    """Whichever strata are chosen more, a draw's mean is the suite's distance."""
    random = np.random.default_rng(1)
    base, rule = strata(), Rule()
    chance = special.expit(0.7 - STEPS)
    runs = 20_000
    choice = Choice(base, rule, runs)
    # Every run has seen other things, and so chooses otherwise.
    choice.tried += random.integers(0, 9, size=choice.tried.shape)
    choice.solved += random.uniform(size=choice.tried.shape) * (choice.tried - 4)
    q = choice.chances()
    assert (q > 0).all()
    assert np.allclose(q.sum(axis=1), 1)
    assert q.std(axis=0).max() > 0.005
    drawn = (q.cumsum(axis=1) < random.uniform(size=(runs, 1))).sum(axis=1)
    score = (random.uniform(size=runs) < chance[drawn]) * 1.0
    x, lowest, highest = choice.draw(q, drawn, score)
    distance = float((chance - base.threshold).mean())
    assert x.mean() == pytest.approx(distance, abs=5 * x.std() / np.sqrt(runs))
    assert (-lowest[:, None] <= x).all()
    assert (x <= highest[:, None]).all()


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_later_looks_never_take_back_an_answer(seed):
    """Intervals for the score only shrink as rounds come in."""
    random = np.random.default_rng(seed)
    cut = rounds_of(strata(), np.tile(np.arange(len(STEPS)), 6))
    scores = (random.uniform(size=(6, len(STEPS))) < special.expit(-STEPS)) * 1.0
    found = [sequence(cut, scores[:n], points=101) for n in (1, 3, 6)]
    assert all(a.low <= b.low and b.high <= a.high for a, b in pairwise(found))


def test_bets_never_lose_more_than_there_is():
    """The worst scores there can be leave something to bet with."""
    base = strata()
    cut = rounds_of(base, np.tile(np.arange(len(STEPS)), 30))
    for score in (0.0, 1.0):
        wealth = Wealth(base, Rule(), 1)
        for _ in range(30):
            x = cut.ratio * (score - cut.level)
            wealth.bet(x[None, :], np.array([cut.lowest]), np.array([cut.highest]))
        assert np.isfinite([wealth.up, wealth.down]).all()


def test_rounds_hold_every_stratum_and_no_task_twice(worlds):
    """In the declared order each round can be read whole, early."""
    files, _ = worlds.run_files(rounds=3)
    run = read_run(files["manifest.json"])
    threshold = read_threshold(files["threshold.toml"])
    order = ordered(run.planned, threshold, 5)
    assert sorted(p.task for p in order) == sorted(p.task for p in run.planned)
    rounds = rounds_in(order, threshold)
    assert len(rounds) == 3
    kinds = {p.task: (p.family, p.difficulty) for p in order}
    assert all(len({kinds[t] for t in names}) == len(names) == 20 for names in rounds)
    # Run in this order, the first round is whole before the second begins.
    assert {p.task for p in order[:20]} == set(rounds[0])
    assert order != ordered(run.planned, threshold, 6)


def test_a_run_may_stop_once_its_bets_are_won(worlds):
    """Far below is clear after some rounds; a round that lacks a task does not count."""
    files, attempts = worlds.run_files(ability=-3.5, rounds=4, stopping="rounds")
    run = read_run(files["manifest.json"])
    threshold = read_threshold(files["threshold.toml"])
    assert decided(run, attempts, threshold)
    rounds = rounds_in(run.planned, threshold)
    first = [a for a in attempts if a.task in rounds[0]]
    found = follow(run, first, threshold, Rule())
    assert found is not None
    assert found.rounds == 1
    assert found.evidence_above < 1.5
    assert follow(run, first[:-1], threshold, Rule()) is None


def test_a_plan_says_what_fits_into_the_days():
    """Half the days do half the tasks; nearer thresholds need more of them."""
    base = strata()
    needed = [tasks_needed(base, d, Rule()) for d in (0.5, 1, 2)]
    assert needed[0] > 2 * needed[1] > 2 * needed[2]
    assert fixed_size(base, 1.0) == pytest.approx(65, rel=0.2)
    from fairlead.bench.outcomes import Planned

    tasks = [
        Planned(task=f"{f}-{s}-{n}", family=f, difficulty=s)
        for f in ("memory", "web")
        for s in range(1, 6)
        for n in range(12)
    ]
    at = Threshold(name="x", ability=0.0)
    pace = {"minutes": 30, "parallel": 2, "attempts": 3}
    many, few = (plan(tasks, at, Pace(days=d, **pace)) for d in (30, 1))
    assert many.possible == 120
    assert few.possible == 32
    assert [row.fits for row in many.rows] == [False, True, True]
    assert not any(row.fits for row in few.rows[:2])
    with pytest.raises(Invalid):
        plan([], at, Pace(days=1, **pace))
