"""`fairlead record disclose`, `export`, `rebuild`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from fairlead.cli.output import Exit, command, show, system
from fairlead.record.notes import Verifier
from fairlead.wiring import recordkeeping


@click.command()
@click.argument("events", nargs=-1, required=True)
@click.option(
    "--body",
    is_flag=True,
    help="Also what is confidential; those concerned see that you took it.",
)
@command
def disclose(
    events: tuple[str, ...],
    home: Path | None,
    *,
    body: bool,
    as_json: bool,  # noqa: ARG001 - the document is JSON either way
) -> None:
    """Hand out EVENTS with their salts and proofs, for anyone to verify.

    An event is its stream and version: case/FL-…@3. The document on standard output is
    verified with `fairlead record verify`, and tells nothing of any other event.
    """
    with system(home) as opened:
        document = recordkeeping.disclose(opened, events, body=body).encode().decode()
        opened.publish_record()
    click.echo(document, nl=False)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@command
def export(folder: Path, home: Path | None, *, as_json: bool) -> None:
    """Write the whole record, without its bodies, to FOLDER.

    Others keep it, verify it with `fairlead record verify`, and see later that nothing
    was changed. A folder of an earlier export is continued.
    """

    def progress(done: int, size: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done} of {size} events ", nl=False, err=True)

    with system(home) as opened:
        exported = recordkeeping.export(opened, folder, progress)
        opened.publish_record()
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    show(
        {
            "folder": str(folder),
            "events": exported.events,
            "already": exported.already,
        },
        as_json=as_json,
        text=f"{exported.events} events in {folder}, {exported.already} of them already"
        " there.",
    )


@click.command()
@command
def rebuild(home: Path | None, *, as_json: bool) -> None:
    """Make anew whatever follows from the record: states, index, timers.

    For when `fairlead record check` names snapshots. Stop the server first; killed at
    any moment, everything is as it was.
    """

    def progress(what: str, count: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what}: {count} ", nl=False, err=True)

    with system(home) as opened:
        count = opened.rebuild(progress)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    show({"subjects": count}, as_json=as_json, text=f"{count} subjects made anew.")


def verify_disclosure(text: str, verifier: Verifier, *, as_json: bool) -> None:
    """Verify what `disclose` printed, and show what it says."""
    from fairlead.record import disclosure

    events = list(disclosure.verify(disclosure.parse(text).events, verifier))
    show(
        {
            "verified": True,
            "events": [
                {
                    "event": f"{event.stream}@{event.version}",
                    "type": event.type,
                    "actor": event.actor,
                    "at": event.at,
                    "index": event.index,
                    "data": json.loads(bytes(event.data)),
                    "body": None
                    if event.body is None
                    else event.body.decode("utf-8", "replace"),
                }
                for event in events
            ],
        },
        as_json=as_json,
        text="\n".join(
            f"{event.at}  {event.type}  {event.stream}@{event.version}  by {event.actor}"
            f"  at place {event.index} of {event.checkpoint.size}"
            f"{', with its body' if event.body is not None else ''}"
            for event in events
        ),
    )


def verify_export(folder: Path, verifier: Verifier, *, as_json: bool) -> None:
    """Verify what `export` wrote."""
    from fairlead.store.exporting import verify

    problems = list(verify(folder, verifier))
    show(
        {"verified": not problems, "problems": [asdict(p) for p in problems]},
        as_json=as_json,
        text="\n".join(f"{p.code}: {p.subject}: {p.message}" for p in problems)
        or f"The events in {folder} are those of the log that {verifier.name} signs.",
    )
    if problems:
        raise SystemExit(Exit.DAMAGED)
