"""Long lists, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a long list."""

    after: int = 0
    """How many to pass over."""
    size: int = 50
