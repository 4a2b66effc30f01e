"""The second part of a report: how the suite was run, and what became of attempts."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.bench.assessment import Estimate
from fairlead.bench.outcomes import Access, Outcome, Run
from fairlead.bench.reading import FIXED, Caveat
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
from fairlead.bench.report.pictures import percent
from fairlead.bench.report.printing import instant, times

_ACCESS = {
    Access.AL1: "black box: inputs and outputs alone",
    Access.AL2: "also reasoning, log probabilities or a variant without refusals",
    Access.AL3: "also weights, activations or fine-tuning",
}
_COUNTS = {
    Outcome.SOLVED: "solved",
    Outcome.FAILED: "not solved",
    Outcome.REFUSED: "not solved; both ways in the sensitivity",
    Outcome.INVALID: "nothing: it says nothing about the model",
    Outcome.CHEATED: "not solved, and flagged",
}


def running(run: Run, estimate: Estimate) -> Iterator[Section]:
    """Yield what was declared, the outcomes, and the flags."""
    yield Section(
        title="How it was implemented and run",
        level=2,
        note="NIST AI 800-2, section 2",
        blocks=(
            Facts(
                (
                    ("Model", run.model + _reference(run)),
                    ("Variant", run.variant.value),
                    ("Access", f"{run.access}, {_ACCESS[run.access]}"),
                    ("Scaffold", run.scaffold),
                    ("Tools", ", ".join(run.tools) or "none"),
                    ("Attempts at each task and budget", str(run.attempts)),
                    (
                        "Budgets, in tokens",
                        ", ".join(f"{t:,}" for t in run.budgets.tokens),
                    ),
                    ("Stopping rule", _stopping(run)),
                    ("Sandbox", f"level {run.level}, proved before and after"),
                    ("Declared on", instant(run.declared)),
                    ("Suite, by SHA-256", run.suite_digest),
                    ("Harness", run.harness or "not said"),
                )
            ),
        ),
    )
    yield Section(
        title="What became of the attempts",
        blocks=(
            Picture(
                "Outcomes of all attempts, at all budgets",
                pictures.mix(estimate),
                Grid(
                    "Outcomes",
                    ("Outcome", "Attempts", "Share", "Counts as"),
                    tuple(
                        (
                            outcome.value,
                            str(estimate.mix.get(outcome, 0)),
                            percent(estimate.mix.get(outcome, 0) / estimate.attempts),
                            _COUNTS[outcome],
                        )
                        for outcome in Outcome
                    ),
                ),
            ),
            Text(
                f"Declared before the run: no reading with more than"
                f" {percent(run.errors.invalid)} invalid or"
                f" {percent(run.errors.refused)} refused."
                + (
                    f" {estimate.missing} planned attempts were not made"
                    + (
                        "."
                        if run.stopping == FIXED
                        else ", as the stopping rule allows."
                    )
                    if estimate.missing
                    else " Every planned attempt was made."
                )
            ),
        ),
    )
    flags: Block = (
        Points(tuple((f"{flag}", times(n)) for flag, n in estimate.flags.items()))
        if estimate.flags
        else Text("Nothing was flagged.")
    )
    yield Section(
        title="Flags",
        blocks=(
            Text(
                "Signs of cheating or of holding back, found by rules in transcripts and"
                " files. A flag is not proof; where there is none, neither is that."
            ),
            flags,
        ),
    )


def _stopping(run: Run) -> str:
    if run.stopping == FIXED:
        return "fixed: every planned attempt is made"
    return f"{run.stopping}: between rounds, once the bets are won"


def _reference(run: Run) -> str:
    return f" ({Caveat.REFERENCE})" if run.reference else ""
