"""Calendars hold what was meant, whatever the texts in them hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from fairlead.formats import ical
from fairlead.formats.ical import Happening

AT = datetime(2026, 8, 18, 14, 3, 21, tzinfo=UTC)


def happening(**changed):
    return Happening(
        **{
            "uid": "eng-x-window@programme.example",
            "title": "Access window",
            "begins": AT,
            "ends": AT + timedelta(days=14),
            "changed": AT,
            "remind": (timedelta(days=1),),
        }
        | changed
    )


@settings(max_examples=100)
@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_begins_a_property_or_an_entry_of_its_own(title, text):
    """However hostile: one calendar, one entry, one alarm, the names that we wrote."""
    written = ical.write(
        title, [happening(title=title, text=text, uid=text, url=title)]
    )
    read = Calendar.from_ical(written)
    assert [part.name for part in read.walk()] == ["VCALENDAR", "VEVENT", "VALARM"]
    (event,) = read.walk("VEVENT")
    assert event["dtstart"].dt == AT
    assert set(event) <= {
        "UID",
        "DTSTAMP",
        "LAST-MODIFIED",
        "SEQUENCE",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "DESCRIPTION",
        "URL",
        "STATUS",
        "TRANSP",
    }


def test_a_line_break_in_a_title_stays_in_the_title():
    """The classic attack is one more word of the title."""
    attack = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nATTACH:https://evil.example"
    (event,) = Calendar.from_ical(ical.write("c", [happening(title=attack)])).walk(
        "VEVENT"
    )
    assert str(event["summary"]) == (
        "x END:VEVENT BEGIN:VEVENT ATTACH:https://evil.example"
    )


def test_lines_are_as_long_as_the_standard_allows():
    """75 octets at most, ended as RFC 5545 says."""
    written = ical.write("c", [happening(text="é" * 500)])
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    assert b"\n" not in written.replace(b"\r\n", b"")


def test_instants_are_in_utc_whatever_zone_they_came_in():
    """No reader has to know a zone; daylight saving changes nothing."""
    there = AT.astimezone(timezone(timedelta(hours=-4)))
    assert ical.write("c", [happening(begins=there)]) == ical.write("c", [happening()])
    assert b"DTSTART:20260818T140321Z" in ical.write("c", [happening()])


def test_what_was_cancelled_reminds_nobody():
    """It says so, and rings no bell."""
    read = Calendar.from_ical(ical.write("c", [happening(cancelled=True)]))
    assert str(read.walk("VEVENT")[0]["status"]) == "CANCELLED"
    assert not read.walk("VALARM")
