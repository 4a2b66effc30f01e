"""`fairlead sandbox`: where code that nobody trusts is run."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fairlead.cli.output import Exit, command, show
from fairlead.wiring import Sandboxes, Settings


@click.group()
def sandbox() -> None:
    """Prove the walls behind which code that nobody trusts is run."""


@sandbox.command()
@click.option("--level", default="", help="L1 or L2; otherwise what is required.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to put the report, signed by the key of this machine.",
)
@command
def check(level: str, out: Path | None, home: Path | None, *, as_json: bool) -> None:
    """Make every attempt to get out, from inside, and say what became of each.

    Takes about 5 seconds. Exit code 1 if one attempt got out or could not be made.
    """
    import msgspec

    from fairlead.sandbox.reports import signed, table

    sandboxes = Sandboxes(Settings.read(os.environ, home=home))
    report = sandboxes.prover(sandboxes.sandbox(level)).prove()
    signer = sandboxes.signer()
    note = signed(report, signer) if signer else None
    if out is not None and note is not None:
        out.write_text(note, "utf-8")
    said = f"signed by {signer.verifier().text()}" if signer else _UNSIGNED
    show(
        {
            "holds": report.holds,
            "level": report.proved.value,
            "report": msgspec.to_builtins(report),
            "signed": note,
        },
        as_json=as_json,
        text=f"{table(report)}\n{said}",
    )
    if not report.holds:
        raise SystemExit(Exit.FAILED)


_UNSIGNED = "Not signed: there is no home folder here; name one with --home."
