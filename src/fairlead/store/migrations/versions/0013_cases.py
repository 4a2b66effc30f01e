"""Deliveries and two clocks: what was kept of cases is made anew from the record."""

from __future__ import annotations

revision = "0013"
down_revision = "0018"


def upgrade() -> None:
    """Change no table: after every migration states are made anew from the record."""
