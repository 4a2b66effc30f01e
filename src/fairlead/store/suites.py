"""Folders of suites and runs on disk, read so that no link leads elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from fairlead.errors import Invalid, NotFound, TooLarge

MOST_FILES = 200_000
MOST_BYTES = 4 << 30
"""Of a whole suite."""
LARGEST = 256 << 20
"""Bytes of one file."""


def read_folder(folder: Path) -> Mapping[str, bytes]:
    """Return every file below *folder*, by its path in it.

    Raises:
        NotFound: there is no such folder.
        Invalid: something in it is neither a plain file nor a folder (a link, a device).
        TooLarge: there are more files or bytes than are taken.

    """
    if not folder.is_dir():
        raise NotFound(f"{folder} is no folder")
    found: dict[str, bytes] = {}
    total = 0
    for name, entry in _walk(folder, ""):
        found[name] = _content(entry, name)
        total += len(found[name])
        if len(found) > MOST_FILES or total > MOST_BYTES:
            raise TooLarge(
                f"{folder} has more than {MOST_FILES} files or {MOST_BYTES} bytes"
            )
    return found


def _walk(folder: Path, before: str) -> Iterator[tuple[str, Path]]:
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        name = before + entry.name
        if entry.is_symlink():
            raise Invalid(f"{name!a} is a link; a suite has none")
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), name + "/")
        elif entry.is_file(follow_symlinks=False):
            yield name, Path(entry.path)
        else:
            raise Invalid(f"{name!a} is neither a plain file nor a folder")


def _content(path: Path, name: str) -> bytes:
    """Read a file that nobody swapped for something else meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Invalid(f"{name!a} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Invalid(f"{name!a} is no plain file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise TooLarge(f"{name!a} has more than {LARGEST} bytes")
    return content
