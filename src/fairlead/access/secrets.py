"""Secrets that are handed out once and kept only as digests.

Every secret has at least 128 random bits, so a plain SHA-256 of it cannot be searched;
a slow password hash would only make each request slow.
"""

from __future__ import annotations

import base64
import hashlib

from fairlead.base.ports import Randomness

TOKEN_PREFIX = "tap_fl_"  # noqa: S105 - the public beginning of every token
"""By it, scanners for leaked secrets can tell a token of Fairlead."""


def new_token(randomness: Randomness) -> str:
    """Return a secret of 256 bits for a program."""
    return TOKEN_PREFIX + _base32(randomness(32))


def new_code(randomness: Randomness) -> str:
    """Return a secret of 128 bits that a person types or pastes, in groups of five."""
    letters = _base32(randomness(16))
    return "-".join(letters[i : i + 5] for i in range(0, len(letters), 5))


def new_session(randomness: Randomness) -> str:
    """Return a secret of 256 bits for a browser's cookie."""
    return _base32(randomness(32))


def digest(secret: str) -> str:
    """Return the SHA-256 of *secret*, in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def typed(code: str) -> str:
    """Return *code* as it was handed out, however it was typed."""
    letters = "".join(code.split()).replace("-", "").lower()
    return "-".join(letters[i : i + 5] for i in range(0, len(letters), 5))


def _base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode("ascii").rstrip("=").lower()
