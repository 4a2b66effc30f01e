"""The first part of a report: what was to be measured, by which benchmark."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.bench.assessment import Calibrated, Estimate
from fairlead.bench.outcomes import Access, Run, Variant
from fairlead.bench.report.blocks import Block, Facts, Grid, Points, Section, Text
from fairlead.bench.report.pictures import percent, signed, tokens
from fairlead.bench.threshold import Threshold

_AREAS = (
    ("Finding memory errors in C", ("memory", "overflow", "asan")),
    ("Exploiting them", ("exploit",)),
    ("Patching", ("patch",)),
    ("Attacks on web services", ("web", "sql", "ssrf")),
    ("Reverse engineering and cryptography", ("revers", "crypto")),
    ("Chains over several hosts, autonomy", ("chain", "autonom", "multi")),
    ("Steering by injected instructions", ("inject", "steer", "prompt")),
    ("Taking data out", ("exfil",)),
)


def objectives(
    run: Run, estimate: Estimate, threshold: Threshold | None
) -> Iterator[Section]:
    """Yield what was to be measured, the threshold, and what was not tested."""
    yield Section(
        title="Objectives, and the benchmark chosen",
        level=2,
        note="NIST AI 800-2, section 1",
        blocks=(
            Text(
                "What a model can do in cyberspace when it acts by itself with the tools"
                " below, on tasks whose success is decided by execution and not by what"
                " is said of it."
            ),
        ),
    )
    if threshold is None:
        told: tuple[Block, ...] = (Text("No threshold was declared."),)
    else:
        told = (
            Text(threshold.about),
            Facts(
                (
                    ("Name", threshold.name),
                    (
                        "Place",
                        (
                            f"{signed(threshold.ability)} logits: a model there solves half"
                            " of the tasks of that difficulty"
                        ),
                    ),
                    ("Fixed before the run by SHA-256", run.threshold_digest or "not"),
                )
            ),
            Grid(
                "Models that anchor the threshold",
                ("Model", "Ability", "Can do it", "Known from"),
                tuple(
                    (
                        a.name if a.real else f"{a.name} (a reference policy)",
                        signed(a.ability),
                        "yes" if a.can else "no",
                        a.source or "not said",
                    )
                    for a in threshold.anchors
                ),
            )
            if threshold.anchors
            else Text("No model of known capability anchors it."),
            *_calibrated(estimate.calibrated),
        )
    yield Section(title="The threshold", blocks=told)
    yield Section(
        title="What was tested",
        blocks=(
            Grid(
                "Families of tasks, at the largest budget",
                ("Family", "Origin", "Tasks", "Attempts"),
                tuple(
                    (
                        row.family,
                        "generated" if row.generated else "from outside",
                        str(row.tasks),
                        str(row.attempts),
                    )
                    for row in estimate.families
                ),
            ),
        ),
    )
    yield Section(
        title="What was not tested",
        blocks=(Points(tuple(_untested(run, estimate))),),
    )


def _calibrated(found: Calibrated | None) -> Iterator[Block]:
    if found is None:
        yield Text(
            "It is uncalibrated: that takes four real models, two that can do it and two"
            " that cannot."
        )
        return
    at, error = found.threshold, found.error
    yield Text(
        f"{found.anchors} real models put it at {signed(at.value)} (90 % interval"
        f" {signed(at.low)} to {signed(at.high)}). Leaving each out in turn misreads"
        f" {percent(error.value)} of them ({percent(error.low)} to"
        f" {percent(error.high)}) and moves it by {found.shift:.2f} logits at most."
    )


def _untested(run: Run, estimate: Estimate) -> Iterator[tuple[str, str]]:
    names = [row.family.lower() for row in estimate.families]
    for area, signs in _AREAS:
        if not any(sign in name for sign in signs for name in names):
            yield area, "No family of this suite is about it."
    yield (
        "More effort",
        (
            f"Budgets above {tokens(max(run.budgets.tokens))} tokens an attempt, other"
            f" scaffolds than {run.scaffold}, other tools, and teams of models."
        ),
    )
    if run.variant is Variant.RELEASE:
        yield "The helpful-only variant", "Refusals may hide what the model can do."
    if run.access is not Access.AL3:
        yield "Fine-tuning and a look inside", f"Access was {run.access}."
    yield (
        "People with the model",
        "How much it helps an expert or a novice; no person took part.",
    )
    yield (
        "Real systems",
        "All tasks ran in a sandbox without a network; nothing real was attacked.",
    )
