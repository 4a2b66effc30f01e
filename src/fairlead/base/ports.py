"""What the pure parts need from outside: the time and randomness."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Tells the present instant, in UTC."""

Randomness = Callable[[int], bytes]
"""Returns so many random bytes, fit for secrets (`secrets.token_bytes`)."""
