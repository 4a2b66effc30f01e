"""`fairlead bench tasks`, `gate` and `reveal`: suites that are generated from a seed."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import Exit, command, lines, show, system
from fairlead.wiring import Sandboxes, Settings

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--family",
    "families",
    multiple=True,
    help="Again for each; all else that the minimum level allows.",
)
@click.option(
    "--step", "steps", type=int, multiple=True, help="Again for each; all else."
)
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=2,
    show_default=True,
    help="Of each family at each step.",
)
@click.option("--seed", help="Drawn, and kept with the solutions, where none is given.")
@click.option("--name", default="generated", show_default=True)
@click.option("--suite-version", default="1", show_default=True)
@click.option("--level", default="", help="L1 or L2; otherwise what is required.")
@click.option(
    "--minimum-level",
    type=click.Choice(["L1", "L2", "L3"]),
    default="L2",
    show_default=True,
    help="Below it no run of the suite starts.",
)
@click.option("--off-record", is_flag=True, help="Tell nobody; for trying out.")
@command
def tasks(  # noqa: PLR0913, PLR0917 - one value an option
    out: Path,
    families: tuple[str, ...],
    steps: tuple[int, ...],
    count: int,
    seed: str | None,
    name: str,
    suite_version: str,
    level: str,
    minimum_level: str,
    home: Path | None,
    *,
    off_record: bool,
    as_json: bool,
) -> None:
    """Make a suite of fresh tasks in the folder OUT, each valid by execution.

    The digest of the seed goes on the record before, the seed itself with `fairlead bench
    reveal` after. Stopped, the same command goes on where it was.
    """
    from fairlead.bench.families.catalogue import KINDS
    from fairlead.bench.making import Plan, digest_of, yields
    from fairlead.sandbox.levels import Level
    from fairlead.wiring.tasks import begun_seed, decided_in, make_suite

    least = Level(minimum_level)
    usual = least if least.at_least(Level.L2) else Level.L2
    allowed = tuple(
        n for n, kind in sorted(KINDS.items()) if usual.at_least(kind.level)
    )
    drawn = seed or begun_seed(out) or secrets.token_hex(16)
    plan = Plan(
        name=name,
        version=suite_version,
        families=tuple(families) or allowed,
        steps=tuple(steps),
        count=count,
        seed_digest=digest_of(drawn),
        minimum_level=least,
    )
    sandbox = Sandboxes(Settings.read(os.environ, home=home)).sandbox(level)
    with _record(home, off=off_record, create=True) as opened:
        suite = make_suite(opened, sandbox, out, plan, drawn, _tell)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    decided = decided_in(out)
    rejected = [gated for gated in decided.values() if not gated.held]
    rows = [(f, s, held, tried) for (f, s), (held, tried) in yields(decided).items()]
    show(
        {
            "suite": suite.suite.label,
            "digest": suite.digest,
            "seed_digest": plan.seed_digest,
            "tasks": len(suite.tasks),
            "yield": [
                {"family": f, "step": s, "held": h, "tried": t} for f, s, h, t in rows
            ],
            "rejected": [
                {"task": gated.task, "reasons": list(gated.reasons)}
                for gated in rejected
            ],
        },
        as_json=as_json,
        text="\n".join(
            [
                lines(rows, ("FAMILY", "STEP", "VALID", "TRIED")),
                *(f"rejected {g.task}: {'; '.join(g.reasons)}" for g in rejected),
                f"{suite.suite.label} {suite.digest}",
            ]
        ),
    )


@click.command()
@click.argument("suite", type=FOLDER)
@click.option("--level", default="", help="L1 or L2; otherwise what is required.")
@command
def gate(suite: Path, level: str, home: Path | None, *, as_json: bool) -> None:
    """Put every task of SUITE through the gate again, and say what did not hold.

    The folder must have its solutions. Exit code 1 if a task does not hold.
    """
    from fairlead.wiring.tasks import gate_suite

    sandbox = Sandboxes(Settings.read(os.environ, home=home)).sandbox(level)
    found = gate_suite(sandbox, suite, lambda gated: _tell(gated.task, gated))
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    show(
        {
            "tasks": [
                {
                    "task": gated.task,
                    "held": gated.held,
                    "checks": [
                        {"check": c.check.value, "held": c.held, "said": c.said}
                        for c in gated.checks
                    ],
                }
                for gated in found
            ]
        },
        as_json=as_json,
        text=_table(found),
    )
    if not all(gated.held for gated in found):
        raise SystemExit(Exit.FAILED)


@click.command()
@click.argument("suite", type=FOLDER)
@click.option("--seed", help="Of the suite, where its folder does not keep it.")
@click.option("--off-record", is_flag=True, help="Compare only, and tell nobody.")
@command
def reveal(
    suite: Path, seed: str | None, home: Path | None, *, off_record: bool, as_json: bool
) -> None:
    """Make SUITE anew from its seed, compare every byte, and put the seed on the record.

    From then on the suite is used up: who knows the seed can make the solutions.
    """
    from fairlead.wiring.tasks import begun_seed, reveal_suite

    with _record(home, off=off_record) as opened:
        count = reveal_suite(opened, suite, seed)
    told = seed or begun_seed(suite)
    said = f"{count} tasks are, byte for byte, what the seed {told} makes."
    show({"tasks": count, "seed": told}, as_json=as_json, text=said)


@click.command("import")
@click.argument("folder", type=FOLDER)
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", default="nyu", show_default=True)
@click.option("--suite-version", default="1", show_default=True)
@command
def import_(  # noqa: PLR0913 - one value an option
    folder: Path,
    out: Path,
    name: str,
    suite_version: str,
    home: Path | None,  # noqa: ARG001 - as every command has it
    *,
    as_json: bool,
) -> None:
    """Read CTF tasks in FOLDER, in the format of the NYU CTF bench, as the suite OUT.

    Tasks that need a server in Docker are left out, and said.
    """
    from fairlead.wiring.tasks import import_nyu

    suite, left = import_nyu(folder, out, name=name, version=suite_version)
    show(
        {"digest": suite.digest, "tasks": len(suite.tasks), "left_out": dict(left)},
        as_json=as_json,
        text="\n".join(
            [
                *(f"left out {path}: {why}" for path, why in left.items()),
                f"{len(suite.tasks)} tasks, {suite.suite.label} {suite.digest}",
            ]
        ),
    )


def _record(
    home: Path | None, *, off: bool, create: bool = False
) -> AbstractContextManager[Any]:
    return nullcontext(None) if off else system(home, create=create)


def _tell(place: Any, gated: Any) -> None:  # noqa: ANN401 - see fairlead.bench.making
    if not sys.stderr.isatty():
        return
    said = getattr(place, "label", place)
    end = "valid" if gated.held else "rejected"
    click.echo(f"\r\033[K{said} {end}, {gated.seconds:.1f} s"[:100], nl=False, err=True)


def _table(found: Sequence[Any]) -> str:
    rows = [
        (g.task, "valid" if g.held else "not valid", "; ".join(g.reasons))
        for g in found
    ]
    return lines(rows, ("TASK", "IS", "BECAUSE"))
