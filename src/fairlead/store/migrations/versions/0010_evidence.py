"""Evidence for findings; what was kept of submissions is made anew."""

from __future__ import annotations

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Change no table: after every migration states are made anew from the record."""
