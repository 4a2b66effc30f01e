"""`fairlead catalogue`: what others have published."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import command, lines, show, system
from fairlead.wiring import cataloguing

NICE = 15
"""How far an import stands back behind other work: 0 not at all, 19 as far as it goes."""


@click.group()
def catalogue() -> None:
    """Import and look up what others have published."""


@catalogue.command("import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@command
def import_(paths: tuple[Path, ...], home: Path | None, *, as_json: bool) -> None:
    """Import CVE, OSV, CSAF, KEV and EPSS: files, folders, zip or tar archives.

    What is faulty is put aside with the reason, see `fairlead catalogue quarantine`.
    If it is ended, even by a power cut, the same command goes on where it was; until it
    is done the catalogue in use stays as it is.
    """

    def work() -> Any:  # noqa: ANN401 - see fairlead.store.catalogue.importing
        with system(home, create=True) as opened:
            return cataloguing.take(opened, paths, _tell)

    done = _behind(work)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    told = {
        "import": done.id,
        "digest": done.digest,
        "taken": done.taken,
        "unchanged": done.unchanged,
        "older": done.older,
        "quarantined": done.quarantined,
        "resumed": done.resumed,
        "faulty": [f._asdict() for f in done.faulty],
    }
    said = [
        (
            f"{done.taken} taken, {done.unchanged} unchanged, {done.older} older than what"
            f" was there, {done.quarantined} faulty"
        )
    ]
    said += [_faulty(f) for f in done.faulty]
    if done.quarantined > len(done.faulty):
        said.append("All of them: fairlead catalogue quarantine")
    show(told, as_json=as_json, text="\n".join(said))


def _behind(work: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever it returns
    """Do *work* behind everything else that the machine does, so that intake goes first.

    Linux gives priorities to threads: only that of this one is lowered. It is a daemon,
    so that Ctrl-C ends it at once; it goes on where it was when it is called again.
    """
    found: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - told where it was asked for
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def _tell(progress: Any) -> None:  # noqa: ANN401 - see fairlead.store.catalogue.importing
    if not sys.stderr.isatty():
        return
    said = (
        f"{progress.documents} read, {progress.taken} taken, {progress.quarantined} faulty"
        f"  {progress.input}"
    )
    click.echo("\r\033[K" + said[:100], nl=False, err=True)


def _faulty(found: Any) -> str:  # noqa: ANN401 - see fairlead.store.catalogue.importing
    return f"{found.place} {found.pointer or '(all)'}: {found.reason}"


@catalogue.command("quarantine")
@click.option("--limit", default=100, show_default=True, help="At most so many.")
@click.option("--after", default=0, help="Leave so many out.")
@command
def quarantine(home: Path | None, limit: int, after: int, *, as_json: bool) -> None:
    """Show what imports put aside: file, JSON pointer and reason."""
    with system(home) as opened, opened.catalogue().read() as reading:
        found = reading.quarantine(limit, after)
        total = reading.counted()["quarantined"]
    told = {"total": total, "quarantined": [f._asdict() for f in found]}
    text = "\n".join([_faulty(f) for f in found]) or "Nothing is in quarantine."
    show(told, as_json=as_json, text=text)


@catalogue.command("find")
@click.argument("name")
@command
def find(name: str, home: Path | None, *, as_json: bool) -> None:
    """Show what is published under NAME, such as CVE-2021-25287."""
    with system(home) as opened:
        found = opened.catalogue().find(name)
    show(
        {
            "records": [
                {"source": r.source, "id": r.id, "title": r.title} for r in found
            ]
        },
        as_json=as_json,
        text=lines([(r.source, r.id, r.title) for r in found], ("FROM", "ID", "TITLE")),
    )


@catalogue.command("status")
@command
def status(home: Path | None, *, as_json: bool) -> None:
    """Say how much is in the catalogue."""
    with system(home) as opened, opened.catalogue().read() as reading:
        counted = reading.counted()
    show(counted, as_json=as_json, text=lines(list(counted.items()), ("WHAT", "COUNT")))
