"""`fairlead unseal`, and the commands of `fairlead seal` that look into what is sealed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from fairlead.cli.key_files import FILE, FOLDER, bar, content, read_key, read_public
from fairlead.cli.output import Exit, command, lines, show
from fairlead.errors import NotFound, Refused


def _opening(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what it needs to verify, and perhaps to open, a sealed folder."""
    options = [
        click.argument("sealed", metavar="SEALED", type=FOLDER),
        click.option(
            "--from",
            "from_file",
            required=True,
            type=FILE,
            help="Public key of the developer who must have sealed it.",
        ),
        click.option(
            "--key",
            "key_files",
            multiple=True,
            type=FILE,
            help="Key of a holder; may be repeated.",
        ),
        click.option(
            "--half",
            "half_files",
            multiple=True,
            type=FILE,
            help="A half handed over with `seal half`.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@_opening
@command
def verify(  # noqa: PLR0913 - one for each option
    *,
    sealed: Path,
    from_file: Path,
    key_files: tuple[Path, ...],
    half_files: tuple[Path, ...],
    home: Path | None,  # noqa: ARG001 - nothing of a programme is needed
    as_json: bool,
) -> None:
    """Verify that SEALED is what the developer sealed; name all that is not.

    Without keys, sealed files are compared with what was signed. With both halves every
    chunk is opened, and faults are named by the model's file and chunk.
    """
    from fairlead.store.sealed import SealedFolder

    found = SealedFolder.read(sealed, read_public(from_file))
    if key_files or half_files:
        opened = found.open(_data_key(found.seal, key_files, half_files))
        with bar("Verifying") as progress:
            faults = opened.faults(progress)
        what = f"{len(opened.sizes)} files of {opened.model}, every chunk opened"
    else:
        with bar("Verifying") as progress:
            faults = found.faults(progress)
        what = f"{len(found.digests)} sealed files, as signed; no chunk was opened"
    _tell(found.seal.id, what, faults, as_json=as_json)


@click.command()
@_opening
@click.option("--for", "for_file", required=True, type=FILE, help="The session's key.")
@click.option("--to", "to", required=True, type=FILE, help="File for the half.")
@command
def half(  # noqa: PLR0913 - one for each option
    *,
    sealed: Path,
    from_file: Path,
    key_files: tuple[Path, ...],
    half_files: tuple[Path, ...],
    for_file: Path,
    to: Path,
    home: Path | None,  # noqa: ARG001 - nothing of a programme is needed
    as_json: bool,
) -> None:
    """Hand one's half of the key of SEALED over to a session, shut to its key alone."""
    from fairlead.sealing import halves
    from fairlead.store import files
    from fairlead.store.sealed import SealedFolder

    found = SealedFolder.read(sealed, read_public(from_file)).seal
    mine = _halves(found, key_files, half_files)
    if len(mine) != 1:
        raise Refused(f"one half is handed over, not {len(mine)}")
    ((part, opened),) = mine.items()
    wrapped = halves.wrap(opened, part, read_public(for_file), found.id)
    files.write(to, halves.Share(seal=found.id, half=wrapped).encode())
    said = {"seal": found.id, "part": str(part), "for": wrapped.holder.id}
    show(said, as_json=as_json, text=f"{to}: the half of the {part}, for one session")


@click.command()
@_opening
@click.argument("path")
@click.option("--start", default=0, show_default=True, type=click.IntRange(0))
@click.option("--end", type=click.IntRange(0), help="The file's end otherwise.")
@command
def read(  # noqa: PLR0913 - one for each option
    *,
    sealed: Path,
    from_file: Path,
    key_files: tuple[Path, ...],
    half_files: tuple[Path, ...],
    path: str,
    start: int,
    end: int | None,
    home: Path | None,  # noqa: ARG001 - nothing of a programme is needed
    as_json: bool,  # noqa: ARG001 - the bytes are the answer
) -> None:
    """Write some bytes of the file PATH in SEALED to standard output, verified."""
    from fairlead.store.sealed import SealedFolder

    found = SealedFolder.read(sealed, read_public(from_file))
    opened = found.open(_data_key(found.seal, key_files, half_files))
    if path not in opened.sizes:
        raise NotFound(f"the sealed folder has no file {path!r}")
    stop = opened.sizes[path] if end is None else end
    for piece in opened.range(path, start, stop):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@click.command()
@_opening
@click.option("--to", "to", required=True, type=FOLDER, help="A new folder.")
@command
def unseal(  # noqa: PLR0913 - one for each option
    *,
    sealed: Path,
    from_file: Path,
    key_files: tuple[Path, ...],
    half_files: tuple[Path, ...],
    to: Path,
    home: Path | None,  # noqa: ARG001 - nothing of a programme is needed
    as_json: bool,
) -> None:
    """Unseal SEALED into a new folder; a file with a fault is named and not kept."""
    from fairlead.store.sealed import SealedFolder

    found = SealedFolder.read(sealed, read_public(from_file))
    opened = found.open(_data_key(found.seal, key_files, half_files))
    with bar("Unsealing") as progress:
        faults = opened.unseal(to, progress)
    what = f"{len(opened.sizes)} files of {opened.model}"
    _tell(found.seal.id, what, faults, as_json=as_json)


def _tell(seal: str, what: str, faults: Sequence[Any], *, as_json: bool) -> None:
    """Say what was found; end with an error if anything is wrong."""
    rows = [(f.file, "" if f.chunk is None else str(f.chunk), f.reason) for f in faults]
    show(
        {
            "seal": seal,
            "what": what,
            "faults": [
                {"file": f.file, "chunk": f.chunk, "reason": f.reason} for f in faults
            ],
        },
        as_json=as_json,
        text=(
            lines(rows, ("FILE", "CHUNK", "WHAT IS WRONG"))
            if faults
            else f"{seal}: {what}; nothing was changed"
        ),
    )
    if faults:
        raise SystemExit(Exit.DAMAGED)


def _data_key(seal: Any, keys: Sequence[Path], shares: Sequence[Path]) -> bytes:  # noqa: ANN401 - loaded late
    from fairlead.sealing import halves

    return halves.join(_halves(seal, keys, shares))


def _halves(seal: Any, keys: Sequence[Path], shares: Sequence[Path]) -> Any:  # noqa: ANN401 - loaded late
    """Return the halves that these keys open: those in the folder, those handed over."""
    from fairlead.sealing import halves

    mine = [read_key(path) for path in keys]
    wrapped = list(seal.halves)
    for path in shares:
        share = halves.read_share(content(path))
        if share.seal != seal.id:
            raise Refused(f"{path} is a half of {share.seal}, not of {seal.id}")
        wrapped.append(share.half)
    return halves.unwrap_mine(wrapped, mine, seal.id)
