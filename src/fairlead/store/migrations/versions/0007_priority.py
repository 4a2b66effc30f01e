"""Cases with inputs of their urgency."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Change no table: states are made anew from the record after every migration."""
