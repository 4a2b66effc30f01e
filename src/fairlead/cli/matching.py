"""`fairlead match`: what of the catalogue affects an SBOM."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from fairlead.cli.output import command, show, system


@click.command("match")
@click.argument("sbom", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sure", is_flag=True, help="Leave out what is unsure.")
@command
def match(sbom: Path, home: Path | None, *, sure: bool, as_json: bool) -> None:
    """Say what of the catalogue affects SBOM, and why.

    SBOM is CycloneDX JSON 1.4 to 1.7, SPDX 2.2 or 2.3, or a lock file of pip, npm,
    cargo or go. What cannot be decided is listed as unsure, with what is missing.
    """
    from fairlead.catalogue.judging import Certainty
    from fairlead.catalogue.matching import match as find
    from fairlead.errors import TooLarge
    from fairlead.formats import inventories
    from fairlead.formats.sbom import MAX_BYTES
    from fairlead.wiring import now

    if sbom.stat().st_size > MAX_BYTES:
        raise TooLarge(f"{sbom.stat().st_size} bytes; at most {MAX_BYTES} are taken")
    inventory = inventories.read(sbom.name, sbom.read_bytes())
    with system(home) as opened, opened.catalogue().read() as reading:
        found = find(reading, inventory, now())
    if sure:
        certain = tuple(m for m in found.matches if m.certainty is Certainty.AFFECTED)
        found = msgspec.structs.replace(found, matches=certain)
    text = [
        f"{found.format}: {found.components} components, {len(found.matches)} matches",
    ]
    if found.repeated:
        text.append(f"{found.repeated} components stand there again; each is told once")
    text += [f"Remarked: {remark}" for remark in found.remarks]
    for one in found.matches:
        marks = [one.certainty.value]
        if one.score is not None:
            marks.append(f"CVSS {one.score}")
        if one.exploited:
            marks.append("known exploited")
        if one.fixed:
            marks.append("fixed in " + ", ".join(one.fixed))
        purl = one.component.purl or f"{one.component.name} {one.component.version}"
        text.append(f"{one.vulnerability}  {purl}  ({'; '.join(marks)})")
        text.append(f"    {one.title}")
        text += [f"    {r.id} ({r.source}): {r.reason}" for r in one.records]
        if len(one.way) > 1:
            text.append("    brought in by " + " → ".join(one.way[:-1]))
    show(msgspec.to_builtins(found), as_json=as_json, text="\n".join(text))
