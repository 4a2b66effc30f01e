"""`fairlead verify`: a destruction certificate, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import command, show
from fairlead.errors import Damaged, Error, Invalid, Violation

_LARGEST = 64 * 1024 * 1024


@click.command()
@click.argument(
    "certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--key", "log_key", required=True, help="Of the record: what `record key` printed."
)
@click.option(
    "--signer",
    "signers",
    multiple=True,
    help=(
        "Who must have signed: a key as `record key` prints one, or the file of a holder's"
        " public keys. May be repeated; the record's own key otherwise."
    ),
)
@command
def verify(
    *,
    certificate: Path,
    log_key: str,
    signers: tuple[str, ...],
    home: Path | None,  # noqa: ARG001 - nothing is read but the certificate
    as_json: bool,
) -> None:
    """Verify a destruction CERTIFICATE offline, and say what it cannot show."""
    from fairlead.formats import destruction
    from fairlead.record.notes import Verifier

    try:
        log = Verifier.read(log_key)
    except Damaged as error:
        raise _wrong("--key", str(error)) from error
    trusted = [_signer(written) for written in signers or (log_key,)]
    with certificate.open("rb") as file:
        written = file.read(_LARGEST + 1)
    if len(written) > _LARGEST:
        raise Invalid(f"{certificate} is longer than any certificate")
    proven = destruction.verify(written, log, trusted)
    show(
        {
            "verified": True,
            "engagement": proven.certificate.engagement,
            "origin": proven.origin,
            "size": proven.size,
            "signers": proven.signers,
            "shows": proven.shows,
            "cannot_show": proven.cannot_show,
            "not_in_it": proven.open_questions,
        },
        as_json=as_json,
        text=proven.text(),
    )


def _signer(written: str) -> Any:  # noqa: ANN401 - loaded late
    """Return a key that may sign: as text, or from a holder's file."""
    from fairlead.formats.dsse import NoteVerifier
    from fairlead.record.notes import Verifier
    from fairlead.sealing.holders import read_holder

    path = Path(written)
    try:
        if path.is_file():
            return read_holder(path.read_bytes())
        return NoteVerifier(Verifier.read(written))
    except (Error, OSError) as error:
        raise _wrong("--signer", str(error)) from error


def _wrong(option: str, reason: str) -> Invalid:
    return Invalid(
        f"{option}: {reason}", [Violation("invalid_argument", option, reason)]
    )
