"""Instants as people write and read them, around changes of clocks too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.base import zones
from fairlead.errors import Invalid

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
]


def test_the_same_hour_before_and_after_the_change_is_told_apart():
    berlin = zones.find("Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert zones.local(first, berlin) == "2026-10-25 02:30 +02:00 Europe/Berlin"
    again = first + timedelta(hours=1)
    assert zones.local(again, berlin) == "2026-10-25 02:30 +01:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-12-01T14:00", "2026-12-01T14:00:00+00:00"),
        ("2026-12-01 14:00", "2026-12-01T14:00:00+00:00"),
        ("2026-12-01T14:00:05Z", "2026-12-01T14:00:05+00:00"),
        ("2026-12-01T14:00+05:30", "2026-12-01T08:30:00+00:00"),
        ("2026-12-01 14:00 Europe/Berlin", "2026-12-01T13:00:00+00:00"),
        ("2026-07-01T14:00 Europe/Berlin", "2026-07-01T12:00:00+00:00"),
        ("2026-07-01T14:00 UTC", "2026-07-01T14:00:00+00:00"),
    ],
)
def test_an_instant_is_meant_in_utc_unless_a_zone_is_written(written, expected):
    assert zones.read(written).isoformat() == expected


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("2026-10-25 02:30 Europe/Berlin", "twice"),
        ("2026-03-29 02:30 Europe/Berlin", "put forward"),
        ("2026-12-01 14:00 Europe/Nowhere", "no zone"),
        ("2026-12-01 14:00 ../../etc/passwd", "no zone"),
        ("2026-02-30 14:00 Europe/Berlin", "no such day"),
        ("tomorrow", "no instant"),
        ("", "no instant"),
        ("2026-12-01", "zone"),
    ],
)
def test_what_is_no_one_instant_is_refused_with_the_reason(written, why):
    with pytest.raises(Invalid, match=why):
        zones.read(written)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001 - made UTC
    st.sampled_from(ZONES),
)
def test_what_is_shown_can_be_written_again_or_is_refused_as_twice(bare, name):
    at = bare.replace(second=0, microsecond=0, tzinfo=UTC)
    day, hour, _, zone = zones.local(at, zones.find(name)).split()
    try:
        assert zones.read(f"{day} {hour} {zone}") == at
    except Invalid as error:
        assert "twice" in str(error)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_an_instant_or_refused(written):
    try:
        assert zones.read(written).tzinfo is UTC
    except Invalid:
        return
