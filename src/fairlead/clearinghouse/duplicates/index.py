"""The index: from a finding to those worth comparing with it, without scanning."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.duplicates.features import Features
from fairlead.clearinghouse.duplicates.keys import (
    CANDIDATE_LIMIT,
    cap_of,
    detail,
    key_weight,
    keys_of,
)


class Candidate(NamedTuple):
    """A stored finding that shares keys with the one asked about."""

    receipt: Receipt
    features: Features
    weight: float
    """`keys.rank` of the keys shared."""


class Index(Protocol):
    """Keeps features by receipt and finds candidates by shared keys.

    Every implementation takes at most `keys.cap_of` holders of a key, ordered by
    `keys.detail` (highest first) and then by when they were added (earliest first),
    sums `keys.key_weight` over the keys, and orders candidates by that sum (highest
    first) and then by when they were added (latest first).
    """

    def add(self, receipt: Receipt, features: Features) -> None:
        """Keep *features*; adding a receipt again changes nothing."""

    def candidates(
        self, features: Features, limit: int = CANDIDATE_LIMIT
    ) -> Sequence[Candidate]:
        """Return at most *limit* stored findings to compare, the likeliest first."""


class MemoryIndex:
    """An index in memory, for benchmarks, tests and small corpora."""

    def __init__(self) -> None:
        """Start empty."""
        self._findings: list[tuple[Receipt, Features]] = []
        self._places: dict[Receipt, int] = {}
        self._holders: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)

    def add(self, receipt: Receipt, features: Features) -> None:
        """Keep *features* under *receipt*, once."""
        if receipt in self._places:
            return
        place = len(self._findings)
        self._places[receipt] = place
        self._findings.append((receipt, features))
        for key in keys_of(features):
            holders = self._holders[key]
            insort(holders, (-detail(features), place))
            # What a cap leaves out now can never come back: later ones only push down.
            del holders[cap_of(key) :]

    def candidates(
        self, features: Features, limit: int = CANDIDATE_LIMIT
    ) -> Sequence[Candidate]:
        """Return at most *limit* findings that share a key, the likeliest first."""
        weights: defaultdict[int, float] = defaultdict(float)
        for key in keys_of(features):
            for _, place in self._holders.get(key, ()):
                weights[place] += key_weight(key)
        best = sorted(weights, key=lambda place: (-weights[place], -place))[:limit]
        return [Candidate(*self._findings[place], weights[place]) for place in best]
