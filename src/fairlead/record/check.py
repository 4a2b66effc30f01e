"""Comparing a log with its tiles and its checkpoint; every fault is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from fairlead.errors import Damaged
from fairlead.record import proofs, tree
from fairlead.record.notes import CheckpointKey
from fairlead.record.tree import WIDTH, Frontier, Tile


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that contradicts another."""

    code: str
    subject: str
    """What it is about: an event, a snapshot, a tile, the checkpoint."""
    message: str


class TileReader(Protocol):
    """The log as it lies on disk; both raise `Damaged` for what is missing."""

    def entries(self, start: int, end: int) -> list[bytes]:
        """Return the entries from *start* up to but not including *end*."""

    def hashes(self, tile: Tile) -> list[bytes]:
        """Return the hashes of a tile."""


def check_tree(
    entries: Iterable[bytes],
    tiles: TileReader,
    note: str | None,
    verifier: CheckpointKey,
    origin: str,
) -> Iterator[Problem]:
    """Compare *entries*, in the order of their places, with tiles and checkpoint.

    Entries beyond the checkpoint's size are not published yet, and no fault. Memory is
    constant. What is not checked: that others were shown the same checkpoint.
    """
    iterator = iter(entries)
    if note is None:
        if next(iterator, None) is not None:
            yield _problem("checkpoint", "checkpoint", "there is none, but events are")
        return
    try:
        checkpoint = verifier.checkpoint(note)
    except Damaged as error:
        yield _problem("checkpoint", "checkpoint", str(error))
        return
    if checkpoint.origin != origin:
        yield _problem("checkpoint", "checkpoint", f"is of {checkpoint.origin}")
        return
    checker = _Checker(tiles)
    while checker.frontier.size < checkpoint.size:
        left = checkpoint.size - checker.frontier.size
        bundle = list(islice(iterator, min(WIDTH, left)))
        if not bundle:
            yield _problem(
                "log",
                "leaves",
                f"the database gives {checker.frontier.size} events a place, the signed"
                f" checkpoint {checkpoint.size}: events were dropped, or an older copy"
                " was put in place",
            )
            return
        yield from checker.bundle(bundle)
    yield from checker.rest()
    if checker.frontier.root() != checkpoint.root:
        yield _problem(
            "root",
            "checkpoint",
            "the events in the database do not lead to the signed root",
        )


def check_public(
    public: str | None, note: str | None, tiles: TileReader, key: CheckpointKey
) -> Iterator[Problem]:
    """Compare the checkpoint that others were shown with the log of *note*."""
    if public is None:
        return
    try:
        said = _public_fault(public, note, tiles, key)
    except Damaged as error:
        said = str(error)
    if said is not None:
        yield _problem("public", "checkpoint.public", said)


def _public_fault(
    public: str, note: str | None, tiles: TileReader, key: CheckpointKey
) -> str | None:
    shown = key.checkpoint(public)
    size = 0 if note is None else key.checkpoint(note).size
    if shown.size > size:
        return (
            f"others were shown a log of {shown.size} entries, now it has {size}: an"
            " older copy was put in its place"
        )
    if proofs.root(tiles, shown.size) != shown.root:
        return "others were shown another log than this"
    return None


class _Checker:
    """Builds the tree once more, bundle by bundle, and compares each tile."""

    def __init__(self, tiles: TileReader) -> None:
        self.frontier = Frontier()
        self._tiles = tiles
        self._open: list[list[bytes]] = []
        self._done: list[int] = []

    def bundle(self, entries: list[bytes]) -> Iterator[Problem]:
        """Take the entries of one bundle."""
        start = self.frontier.size
        try:
            held = self._tiles.entries(start, start + len(entries))
        except Damaged as error:
            yield _problem("tile", "entries", str(error))
            held = entries
        for place, (mine, theirs) in enumerate(zip(entries, held, strict=False), start):
            if mine != theirs:
                yield _problem(
                    "entry", f"place {place}", "differs from the published one"
                )
        hashes = [tree.leaf_hash(entry) for entry in entries]
        for hashed in hashes:
            self.frontier.append(hashed)
            yield from self._push(0, hashed)

    def rest(self) -> Iterator[Problem]:
        """Compare the tiles that are not full."""
        for level, hashes in enumerate(self._open):
            if hashes:
                yield from self._compare(level, hashes)

    def _push(self, level: int, hashed: bytes) -> Iterator[Problem]:
        if level == len(self._open):
            self._open.append([])
            self._done.append(0)
        hashes = self._open[level]
        hashes.append(hashed)
        if len(hashes) == WIDTH:
            yield from self._compare(level, hashes)
            self._open[level] = []
            self._done[level] += 1
            yield from self._push(level + 1, tree.subtree_hash(hashes))

    def _compare(self, level: int, hashes: list[bytes]) -> Iterator[Problem]:
        tile = Tile(level, self._done[level], len(hashes))
        try:
            same = self._tiles.hashes(tile) == hashes
        except Damaged as error:
            yield _problem("tile", tile.path, str(error))
            return
        if not same:
            yield _problem("tile", tile.path, "differs from what the events lead to")


def _problem(code: str, subject: str, message: str) -> Problem:
    return Problem(code=code, subject=subject, message=message)
