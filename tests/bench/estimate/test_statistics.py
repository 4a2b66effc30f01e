"""Statistics on bare numbers: intervals, the scale, chains, horizon, curve, anchors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from fairlead.bench.estimate.anchors import calibrate
from fairlead.bench.estimate.chains import ess, rhat, sample
from fairlead.bench.estimate.curve import Shape, last_gain
from fairlead.bench.estimate.horizon import horizon
from fairlead.bench.estimate.intervals import clustered, jeffreys, pass_at, wilson
from fairlead.bench.estimate.scale import Observed, posterior
from fairlead.errors import Invalid

LEVELS = [0.8, 0.9, 0.95, 0.99]


def observed(seed=0, *, tasks=20, ability=0.4, attempts=2, far=0.4):
    """Draw what a model of known ability does."""
    families, random = 4, np.random.default_rng(seed)
    family = np.repeat(np.arange(families), tasks)
    difficulty = np.tile(np.linspace(-2, 2, 5), families * tasks // 5)
    within = ability + far * random.normal(size=families)
    chance = special.expit(within[family] - difficulty)
    return Observed(
        family=family,
        difficulty=difficulty,
        solved=random.binomial(attempts, chance),
        tried=np.full(len(family), attempts),
        weights=np.full(families, 1 / families),
    )


def nested(inner, outer):
    return outer.low <= inner.low <= inner.high <= outer.high


@given(st.data())
def test_surer_intervals_are_wider_and_hold_the_share(data):
    """At every count: 80 % lies in 90 % in 95 % in 99 %, around the share, within 0 and 1."""
    tried = data.draw(st.integers(1, 400))
    solved = data.draw(st.integers(0, tried))
    for kind in (wilson, jeffreys):
        found = [kind(solved, tried, level) for level in LEVELS]
        assert all(map(nested, found, found[1:]))
        assert 0 <= found[-1].low <= found[0].low <= solved / tried <= found[0].high
        assert found[-1].high <= 1


def test_intervals_are_those_of_the_literature():
    """Brown, Cai and DasGupta's example, 4 of 20, and nothing of 10."""
    assert wilson(4, 20).low == pytest.approx(0.0807, abs=1e-4)
    assert wilson(4, 20).high == pytest.approx(0.4160, abs=1e-4)
    assert jeffreys(4, 20).low == pytest.approx(0.0715, abs=1e-3)
    assert jeffreys(0, 10).low == 0
    assert jeffreys(0, 10).high == pytest.approx(0.2172, abs=1e-4)


def test_few_clusters_make_a_wide_interval():
    """Four families that differ say less than eighty tasks that do not."""
    random = np.random.default_rng(1)
    family = np.repeat(np.arange(4), 20)
    scores = (random.uniform(size=80) < np.array([0.1, 0.4, 0.6, 0.9])[family]) * 1.0
    by_family, by_task = clustered(scores, family), clustered(scores, np.arange(80))
    assert nested(by_task.interval, by_family.interval)
    assert by_family.clusters == 4
    assert by_family.effective < 10
    assert by_task.effective == pytest.approx(80, rel=0.05)
    with pytest.raises(Invalid):
        clustered(scores, np.zeros(80, dtype=int))


@given(st.permutations(range(12)))
@settings(max_examples=8)
def test_the_order_of_tasks_changes_nothing(order):
    """Cluster intervals and the posterior are the same in any order."""
    seen = observed(tasks=5)
    rows = np.concatenate([np.array(order), np.arange(12, 20)])
    mixed = Observed(
        family=seen.family[rows],
        difficulty=seen.difficulty[rows],
        solved=seen.solved[rows],
        tried=seen.tried[rows],
        weights=seen.weights,
    )
    one = posterior(seen, discriminations=False).ability
    other = posterior(mixed, discriminations=False).ability
    assert one.quantile(0.3) == pytest.approx(other.quantile(0.3), abs=1e-9)
    rates = seen.solved / seen.tried
    assert clustered(rates, seen.family).interval.low == pytest.approx(
        clustered(rates[rows], seen.family[rows]).interval.low
    )


def test_two_ways_to_the_posterior_agree():
    """What is integrated and what is sampled differ by no more than sampling does."""
    seen = observed(3)
    made, check = posterior(seen).ability, sample(seen, seed=1, draws=3000)
    assert check.converged
    assert abs(made.mean - check.draws.mean()) < 0.15 * made.sd
    for share in (0.025, 0.975):
        assert abs(made.quantile(share) - check.quantile(share)) < 0.3 * made.sd
    finer = posterior(seen, fine=2).ability
    assert finer.quantile(0.025) == pytest.approx(made.quantile(0.025), abs=0.02)


def test_more_solved_is_more_able_and_more_seen_is_surer():
    """Ability rises with what was solved; its interval narrows with tasks."""
    low, high = (posterior(observed(5, ability=a)).ability.mean for a in (-1, 1))
    assert low < high
    few, many = (posterior(observed(5, tasks=n, far=0)).ability.sd for n in (5, 50))
    assert many < 0.6 * few


def test_all_solved_says_only_that_ability_is_high():
    """At the ceiling the interval is one-sided in effect, and says that it is at the edge."""
    seen = observed(ability=12)
    scale = posterior(seen)
    assert scale.ability.interval().low > 2
    assert scale.edge > 0.001


def test_chains_that_disagree_are_seen():
    """R-hat of chains in two places is far from 1; of good ones near it."""
    random = np.random.default_rng(0)
    good = random.normal(size=(4, 500))
    assert rhat(good) < 1.01
    assert 1400 < ess(good) < 2700
    assert rhat(good + np.array([[0], [0], [3], [3]])) > 1.5
    slow = np.cumsum(good, axis=1)
    assert ess(slow) < 100


@given(st.data())
def test_pass_at_k_is_unbiased(data):
    """It equals the mean over all ways to choose k of the attempts."""
    from itertools import combinations

    n = data.draw(st.integers(1, 7))
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    attempts = [1] * c + [0] * (n - c)
    ways = [max(way) for way in combinations(attempts, k)]
    assert pass_at(k, [c], [n])[0] == pytest.approx(sum(ways) / len(ways))
    with pytest.raises(Invalid):
        pass_at(n + 1, [c], [n])


def test_the_horizon_is_found_again():
    """With solving falling by a logit a doubling, half are solved at 32 minutes."""
    random = np.random.default_rng(2)
    length = np.tile(np.arange(1, 10), 40)
    solved = random.binomial(1, special.expit(5.0 - length))
    family = np.repeat(np.arange(8), len(length) // 8)
    tried = np.ones_like(solved)
    found = horizon(2.0**length, family, solved, tried)
    assert found.interval.low < 32 < found.interval.high
    assert not found.outside
    harder = horizon(2.0**length, family, solved, tried, share=0.8)
    assert harder.minutes < found.minutes
    nothing = horizon(2.0**length, family, 0 * solved, tried)
    assert nothing.outside
    assert nothing.minutes < 2


def test_a_curve_is_flat_only_where_a_gain_is_excluded():
    """No gain at 100 tasks is flat, at 10 not shown; a gain is said to be one."""
    assert last_gain(np.zeros(100), np.zeros(100)).shape is Shape.FLAT
    assert last_gain(np.zeros(10), np.zeros(10)).shape is Shape.UNCLEAR
    rising = np.r_[np.ones(20), np.zeros(80)]
    assert last_gain(np.zeros(100), rising).shape is Shape.RISING


def test_a_threshold_lies_between_its_anchors():
    """Well separated anchors are read rightly when left out; mixed ones are not."""
    ability = np.array([-2.0, -1.5, -1.2, 0.8, 1.1, 2.0])
    can = np.array([0, 0, 0, 1, 1, 1.0])
    clear = calibrate(ability, can)
    assert -1.2 < clear.threshold < 0.8
    assert clear.error == 0
    mixed = calibrate(ability, np.array([0, 1, 0, 1, 0, 1.0]))
    assert mixed.error > 0
    assert mixed.interval.high - mixed.interval.low > (
        clear.interval.high - clear.interval.low
    )
    with pytest.raises(Invalid):
        calibrate(ability[:3], can[:3])
