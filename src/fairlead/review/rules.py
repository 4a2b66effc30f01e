"""What a programme decides about engagements; filled from its profile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Settings of this pillar."""

    window_days: int = 30
    """How long a window is that nobody said otherwise about; never more than 30."""
    reply_days: int = 5
    """How long an assessment stays with the developer first."""
    determination_days: int = 180
    """After so long a determination lapses."""
    partner_days: int = 30
    """How long a trusted partner's own access lasts at most."""
    partners: int = 20
    """Trusted partners of one engagement."""
    small_operators: int = 5
    """Places among them that only small operators can have."""
    destroy_after: timedelta = timedelta(hours=72)
    """How long after closing begins holders have until what is kept is destroyed."""
    criteria: str = (
        "Trusted partners defend systems that many people rely on, protect what they"
        " receive as the terms say, and name the people who get access."
    )
    """By what trusted partners are chosen, as published."""
