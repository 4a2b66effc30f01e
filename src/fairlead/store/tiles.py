"""The log on disk as tiles (C2SP tlog-tiles): readable by anyone with a file server.

Every file appears whole or not at all: it is written beside its place, synced, renamed.
What tiles hold follows from the entries alone, so writing them again does no harm; the
checkpoint is put in place last, and only what it covers counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import Damaged
from fairlead.record import tree
from fairlead.record.tree import HASH, WIDTH, Frontier, Tile

CHECKPOINT = "checkpoint"
"""The newest checkpoint, at most a second old."""
PUBLIC = "checkpoint.public"
"""The checkpoint that others are shown; it changes at fixed instants only."""
ENTRIES = -1
"""The level under which bundles of entries lie."""


@dataclass(frozen=True, slots=True)
class TileFolder:
    """The log in one folder; one process writes at a time."""

    path: Path

    def checkpoint(self) -> str | None:
        """Return the signed checkpoint, if one was ever published."""
        return self._note(CHECKPOINT)

    def publish(self, note: str) -> None:
        """Put a signed checkpoint in place, after all that it covers."""
        self._write({CHECKPOINT: note.encode()})

    def public_checkpoint(self) -> str | None:
        """Return the checkpoint that others are shown, if there ever was one."""
        return self._note(PUBLIC)

    def publish_to_all(self, note: str) -> None:
        """Put the checkpoint that others are shown in place."""
        self._write({PUBLIC: note.encode()})

    def append(self, entries: Sequence[bytes], *, start: int) -> bytes:
        """Write what the log needs to grow by *entries* from *start*; return its root.

        *start* is the size that the published checkpoint covers; what lies beyond it
        may be the torn end of an earlier try and is written again.

        Raises:
            Damaged: a tile that the checkpoint covers is missing or cut off.

        """
        end = start + len(entries)
        files: dict[str, bytes] = {}
        hashes = [tree.leaf_hash(entry) for entry in entries]
        for tile in tree.tiles_of(ENTRIES, start, end):
            place = tile.index * WIDTH
            before = self.entries(place, start) if place < start else []
            new = entries[max(0, place - start) : place + tile.width - start]
            files[tile.path] = tree.bundle([*before, *new])
        for level in tree.levels(end):
            hashes = self._grow(level, start, end, hashes, files)
        root = self._frontier(end, files).root()
        self._write(files)
        self._remove_superseded(start, end)
        return root

    def entries(self, start: int, end: int) -> list[bytes]:
        """Return the entries from *start* up to but not including *end*.

        Raises:
            Damaged: they are missing or cut off.

        """
        found: list[bytes] = []
        for index in range(start // WIDTH, -(-end // WIDTH)):
            first = index * WIDTH
            width = min(WIDTH, end - first)
            written = self._wide(Tile(ENTRIES, index, width))
            try:
                bundle = tree.unbundle(written)[:width]
            except ValueError as error:
                raise Damaged(f"{Tile(ENTRIES, index, width).path}: {error}") from error
            found += bundle[max(0, start - first) :]
        return found

    def hashes(self, tile: Tile) -> list[bytes]:
        """Return the hashes of a tile, from it or a wider one.

        Raises:
            Damaged: it is missing or cut off.

        """
        written = self._wide(tile)[: tile.width * HASH]
        if len(written) != tile.width * HASH:
            raise Damaged(f"{tile.path} is cut off")
        return [written[i : i + HASH] for i in range(0, len(written), HASH)]

    def _note(self, name: str) -> str | None:
        try:
            return (self.path / name).read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise Damaged(f"{self.path / name} is no text") from error

    def _grow(
        self,
        level: int,
        start: int,
        end: int,
        new: list[bytes],
        files: dict[str, bytes],
    ) -> list[bytes]:
        """Write the tiles of one level; return the new hashes of the level above."""
        first = start // WIDTH**level
        above: list[bytes] = []
        for tile in tree.tiles_of(level, start, end):
            place = tile.index * WIDTH
            old: list[bytes] = []
            if place < first:
                old = self.hashes(Tile(level, tile.index, first - place))
            fresh = new[max(0, place - first) : place + tile.width - first]
            files[tile.path] = b"".join([*old, *fresh])
            if tile.width == WIDTH:
                above.append(tree.subtree_hash([*old, *fresh]))
        return above

    def _frontier(self, end: int, files: dict[str, bytes]) -> Frontier:
        """Return the right edge at *end*, from tiles just made and ones that stand."""
        peaks: list[bytes] = []
        place = 0
        for bit in reversed(range(end.bit_length())):
            if not end >> bit & 1:
                continue
            level, within = divmod(bit, tree.HEIGHT)
            span = WIDTH**level
            count = 1 << within
            index, offset = divmod(place // span, WIDTH)
            width = min(WIDTH, end // span - index * WIDTH)
            tile = Tile(level, index, width)
            written = files.get(tile.path)
            held = (
                self.hashes(tile)
                if written is None
                else [written[i : i + HASH] for i in range(0, len(written), HASH)]
            )
            peaks.append(tree.subtree_hash(held[offset : offset + count]))
            place += 1 << bit
        return Frontier(end, peaks)

    def _remove_superseded(self, start: int, end: int) -> None:
        """Remove partial tiles that nobody needs (tlog-tiles, Partial Tiles).

        Of the tile at the published edge, narrower ones than the published; once it is
        full, all: whoever still looks for a partial one then reads the full one.
        """
        for level in (ENTRIES, *tree.levels(start)):
            index, width = divmod(start // WIDTH ** max(level, 0), WIDTH)
            full = end // WIDTH ** max(level, 0) >= (index + 1) * WIDTH
            partial = (self.path / Tile(level, index, 1).path).parent
            if not partial.is_dir():
                continue
            for file in partial.iterdir():
                if full or (file.name.isdigit() and int(file.name) < width):
                    file.unlink(missing_ok=True)
            if full:
                partial.rmdir()

    def _wide(self, tile: Tile) -> bytes:
        """Return the file of *tile*, or of the narrowest wider one that there is."""
        for width in range(tile.width, WIDTH + 1):
            try:
                return (
                    self.path / Tile(tile.level, tile.index, width).path
                ).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
        raise Damaged(f"{tile.path} is missing")

    def _write(self, files: dict[str, bytes]) -> None:
        """Write files so that each appears whole, and all are on disk on return."""
        folders: set[Path] = set()
        for name, content in files.items():
            path = self.path / name
            folders |= _make_folders(path.parent)
            unfinished = path.with_name(f".{path.name}.new")
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)  # noqa: PTH105 - one name for faults to hook
            folders.add(path.parent)
        for folder in folders:
            _sync_folder(folder)


def _make_folders(path: Path) -> set[Path]:
    """Make *path*; return the folders in which a name is new."""
    changed: set[Path] = set()
    for folder in _lacking(path):
        folder.mkdir(exist_ok=True)
        changed.add(folder.parent)
    return changed


def _lacking(path: Path) -> Iterator[Path]:
    """Return *path* and the folders above it that do not exist, the topmost first."""
    if not path.exists():
        yield from _lacking(path.parent)
        yield path


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
