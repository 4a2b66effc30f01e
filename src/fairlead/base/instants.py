"""Instants: points in time, always in UTC, always with their zone shown.

An instant is an aware `datetime` whose zone is UTC, with microseconds. Nothing in
Fairlead stores or compares a naive or local time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from fairlead.errors import Invalid, Violation


def in_utc(at: datetime) -> datetime:
    """Return *at* in UTC; a time without zone is a programming error (`ValueError`).

    Raises:
        Invalid: in UTC it is before the year 1 or after the year 9999.

    """
    if at.tzinfo is None:
        message = f"{at} has no zone; an instant needs one"
        raise ValueError(message)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(
            f"{at} is outside of the years 1 to 9999 in UTC",
            [Violation("invalid_instant", "instant", "must be of the years 1 to 9999")],
        ) from error


@lru_cache(maxsize=1024)
def text(at: datetime) -> str:
    """Write *at* as RFC 3339 in UTC with six decimals: `2026-08-18T14:03:21.000000Z`.

    The width is fixed, so that instants sort as text.
    """
    return in_utc(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(written: str, *, field: str = "instant") -> datetime:
    """Read an RFC 3339 instant.

    Raises:
        Invalid: *written* is no instant, or has no zone.

    """
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise Invalid(
            f"{field}: {written!r} is no instant; write 2026-08-18T14:03:21Z",
            [Violation("invalid_instant", field, "must be an RFC 3339 instant")],
        ) from error
    if at.tzinfo is None:
        raise Invalid(
            f"{field}: {written!r} has no zone; end it with Z for UTC",
            [Violation("invalid_instant", field, "must say its zone")],
        )
    return in_utc(at)
