"""Tokens of blind claims: what the holders of the key make of a place.

With one holder a token is what its function gives. With two it is a digest of what both
give: neither can compute it alone, and each counts how often a member asks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from fairlead.sealing import oprf

CACHED = 65536
"""Places whose token is remembered."""


@dataclass(frozen=True)
class Holder:
    """One holder of a key: this server."""

    key: oprf.Key
    address: str
    other: str = ""
    """Address of the second holder; empty where there is none."""
    _known: object = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Remember what was computed."""
        object.__setattr__(self, "_known", lru_cache(CACHED)(self._token))

    @property
    def holders(self) -> tuple[str, ...]:
        """Who holds a part of the key."""
        return (self.address, self.other) if self.other else (self.address,)

    def tokens(self, places: Sequence[str]) -> tuple[str, ...]:
        """Return the tokens of *places*; none where this server alone cannot."""
        if self.other:
            return ()
        return tuple(self._known(place) for place in places)  # type: ignore[operator]

    def evaluate(self, elements: Sequence[bytes]) -> Sequence[bytes]:
        """Return this holder's part of the answer to blinded elements."""
        return [self.key.evaluate(element) for element in elements]

    def _token(self, place: str) -> str:
        return combined([self.key.whole(place.encode())])


def combined(parts: Sequence[bytes]) -> str:
    """Return the token that follows from what each holder's function gives, in order."""
    if len(parts) == 1:
        return parts[0].hex()
    return hashlib.sha256(b"fairlead blind claim\0" + b"".join(parts)).hexdigest()
