"""The log as others may see it: nothing beyond the public checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.record import tree
from fairlead.record.notes import Checkpoint, Note
from fairlead.record.tree import WIDTH, Tile
from fairlead.store.tiles import TileFolder


@dataclass(frozen=True, slots=True)
class PublicLog:
    """What anybody may fetch (C2SP tlog-tiles, APIs)."""

    tiles: TileFolder

    def checkpoint(self) -> str | None:
        """Return the public checkpoint, if there is one."""
        return self.tiles.public_checkpoint()

    def tile(self, path: str) -> bytes | None:
        """Return what lies at *path*, such as `tile/0/x001/234.p/5`.

        Nothing for any other path, and for what the public checkpoint does not cover: a
        wider tile would tell how fast the log grows. A partial tile is cut from a wider
        one where it was removed.
        """
        tile = Tile.parse(path)
        note = self.checkpoint()
        if tile is None or note is None:
            return None
        size = Checkpoint.parse(Note.parse(note).text).size
        if tile.index * WIDTH + tile.width > size >> (tree.HEIGHT * max(tile.level, 0)):
            return None
        if tile.level < 0:
            start = tile.index * WIDTH
            return tree.bundle(self.tiles.entries(start, start + tile.width))
        return b"".join(self.tiles.hashes(tile))
