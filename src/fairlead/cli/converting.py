"""`fairlead convert`: an advisory of others, or one's own, in another format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import command, show
from fairlead.errors import Invalid
from fairlead.wiring import Settings

FORMATS = ("csaf", "csaf-2.1", "osv", "cve", "openvex")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "kind", type=click.Choice(FORMATS), required=True)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to; otherwise the documents are printed.",
)
@click.option("--cna", help="UUID of the CVE Numbering Authority, for CVE records.")
@command
def convert(  # noqa: PLR0913 - one value an option
    file: Path,
    kind: str,
    output: Path | None,
    cna: str | None,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write the advisories in FILE (CSAF, OSV, CVE or OpenVEX) in another format.

    What the other format has no place for is listed, on the error stream. A document about
    several vulnerabilities gives several.
    """
    from fairlead.formats import reading, rendering
    from fairlead.formats.csaf import csaf_file_name
    from fairlead.formats.cve import Assigner

    settings = Settings.read(os.environ, home=home)
    if kind == "cve" and cna is None:
        raise Invalid("a CVE record names who assigned it; give --cna UUID")
    place = rendering.Place(
        address=settings.public_address,
        assigner=Assigner(org_id=cna) if cna else None,
    )
    to = rendering.FORMATS[kind]
    told: list[dict[str, Any]] = []
    for found in reading.read(file.read_bytes(), settings.publisher):
        document = to.write(found.advisory, place)
        name = csaf_file_name(found.advisory.id)
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
            (output / name).write_bytes(document)
        lost = [*found.lost, *to.not_carried(found.advisory)]
        told.append({"id": found.advisory.id, "file": name, "not_carried": lost})
        if not as_json:
            for line in lost:
                click.echo(f"not carried: {found.advisory.id}: {line!a}", err=True)
            if output is None:
                click.echo(document.decode())
    text = f"{len(told)} written to {output}" if output else ""
    if as_json or text:
        show({"documents": told}, as_json=as_json, text=text)
