"""Challenges: random, kept here, good once, for five minutes, in one browser."""

from __future__ import annotations

from datetime import datetime, timedelta

from fairlead.access import secrets
from fairlead.access.ports import AccessUnit, Challenge, Purpose
from fairlead.base.ports import Randomness
from fairlead.errors import Unauthenticated

CHALLENGE_LASTS = timedelta(minutes=5)


def challenge(
    unit: AccessUnit,
    secret: str,
    purpose: Purpose,
    *,
    at: datetime,
    randomness: Randomness,
) -> bytes:
    """Return a new challenge for the browser whose cookie holds *secret*."""
    content = randomness(32)
    keep(unit, secret, purpose, content, at=at)
    return content


def keep(
    unit: AccessUnit, secret: str, purpose: Purpose, content: bytes, *, at: datetime
) -> None:
    """Keep *content* for the browser whose cookie holds *secret*."""
    unit.challenges.drop_ended(at)
    unit.challenges.put(
        Challenge(
            bound=secrets.digest(secret),
            purpose=purpose,
            content=content,
            ends_at=at + CHALLENGE_LASTS,
        )
    )


def answered(unit: AccessUnit, secret: str, purpose: Purpose, *, at: datetime) -> bytes:
    """Take the challenge that this browser was sent; it is gone, whatever follows.

    This must be a unit of work of its own: were it rolled back with what follows it,
    a wrong answer would leave the challenge for another try.

    Raises:
        Unauthenticated: none was sent, it was answered already, or is too old.

    """
    taken = unit.challenges.take(secrets.digest(secret), purpose)
    if taken is None or at >= taken.ends_at:
        raise Unauthenticated("this took too long; try once more")
    return taken.content
