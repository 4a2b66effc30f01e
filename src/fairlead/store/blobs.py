"""Blobs: what is too large for the database, as files of its own, encrypted.

A blob is named by a keyed digest of whose it is, which says nothing without the key, and
holds a box that the key of its subject opens. Files are written once and never changed.
They are on disk before the transaction that names them commits; of one that does not
commit, at most files are left over that nothing names, which `record rebuild` removes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fairlead.store import files

LARGE = 64 * 1024
"""Bytes of a body above which it lies outside the database."""


class Blobs(Protocol):
    """Where blobs are kept."""

    def put(self, name: str, content: bytes) -> None:
        """Keep *content*; durable at the latest when the transaction commits."""

    def get(self, name: str) -> bytes | None:
        """Return what is kept under *name*, if anything is."""

    def has(self, name: str) -> bool:
        """Tell whether anything is kept under *name*."""

    def remove(self, name: str) -> None:
        """Remove a blob; done twice it does nothing the second time."""

    def names(self) -> Iterator[str]:
        """Return the names of all blobs."""

    def batch(self) -> Batch:
        """Return a place for the blobs of one transaction."""


@dataclass(frozen=True, slots=True)
class BlobFolder:
    """Blobs as files in one folder that only its owner can read."""

    folder: Path

    def put(self, name: str, content: bytes) -> None:
        """Keep *content*; on return it is on disk."""
        batch = self.batch()
        batch.put(name, content)
        batch.sync()

    def get(self, name: str) -> bytes | None:
        """Return what is kept under *name*, if anything is."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Tell whether anything is kept under *name*."""
        return (self.folder / name).exists()

    def remove(self, name: str) -> None:
        """Remove a blob; on return that is on disk."""
        files.remove(self.folder / name)

    def names(self) -> Iterator[str]:
        """Return the names of all blobs."""
        if self.folder.exists():
            for path in self.folder.iterdir():
                yield path.name

    def batch(self) -> Batch:
        """Return a place for the blobs of one transaction."""
        return Batch(self)


@dataclass(frozen=True, slots=True)
class Batch:
    """Blobs of one transaction: written as they come, synced together."""

    home: BlobFolder
    _written: list[Path] = field(default_factory=list)

    def put(self, name: str, content: bytes) -> None:
        """Write *content*; it is on disk after `sync`."""
        self.home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.home.folder / name
        # It may be left over from a transaction that did not commit.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._written.append(path)
        with os.fdopen(handle, "wb") as file:
            file.write(content)

    def get(self, name: str) -> bytes | None:
        """Return what is kept under *name*, if anything is."""
        return self.home.get(name)

    def has(self, name: str) -> bool:
        """Tell whether anything is kept under *name*."""
        return self.home.has(name)

    def remove(self, name: str) -> None:
        """Remove a blob."""
        self.home.remove(name)

    def names(self) -> Iterator[str]:
        """Return the names of all blobs."""
        return self.home.names()

    def batch(self) -> Batch:
        """Return another place of this kind."""
        return self.home.batch()

    def sync(self) -> None:
        """Put everything that was written on disk, and its names."""
        for path in self._written:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        if self._written:
            files.sync_folder(self.home.folder)
        self._written.clear()

    def discard(self) -> None:
        """Remove what was written: the transaction did not commit."""
        for path in self._written:
            path.unlink(missing_ok=True)
        self._written.clear()
