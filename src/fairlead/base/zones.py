"""Instants as people of some place read and write them; nothing here is stored.

What is kept is UTC alone. Around a change of clocks a local time can happen twice, or not
at all: such a time is refused when it is written, and told with its offset when read.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from fairlead.base import instants
from fairlead.errors import Invalid, Violation

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,63}")
_BARE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")


@lru_cache(maxsize=256)
def find(name: str) -> ZoneInfo | None:
    """Return the zone of the IANA database called *name*, if there is one."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found; no file of this format
        return None


def local(at: datetime, zone: ZoneInfo) -> str:
    """Write *at* as clocks of *zone* show it, with the offset: it tells one hour of two.

    Such as `2026-10-25 02:30 +01:00 Europe/Berlin`.
    """
    there = instants.in_utc(at).astimezone(zone)
    offset = there.strftime("%z")
    return f"{there:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:5]} {zone.key}"


def read(written: str, *, field: str = "instant") -> datetime:
    """Read an instant as a person writes it.

    RFC 3339; without a zone it is meant in UTC; with the name of one behind it, as clocks
    of that place show it: `2026-10-25 02:30 Europe/Berlin`.

    Raises:
        Invalid: it is no instant, the zone is unknown, or clocks of that place show this
            time twice or never.

    """
    text, _, name = written.strip().partition(" ")
    if name and text.count("-") == 2 and "T" not in text:  # noqa: PLR2004 - a date
        hour, _, name = name.strip().partition(" ")
        text = f"{text}T{hour}"
    name = name.strip()
    if _BARE.fullmatch(text) is None:
        return instants.parse(written.strip(), field=field)
    if name in {"", "UTC"}:
        return instants.parse(f"{text}Z", field=field)
    zone = find(name)
    if zone is None:
        raise _wrong(
            written, field, f"{name!r} is no zone; write such as Europe/Berlin"
        )
    return _there(text, zone, written, field)


def _there(text: str, zone: ZoneInfo, written: str, field: str) -> datetime:
    try:
        bare = datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong(written, field, "there is no such day or hour") from error
    first, second = (bare.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != bare:
        raise _wrong(written, field, "clocks are put forward over it; say it in UTC")
    if first.utcoffset() != second.utcoffset():
        raise _wrong(written, field, "clocks show it twice that day; say it in UTC")
    return instants.in_utc(first)


def _wrong(written: str, field: str, why: str) -> Invalid:
    return Invalid(
        f"{field}: {written[:60]!r}: {why}", [Violation("invalid_instant", field, why)]
    )
