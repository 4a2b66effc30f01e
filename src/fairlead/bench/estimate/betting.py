"""A run as bets against its threshold, task by task in the declared order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp

import numpy as np
from scipy import special

from fairlead.bench import assessment
from fairlead.bench.estimate.anytime import (
    Rounds,
    Rule,
    Strata,
    Wealth,
    rounds_of,
    sequence,
)
from fairlead.bench.estimate.intervals import Floats, Ints
from fairlead.bench.estimate.table import REFUSALS_SOLVED, SCORES
from fairlead.bench.outcomes import Attempt, Outcome, Planned, Run
from fairlead.bench.threshold import Threshold, difficulty

_MOST = 1e12
"""An e-value beyond this is shown as this."""


def strata_of(planned: Sequence[Planned], threshold: Threshold) -> tuple[Strata, Ints]:
    """Return the strata of a suite, and which each planned task is of.

    A family's weight is shared by its tasks, so that a stratum weighs as many as it has.
    """
    keys = sorted({(p.family, p.difficulty) for p in planned})
    place = {key: number for number, key in enumerate(keys)}
    which = np.array([place[p.family, p.difficulty] for p in planned])
    families = sorted({p.family for p in planned})
    wanted = np.array([threshold.weights.get(f, 1.0) for f in families])
    wanted /= wanted.sum()
    sizes = {f: sum(p.family == f for p in planned) for f in families}
    counts = np.bincount(which)
    weight = np.array(
        [
            wanted[families.index(family)] * counts[number] / sizes[family]
            for number, (family, _) in enumerate(keys)
        ]
    )
    levels = [difficulty(step, threshold.steps) for _, step in keys]
    score = special.expit(threshold.ability - np.array(levels))
    return (
        Strata(
            weight=weight / weight.sum(),
            threshold=score,
            hours=np.ones(len(keys)),
        ),
        which,
    )


def follow(
    run: Run, attempts: Sequence[Attempt], threshold: Threshold, rule: Rule
) -> assessment.Sequential | None:
    """Return what betting came to, over the rounds that were run whole.

    Rounds count up to the first with a task that is not done. A task whose attempts are
    all invalid scores as a model at the threshold would, on which no bet wins.
    Nothing where no order was declared, or no round is done.
    """
    if not run.planned:
        return None
    strata, which = strata_of(run.planned, threshold)
    rounds = rounds_of(strata, which)
    top = max(run.budgets.tokens)
    by_task: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if attempt.budget_tokens == top:
            by_task.setdefault(attempt.task, []).append(attempt)
    tried = np.array([len(by_task.get(p.task, ())) for p in run.planned])
    done = [bool((tried[places] >= run.attempts).all()) for places in rounds.rounds]
    whole = done.index(False) if False in done else len(done)
    if not whole:
        return None
    order = [[by_task[run.planned[n].task] for n in r] for r in rounds.rounds[:whole]]
    scores = _scores(order, rounds.level, SCORES)
    made = _bet(rounds, rule, scores)
    other = _bet(rounds, rule, _scores(order, rounds.level, REFUSALS_SOLVED))
    held = sequence(rounds, scores, alpha=rule.alpha)
    middle = strata.boundary + float((rounds.ratio * (scores - rounds.level)).mean())
    return assessment.Sequential(
        tasks=scores.size,
        rounds=whole,
        evidence_above=_evidence(made.best_up),
        evidence_below=_evidence(made.best_down),
        below_refusals_solved=_evidence(other.best_down),
        needed=round(1 / rule.alpha, 6),
        score=assessment.Figure(
            value=round(min(max(middle, held.low), held.high), 6),
            low=round(held.low, 6),
            high=round(held.high, 6),
        ),
        boundary=round(strata.boundary, 6),
    )


def ordered(
    planned: Sequence[Planned], threshold: Threshold, seed: int
) -> Sequence[Planned]:
    """Return tasks in the order in which a run that may stop early should try them.

    Round by round, each in an order of its own; what is in no round comes last.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    mixed = [planned[n] for n in random.permutation(len(planned))]
    strata, which = strata_of(mixed, threshold)
    rounds = rounds_of(strata, which).rounds
    order = [int(n) for places in rounds for n in random.permutation(places)]
    rest = sorted(set(range(len(mixed))) - set(order))
    return [mixed[n] for n in [*order, *rest]]


def rounds_in(
    planned: Sequence[Planned], threshold: Threshold
) -> Sequence[Sequence[str]]:
    """Return the names of the tasks of each round."""
    strata, which = strata_of(planned, threshold)
    return [
        [planned[int(n)].task for n in places]
        for places in rounds_of(strata, which).rounds
    ]


def decided(
    run: Run,
    attempts: Sequence[Attempt],
    threshold: Threshold,
    rule: Rule | None = None,
) -> bool:
    """Tell whether a run may stop: the bets are won, either way.

    It may be asked whenever one likes; only rounds that were run whole count.
    """
    bets = follow(run, attempts, threshold, rule or Rule())
    return bets is not None and (
        bets.evidence_above >= bets.needed or bets.below_refusals_solved >= bets.needed
    )


def _scores(
    order: Sequence[Sequence[Sequence[Attempt]]],
    level: Floats,
    scores: Mapping[Outcome, float | None],
) -> Floats:
    """Return by round and place: the share of attempts that solved the task."""
    found = np.tile(level, (len(order), 1))
    for row, tasks in zip(found, order, strict=True):
        for place, attempts in enumerate(tasks):
            told = [s for a in attempts if (s := scores[a.outcome]) is not None]
            if told:
                row[place] = sum(told) / len(told)
    return found


def _bet(rounds: Rounds, rule: Rule, scores: Floats) -> Wealth:
    wealth = Wealth(rounds.strata, rule)
    lowest, highest = np.array([rounds.lowest]), np.array([rounds.highest])
    for row in scores:
        wealth.bet((rounds.ratio * (row - rounds.level))[None, :], lowest, highest)
    return wealth


def _evidence(best: Floats) -> float:
    return round(min(exp(float(best[0])), _MOST), 6)
