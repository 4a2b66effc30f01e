"""What the commands about sealed files share: keys in files, and a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fairlead.errors import Invalid, NotFound

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
_LARGEST = 100_000
"""Bytes that a file of a key has at most."""


def read_key(path: Path) -> Any:  # noqa: ANN401 - see fairlead.sealing.holders
    """Return a holder's own keys."""
    from fairlead.sealing.holders import read_holder_key

    return read_holder_key(content(path))


def read_public(path: Path) -> Any:  # noqa: ANN401 - see fairlead.sealing.holders
    """Return a holder's public keys."""
    from fairlead.sealing.holders import read_holder

    return read_holder(content(path))


def content(path: Path) -> bytes:
    """Return what a small file holds."""
    try:
        with path.open("rb") as file:
            found = file.read(_LARGEST + 1)
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error
    if len(found) > _LARGEST:
        raise Invalid(f"{path} is longer than any such file")
    return found


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error where a person looks; say nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as drawn:

        def progress(done: int, whole: int) -> None:
            drawn.length = max(1, whole)
            drawn.update(done - drawn.pos)

        yield progress
