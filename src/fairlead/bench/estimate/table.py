"""Attempts as columns: which count, how often each task was tried and solved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairlead.bench.estimate.intervals import Floats, Ints
from fairlead.bench.estimate.scale import Observed
from fairlead.bench.outcomes import Attempt, Outcome, Run
from fairlead.bench.threshold import Threshold, difficulty
from fairlead.errors import Invalid

SCORES: Mapping[Outcome, float | None] = {
    Outcome.SOLVED: 1.0,
    Outcome.FAILED: 0.0,
    Outcome.REFUSED: 0.0,
    Outcome.CHEATED: 0.0,
    Outcome.INVALID: None,
}
"""What an outcome scores; nothing where it says nothing about the model."""

REFUSALS_SOLVED: Mapping[Outcome, float | None] = {**SCORES, Outcome.REFUSED: 1.0}
REFUSALS_OUT: Mapping[Outcome, float | None] = {**SCORES, Outcome.REFUSED: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Tasks at one budget, by name."""

    tasks: tuple[str, ...]
    families: tuple[str, ...]
    """All there are, by name."""
    family: Ints
    step: Ints
    difficulty: Floats
    minutes: Floats
    solved: Ints
    tried: Ints
    weights: Floats
    """By family; they sum to 1."""

    @property
    def rates(self) -> Floats:
        """Return the share of its attempts that solved each task."""
        return self.solved / self.tried

    @property
    def observed(self) -> Observed:
        """Return what the model of responses takes."""
        return Observed(
            family=self.family,
            difficulty=self.difficulty,
            solved=self.solved,
            tried=self.tried,
            weights=self.weights,
        )

    @property
    def task_weights(self) -> Floats:
        """Return weights of tasks: a family's is shared by its tasks; they sum to 1."""
        sizes = np.bincount(self.family, minlength=len(self.families))
        return np.asarray((self.weights / np.maximum(sizes, 1))[self.family])

    def of(self, families: Collection[str]) -> Table | None:
        """Return the tasks of some families alone, or nothing where there are none."""
        kept = [n for n, name in enumerate(self.families) if name in families]
        rows = np.isin(self.family, kept)
        if not rows.any():
            return None
        renamed = {old: new for new, old in enumerate(kept)}
        weights = self.weights[kept]
        return Table(
            tasks=tuple(t for t, k in zip(self.tasks, rows, strict=True) if k),
            families=tuple(self.families[n] for n in kept),
            family=np.array([renamed[int(f)] for f in self.family[rows]]),
            step=self.step[rows],
            difficulty=self.difficulty[rows],
            minutes=self.minutes[rows],
            solved=self.solved[rows],
            tried=self.tried[rows],
            weights=weights / weights.sum(),
        )


def columns(
    attempts: Sequence[Attempt],
    threshold: Threshold | None,
    *,
    scores: Mapping[Outcome, float | None] = SCORES,
    kept: Callable[[Attempt], bool] = lambda _: True,
) -> Table:
    """Return *attempts*, which are of one budget, by task; their order is of no matter.

    Raises:
        Invalid: none of them says anything about the model.

    """
    by_task: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        if scores[attempt.outcome] is not None and kept(attempt):
            by_task.setdefault(attempt.task, []).append(attempt)
    if not by_task:
        raise Invalid("no attempt says anything about the model")
    names = sorted(by_task)
    firsts = [by_task[name][0] for name in names]
    families = tuple(sorted({a.family for a in firsts}))
    steps = threshold.steps if threshold else ()
    wanted = threshold.weights if threshold else {}
    weights = np.array([wanted.get(name, 1.0) for name in families])
    return Table(
        tasks=tuple(names),
        families=families,
        family=np.array([families.index(a.family) for a in firsts]),
        step=np.array([a.difficulty for a in firsts]),
        difficulty=np.array([difficulty(a.difficulty, steps) for a in firsts]),
        minutes=np.array([a.assumed_minutes for a in firsts]),
        solved=np.array(
            [sum(int(scores[a.outcome] or 0) for a in by_task[n]) for n in names]
        ),
        tried=np.array([len(by_task[name]) for name in names]),
        weights=weights / weights.sum(),
    )


def rungs(attempts: Sequence[Attempt]) -> Mapping[int, Sequence[Attempt]]:
    """Return attempts by budget, the smallest first."""
    found: dict[int, list[Attempt]] = {}
    for attempt in attempts:
        found.setdefault(attempt.budget_tokens, []).append(attempt)
    return {tokens: found[tokens] for tokens in sorted(found)}


def missing(run: Run, attempts: Sequence[Attempt]) -> Sequence[tuple[str, int, int]]:
    """Return planned attempts that were not made: task, budget, number.

    Where the order of tasks was not declared, those of tasks that were begun.
    """
    names = [p.task for p in run.planned] or sorted({a.task for a in attempts})
    made = {a.key for a in attempts}
    return [
        (name, tokens, epoch)
        for name in names
        for tokens in run.budgets.tokens
        for epoch in range(1, run.attempts + 1)
        if (name, tokens, epoch) not in made
    ]
