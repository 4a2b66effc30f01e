"""What lies in a folder that is to be sealed: plain files only, each by a safe name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import Invalid, NotFound, Violation
from fairlead.sealing.folder import unsafe

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def walk(folder: Path) -> list[tuple[str, int]]:
    """Return each file in *folder*, by its path from there, and its size.

    Nothing is followed. Empty folders are passed over: a manifest has no place for them.

    Raises:
        Invalid: something is no plain file, or its name is not safe; all are named.
        NotFound: there is no such folder.

    """
    if folder.is_symlink() or not folder.is_dir():
        raise NotFound(f"{folder} is no folder")
    found: list[tuple[str, int]] = []
    refused: list[Violation] = []
    for path, status in _entries(folder, ""):
        kind = stat.S_IFMT(status.st_mode)
        if kind != stat.S_IFREG:
            what = _KINDS.get(kind, "no plain file")
            refused.append(
                Violation("special_file", _shown(path), f"{what}; take it out first")
            )
        elif (why := unsafe(path)) is not None:
            refused.append(Violation("unsafe_name", _shown(path), f"its name {why}"))
        else:
            found.append((path, status.st_size))
    if refused:
        raise Invalid(f"{folder} holds what cannot be sealed", refused)
    return sorted(found, key=lambda one: one[0].split("/"))


def _entries(folder: Path, below: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(Path(entry.path), path + "/")
            else:
                yield path, entry.stat(follow_symlinks=False)


def _shown(path: str) -> str:
    """Return a name that can be printed, whatever it is made of."""
    return path if path.isprintable() else ascii(path)
