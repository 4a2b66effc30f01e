"""Logs in memory, for tests of what others do with them."""

import hashlib

from fairlead.record import tree
from fairlead.record.notes import Checkpoint, Note


def entry(number, history="one"):
    return hashlib.sha256(f"{history}/{number}".encode()).digest()


class Log:
    """A log whose entries from *fork* on are those of another history."""

    def __init__(self, signer, size, fork=None):
        fork = size if fork is None else fork
        entries = [entry(n) for n in range(min(fork, size))]
        entries += [entry(n, "other") for n in range(fork, size)]
        self.signer = signer
        self.levels = [[tree.leaf_hash(e) for e in entries]]
        while len(self.levels[-1]) >= tree.WIDTH:
            below = self.levels[-1]
            full = range(0, len(below) - tree.WIDTH + 1, tree.WIDTH)
            self.levels.append(
                [tree.subtree_hash(below[i : i + tree.WIDTH]) for i in full]
            )

    def hashes(self, tile):
        first = tile.index * tree.WIDTH
        return self.levels[tile.level][first : first + tile.width]

    def checkpoint(self, size):
        from fairlead.record.proofs import root

        return Checkpoint(origin=self.signer.name, size=size, root=root(self, size))

    def note(self, size):
        return Note.parse(self.signer.sign(self.checkpoint(size).text()))
