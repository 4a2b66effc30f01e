"""`fairlead report`, with all its commands."""

from __future__ import annotations

from fairlead.cli import planning
from fairlead.cli.report import report

__all__ = ["planning", "report"]
