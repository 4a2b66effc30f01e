"""`fairlead bench bundle` and `verify`: a run that a third party can recompute."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fairlead.cli.output import Exit, command, show
from fairlead.errors import Misconfigured
from fairlead.wiring import Sandboxes, Settings
from fairlead.wiring.assessing import assessed, bundled, content_of, needs_extra

RUN = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to put it; RUN.tar otherwise.",
)
@click.option(
    "--without-transcripts",
    is_flag=True,
    help="Leave out what the model said and did; digests stay.",
)
@command
def bundle(
    run: Path,
    out: Path | None,
    home: Path | None,
    *,
    without_transcripts: bool,
    as_json: bool,
) -> None:
    """Put a RUN's folder into one signed file that anybody can recompute."""
    sandboxes = Sandboxes(Settings.read(os.environ, home=home))
    signer = sandboxes.signer()
    if signer is None:
        raise Misconfigured("a bundle is signed: name a home folder with --home")
    found = assessed(run)
    archive = bundled(found, signer, transcripts=not without_transcripts)
    path = out or run.with_name(f"{run.name}.tar")
    path.write_bytes(archive)
    key = signer.verifier().text()
    reading = found.assessment.reading
    show(
        {"bundle": str(path), "signed_by": key, "answer": reading.answer.value},
        as_json=as_json,
        text=f"{path}: {reading.answer}\nsigned by {key}",
    )


@click.command()
@click.argument("archive", metavar="BUNDLE", type=_FILE)
@click.option("--key", multiple=True, help="A public key that must have signed.")
@command
def verify(
    archive: Path, key: tuple[str, ...], home: Path | None, *, as_json: bool
) -> None:
    """Compute every score and the reading of a BUNDLE anew, offline.

    Names the first difference; exit code 1 if there is one, or if none of the keys
    given has signed.
    """
    needs_extra()
    from fairlead.bench.verifying import verify as recompute
    from fairlead.record.notes import Verifier

    _ = home
    trusted = [Verifier.read(one) for one in key]
    found = recompute(content_of(archive), trusted)
    answer = found.assessment.reading.answer.value if found.assessment else None
    holds = found.holds and (found.trusted or not key)
    lines = [f"Differs: {found.differences[0]}"] if found.differences else []
    if len(found.differences) > 1:
        lines.append(f"and in {len(found.differences) - 1} other places")
    if found.holds:
        lines.append(f"Every number comes out as it says; the reading is: {answer}")
    signed = ", ".join(found.signed_by) or "nobody"
    known = "whom you named" if found.trusted else "whom nothing here vouches for"
    lines.append(f"Signed by {signed}, {known}.")
    lines += found.notes
    lines.append(_NOT_SHOWN)
    show(
        {
            "holds": holds,
            "differences": list(found.differences),
            "signed_by": list(found.signed_by),
            "trusted": found.trusted,
            "answer": answer,
            "notes": list(found.notes),
            "not_shown": _NOT_SHOWN,
        },
        as_json=as_json,
        text="\n".join(lines),
    )
    if not holds:
        raise SystemExit(Exit.FAILED)


_NOT_SHOWN = (
    "What this cannot show: that transcripts are what the model did, and that no other"
    " run was made and left out. Ask for the record on which the run was declared."
)
