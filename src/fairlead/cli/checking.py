"""`fairlead check`: what is wrong with advisories, whoever wrote them."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import Exit, command, show
from fairlead.errors import Invalid

GROUPS = ("mandatory", "recommended", "informative")


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path, allow_dash=True),
)
@click.option(
    "--down-to",
    type=click.Choice(GROUPS),
    default="informative",
    help="Which tests of CSAF are told: the mandatory ones, or more.",
)
@command
def check(
    files: tuple[Path, ...], down_to: str, home: Path | None, *, as_json: bool
) -> None:
    """Check advisories: CSAF 2.0 and 2.1, OSV and CVE records; files or folders.

    CSAF documents are held against the schema and every test of section 6; each fault is
    told with the test and a JSON pointer. Exit code 3 if a mandatory one fails.
    """
    del home  # nothing is kept
    told = GROUPS[: GROUPS.index(down_to) + 1]
    results = [_check(file, told) for given in files for file in _files(given)]
    text = "\n".join(line for result in results for line in _lines(result))
    show({"files": results}, as_json=as_json, text=text)
    if not all(result["valid"] for result in results):
        raise SystemExit(Exit.INVALID)


def _files(given: Path) -> list[Path]:
    return sorted(given.rglob("*.json")) if given.is_dir() else [given]


def _check(file: Path, told: tuple[str, ...]) -> dict[str, Any]:
    from fairlead.formats import checking

    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        report = checking.check(
            content,
            now=Decimal(int(time.time())),
        )
    except Invalid as error:
        fault = _fault("json", "mandatory", "", str(error))
        return {"file": str(file), "format": None, "valid": False, "faults": [fault]}
    faults = [
        _fault(fault.rule, fault.group.value, fault.pointer, fault.message)
        for fault in report.faults
        if fault.group.value in told
    ]
    return {
        "file": str(file),
        "format": report.format.value,
        "valid": report.valid,
        "faults": faults,
    }


def _fault(rule: str, group: str, pointer: str, message: str) -> dict[str, str]:
    return {"rule": rule, "group": group, "pointer": pointer, "message": message}


def _lines(result: dict[str, Any]) -> list[str]:
    """Say what was found in a file; text from it can bring no terminal out of order."""
    verdict = "valid" if result["valid"] else "INVALID"
    first = f"{result['file']}: {result['format'] or 'unknown'}, {verdict}"
    return [
        first,
        *(
            f"  {f['rule']} {f['group']} {_plain(f['pointer'] or '/')}:"
            f" {_plain(f['message'])}"
            for f in result["faults"]
        ),
    ]


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
