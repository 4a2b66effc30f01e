"""`fairlead bench plan`: how many tasks an answer needs, and how long that takes."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead.cli.output import command, lines, show
from fairlead.errors import Invalid
from fairlead.wiring.assessing import needs_extra


@click.command()
@click.argument("suite", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--days", type=float, required=True, help="Left in the window.")
@click.option("--minutes", type=float, default=10.0, help="Of one attempt.")
@click.option("--parallel", type=click.IntRange(1, 10_000), default=4)
@click.option("--attempts", type=click.IntRange(1, 1000), default=1, help="Per budget.")
@command
def plan(  # noqa: PLR0913 - one for each option
    suite: Path,
    home: Path | None,
    *,
    days: float,
    minutes: float,
    parallel: int,
    attempts: int,
    as_json: bool,
) -> None:
    """Say how many tasks of SUITE an answer needs, and whether the days suffice."""
    needs_extra()
    import msgspec

    from fairlead.bench.planning import Pace
    from fairlead.bench.planning import plan as planned
    from fairlead.wiring.assessing import tasks_of

    _ = home
    tasks, threshold, rungs = tasks_of(suite)
    pace = Pace(
        minutes=minutes, parallel=parallel, attempts=attempts * rungs, days=days
    )
    found = planned(tasks, threshold, pace)
    rows = [
        (
            f"{row.distance:g} logits",
            row.early,
            row.fixed,
            f"{row.days:g}",
            "yes" if row.fits else "no",
        )
        for row in found.rows
    ]
    heads = (
        "distance from the threshold",
        "tasks, stopping early",
        "tasks, fixed size",
        "days",
        "fits",
    )
    text = (
        f"{found.tasks} tasks in the suite, {found.possible} can be done in {days:g} days;"
        f" a run may stop after every {found.round}\n\n{lines(rows, heads)}"
    )
    show(msgspec.to_builtins(found), as_json=as_json, text=text)


@click.command()
@click.argument(
    "threshold", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@command
def calibrate(threshold: Path, home: Path | None, *, as_json: bool) -> None:
    """Say where the anchors of a THRESHOLD file put it, and how wrong that may be."""
    needs_extra()
    import msgspec

    from fairlead.bench.estimate.assessing import calibration
    from fairlead.bench.threshold import read_threshold

    _ = home
    read = read_threshold(threshold.read_bytes())
    found = calibration(read)
    if found is None:
        raise Invalid(
            "a threshold is calibrated on four real models, two that can and two that"
            " cannot"
        )
    at, error = found.threshold, found.error
    text = (
        f"{found.anchors} anchors put {read.name!r} at {at.value:+.2f} logits (90 %"
        f" interval {at.low:+.2f} to {at.high:+.2f}); it is declared at"
        f" {read.ability:+.2f}\n"
        f"left out, {error.value:.0%} are misread (95 % interval {error.low:.0%} to"
        f" {error.high:.0%}); leaving one out moves it by {found.shift:.2f} at most"
    )
    show(msgspec.to_builtins(found), as_json=as_json, text=text)
