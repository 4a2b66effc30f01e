"""The journal of a sealing: what is sealed already, so that a killed one goes on.

It lies beside the sealed folder, stays with the developer and is never sent. It holds the
data key shut to the developer alone: without it the folder opens as before, but sealing
again begins anew. A line is written once what it says is on disk; a last line that was
cut off is passed over.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from fairlead.errors import Damaged, InUse
from fairlead.sealing.folder import Seal
from fairlead.store import files

Stat = tuple[int, int, int, int]
"""Size, time of content, time of change, number: of a file that nobody changed since."""


class Begun(Struct, frozen=True, kw_only=True, tag="begun"):
    """The first line."""

    seal: Seal
    whole: bytes
    """The data key, shut to who seals."""
    shard: int


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    """A shard is sealed, on disk."""

    name: str
    file: str
    digest: str
    sealed_digest: str
    stat: Stat | None
    """Of the file it is from; none if that was changed only a moment before."""


class Journal:
    """The journal of one sealed folder, held by one sealing at a time."""

    def __init__(self, path: Path) -> None:
        """Open it, making it if it is not there.

        Raises:
            InUse: another sealing works on the same folder.
            Damaged: it cannot be read.

        """
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.begun, self.done = self._read()
        except BlockingIOError as error:
            os.close(self._file)
            raise InUse(f"another sealing works with {path}") from error
        except Damaged:
            os.close(self._file)
            raise

    def begin(self, begun: Begun) -> None:
        """Write the first line; what was there before is gone."""
        self.begun, self.done = begun, {}
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self._write([begun])
        files.sync_folder(self.path.parent)

    def add(self, done: Iterable[Done]) -> None:
        """Note shards that are sealed and on disk; on return that is on disk too."""
        added = list(done)
        self._write(added)
        self.done |= {one.name: one for one in added}

    def close(self) -> None:
        """Let another sealing work."""
        os.close(self._file)

    def _write(self, entries: Iterable[Begun | Done]) -> None:
        written = b"".join(msgspec.json.encode(one) + b"\n" for one in entries)
        view = memoryview(written)
        while view:
            view = view[os.write(self._file, view) :]
        os.fsync(self._file)

    def _read(self) -> tuple[Begun | None, dict[str, Done]]:
        content = _all(self._file)
        whole, found, _ = content.rpartition(b"\n")
        kept = len(whole) + len(found)
        if kept < len(content):
            os.ftruncate(self._file, kept)
        os.lseek(self._file, kept, os.SEEK_SET)
        lines = whole.split(b"\n") if found else []
        try:
            read = [msgspec.json.decode(line, type=Begun | Done) for line in lines]
        except msgspec.MsgspecError as error:
            raise Damaged(
                f"{self.path} cannot be read ({error}): remove it to seal anew"
            ) from error
        begun = read[0] if read and isinstance(read[0], Begun) else None
        done = {one.name: one for one in read if isinstance(one, Done)}
        return begun, done if begun is not None else {}


def _all(file: int) -> bytes:
    parts = []
    while part := os.read(file, 1 << 20):
        parts.append(part)
    return b"".join(parts)
