"""The Merkle tree over the log (RFC 6962, 2.1), and its tiles (C2SP tlog-tiles).

Place *i* of the log holds an entry of 32 bytes: the commitment `StoredEvent.leaf`. So
the entries can be shown to anyone; they tell nothing of what happened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

HASH = 32
"""Bytes of a hash."""
WIDTH = 256
"""Hashes of a full tile, and entries of a full bundle."""
HEIGHT = 8
"""Levels of the tree that one tile spans."""

HIGHEST = 63
"""The highest level of a tile's address (tlog-tiles, Merkle Tree)."""

_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(x[0-9]{3}/){0,6}[0-9]{3})"
    r"(\.p/(?P<width>[1-9][0-9]{0,2}))?"
)

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtree_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the root over *hashes* of full subtrees of equal height; a power of two."""
    level = b"".join(hashes)
    sha256 = hashlib.sha256
    while len(level) > HASH:
        # As `node_hash`, over pairs that lie side by side, which is quicker.
        pairs = [level[i : i + 2 * HASH] for i in range(0, len(level), 2 * HASH)]
        level = b"".join([sha256(b"\x01" + pair).digest() for pair in pairs])
    return level


@dataclass(slots=True)
class Frontier:
    """The right edge of a tree: enough to append and to tell the root."""

    size: int = 0
    _peaks: list[bytes] = field(default_factory=list)
    """Roots of the full subtrees, the largest first; one for each set bit of `size`."""

    def append(self, hashed: bytes) -> None:
        """Append the *leaf hash* of the next entry."""
        carried = self.size
        while carried & 1:
            hashed = node_hash(self._peaks.pop(), hashed)
            carried >>= 1
        self._peaks.append(hashed)
        self.size += 1

    def extend(self, entries: Iterable[bytes]) -> None:
        """Append entries."""
        for entry in entries:
            self.append(leaf_hash(entry))

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Where a tile lies: `level` counts tiles from the leaves, `width` is 1 to 256."""

    level: int
    """-1 stands for bundles of entries."""
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Return its address below the log's (tlog-tiles, Merkle Tree)."""
        level = "entries" if self.level < 0 else str(self.level)
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{_number(self.index)}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile | None:
        """Return the tile whose `path` this is, if it is one; there is no other way."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        level = -1 if found["level"] == "entries" else int(found["level"])
        index = int(found["index"].replace("/", "").replace("x", ""))
        tile = cls(level, index, int(found["width"] or WIDTH))
        return tile if tile.path == path and level <= HIGHEST else None


def tiles_of(level: int, start: int, end: int) -> Iterator[Tile]:
    """Return the tiles of *level* that growing from *start* to *end* entries changes.

    Counts are of entries, also for the levels above. Full tiles that stood before are
    not among them.
    """
    span = WIDTH ** max(level, 0)
    first, last = start // span, end // span
    for index in range(first // WIDTH, -(-last // WIDTH)):
        width = min(WIDTH, last - index * WIDTH)
        if index * WIDTH + width > first:
            yield Tile(level, index, width)


def levels(size: int) -> range:
    """Return the levels of hash tiles that a log of *size* entries has."""
    count = 0
    while size:
        count += 1
        size //= WIDTH
    return range(count)


def bundle(entries: Sequence[bytes]) -> bytes:
    """Return a bundle: each entry after its length in two bytes, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(written: bytes) -> list[bytes]:
    """Return the entries of a bundle; `ValueError` where it is cut off."""
    entries: list[bytes] = []
    place = 0
    while place < len(written):
        length = int.from_bytes(written[place : place + 2], "big")
        entry = written[place + 2 : place + 2 + length]
        if len(entry) != length:
            message = f"the bundle is cut off at byte {place}"
            raise ValueError(message)
        entries.append(entry)
        place += 2 + length
    return entries


def _number(index: int) -> str:
    """Return *index* in groups of three digits: 1234067 is `x001/x234/067`."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))
