"""`fairlead seal` and `fairlead unseal`: files that open only with both halves."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import Exit, command, lines, show
from fairlead.errors import Invalid, NotFound, Refused

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_LARGEST = 100_000
"""Bytes that a file of a key has at most."""


class _Seal(click.Group):
    """`seal FOLDER` seals it; the other commands go by their names."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take what names no command for a folder."""
        if args and args[0] not in self.commands:
            args = ["folder", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options stand before the folder."""
        if args and args[0].startswith("-") and args[0] not in {"--help", "-h"}:
            args = ["folder", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Seal)
def seal() -> None:
    """Seal a folder for a programme: `fairlead seal FOLDER --to OUT …`.

    A folder that is called like one of the commands below: write ./NAME, or `seal folder`.
    """


@seal.command("folder")
@click.argument("source", metavar="FOLDER", type=_FOLDER)
@click.option("--to", "out", required=True, type=_FOLDER, help="The sealed folder.")
@click.option(
    "--key", "key_file", required=True, type=_FILE, help="The developer's own key."
)
@click.option(
    "--for",
    "holder_files",
    multiple=True,
    type=_FILE,
    help="Public key of a holder; the programme's at least. May be repeated.",
)
@click.option(
    "--shard-size",
    default=256,
    show_default=True,
    type=click.IntRange(1, 1 << 20),
    help="MiB that are sealed, and sealed again, as one.",
)
@click.option("--threads", default=3, show_default=True, type=click.IntRange(1, 64))
@click.option("--recheck", is_flag=True, help="Read also what has not changed by date.")
@command
def folder(  # noqa: PLR0913 - one for each option
    *,
    source: Path,
    out: Path,
    key_file: Path,
    holder_files: tuple[Path, ...],
    shard_size: int,
    threads: int,
    home: Path | None,  # noqa: ARG001 - nothing of a programme is needed
    recheck: bool,
    as_json: bool,
) -> None:
    """Seal FOLDER, or go on after an interruption, or renew what has changed.

    What was sealed already stays: run the same command again. Beside OUT lies a journal,
    OUT.sealing, that makes this possible; keep it to yourself, and send OUT alone.
    """
    from fairlead.store import sealing

    what = sealing.Sealing(
        folder=source,
        out=out,
        key=_key(key_file),
        holders=[_holder(path) for path in holder_files],
        randomness=secrets.token_bytes,
        shard=shard_size << 20,
        threads=threads,
        recheck=recheck,
    )
    with _bar("Sealing") as progress:
        done = sealing.seal(what, progress)
    show(
        {
            "seal": done.seal.id,
            "files": done.files,
            "bytes": done.size,
            "sealed": done.fresh,
            "kept": done.kept,
        },
        as_json=as_json,
        text=(
            f"{done.seal.id}: {done.files} files, {done.size} bytes;"
            f" {done.fresh} shards sealed, {done.kept} kept"
        ),
    )


@seal.command()
@click.option("--to", "path", required=True, type=_FILE, help="File of the key.")
@click.option("--name", required=True, help="Whose it is.")
@click.option(
    "--part",
    required=True,
    type=click.Choice(["developer", "programme"]),
    help="Which half it is to hold.",
)
@command
def key(
    *,
    path: Path,
    name: str,
    part: str,
    home: Path | None,  # noqa: ARG001 - nothing of a programme is needed
    as_json: bool,
) -> None:
    """Make the keys of a holder: FILE is secret, FILE.pub is handed around."""
    from fairlead.sealing.holders import Part, new_holder_key
    from fairlead.store import files

    public = path.with_name(path.name + ".pub")
    if path.exists() or public.exists():
        raise Refused(f"{path} or {public} is there already: it is not overwritten")
    made = new_holder_key(Part(part), name, secrets.token_bytes)
    files.write_new(path, made.encode())
    files.write_new(public, made.holder.encode())
    show(
        {"id": made.id, "key": str(path), "public": str(public)},
        as_json=as_json,
        text=f"{made.id}\n{path}: keep it secret\n{public}: hand it around",
    )


def _opening(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what it needs to verify, and perhaps to open, a sealed folder."""
    options = [
        click.argument("sealed", metavar="SEALED", type=_FOLDER),
        click.option(
            "--from",
            "from_file",
            required=True,
            type=_FILE,
            help="Public key of the developer who must have sealed it.",
        ),
        click.option(
            "--key",
            "key_files",
            multiple=True,
            type=_FILE,
            help="Key of a holder; may be repeated.",
        ),
        click.option(
            "--half",
            "half_files",
            multiple=True,
            type=_FILE,
            help="A half handed over with `seal half`.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@seal.command()
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

    found = SealedFolder.read(sealed, _holder(from_file))
    if key_files or half_files:
        opened = found.open(_data_key(found.seal, key_files, half_files))
        with _bar("Verifying") as progress:
            faults = opened.faults(progress)
        what = f"{len(opened.sizes)} files of {opened.model}, every chunk opened"
    else:
        with _bar("Verifying") as progress:
            faults = found.faults(progress)
        what = f"{len(found.digests)} sealed files, as signed; no chunk was opened"
    _tell(found.seal.id, what, faults, as_json=as_json)


@seal.command()
@_opening
@click.option("--for", "for_file", required=True, type=_FILE, help="The session's key.")
@click.option("--to", "to", required=True, type=_FILE, help="File for the half.")
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

    found = SealedFolder.read(sealed, _holder(from_file)).seal
    mine = _halves(found, key_files, half_files)
    if len(mine) != 1:
        raise Refused(f"one half is handed over, not {len(mine)}")
    ((part, opened),) = mine.items()
    wrapped = halves.wrap(opened, part, _holder(for_file), found.id)
    files.write(to, halves.Share(seal=found.id, half=wrapped).encode())
    said = {"seal": found.id, "part": str(part), "for": wrapped.holder.id}
    show(said, as_json=as_json, text=f"{to}: the half of the {part}, for one session")


@seal.command("read")
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

    found = SealedFolder.read(sealed, _holder(from_file))
    opened = found.open(_data_key(found.seal, key_files, half_files))
    if path not in opened.sizes:
        raise NotFound(f"the sealed folder has no file {path!r}")
    stop = opened.sizes[path] if end is None else end
    for piece in opened.range(path, start, stop):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@click.command()
@_opening
@click.option("--to", "to", required=True, type=_FOLDER, help="A new folder.")
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

    found = SealedFolder.read(sealed, _holder(from_file))
    opened = found.open(_data_key(found.seal, key_files, half_files))
    with _bar("Unsealing") as progress:
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

    mine = [_key(path) for path in keys]
    wrapped = list(seal.halves)
    for path in shares:
        share = halves.read_share(_content(path))
        if share.seal != seal.id:
            raise Refused(f"{path} is a half of {share.seal}, not of {seal.id}")
        wrapped.append(share.half)
    return halves.unwrap_mine(wrapped, mine, seal.id)


def _key(path: Path) -> Any:  # noqa: ANN401 - loaded late
    from fairlead.sealing.holders import read_holder_key

    return read_holder_key(_content(path))


def _holder(path: Path) -> Any:  # noqa: ANN401 - loaded late
    from fairlead.sealing.holders import read_holder

    return read_holder(_content(path))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise Invalid(f"{path} is longer than any such file")
    return content


@contextmanager
def _bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error where a person looks; say nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def progress(done: int, whole: int) -> None:
            bar.length = max(1, whole)
            bar.update(done - bar.pos)

        yield progress


@seal.command("send")
@click.argument("sealed", metavar="SEALED", type=_FOLDER)
@click.option("--to", "address", required=True, help="https://…/v1/assets/NAME/uploads")
@click.option(
    "--token",
    envvar="FAIRLEAD_TOKEN",
    required=True,
    help="Of a program that may upload; better as FAIRLEAD_TOKEN.",
)
@command
def send(
    *,
    sealed: Path,
    address: str,
    token: str,
    home: Path | None,  # noqa: ARG001 - nothing of a programme is needed
    as_json: bool,
) -> None:
    """Send SEALED to a programme, or go on with that after an interruption.

    Beside SEALED lies SEALED.sending, which says what has arrived.
    """
    from fairlead.remote import uploads
    from fairlead.store import files

    journal = sealed.absolute().with_name(sealed.absolute().name + ".sending")
    known = _known(journal, address)
    what = uploads.Sending(
        folder=sealed,
        address=address,
        token=token,
        known=known,
        save=lambda now: files.write(
            journal, json.dumps({"address": address, "files": now}).encode()
        ),
    )
    with _bar("Sending") as progress:
        sent = uploads.send(what, progress)
    said = f"{sealed} has arrived; {sent} bytes were sent now"
    show({"sent": sent, "files": len(known)}, as_json=as_json, text=said)


def _known(journal: Path, address: str) -> dict[str, str]:
    """Return what an earlier sending to the same address remembered."""
    if not journal.exists():
        return {}
    try:
        read = json.loads(journal.read_bytes())
        found: dict[str, str] = read["files"] if read["address"] == address else {}
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{journal} cannot be read: remove it to send anew") from error
    return found
