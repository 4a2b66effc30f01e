"""Brokers of developers, and when access ended; engagements are made anew."""

from __future__ import annotations

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Change no table: after every migration states are made anew from the record."""
