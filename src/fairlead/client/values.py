"""What a clearinghouse answers, as values; fields that are not known are passed over."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from fairlead.clearinghouse.claims.claim import Coverage, Depth, Method, Outcome
from fairlead.clearinghouse.claims.owners import Word
from fairlead.clearinghouse.claims.targets import Target

__all__ = [
    "Check",
    "Claim",
    "Coverage",
    "Depth",
    "Intro",
    "Method",
    "Next",
    "Outcome",
    "OwnerSays",
    "Receipt",
    "Seen",
    "Status",
    "Target",
]


class Claim(Struct, frozen=True, kw_only=True):
    """A claim, as far as one may see it."""

    id: str
    state: str
    """`waiting`, `active`, `released`, `expired` or `withdrawn`."""
    mine: bool
    organisation: str | None
    target: Target | None
    exclusive: bool
    visibility: str
    method: str | None
    depth: str | None
    model: str
    tool: str
    contact: str
    taken_at: datetime
    begins_at: datetime | None
    until: datetime
    alive_until: datetime
    extensions: int
    against_owner: tuple[str, ...]
    coverage: Coverage | None
    late: bool
    why: str | None

    @property
    def active(self) -> bool:
        """Tell whether the server said that it holds."""
        return self.state == "active"


class OwnerSays(Struct, frozen=True, kw_only=True):
    """What an owner says, and whence it is known."""

    source: str
    verified: bool
    name: str
    word: Word


class Seen(Struct, frozen=True, kw_only=True):
    """What one method saw of a target."""

    method: str
    depth: str
    last: datetime
    scans: int
    found: int
    worth: float


class Check(Struct, frozen=True, kw_only=True):
    """What there is to know about a target before claiming it."""

    target: Target
    claims: tuple[Claim, ...]
    waiting: int
    worth: float
    seen: tuple[Seen, ...]
    owner: tuple[OwnerSays, ...]


class Next(Struct, frozen=True, kw_only=True):
    """A target worth looking at, and why."""

    purl: str
    score: float
    run_by: int
    critical: int
    published: int
    worth: float
    scanning: int
    why: str


class Intro(Struct, frozen=True, kw_only=True):
    """An introduction, as one side sees it."""

    id: str
    claim: str
    asked_by_me: bool
    step: str
    words: str
    contact: str


class Receipt(Struct, frozen=True, kw_only=True):
    """The answer to a report."""

    receipt: str
    message: str


class Status(Struct, frozen=True, kw_only=True):
    """How far a report is."""

    receipt: str
    status: str
    at: str
    outcome: str | None = None
