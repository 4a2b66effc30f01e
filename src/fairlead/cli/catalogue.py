"""`fairlead catalogue`: what others have published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from fairlead.cli.output import command, lines, show, system


@click.group()
def catalogue() -> None:
    """Import and look up what others have published."""


@catalogue.command("import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@command
def import_(paths: tuple[Path, ...], home: Path | None, *, as_json: bool) -> None:
    """Import OSV records and CSAF documents: JSON, JSON lines, or folders of these."""
    with system(home, create=True) as opened:
        held = opened.catalogue()
        try:
            done = held.take(documents(paths))
        finally:
            held.close()
        opened.note_import(done)
    faulty = [{"place": q.place, "reasons": list(q.reasons)} for q in done.quarantined]
    said = f"{done.taken} taken, {done.unchanged} unchanged, {len(faulty)} faulty"
    told = {"taken": done.taken, "unchanged": done.unchanged, "quarantined": faulty}
    reasons = [f"{q.place}: {'; '.join(q.reasons)}" for q in done.quarantined]
    show(told, as_json=as_json, text="\n".join([said, *reasons]))


@catalogue.command("find")
@click.argument("name")
@command
def find(name: str, home: Path | None, *, as_json: bool) -> None:
    """Show what is published under NAME, such as CVE-2021-25287."""
    with system(home) as opened:
        held = opened.catalogue()
        try:
            found = held.find(name)
        finally:
            held.close()
    show(
        {
            "records": [
                {"source": r.source, "id": r.id, "title": r.title} for r in found
            ]
        },
        as_json=as_json,
        text=lines([(r.source, r.id, r.title) for r in found], ("FROM", "ID", "TITLE")),
    )


def documents(paths: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    """Return each document in *paths*, with the place it comes from."""
    for path in paths:
        files = sorted(path.rglob("*.json*")) if path.is_dir() else [path]
        for file in files:
            if file.suffix != ".jsonl":
                yield str(file), file.read_bytes()
                continue
            for number, line in enumerate(file.read_bytes().splitlines(), 1):
                if line.strip():
                    yield f"{file}:{number}", line
