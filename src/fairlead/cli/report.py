"""`fairlead report`: hand in what tools and people found."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import Exit, command, plain, show
from fairlead.errors import Misconfigured, TooMany, Unavailable
from fairlead.formats import incoming
from fairlead.formats.incoming import Hints, Reading
from fairlead.remote.intake import Intake
from fairlead.wiring import Settings

TOGETHER = 200
"""Reports of one request, at most."""
TOGETHER_BYTES = 4 * 1024 * 1024
LONGEST_WAIT = 60
"""Seconds that a command waits at once; for longer it ends, and is run again."""
KINDS = {".json", ".jsonl", ".ndjson", ".sarif", ".md", ".eml"}
"""Files of a folder that are read."""
TOKEN = "FAIRLEAD_TOKEN"  # noqa: S105 - the name of a variable


@click.group()
def report() -> None:
    """Hand in what tools and people found."""


@dataclass(slots=True)
class Entry:
    """One result of a file, and what became of it."""

    file: str
    reading: Reading
    receipt: str | None = None
    again: bool = False
    refused: str = ""

    @property
    def digest(self) -> str:
        """By what it is known whether it was handed in."""
        return hashlib.sha256(self.reading.report or b"").hexdigest()

    @property
    def waits(self) -> bool:
        """Tell whether it is still to be sent."""
        return bool(self.reading.report) and not self.receipt and not self.refused

    @property
    def faulty(self) -> bool:
        """Tell whether somebody should look at why it was not taken."""
        return bool(self.refused or (self.reading.why and not self.reading.ignored))


@dataclass(slots=True)
class Journal:
    """What was handed in where, so that a command that broke off goes on."""

    path: Path
    address: str
    receipts: dict[str, str] = field(default_factory=dict)

    def load(self) -> None:
        """Read what earlier runs handed in; a line that was cut off is passed over."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                kept = json.loads(line)
                if kept["to"] == self.address:
                    self.receipts[kept["digest"]] = kept["receipt"]
            except (ValueError, KeyError, TypeError):
                continue

    def keep(self, entries: Sequence[Entry]) -> None:
        """Write down what was handed in now; only its owner can read it."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            for one in entries:
                kept = {
                    "to": self.address,
                    "digest": one.digest,
                    "receipt": one.receipt,
                }
                file.write(json.dumps(kept) + "\n")


@report.command("submit")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--to", help="Address of the clearinghouse; else this one's.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with the token; {TOKEN} otherwise.",
)
@click.option("--purl", help="The package that is meant where a result names none.")
@click.option("--email", help="Where to write to about the reports.")
@click.option("--dry-run", is_flag=True, help="Only say what would be handed in.")
@click.option(
    "--journal",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("fairlead-submitted.jsonl"),
    show_default=True,
    help="Where receipts are written down; run again, the command goes on from there.",
)
@command
def submit(  # noqa: PLR0913, PLR0917 - one value an option
    paths: tuple[Path, ...],
    to: str | None,
    token_file: Path | None,
    purl: str | None,
    email: str | None,
    journal: Path,
    home: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Hand in the findings in PATHS: TAP, SARIF, OSV, CSAF, or Markdown mail.

    Each result of each file is told with its receipt, or with why it was not taken. A
    command that broke off is run again: what was handed in is not sent twice. Exit code
    3 if something could not be taken.
    """
    hints = Hints(purl=purl, email=email)
    entries = [
        Entry(str(file), reading)
        for file in files_of(paths)
        for reading in incoming.read(file.name, content_of(file), hints)
    ]
    stopped: Unavailable | None = None
    if not dry_run:
        address = to or Settings.read(os.environ, home=home).public_address
        kept = Journal(journal, address.rstrip("/"))
        kept.load()
        stopped = _send(entries, kept, token_of(token_file))
    _tell(entries, dry_run=dry_run, as_json=as_json)
    if stopped is not None:
        raise stopped
    if any(entry.faulty for entry in entries):
        raise SystemExit(Exit.INVALID)


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """Return the files that are read: those named, and those of folders."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = (
            p for p in path.rglob("*") if p.suffix.lower() in KINDS and p.is_file()
        )
        yield from sorted(found)


def content_of(file: Path) -> bytes:
    """Return what is in *file*, or just enough to tell that it is too large."""
    with file.open("rb") as opened:
        return opened.read(incoming.MAX_BYTES + 1)


def token_of(file: Path | None) -> str:
    """Return the token with which a command asks.

    Raises:
        Misconfigured: there is none.

    """
    token = file.read_text("ascii").strip() if file else os.environ.get(TOKEN, "")
    if not token:
        raise Misconfigured(f"token: set {TOKEN}, or name its file with --token-file")
    return token


def _send(entries: Sequence[Entry], journal: Journal, token: str) -> Unavailable | None:
    """Send what waits; return why it stopped, if it did before the end."""
    for one in entries:
        if one.waits and one.digest in journal.receipts:
            one.receipt, one.again = journal.receipts[one.digest], True
    waiting = deque(one for one in entries if one.waits)
    with (
        Intake(journal.address, token) as intake,
        click.progressbar(
            length=len(entries), label="handing in", file=sys.stderr
        ) as bar,
    ):
        bar.update(len(entries) - len(waiting))
        while waiting:
            try:
                done = _send_some(intake, waiting, journal)
            except TooMany as error:
                if error.retry_after > LONGEST_WAIT:
                    return _stopped(len(waiting), error)
                time.sleep(error.retry_after)
            except Unavailable as error:
                return _stopped(len(waiting), error)
            else:
                bar.update(done)
    return None


def _send_some(intake: Intake, waiting: deque[Entry], journal: Journal) -> int:
    """Send some of what waits; return how many of them were answered for good.

    Raises:
        Unavailable: none of them can be taken now.

    """
    some = _together(waiting)
    answers = intake.submit([one.reading.report or b"" for one in some])
    done: list[Entry] = []
    passing: list[Entry] = []
    for one, answer in zip(some, answers, strict=True):
        if answer.passing:
            passing.append(one)
            continue
        one.receipt, one.again = answer.receipt, answer.again
        one.refused = "" if answer.taken else answer.why or "refused"
        done.append(one)
    journal.keep([one for one in done if one.receipt])
    if not done:
        raise Unavailable(answers[0].why or "it cannot be taken now")
    for _ in some:
        waiting.popleft()
    waiting.extendleft(reversed(passing))
    return len(done)


def _stopped(left: int, error: Unavailable) -> Unavailable:
    return Unavailable(
        f"{error}; {left} reports are left: run the same command again to go on"
    )


def _together(waiting: deque[Entry]) -> list[Entry]:
    """Return what goes into one request: the first that wait."""
    some: list[Entry] = []
    size = 0
    for one in islice(waiting, TOGETHER):
        size += len(one.reading.report or b"")
        if some and size > TOGETHER_BYTES:
            break
        some.append(one)
    return some


def _tell(entries: Sequence[Entry], *, dry_run: bool, as_json: bool) -> None:
    """Say of each result what became of it."""
    counted = {
        "taken": sum(bool(one.receipt) for one in entries),
        "ignored": sum(one.reading.ignored for one in entries),
        "refused": sum(one.faulty for one in entries),
        "waiting": sum(one.waits for one in entries),
    }
    told: Mapping[str, Any] = {**counted, "results": [_told(one) for one in entries]}
    lines = [line for one in entries for line in _lines(one, dry_run=dry_run)]
    left = f", {counted['waiting']} left" if counted["waiting"] and not dry_run else ""
    lines.append(
        f"{counted['taken']} handed in, {counted['ignored']} with nothing to report,"
        f" {counted['refused']} not taken{left}"
    )
    show(told, as_json=as_json, text="\n".join(lines))


def _told(one: Entry) -> dict[str, Any]:
    return {
        "file": one.file,
        "place": one.reading.place,
        "title": one.reading.title,
        "receipt": one.receipt,
        "again": one.again,
        "why": one.refused or one.reading.why,
        "left_out": list(one.reading.left_out),
    }


def _lines(one: Entry, *, dry_run: bool) -> Iterator[str]:
    place = " ".join(p for p in (one.file, one.reading.place) if p)
    why = one.refused or one.reading.why
    if one.receipt:
        said = f"{one.receipt}{' (was there)' if one.again else ''}"
    elif why:
        said = f"{'nothing to report' if one.reading.ignored else 'not taken'}: {why}"
    else:
        said = "would be handed in" if dry_run else "not sent yet"
    yield plain(f"{place}: {said}")
    if one.reading.left_out and one.reading.report:
        left = one.reading.left_out
        more = f" and {len(left) - 5} more" if len(left) > 5 else ""  # noqa: PLR2004 - shown
        yield plain(f"  left out: {'; '.join(left[:5])}{more}")
