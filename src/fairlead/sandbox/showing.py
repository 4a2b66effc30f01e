"""Output of what ran inside, made fit to be shown: text, and nothing that steers."""

from __future__ import annotations

import unicodedata

_KEPT = {"\n", "\t"}
_STEERING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Controls, formats (they turn the direction of text), and what is no character."""


def shown(said: bytes, most: int = 1 << 20) -> str:
    """Return at most *most* characters of *said*, without what steers a terminal."""
    text = said[: 4 * most].decode("utf-8", "replace")[:most]
    return "".join(
        c
        if c in _KEPT or unicodedata.category(c) not in _STEERING
        else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )
