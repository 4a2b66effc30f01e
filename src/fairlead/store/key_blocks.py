"""Keys of subjects in files: blocks of keys made ahead, each destroyed where it lies.

A block holds 65,536 keys of 32 bytes. It is made whole, with fresh keys, before the
first of them is used: so a new subject costs no write here, and a copy of the folder
stays complete until the next block. A key is destroyed by zeros over its place, synced,
and by nothing else: no journal or free page of ours keeps it. What a file system or a
disk that moves blocks around, or a backup of the folder, still holds is beyond this.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged, Unavailable
from fairlead.sealing.boxes import KEY
from fairlead.store import files

BLOCK = 65_536
"""Keys in a block."""
LOOKUP = "lookup.key"
"""The file of the key by which equal content is recognised."""
_GONE = bytes(KEY)


@dataclass(frozen=True)
class KeyBlocks:
    """All keys of subjects, in one folder that only its owner can read."""

    folder: Path
    randomness: Randomness
    _files: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @cached_property
    def lookup(self) -> bytes:
        """The key by which equal content is recognised; made the first time."""
        path = self.folder / LOOKUP
        if not path.exists():
            files.write_new(path, self.randomness(KEY))
        try:
            key = path.read_bytes()
        except OSError as error:
            raise Damaged(f"{path} cannot be read: {error.strerror}") from error
        if len(key) != KEY:
            raise Damaged(f"{path} is no key: restore the folder of keys")
        return key

    def get(self, number: int) -> bytes | None:
        """Return a key; see `fairlead.sealing.ports.Keys`."""
        key = os.pread(self._file(number // BLOCK), KEY, _place(number))
        if len(key) != KEY:
            raise Damaged(f"{self._path(number // BLOCK)} is cut off: restore it")
        return None if key == _GONE else key

    def make(self, number: int) -> bytes | None:
        """Return a key, making the block it is in if need be."""
        block = number // BLOCK
        if block not in self._files and not self._path(block).exists():
            self._make_block(block)
        return self.get(number)

    def destroy(self, number: int) -> None:
        """Write zeros over a key, durably."""
        file = self._file(number // BLOCK)
        try:
            os.pwrite(file, _GONE, _place(number))
            os.fsync(file)
        except OSError as error:
            raise Unavailable(
                f"key {number} could not be destroyed: {error}"
            ) from error

    def expect(self, number: int) -> None:
        """Make sure that every block up to the one with *number* is there.

        Raises:
            Damaged: one is lost; a new one in its place would open nothing.

        """
        for block in range(number // BLOCK + 1):
            self._file(block)

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            for file in self._files.values():
                os.close(file)
            self._files.clear()

    def _file(self, block: int) -> int:
        file = self._files.get(block)
        if file is not None:
            return file
        with self._lock:
            if block not in self._files:
                try:
                    self._files[block] = os.open(self._path(block), os.O_RDWR)
                except OSError as error:
                    raise Damaged(
                        f"the keys in {self._path(block)} are lost ({error.strerror}):"
                        " restore the folder of keys, or name it with FAIRLEAD_KEYS"
                    ) from error
            return self._files[block]

    def _make_block(self, block: int) -> None:
        """Make a block; of two processes that try, one does."""
        files.write_new(self._path(block), self.randomness(BLOCK * KEY))

    def _path(self, block: int) -> Path:
        return self.folder / f"subjects-{block:06}.keys"


def _place(number: int) -> int:
    return number % BLOCK * KEY
