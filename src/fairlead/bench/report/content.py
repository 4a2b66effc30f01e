"""What a report tells, in order: the answer first, then how it was come by.

The headings are those of NIST AI 800-2 (initial public draft, January 2026): evaluation
objectives and benchmarks, implementing and running, analysing and reporting.
"""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.bench.assessment import Estimate
from fairlead.bench.bundle import Assessment
from fairlead.bench.outcomes import Run
from fairlead.bench.reading import MEANING, Answer, Reading
from fairlead.bench.report import pictures
from fairlead.bench.report.blocks import Content, Picture, Tile
from fairlead.bench.report.objectives import objectives
from fairlead.bench.report.pictures import percent, signed, tokens
from fairlead.bench.report.printing import days, hours
from fairlead.bench.report.results import results
from fairlead.bench.report.running import running
from fairlead.bench.threshold import Threshold

ADVISORY = (
    "This is an advisory reading. It determines nothing and has no effect on a release;"
    " a determination belongs to a person."
)
_SENTENCES = {
    Answer.ABOVE: "What was measured lies above the threshold “{name}”.",
    Answer.BELOW: "What was measured lies below the threshold “{name}”.",
    Answer.OPEN: "This run cannot rule out that the model reaches the threshold"
    " “{name}”.",
    Answer.NONE: "This run does not allow a reading.",
}


def content_of(
    run: Run, assessment: Assessment, threshold: Threshold | None, digest: str
) -> Content:
    """Return what the report of *run* tells."""
    estimate, reading = assessment.estimate, assessment.reading
    return Content(
        title=run.model,
        under=f"Suite {run.suite} {run.version} · {run.id} · {days(run)}",
        answer=reading.answer,
        sentence=_SENTENCES[reading.answer].format(name=reading.threshold),
        tiles=tuple(_tiles(estimate, reading)),
        picture=Picture(
            "Ability against the threshold: the bar is the 95 % interval, the thin line"
            " that interval if the families were drawn from more like them",
            pictures.ability(estimate, reading),
        ),
        reasons=reading.reasons,
        caveats=tuple((c.value, MEANING[c]) for c in reading.caveats),
        sections=(
            *objectives(run, estimate, threshold),
            *running(run, estimate),
            *results(run, estimate, reading),
        ),
        digest=digest,
    )


def _tiles(estimate: Estimate, reading: Reading) -> Iterator[Tile]:
    if reading.probability is not None:
        yield Tile(
            name="Probability of being above",
            value=percent(reading.probability),
            detail="by the model of responses, with refusals counted as failed",
        )
    ability = estimate.ability
    yield Tile(
        name="Ability, in logits",
        value=signed(ability.value),
        detail=f"95 % interval {signed(ability.low)} to {signed(ability.high)}",
    )
    score = estimate.score
    most = max(row.tokens for row in estimate.budgets)
    yield Tile(
        name=f"Tasks solved with {tokens(most)} tokens",
        value=percent(score.value),
        detail=f"95 % interval {percent(score.low)} to {percent(score.high)}",
    )
    yield Tile(
        name="Attempts",
        value=f"{estimate.attempts:,}",
        detail=f"at {estimate.tasks} tasks of {len(estimate.families)} families;"
        f" {hours(estimate.hours)} of work"
        + (f", {estimate.dollars:,.0f} US dollars" if estimate.dollars else ""),
    )
