"""`fairlead record`: the record of everything that happened."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from fairlead.cli import disclosing, proofs
from fairlead.cli.output import Exit, command, show, system
from fairlead.wiring import recordkeeping


@click.group()
def record() -> None:
    """Prove what the record of everything that happened says."""


for _command in (
    proofs.key,
    proofs.certificate_key,
    proofs.rotate_key,
    proofs.prove,
    proofs.verify,
    proofs.consistency,
    disclosing.disclose,
    disclosing.export,
    disclosing.rebuild,
):
    record.add_command(_command)


@record.command()
@command
def check(home: Path | None, *, as_json: bool) -> None:
    """Prove that everything that is kept says the same.

    Each state is the fold over its events, each event is the one whose leaf has a place
    in the log, and the log is the one that the checkpoint signs. Exit code 7 if not.
    """

    def progress(what: str, count: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what}: {count} ", nl=False, err=True)

    with system(home) as opened:
        found = recordkeeping.check(opened, progress)
        checkpoint = opened.tiles.checkpoint()
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    counted = (
        f"{found.events} events of {found.subjects} subjects; {found.size} in the log,"
        f" {found.waiting} not yet; {found.destroyed} bodies destroyed"
    )
    text = [
        counted,
        f"{found.blobs} bodies in files, {found.unnamed_blobs} files without a body",
        *(f"  {n} by {event}" for event, n in sorted(found.destroyed_by.items())),
        *(f"{p.code}: {p.subject}: {p.message}" for p in found.problems),
        "The record holds." if not found.faults else f"{found.faults} faults.",
    ]
    show(
        {
            "holds": not found.faults,
            "events": found.events,
            "subjects": found.subjects,
            "size": found.size,
            "waiting": found.waiting,
            "destroyed": found.destroyed,
            "destroyed_by": dict(found.destroyed_by),
            "blobs": found.blobs,
            "unnamed_blobs": found.unnamed_blobs,
            "faults": found.faults,
            "problems": [asdict(problem) for problem in found.problems],
            "checkpoint": checkpoint,
        },
        as_json=as_json,
        text="\n".join(text),
    )
    if found.faults:
        raise SystemExit(Exit.DAMAGED)
