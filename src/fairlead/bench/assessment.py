"""An assessment: what was estimated from a run, as values that anybody can compare.

Numbers are rounded to six decimals where they are made, so that they read the same on
every machine; abilities are logits, scores are shares of tasks.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from fairlead.bench.outcomes import Flag, Outcome

FORM = 1
"""Of these values; it rises where their meaning changes."""


class Figure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value with its interval of 95 %."""

    value: float
    low: float
    high: float


class FamilyRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One family at the largest budget."""

    family: str
    generated: bool
    tasks: int
    attempts: int
    solved: int
    score: Figure
    """Jeffreys' interval over tasks."""
    ability: Figure


class StepRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of difficulty at the largest budget."""

    step: int
    difficulty: float
    tasks: int
    score: Figure


class BudgetRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rung of the budget."""

    tokens: int
    tasks: int
    score: Figure
    ability: Figure


class PassRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of *k* attempts solves a task."""

    k: int
    score: Figure


class HorizonRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Minutes of an expert at which a share of tasks is solved."""

    share: float
    minutes: Figure
    outside: bool
    """Beyond all tasks, where nothing was observed."""


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The estimate, had one thing been decided otherwise."""

    what: str
    ability: Figure
    above: float | None = None
    """Probability of being above the threshold."""


class Gain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the last rung of the budget brought, and what the curve is called."""

    score: Figure
    shape: str


class Checked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the posterior hangs on how it was computed."""

    rhat: float
    ess: float
    gap: float
    """Largest distance between both computations at mean and interval, in posterior
    standard deviations."""
    refined: float
    """How far the interval moves when all steps are halved, in logits."""
    converged: bool


class Sequential(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What betting against the threshold came to, in the declared order of tasks."""

    tasks: int
    rounds: int
    """Rounds that were run whole, from the first on."""
    evidence_above: float
    """Largest e-value so far against not being above; 1 / alpha is enough."""
    evidence_below: float
    below_refusals_solved: float
    """The latter, had refusals been solved."""
    needed: float
    score: Figure
    """Of the suite, at every look at once."""
    boundary: float
    """Score of a model exactly at the threshold."""


class ScoreTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Score less that of a model at the threshold; uses no model of responses."""

    difference: Figure
    refusals_solved: Figure


class Calibrated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where anchors put the threshold, and how often that misreads one left out."""

    anchors: int
    """Real models."""
    threshold: Figure
    """With its interval of 90 %."""
    error: Figure
    shift: float
    """How far, at most, leaving one anchor out moves it, in logits."""


class Estimate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run says about the ability of a model."""

    form: Annotated[int, Meta(ge=1)] = FORM
    code: str
    """What computed it: version and digest of its source."""
    tasks: int
    attempts: int
    missing: int
    """Planned attempts that were not made."""
    mix: dict[Outcome, int]
    flags: dict[Flag, int]
    tokens: int
    dollars: float
    hours: float
    ability: Figure
    families_drawn: Figure
    """Ability if the families are regarded as a sample of more like them."""
    between: float
    """How far families lie apart, in logits."""
    within: float
    """What the declared difficulty leaves open, in logits."""
    edge: float
    above: float | None = None
    """Probability of being above the threshold."""
    above_refusals_solved: float | None = None
    above_outside: float | None = None
    """The same by the families alone that were not generated."""
    score: Figure
    """Weighted by family; by task, Student's t."""
    score_by_family: Figure | None
    """By family, G - 1 degrees of freedom."""
    test: ScoreTest | None = None
    hardest: Figure
    """Score in the hardest third of tasks."""
    families: tuple[FamilyRow, ...]
    steps: tuple[StepRow, ...]
    budgets: tuple[BudgetRow, ...]
    gain: Gain | None
    passes: tuple[PassRow, ...]
    horizons: tuple[HorizonRow, ...]
    changes: tuple[Change, ...]
    check: Checked
    sequential: Sequential | None = None
    calibrated: Calibrated | None = None
