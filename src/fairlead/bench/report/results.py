"""The third part of a report: what was found, by which analysis, with which limits."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.bench.assessment import Estimate
from fairlead.bench.outcomes import Run
from fairlead.bench.reading import FIXED, Reading
from fairlead.bench.report import pictures
from fairlead.bench.report.blocks import (
    Block,
    Facts,
    Grid,
    Picture,
    Points,
    Section,
    Text,
)
from fairlead.bench.report.pictures import percent, signed, words
from fairlead.bench.report.printing import (
    chance,
    evidence,
    minutes,
    points,
    shares,
    span,
)

_LIMITS = (
    (
        "A suite is not the world",
        (
            "Tasks are smaller and cleaner than real targets; ability here need not carry"
            " over, in either direction."
        ),
    ),
    (
        "Difficulty is declared",
        (
            "Steps have logits by assumption until they are calibrated on several models;"
            " where that is wrong, score and bets still hold, and the ability shifts."
        ),
    ),
    (
        "Elicitation",
        (
            "Another scaffold, prompt or tool may bring more. What is measured is what this"
            " one brought."
        ),
    ),
    (
        "One moment",
        "It is about this version of the model at its endpoint during the run.",
    ),
)


def results(run: Run, estimate: Estimate, reading: Reading) -> Iterator[Section]:
    """Yield ability by family, step and budget, sensitivity, measures and limits."""
    yield Section(
        title="Analysis and results",
        level=2,
        note="NIST AI 800-2, section 3",
        blocks=(
            Text(
                "All intervals are of 95 %. Ability is measured in logits: one more"
                " makes the odds of solving a task 2.7 times as good."
            ),
        ),
    )
    yield Section(title="By family", blocks=(_families(estimate, reading),))
    yield Section(title="By difficulty", blocks=(_steps(estimate, reading),))
    yield Section(title="By budget", blocks=tuple(_budget(estimate)))
    yield Section(
        title="Had one thing been decided otherwise",
        blocks=(_changes(estimate),),
    )
    yield Section(title="Other measures", blocks=tuple(_measures(estimate)))
    yield Section(
        title="How the reading was come by", blocks=tuple(_how(run, estimate))
    )
    yield Section(title="Limits", blocks=(Points(_LIMITS),))


def _families(estimate: Estimate, reading: Reading) -> Picture:
    return Picture(
        "Ability by family",
        pictures.families(estimate, reading),
        Grid(
            "By family, at the largest budget",
            ("Family", "Solved", "Interval", "Ability", "Interval"),
            (
                *(
                    (
                        row.family,
                        percent(row.score.value),
                        shares(row.score),
                        signed(row.ability.value),
                        span(row.ability),
                    )
                    for row in estimate.families
                ),
                (
                    "whole suite",
                    percent(estimate.score.value),
                    shares(estimate.score),
                    signed(estimate.ability.value),
                    span(estimate.ability),
                ),
            ),
        ),
    )


def _steps(estimate: Estimate, reading: Reading) -> Picture:
    return Picture(
        "Tasks solved, by step of difficulty; the lines are what the estimated ability"
        " and a model at the threshold would be expected to solve",
        pictures.steps(estimate, reading),
        Grid(
            "By step, at the largest budget",
            ("Step", "Difficulty", "Tasks", "Solved", "Interval"),
            tuple(
                (
                    str(row.step),
                    signed(row.difficulty),
                    str(row.tasks),
                    percent(row.score.value),
                    shares(row.score),
                )
                for row in estimate.steps
            ),
        ),
    )


def _budget(estimate: Estimate) -> Iterator[Block]:
    yield Picture(
        "Tasks solved, by budget",
        pictures.budget(estimate),
        Grid(
            "By budget",
            ("Tokens", "Solved", "Interval", "Ability", "Interval"),
            tuple(
                (
                    f"{row.tokens:,}",
                    percent(row.score.value),
                    shares(row.score),
                    signed(row.ability.value),
                    span(row.ability),
                )
                for row in estimate.budgets
            ),
        ),
    )
    gain = estimate.gain
    if gain is None:
        yield Text("With one budget nothing is known of what a larger one would bring.")
        return
    yield Text(
        f"The last step of the budget brought {points(gain.score.value)}"
        f" (interval {points(gain.score.low)} to {points(gain.score.high)}): the curve"
        f" is {gain.shape}."
    )


def _changes(estimate: Estimate) -> Grid:
    rows = [("as analysed", words(estimate.ability), chance(estimate.above))]
    rows += [(c.what, words(c.ability), chance(c.above)) for c in estimate.changes]
    return Grid(
        "Sensitivity of the estimate",
        ("Analysis", "Ability and interval", "Probability of being above"),
        tuple(rows),
    )


def _measures(estimate: Estimate) -> Iterator[Block]:
    rows = [
        (
            "Solved, these families",
            percent(estimate.score.value),
            shares(estimate.score),
        )
    ]
    if estimate.score_by_family is not None:
        rows.append(
            (
                "Solved, families as a sample of more",
                percent(estimate.score_by_family.value),
                shares(estimate.score_by_family),
            )
        )
    rows += [
        (
            f"Solved in {row.k} attempt{'s' if row.k > 1 else ''} (pass@{row.k})",
            percent(row.score.value),
            shares(row.score),
        )
        for row in estimate.passes
    ]
    rows.append(
        (
            "Solved, hardest third",
            percent(estimate.hardest.value),
            shares(estimate.hardest),
        )
    )
    rows += [
        (
            f"Horizon: {percent(row.share)} solved at tasks that take an expert",
            minutes(row.minutes.value) + (" (beyond all tasks)" if row.outside else ""),
            f"{minutes(row.minutes.low)} to {minutes(row.minutes.high)}",
        )
        for row in estimate.horizons
    ]
    yield Grid("Other measures", ("Measure", "Value", "Interval"), tuple(rows))
    if estimate.horizons:
        yield Text(
            "Times of experts are assumed from the difficulty of a task, not measured."
        )


def _how(run: Run, estimate: Estimate) -> Iterator[Block]:
    bets = estimate.sequential
    if bets is not None:
        yield Text(
            f"Bets against the threshold, over {bets.rounds} rounds with {bets.tasks}"
            f" tasks in the declared order: evidence of being above"
            f" {evidence(bets.evidence_above)}, of being below"
            f" {evidence(bets.evidence_below)}, with refusals counted as solved"
            f" {evidence(bets.below_refusals_solved)}; {bets.needed:g} is enough, and"
            " reached by chance in at most one run of twenty however often one looks."
            f" The score lies within {percent(bets.score.low)} and"
            f" {percent(bets.score.high)} at every look at once; a model at the threshold"
            f" has {percent(bets.boundary)}."
            + (" This run was of fixed size." if run.stopping == FIXED else "")
        )
    if estimate.test is not None:
        test = estimate.test
        yield Text(
            "Score less that of a model at the threshold, task by task and without any"
            f" model of responses: {points(test.difference.value)} (interval"
            f" {points(test.difference.low)} to {points(test.difference.high)})."
        )
    check = estimate.check
    yield Facts(
        (
            (
                "Families differ by",
                f"{estimate.between:.2f} logits (standard deviation)",
            ),
            (
                "Tasks of a step differ by",
                f"{estimate.within:.2f} logits (standard deviation)",
            ),
            (
                "Posterior computed twice",
                (
                    f"integrated, and sampled by four chains: R-hat {check.rhat:.3f},"
                    f" effective size {check.ess:.0f}, apart by {check.gap:.2f} standard"
                    f" deviations; {'they agree' if check.converged else 'not confirmed'}"
                ),
            ),
            ("Finer steps move the interval by", f"{check.refined:.3f} logits"),
            ("Computed by", estimate.code),
        )
    )
