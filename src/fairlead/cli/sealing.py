"""`fairlead seal`: files that open only with both halves."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import click

from fairlead.cli.key_files import FILE, FOLDER, bar, read_key, read_public
from fairlead.cli.output import command, show
from fairlead.cli.unsealing import half, read, verify
from fairlead.errors import Invalid, Refused


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
@click.argument("source", metavar="FOLDER", type=FOLDER)
@click.option("--to", "out", required=True, type=FOLDER, help="The sealed folder.")
@click.option(
    "--key", "key_file", required=True, type=FILE, help="The developer's own key."
)
@click.option(
    "--for",
    "holder_files",
    multiple=True,
    type=FILE,
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
        key=read_key(key_file),
        holders=[read_public(path) for path in holder_files],
        randomness=secrets.token_bytes,
        shard=shard_size << 20,
        threads=threads,
        recheck=recheck,
    )
    with bar("Sealing") as progress:
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
@click.option("--to", "path", required=True, type=FILE, help="File of the key.")
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


@seal.command("send")
@click.argument("sealed", metavar="SEALED", type=FOLDER)
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
    with bar("Sending") as progress:
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


for _command in (half, read, verify):
    seal.add_command(_command)
