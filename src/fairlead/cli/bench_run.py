"""`fairlead bench run`: a suite against a model, from declaration to the last attempt."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import Exit, command, plain, show, system
from fairlead.errors import Misconfigured
from fairlead.wiring import Sandboxes, Settings, System

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _duration(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    """Return the seconds of 90s, 30m, 20h or 2d."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value)
    if found is None or float(found[1]) <= 0:
        raise click.BadParameter("write 90s, 30m, 20h or 2d")
    return float(found[1]) * _UNITS[found[2]]


def _rungs(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    """Return the budgets of 20000,60000,180000."""
    try:
        return tuple(int(part) for part in value.split(",") if part)
    except ValueError as error:
        raise click.BadParameter("write 20000,60000,180000") from error


@click.command()
@click.argument("suite", type=FOLDER, required=False)
@click.option(
    "--task", default="", help="Instead: FILE.py@NAME, or inspect_evals/NAME."
)
@click.option("--model", required=True, help="As Inspect names it: openai/NAME.")
@click.option("--base-url", help="Where the model answers: http://HOST:PORT/v1.")
@click.option("--key-env", help="The variable of the environment that has its key.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run; one that is there is gone on with. RUN-… otherwise.",
)
@click.option(
    "--level", default="", help="L1 or L2; what the suite asks for otherwise."
)
@click.option("--attempts", type=click.IntRange(1, 1000), default=1, help="Per budget.")
@click.option(
    "--budgets", callback=_rungs, default="", help="Tokens of an attempt: a,b,c."
)
@click.option("--budget", callback=_duration, help="Of the whole run: 20h.")
@click.option("--dollars", type=float, help="Of the whole run, at the prices given.")
@click.option(
    "--price",
    type=(float, float),
    default=(0.0, 0.0),
    help="IN OUT: dollars for a million tokens.",
)
@click.option(
    "--attempt-time", callback=_duration, default="30m", help="Of one attempt."
)
@click.option(
    "--variant", type=click.Choice(["release", "helpful-only"]), default="release"
)
@click.option(
    "--access",
    type=click.Choice(["AL1", "AL2", "AL3"]),
    default="AL1",
    help="How deep you may look.",
)
@click.option(
    "--responsible",
    default="",
    help="Who is told if something tries to leave: a name, or a mail address.",
)
@click.option("--engagement", default="", help="Reach the model through its broker.")
@click.option("--seed", type=int, default=0, help="Of the order of the attempts.")
@click.option("--parallel", type=click.IntRange(1, 64), default=4, help="At one time.")
@click.option(
    "--request-time", callback=_duration, default="5m", help="Of one request."
)
@click.option(
    "--retries", type=click.IntRange(0, 20), default=4, help="Of one request."
)
@click.option(
    "--probes",
    callback=_duration,
    default="5m",
    help="Between rounds of fixed prompts, which show whether the endpoint changes.",
)
@click.option("--lend", is_flag=True, help="Let workers make the attempts.")
@click.option(
    "--threshold",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of the threshold that is read against; the suite's otherwise.",
)
@click.option(
    "--stop-early",
    is_flag=True,
    help="Stop between rounds of tasks, once it is clear on which side of the threshold.",
)
@click.option("--off-record", is_flag=True, help="Put nothing on the record.")
@command
def run(home: Path | None, *, as_json: bool, off_record: bool, **given: Any) -> None:  # noqa: ANN401 - see Wanted
    """Run SUITE, or a task of Inspect's, against a model; or go on where that stopped.

    What is declared here stands on the record before anything is run. Ctrl-C stops; the
    same command goes on, without repeating or losing an attempt that has ended. Exit code
    6 where the run stands still.
    """
    if find_spec("inspect_ai") is None:
        raise Misconfigured("running a suite needs Inspect: install fairlead[bench]")
    with _recorded(home, off_record=off_record) as opened:
        reason, bench = _run(home, opened, given, as_json=as_json)
    _show(reason, bench, as_json=as_json)


@contextmanager
def _recorded(home: Path | None, *, off_record: bool) -> Iterator[System | None]:
    if off_record:
        yield None
        return
    with system(home, create=True) as opened:
        yield opened


def _run(
    home: Path | None, opened: System | None, given: dict[str, Any], *, as_json: bool
) -> tuple[Any, Any]:
    from fairlead.wiring.benches import BenchRun
    from fairlead.wiring.run_declaring import Wanted

    key = given.pop("key_env")
    wanted = Wanted(
        suite=given["suite"],
        out=given["out"] or Path(f"RUN-{_name(given)}"),
        outside=given["task"],
        model=given["model"],
        base_url=given["base_url"],
        api_key=os.environ.get(key) if key else None,
        level=given["level"],
        attempts=given["attempts"],
        tokens=given["budgets"],
        seconds=given["budget"],
        dollars=given["dollars"],
        attempt_seconds=given["attempt_time"],
        variant=given["variant"],
        access=given["access"],
        seed=given["seed"],
        parallel=given["parallel"],
        prices=given["price"],
        responsible=given["responsible"],
        engagement=given["engagement"],
        probes=given["probes"],
        request_seconds=int(given["request_time"]),
        retries=given["retries"],
        lend=given["lend"],
        threshold=given["threshold"],
        early=given["stop_early"],
    )

    def tell(attempt: Any, progress: Any) -> None:  # noqa: ANN401 - of evals
        if not as_json:
            click.echo(plain(_line(attempt, progress)), err=True)

    bench = BenchRun(
        Sandboxes(Settings.read(os.environ, home=home)),
        wanted,
        opened,
        say=lambda said: click.echo(plain(said), err=True),
        tell=tell,
    )
    reason, runner = bench.work()
    return reason, (bench, runner)


def _name(given: dict[str, Any]) -> str:
    """Return what a folder is called that was not named."""
    if given["suite"] is not None:
        return str(given["suite"].name)
    return re.sub(r"[^A-Za-z0-9]+", "-", given["task"]).strip("-") or "task"


def _line(attempt: Any, progress: Any) -> str:  # noqa: ANN401 - of evals
    left = progress.left
    time_left = f"{left / 60:.0f} min left" if left is not None else ""
    cost = f"${progress.cost:.2f}" if progress.cost else ""
    name = f"{attempt.task} at {attempt.budget_tokens} tokens"
    parts = [f"{progress.done}/{progress.declared}", name, attempt.outcome, cost]
    return " · ".join(part for part in [*parts, time_left] if part)


def _show(reason: Any, worked: Any, *, as_json: bool) -> None:  # noqa: ANN401 - of evals
    from fairlead.bench.outcomes import Outcome
    from fairlead.evals.running import Stopped

    bench, runner = worked
    kept = list(runner.keeper.kept.values())
    counts = {o.value: sum(a.outcome is o for a in kept) for o in Outcome}
    mixed = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    label = "reference policy, no model" if bench.run.reference else "model"
    suite = f"{bench.run.suite}@{bench.run.version}"
    text = [
        f"{bench.run.id}: {bench.run.model} ({label}), {suite}, {bench.run.level}",
        f"{len(kept)} attempts: {mixed or 'none'}",
        f"{reason.value}" + (f": {runner.detail}" if runner.detail else ""),
        f"in {bench.wanted.out}",
    ]
    show(
        {
            "run": bench.run.id,
            "folder": str(bench.wanted.out),
            "reason": reason.name.lower(),
            "detail": runner.detail,
            "attempts": len(kept),
            "outcomes": counts,
            "cost": sum(a.cost for a in kept),
        },
        as_json=as_json,
        text="\n".join(text),
    )
    if reason not in {Stopped.COMPLETE, Stopped.DECIDED}:
        raise SystemExit(Exit.UNAVAILABLE)


@click.command()
@click.argument("run_id")
@click.argument("suite", type=FOLDER)
@click.option("--model", required=True, help="As the run was declared.")
@click.option("--base-url", help="Where the model answers: http://HOST:PORT/v1.")
@click.option("--key-env", help="The variable of the environment that has its key.")
@click.option("--engagement", default="", help="Reach the model through its broker.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of this worker; WORK-… otherwise.",
)
@click.option("--parallel", type=click.IntRange(1, 64), default=4, help="At one time.")
@command
def work(  # noqa: PLR0913, PLR0917 - one for each option
    run_id: str,
    suite: Path,
    model: str,
    base_url: str | None,
    key_env: str | None,
    engagement: str,
    out: Path | None,
    parallel: int,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Make attempts of run RUN_ID, which `bench run --lend` offers, until none is left.

    Any number of workers on any hosts may do so that share a database. What a worker that
    died had taken returns to the others.
    """
    from fairlead.wiring.benches import BenchRun
    from fairlead.wiring.run_declaring import Wanted

    wanted = Wanted(
        suite=suite,
        out=out or Path(f"WORK-{run_id}-{os.getpid()}"),
        model=model,
        base_url=base_url,
        api_key=os.environ.get(key_env) if key_env else None,
        engagement=engagement,
        parallel=parallel,
    )
    with system(home) as opened:
        bench = BenchRun(
            Sandboxes(Settings.read(os.environ, home=home)),
            wanted,
            opened,
            say=lambda said: click.echo(plain(said), err=True),
        )
        reason, runner = bench.assist(run_id)
    _show(reason, (bench, runner), as_json=as_json)


@click.command()
@click.argument("run_id")
@click.option("--by", required=True, help="Who looked at it: a name.")
@command
def reviewed(run_id: str, by: str, home: Path | None, *, as_json: bool) -> None:
    """Say that a person looked at what tried to leave the sandbox in run RUN_ID.

    Until then no run of the same engagement starts. The name stands on the record.
    """
    from fairlead.bench import runs
    from fairlead.wiring import now

    with system(home) as opened:
        with opened.store.begin() as unit:
            state = unit.runs.get(run_id)
            facts = runs.reviewed(state)
            unit.runs.save(state, facts, name=run_id, by=f"operator:{by}", at=now())
        opened.publish_record()
    show(
        {"run": run_id, "by": by}, as_json=as_json, text=f"{run_id}: looked at by {by}"
    )
