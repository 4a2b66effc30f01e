"""Calendars: instants and what happens at them, as iCalendar (RFC 5545).

Whatever a text holds, it stays one value of one property: what would begin another line
is escaped by the library, and control characters are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event

CONTENT_TYPE = "text/calendar; charset=utf-8"
REFRESH = timedelta(hours=1)
"""How often a reader should ask again (RFC 7986, 5.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One entry of a calendar."""

    uid: str
    """Stays the same while the entry does; unique in the world."""
    title: str
    begins: datetime
    ends: datetime | None = None
    """Nothing for what happens at an instant."""
    text: str = ""
    url: str = ""
    changed: datetime
    version: int = 0
    """Rises with each change."""
    remind: Sequence[timedelta] = ()
    """How long before its end, or before the instant, a reader is reminded."""
    cancelled: bool = False


def write(name: str, happenings: Sequence[Happening]) -> bytes:
    """Return a calendar called *name*; the same entries give the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", "-//Fairlead//engagements//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", _line(name))
    calendar.add("x-wr-calname", _line(name))
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for happening in happenings:
        calendar.add_component(_event(happening))
    written: bytes = calendar.to_ical()
    return written


def _event(happening: Happening) -> Event:
    event = Event()
    event.add("uid", _line(happening.uid))
    event.add("dtstamp", happening.changed.astimezone(UTC))
    event.add("last-modified", happening.changed.astimezone(UTC))
    event.add("sequence", happening.version)
    event.add("dtstart", happening.begins.astimezone(UTC))
    if happening.ends is not None:
        event.add("dtend", happening.ends.astimezone(UTC))
    event.add("summary", _line(happening.title))
    if happening.text:
        event.add("description", _text(happening.text))
    if happening.url:
        event.add("url", _line(happening.url))
    event.add("status", "CANCELLED" if happening.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    if not happening.cancelled:
        for before in happening.remind:
            event.add_component(_alarm(happening, before))
    return event


def _alarm(happening: Happening, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _line(happening.title))
    related = "START" if happening.ends is None else "END"
    alarm.add("trigger", -before, parameters={"related": related})
    return alarm


def _line(text: str) -> str:
    """Return *text* on one line, without what no line can hold."""
    return " ".join(_text(text).split())


def _text(text: str) -> str:
    return "".join(
        character if character.isprintable() or character == "\n" else " "
        for character in text.replace("\r\n", "\n")
    )
