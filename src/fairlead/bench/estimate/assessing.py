"""From a run to its assessment; the same run gives the same numbers anywhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files

import numpy as np

from fairlead.bench.assessment import (
    BudgetRow,
    Calibrated,
    Change,
    Checked,
    Estimate,
    FamilyRow,
    Figure,
    Gain,
    HorizonRow,
    PassRow,
    ScoreTest,
    StepRow,
)
from fairlead.bench.estimate import betting
from fairlead.bench.estimate.anchors import calibrate, enough
from fairlead.bench.estimate.anytime import Rule
from fairlead.bench.estimate.chains import sample
from fairlead.bench.estimate.curve import last_gain
from fairlead.bench.estimate.horizon import horizon
from fairlead.bench.estimate.intervals import (
    Floats,
    Interval,
    Ints,
    clustered,
    difference,
    jeffreys,
    pass_at,
)
from fairlead.bench.estimate.scale import Density, Scale, posterior
from fairlead.bench.estimate.table import (
    REFUSALS_OUT,
    REFUSALS_SOLVED,
    Table,
    columns,
    missing,
    rungs,
)
from fairlead.bench.outcomes import Attempt, Flag, Outcome, Run
from fairlead.bench.threshold import Threshold
from fairlead.errors import Invalid

_SOURCES = (
    "anchors",
    "anytime",
    "assessing",
    "betting",
    "chains",
    "curve",
    "horizon",
    "intervals",
    "scale",
    "table",
)
_PASS = (1, 2, 3, 5, 10)
_MOST_OF = 0.8
"""Share of tasks that must have k valid attempts for pass@k to be given."""
_FAR = 0.3
"""Distance between both computations of the posterior, in its standard deviations,
above which it is not called converged."""


def assess(
    run: Run,
    attempts: Sequence[Attempt],
    threshold: Threshold | None,
    marks: Sequence[Flag] = (),
) -> Estimate:
    """Return what *run* says; *marks* are flags of the run as a whole.

    Raises:
        Invalid: no attempt says anything about the model.

    """
    by_rung = rungs(attempts)
    if not by_rung:
        raise Invalid("the run has no attempts")
    top = by_rung[max(by_rung)]
    table = columns(top, threshold)
    scale = posterior(table.observed)
    family_score = _family_clusters(table)
    return Estimate(
        code=code(),
        tasks=len(table.tasks),
        attempts=len(attempts),
        missing=len(missing(run, attempts)),
        mix=dict(sorted(Counter(a.outcome for a in attempts).items())),
        flags=dict(sorted(_flags(attempts, marks).items())),
        tokens=sum(a.tokens for a in attempts),
        dollars=_round(sum(a.cost for a in attempts)),
        hours=_round(sum(a.seconds for a in attempts) / 3600),
        ability=_density(scale.ability),
        families_drawn=_density(scale.population),
        between=_round(scale.tau),
        within=_round(scale.sigma),
        edge=_round(scale.edge),
        above=_above(scale, threshold),
        above_refusals_solved=_above_of(
            columns(top, threshold, scores=REFUSALS_SOLVED), threshold
        ),
        above_outside=_above_of(
            table.of(threshold.outside) if threshold else None, threshold
        ),
        score=_clustered(table, np.arange(len(table.tasks))),
        score_by_family=family_score,
        test=_test(top, table, threshold) if threshold else None,
        hardest=_hardest(table),
        families=tuple(_families(table, scale, threshold)),
        steps=tuple(_steps(table)),
        budgets=tuple(_budgets(by_rung, threshold, scale)),
        gain=_gain(by_rung, threshold),
        passes=tuple(_passes(table)),
        horizons=tuple(_horizons(table, run.seed)),
        changes=tuple(_changes(top, table, threshold)),
        check=_check(table, scale, run.seed),
        sequential=betting.follow(run, attempts, threshold, Rule())
        if threshold
        else None,
        calibrated=calibration(threshold) if threshold else None,
    )


def calibration(threshold: Threshold) -> Calibrated | None:
    """Return where real anchors put the threshold; nothing where there are too few."""
    real = [anchor for anchor in threshold.anchors if anchor.real]
    can = np.array([float(anchor.can) for anchor in real])
    if not enough(can):
        return None
    found = calibrate(np.array([anchor.ability for anchor in real]), can)
    return Calibrated(
        anchors=len(real),
        threshold=_figure(found.threshold, found.interval),
        error=_figure(found.error, found.error_interval),
        shift=_round(found.shift),
    )


@lru_cache(maxsize=1)
def code() -> str:
    """Return what computes: the version, and the digest of the sources that do."""
    here = files("fairlead.bench.estimate")
    whole = hashlib.sha256()
    for name in _SOURCES:
        whole.update((here / f"{name}.py").read_bytes())
    return f"fairlead {version('fairlead')} sha256:{whole.hexdigest()}"


def _flags(attempts: Sequence[Attempt], marks: Sequence[Flag]) -> Counter[Flag]:
    """Count each flag once an attempt, and once for the run where it is of the whole."""
    return Counter([*(f for a in attempts for f in set(a.flags)), *marks])


def _families(
    table: Table, scale: Scale, threshold: Threshold | None
) -> Iterator[FamilyRow]:
    outside = threshold.outside if threshold else ()
    for number, name in enumerate(table.families):
        mine = table.family == number
        solved = float(table.rates[mine].sum())
        yield FamilyRow(
            family=name,
            generated=name not in outside,
            tasks=int(mine.sum()),
            attempts=int(table.tried[mine].sum()),
            solved=int(table.solved[mine].sum()),
            score=_figure(solved / mine.sum(), jeffreys(solved, float(mine.sum()))),
            ability=_density(scale.families[number]),
        )


def _steps(table: Table) -> Iterator[StepRow]:
    for step in np.unique(table.step):
        mine = table.step == step
        solved, tasks = float(table.rates[mine].sum()), int(mine.sum())
        yield StepRow(
            step=int(step),
            difficulty=_round(float(table.difficulty[mine][0])),
            tasks=tasks,
            score=_figure(solved / tasks, jeffreys(solved, tasks)),
        )


def _budgets(
    by_rung: Mapping[int, Sequence[Attempt]],
    threshold: Threshold | None,
    scale: Scale,
) -> Iterator[BudgetRow]:
    for tokens, attempts in by_rung.items():
        table = columns(attempts, threshold)
        same = tokens == max(by_rung)
        found = scale if same else posterior(table.observed)
        yield BudgetRow(
            tokens=tokens,
            tasks=len(table.tasks),
            score=_clustered(table, np.arange(len(table.tasks))),
            ability=_density(found.ability),
        )


def _gain(
    by_rung: Mapping[int, Sequence[Attempt]], threshold: Threshold | None
) -> Gain | None:
    if len(by_rung) < 2:  # noqa: PLR2004
        return None
    before, after = (columns(by_rung[t], threshold) for t in list(by_rung)[-2:])
    both = sorted(set(before.tasks) & set(after.tasks))
    if not both:
        return None
    margin = {"margin": threshold.margin} if threshold else {}
    gain = last_gain(_rates(before, both), _rates(after, both), **margin)
    return Gain(
        score=_figure(gain.value, Interval(gain.low, gain.high)), shape=gain.shape.value
    )


def _rates(table: Table, names: Sequence[str]) -> Floats:
    place = {name: number for number, name in enumerate(table.tasks)}
    return table.rates[[place[name] for name in names]]


def _passes(table: Table) -> Iterator[PassRow]:
    """Yield pass@k over the tasks that have as many valid attempts."""
    for k in _PASS:
        enough = table.tried >= k
        if enough.sum() < 2 or enough.mean() < _MOST_OF:  # noqa: PLR2004
            return
        solved, tried = table.solved[enough], table.tried[enough]
        scores = pass_at(k, solved.tolist(), tried.tolist())
        share = clustered(
            scores,
            np.arange(len(scores)),
            table.task_weights[enough],
            cells=_cells(table)[enough],
        )
        yield PassRow(k=k, score=_figure(share.value, share.interval))


def _cells(table: Table) -> Ints:
    """Return of which family and step each task is."""
    return np.asarray(table.family * 1000 + table.step)


def _horizons(table: Table, seed: int) -> Iterator[HorizonRow]:
    if len(np.unique(table.minutes)) < 2:  # noqa: PLR2004
        return
    for share in (0.5, 0.8):
        found = horizon(
            table.minutes,
            table.family,
            table.solved,
            table.tried,
            share=share,
            seed=seed,
        )
        yield HorizonRow(
            share=share,
            minutes=_figure(found.minutes, found.interval),
            outside=found.outside,
        )


def _changes(
    top: Sequence[Attempt], table: Table, threshold: Threshold | None
) -> Iterator[Change]:
    """Yield the estimate with one thing decided otherwise at a time."""
    others: list[tuple[str, Callable[[], Table | None]]] = [
        (
            f"without {name}",
            lambda name=name: table.of(set(table.families) - {name}),  # type: ignore[misc]
        )
        for name in table.families
    ]
    if any(a.outcome is Outcome.REFUSED for a in top):
        others += [
            (
                "refusals counted as solved",
                lambda: columns(top, threshold, scores=REFUSALS_SOLVED),
            ),
            ("refusals left out", lambda: columns(top, threshold, scores=REFUSALS_OUT)),
        ]
    if any(a.flags for a in top):
        others += [
            (
                "flagged attempts left out",
                lambda: columns(top, threshold, kept=lambda a: not a.flags),
            ),
        ]
    for what, made in others:
        try:
            other = made()
        except Invalid:  # nothing would be left
            continue
        if other is None:
            continue
        scale = posterior(other.observed)
        yield _change(what, scale, threshold)
    equal = posterior(table.observed, discriminations=False)
    yield _change("all families discriminate alike (1PL)", equal, threshold)


def _change(what: str, scale: Scale, threshold: Threshold | None) -> Change:
    return Change(
        what=what, ability=_density(scale.ability), above=_above(scale, threshold)
    )


def _check(table: Table, scale: Scale, seed: int) -> Checked:
    chains = sample(table.observed, seed=seed)
    made = scale.ability
    points = [(made.mean, float(chains.draws.mean()))]
    points += [(made.quantile(q), chains.quantile(q)) for q in (0.025, 0.975)]
    gap = max(abs(one - other) for one, other in points) / max(made.sd, 1e-9)
    finer = posterior(table.observed, fine=2).ability
    refined = max(abs(finer.quantile(q) - made.quantile(q)) for q in (0.025, 0.975))
    return Checked(
        rhat=_round(chains.rhat),
        ess=_round(chains.ess),
        gap=_round(gap),
        refined=_round(refined),
        converged=chains.converged and gap <= _FAR and refined <= _FAR * made.sd,
    )


def _test(top: Sequence[Attempt], table: Table, threshold: Threshold) -> ScoreTest:
    return ScoreTest(
        difference=_difference(table, threshold),
        refusals_solved=_difference(
            columns(top, threshold, scores=REFUSALS_SOLVED), threshold
        ),
    )


def _difference(table: Table, threshold: Threshold) -> Figure:
    level = 1 / (1 + np.exp(table.difficulty - threshold.ability))
    tasks = np.arange(len(table.tasks))
    if len(tasks) < 2:  # noqa: PLR2004
        return Figure(
            value=_round(float(table.rates[0] - level[0])), low=-1.0, high=1.0
        )
    middle, interval = difference(table.rates, level, tasks, table.task_weights)
    return _figure(middle, interval)


def _hardest(table: Table) -> Figure:
    order = np.argsort(-table.difficulty, kind="stable")
    least = table.difficulty[order[max(1, len(order) // 3) - 1]]
    mine = table.difficulty >= least
    solved, tasks = float(table.rates[mine].sum()), float(mine.sum())
    return _figure(solved / tasks, jeffreys(solved, tasks))


def _clustered(table: Table, clusters: Ints) -> Figure:
    if len(np.unique(clusters)) < 2:  # noqa: PLR2004
        solved, tasks = float(table.rates.sum()), float(len(table.tasks))
        return _figure(solved / tasks, jeffreys(solved, tasks))
    by_task = len(np.unique(clusters)) == len(table.tasks)
    cells = _cells(table) if by_task else None
    share = clustered(table.rates, clusters, table.task_weights, cells=cells)
    return _figure(share.value, share.interval)


def _family_clusters(table: Table) -> Figure | None:
    return _clustered(table, table.family) if len(table.families) > 1 else None


def _above(scale: Scale, threshold: Threshold | None) -> float | None:
    return None if threshold is None else _round(scale.ability.above(threshold.ability))


def _above_of(table: Table | None, threshold: Threshold | None) -> float | None:
    if table is None or threshold is None:
        return None
    return _above(posterior(table.observed), threshold)


def _density(density: Density) -> Figure:
    return _figure(density.mean, density.interval())


def _figure(value: float, interval: Interval) -> Figure:
    return Figure(
        value=_round(value), low=_round(interval.low), high=_round(interval.high)
    )


def _round(value: float) -> float:
    return round(float(value), 6) + 0.0
