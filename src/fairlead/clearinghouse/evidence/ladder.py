"""The ladder of evidence, and what stands in the record of a statement."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import Receipt
from fairlead.sandbox.levels import Level


class Rung(StrEnum):
    """How far evidence goes; each includes those before it."""

    CLAIMED = "claimed"
    """Nobody has shown it here yet."""
    REPRODUCED = "reproduced"
    """The recipe showed it at least once."""
    FIX_VERIFIED = "fix verified"
    """With the fix it never shows, and the project's tests hold as far as there are any."""
    VARIANTS_TRIED = "variants tried"
    """Nor does any variant of the input, of which at least one showed it before."""

    @property
    def rank(self) -> int:
        """Return its place on the ladder, from 0."""
        return list(Rung).index(self)


class Support(Struct, frozen=True, kw_only=True):
    """One statement, as far as the record says it without the statement."""

    statement: str
    """Its SHA-256."""
    rung: Rung
    fired: int
    """In how many runs it was shown, without a fix."""
    runs: int
    level: Level
    """Of the sandbox in which it was run, as proved."""
    key: str
    """Who signed the statement."""


def highest(supports: tuple[Support, ...]) -> Rung:
    """Return how far *supports* go together."""
    return max((s.rung for s in supports), key=lambda r: r.rank, default=Rung.CLAIMED)


class Sameness(StrEnum):
    """What reproducers and fixes say about two findings."""

    SAME = "the same bug"
    """Every fix there is stops both."""
    ONE_COVERS = "one fix covers both"
    """One fix stops both, the other only its own: it may be incomplete."""
    DIFFERENT = "different bugs"
    """Every fix stops only its own."""
    UNCLEAR = "unclear"
    """A reproducer does not fire, or a fix does not apply or does not stop its own."""


class Crossed(Struct, frozen=True, kw_only=True):
    """One crossing with another finding, as far as the record says it."""

    other: Receipt
    sameness: Sameness
    crossing: str
    """Its SHA-256."""
    level: Level
    key: str
    """Who signed it."""
