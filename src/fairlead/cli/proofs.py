"""`fairlead record key`, `rotate-key`, `prove`, `verify`, `consistency`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from fairlead.cli import disclosing
from fairlead.cli.output import command, show, system
from fairlead.errors import Damaged, Invalid, Violation
from fairlead.wiring import recordkeeping

K = TypeVar("K")

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_FILE_OR_FOLDER = click.Path(exists=True, allow_dash=True, path_type=Path)


@click.command()
@command
def key(home: Path | None, *, as_json: bool) -> None:
    """Print the key with which anyone can verify the record.

    Publish it where nobody who runs this server could change it unseen.
    """
    with system(home) as opened:
        keys = opened.log_keys()
    shown = keys.current.text()
    show(
        {
            "key": shown,
            "origin": keys.current.name,
            "retired": [
                {"key": old.verifier.text(), "size": old.size} for old in keys.retired
            ],
        },
        as_json=as_json,
        text=shown,
    )


@click.command("certificate-key")
@command
def certificate_key(home: Path | None, *, as_json: bool) -> None:
    """Print the key by which the programme signs destruction certificates.

    Publish it beside the key of the record; `fairlead verify --signer` takes it.
    """
    with system(home) as opened:
        shown = opened.certificates.verifier().text()
    show({"key": shown}, as_json=as_json, text=shown)


@click.command("rotate-key")
@command
def rotate_key(home: Path | None, *, as_json: bool) -> None:
    """Sign the record with a new key from now on; stop the server first.

    Until the next public checkpoint both keys sign, so that whoever trusts the old one
    can follow. Publish the new one, and give it to your witnesses before that.
    """
    with system(home) as opened:
        size = recordkeeping.rotate_key(opened)
        new = opened.log_keys().current.text()
    show({"key": new, "size": size}, as_json=as_json, text=new)


@click.command()
@click.argument("event")
@command
def prove(event: str, home: Path | None, *, as_json: bool) -> None:
    """Prove that EVENT is in the log, to anyone, offline.

    EVENT is its stream and version: case/FL-…@3. The proof goes to standard output
    (C2SP tlog-proof); keep it as a file that ends with .tlog-proof. The entry that it
    is about, which `fairlead record verify` asks for, goes to standard error.
    """
    with system(home) as opened:
        proven = opened.prover().inclusion(event)
    text = proven.proof.text()
    show(
        {
            "event": event,
            "entry": proven.entry.hex(),
            "index": proven.proof.index,
            "size": proven.size,
            "proof": text,
        },
        as_json=as_json,
        text=text.removesuffix("\n"),
    )
    if not as_json:
        click.echo(f"entry: {proven.entry.hex()}", err=True)


@click.command()
@click.argument("proof", type=_FILE_OR_FOLDER)
@click.option("--key", "written", required=True, help="What `record key` printed.")
@click.option("--entry", help="The entry that must be in the log, in hexadecimal.")
@click.option("--witness", multiple=True, help="Key of a witness that must agree.")
@command
def verify(  # noqa: PLR0913 - one for each option
    proof: Path,
    written: str,
    entry: str | None,
    witness: tuple[str, ...],
    home: Path | None,  # noqa: ARG001 - nothing is read but the proof
    *,
    as_json: bool,
) -> None:
    """Verify PROOF with nothing but keys: no database, no network.

    PROOF is what `record prove` or `record disclose` printed, or the folder that `record
    export` wrote. Of a proof without --entry only the signatures are verified, and
    nothing is said about any entry.
    """
    from fairlead.record.cosignatures import Witness
    from fairlead.record.notes import Note, Verifier
    from fairlead.record.tlog_proof import TlogProof

    verifier = _key(Verifier.read, "--key", written)
    witnesses = [_key(Witness.read, "--witness", one) for one in witness]
    if proof.is_dir():
        disclosing.verify_export(proof, verifier, as_json=as_json)
        return
    text = _text(proof)
    if text.startswith("{"):
        disclosing.verify_disclosure(text, verifier, as_json=as_json)
        return
    read = TlogProof.parse(text)
    if entry is None:
        checkpoint = read.signed(verifier)
    else:
        checkpoint = read.verify(_bytes(entry), verifier)
    note = Note.parse(read.checkpoint)
    seen = {one.name: one.required(note) for one in witnesses}
    said = (
        f"The entry is at place {read.index} of the log {checkpoint.origin}, which has"
        f" {checkpoint.size} entries."
        if entry is not None
        else f"{checkpoint.origin} has signed a log of {checkpoint.size} entries."
        " No --entry was given, so nothing is said about any entry."
    )
    lines = [f"{name} saw this log at {at.isoformat()}." for name, at in seen.items()]
    show(
        {
            "verified": True,
            "included": entry is not None,
            "index": read.index,
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "witnesses": {name: at.isoformat() for name, at in seen.items()},
        },
        as_json=as_json,
        text="\n".join([said, *lines]),
    )


@click.command()
@click.argument("checkpoint", type=_FILE)
@command
def consistency(checkpoint: Path, home: Path | None, *, as_json: bool) -> None:
    """Prove that the log extends the one of CHECKPOINT, a file that was kept.

    So nothing that was in the log then has been changed or taken out since.
    """
    from fairlead.record.notes import base64_text

    with system(home) as opened:
        old, new, path = opened.prover().consistency(_text(checkpoint))
    show(
        {
            "origin": new.origin,
            "old_size": old.size,
            "new_size": new.size,
            "proof": [base64_text(hashed) for hashed in path],
        },
        as_json=as_json,
        text=f"The log of {new.size} entries extends the one of {old.size}.",
    )


def _text(path: Path) -> str:
    """Return what *path*, or standard input for `-`, holds; newlines as they are."""
    with click.open_file(str(path), "rb") as file:
        written: bytes = file.read(_LARGEST + 1)
    if len(written) > _LARGEST:
        raise _wrong(f"{path} is longer than any such file")
    try:
        return written.decode()
    except UnicodeDecodeError as error:
        raise _wrong(f"{path} is no text") from error


_LARGEST = 1_000_000


def _bytes(entry: str) -> bytes:
    try:
        return bytes.fromhex(entry)
    except ValueError as error:
        raise _wrong("--entry: write it in hexadecimal") from error


def _key(read: Callable[[str], K], option: str, written: str) -> K:
    try:
        return read(written)
    except Damaged as error:
        raise _wrong(f"{option}: {error}") from error


def _wrong(message: str) -> Invalid:
    return Invalid(message, [Violation("invalid_argument", "argument", message)])
