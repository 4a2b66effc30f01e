"""Proofs about the log (RFC 6962, 2.1.1 and 2.1.2), made from its tiles.

An inclusion proof shows that an entry stands at its place in the tree of a checkpoint; a
consistency proof shows that a later tree begins with all of an earlier one. Whoever
verifies needs the roots and the proof, nothing else.

Each hash of a proof stands for a range of entries. A range is a full subtree, which one
tile leads to, or reaches to the right edge and is combined from several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from fairlead.errors import Damaged
from fairlead.record import tree
from fairlead.record.tree import EMPTY_ROOT, HASH, HEIGHT, WIDTH, Tile, node_hash

LONGEST = 63
"""Hashes that a proof has at most (tlog-witness, add-checkpoint)."""


class Hashes(Protocol):
    """The tiles of a log; `Damaged` for what is missing."""

    def hashes(self, tile: Tile) -> list[bytes]:
        """Return the hashes of a tile, from it or a wider one."""


def root(tiles: Hashes, size: int) -> bytes:
    """Return the root of the tree over the first *size* entries.

    Raises:
        Damaged: a tile is missing or cut off.

    """
    return _Reader(tiles, size).range(0, size) if size else EMPTY_ROOT


def inclusion(tiles: Hashes, index: int, size: int) -> list[bytes]:
    """Return the proof that place *index* is in the tree of *size* entries.

    From the leaf's sibling up to the root's child (RFC 6962, 2.1.1).

    Raises:
        Damaged: a tile is missing or cut off.
        ValueError: there is no such place.

    """
    if not 0 <= index < size:
        message = f"a tree of {size} entries has no place {index}"
        raise ValueError(message)
    reader = _Reader(tiles, size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(reader.range(middle, end))
            end = middle
        else:
            path.append(reader.range(start, middle))
            start = middle
    return path[::-1]


def consistency(tiles: Hashes, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of *new* entries begins with that of *old*.

    Empty where *old* is 0 or *new* (RFC 6962, 2.1.2).

    Raises:
        Damaged: a tile is missing or cut off.
        ValueError: the earlier tree is the larger one.

    """
    if not 0 <= old <= new:
        message = f"a tree of {new} entries does not begin with one of {old}"
        raise ValueError(message)
    if old in {0, new}:
        return []
    reader = _Reader(tiles, new)
    path: list[bytes] = []
    start, end = 0, new
    # SUBPROOF(m, D[n], b): down to the subtree that ends where the old tree ends.
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(reader.range(middle, end))
            end = middle
        else:
            path.append(reader.range(start, middle))
            start = middle
    if start:
        path.append(reader.range(start, end))
    return path[::-1]


def check_inclusion(
    entry: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that *entry* stands at *index* in the tree of *size* entries under *root*.

    What is not checked: that *root* is signed by anyone.

    Raises:
        Damaged: it does not, or the proof is no such proof.

    """
    if not 0 <= index < size:
        raise Damaged(f"a tree of {size} entries has no place {index}")
    _check_hashes(root, proof)
    path = iter(proof)
    hashed = tree.leaf_hash(entry)
    node, last = index, size - 1
    # RFC 9162, 2.1.3.2: the same proof as RFC 6962's, verified from the leaf upwards.
    while last:
        if node & 1 or node == last:
            while not node & 1:
                # The right edge has no sibling on these levels.
                node, last = node >> 1, last >> 1
            hashed = node_hash(_next(path), hashed)
        else:
            hashed = node_hash(hashed, _next(path))
        node, last = node >> 1, last >> 1
    _check_end(path)
    if hashed != root:
        raise Damaged(f"the entry does not stand at place {index} of the signed log")


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that the tree of *new* entries begins with all of that of *old*.

    What is not checked: that either root is signed by anyone.

    Raises:
        Damaged: it does not, or the proof is no such proof.

    """
    if not 0 <= old <= new:
        raise Damaged(f"a log of {new} entries cannot extend one of {old}")
    _check_hashes(old_root, proof)
    _check_hashes(new_root, ())
    path = iter(proof)
    if old in {0, new}:
        _check_end(path)
        if (old == 0 and old_root != EMPTY_ROOT) or (
            old == new and old_root != new_root
        ):
            raise Damaged(f"two logs of {old} entries have different roots")
        return
    node, last = old - 1, new - 1
    # RFC 9162, 2.1.4.2: climb from the subtree in which the old tree ends.
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = _next(path) if node else old_root
    while last:
        if node & 1 or node == last:
            while not node & 1:
                node, last = node >> 1, last >> 1
            sibling = _next(path)
            first, second = node_hash(sibling, first), node_hash(sibling, second)
        else:
            second = node_hash(second, _next(path))
        node, last = node >> 1, last >> 1
    _check_end(path)
    if first != old_root or second != new_root:
        raise Damaged(f"the log of {new} entries does not extend the one of {old}")


class _Reader:
    """Reads subtrees from the tiles of a log of one size, each tile once."""

    def __init__(self, tiles: Hashes, size: int) -> None:
        self._tiles = tiles
        self._size = size
        self._held: dict[tuple[int, int], list[bytes]] = {}

    def range(self, start: int, end: int) -> bytes:
        """Return the hash of the entries from *start* to *end*, as the tree has them."""
        peaks = [self._subtree(place, bit) for place, bit in _subtrees(start, end)]
        hashed = peaks.pop()
        while peaks:
            hashed = node_hash(peaks.pop(), hashed)
        return hashed

    def _subtree(self, start: int, bit: int) -> bytes:
        """Return the root over the 2^*bit* entries from *start* on."""
        level, within = divmod(bit, HEIGHT)
        index, offset = divmod(start >> (level * HEIGHT), WIDTH)
        held = self._tile(level, index)
        return tree.subtree_hash(held[offset : offset + (1 << within)])

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._held:
            there = self._size >> (level * HEIGHT)
            width = min(WIDTH, there - index * WIDTH)
            self._held[level, index] = self._tiles.hashes(Tile(level, index, width))
        return self._held[level, index]


def _subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a range of the tree in full subtrees: where each begins, and its height."""
    while start < end:
        bit = (end - start).bit_length() - 1
        yield start, bit
        start += 1 << bit


def _split(count: int) -> int:
    """Return the largest power of two smaller than *count* (RFC 6962, 2.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_hashes(root: bytes, proof: Sequence[bytes]) -> None:
    if len(proof) > LONGEST:
        raise Damaged(f"the proof is longer than {LONGEST} hashes")
    if any(len(hashed) != HASH for hashed in (root, *proof)):
        raise Damaged("the proof holds something that is no SHA-256")


def _next(path: Iterator[bytes]) -> bytes:
    hashed = next(path, None)
    if hashed is None:
        raise Damaged("the proof is too short")
    return hashed


def _check_end(path: Iterator[bytes]) -> None:
    if next(path, None) is not None:
        raise Damaged("the proof is too long")
