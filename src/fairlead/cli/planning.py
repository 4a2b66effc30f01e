"""`fairlead report plan`: when owners would get a batch, at the pace that each can bear."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from fairlead.cli.output import command, lines, plain, show
from fairlead.cli.report import TOKEN, content_of, files_of, report, token_of
from fairlead.client import Connection
from fairlead.errors import Invalid
from fairlead.formats import incoming, tap
from fairlead.formats.incoming import Hints
from fairlead.formats.tap_report import TapReport
from fairlead.remote.intake import check_address
from fairlead.wiring import Settings

REPRODUCERS = frozenset({"reproducer", "exploit-proof-of-concept"})
CRITICAL = 2
"""As `Urgency` numbers it."""


class Expected(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One report, as far as its date depends on it."""

    purl: str = ""
    repository: str = ""
    part: str = ""
    reproducer: bool = False
    urgency: int = 0


class OwnerForecast(Struct, frozen=True, kw_only=True):
    """When one owner would get its part."""

    owner: str | None
    name: str
    verified: bool
    reports: int
    ahead: int
    a_week: int
    first: date | None
    half: date | None
    last: date | None
    held: int


class Forecast(Struct, frozen=True, kw_only=True):
    """When owners would get the batch."""

    owners: Sequence[OwnerForecast]
    reports: int
    unreadable: int
    last: date | None


@report.command("plan")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@click.option("--to", help="Address of the clearinghouse; else this one's.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with a coordinator's token; {TOKEN} otherwise.",
)
@click.option("--purl", help="The package that is meant where a result names none.")
@command
def plan(  # noqa: PLR0913 - one value an option
    paths: tuple[Path, ...],
    to: str | None,
    token_file: Path | None,
    purl: str | None,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Forecast when owners would get the findings in PATHS; nothing is handed in.

    Each owner gets what it can bear, after what waits for it already. Findings that are
    one bug count each, so dates are the latest.
    """
    address = to or Settings.read(os.environ, home=home).public_address
    check_address(address)
    batch = list(_expected(paths, Hints(purl=purl)))
    connection = Connection(address, token_of(token_file))
    try:
        found = connection.ask(
            "POST", "/v1/owners/plan", Forecast, body={"reports": batch}
        )
    finally:
        connection.close()
    show(msgspec.to_builtins(found), as_json=as_json, text=_told(found))


def _expected(paths: Sequence[Path], hints: Hints) -> Iterator[Expected]:
    for file in files_of(paths):
        for reading in incoming.read(file.name, content_of(file), hints):
            if reading.report:
                try:
                    yield _one(tap.decode(reading.report))
                except Invalid:
                    yield Expected()


def _one(sent: TapReport) -> Expected:
    symbol = sent.affected_symbol
    part = (symbol.file if symbol else None) or sent.code_path or ""
    severity = (sent.enrichment or {}).get("severity")
    return Expected(
        purl=(sent.purl or "")[:500],
        repository="" if sent.purl else (sent.package_repo_url or "")[:500],
        part=part[:500],
        reproducer=any(
            a.type in REPRODUCERS for a in (*sent.attachments, *sent.folded)
        ),
        urgency=CRITICAL if str(severity).lower() == "critical" else 0,
    )


def _told(found: Forecast) -> str:
    rows = [
        (
            plain(one.name)[:40],
            one.reports,
            one.ahead,
            one.a_week or "",
            one.first or "",
            one.half or "",
            one.last or "",
            _note(one),
        )
        for one in found.owners
    ]
    heads = ("owner", "reports", "ahead", "a week", "first", "half", "last", "")
    table = lines(rows, heads)
    unread = (
        f"; {found.unreadable} name nothing that can be owned"
        if found.unreadable
        else ""
    )
    last = f", the last on {found.last}" if found.last else ""
    return f"{table}\n\n{found.reports} reports to {len(found.owners)} owners{last}{unread}"


def _note(one: OwnerForecast) -> str:
    if one.owner is None:
        return "enter their owners first"
    if not one.verified:
        return "not verified: nothing goes yet"
    return f"{one.held} held back by its wishes" if one.held else ""
