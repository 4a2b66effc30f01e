"""P2: no access outside a window, past thirty days, past withdrawal, or by a bad clock."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
import walk

from fairlead.errors import Invalid
from fairlead.review.window import DOUBT, LONGEST, Window
from fairlead.terms.clauses import Side


class Ceiling(walk.Walk):
    """Whatever is open, is open within somebody's own window."""

    @invariant()
    def nothing_is_open_outside_a_window(self):
        if not hasattr(self, "name"):
            return
        engagement = self.engagement
        for visitor, _, decision in self.decisions():
            if not decision.allowed:
                continue
            assert self.now >= engagement.last_at - DOUBT
            assert engagement.withdrawn_at is None
            assert not engagement.destroyed
            if visitor.side is Side.PARTNER:
                partner = engagement.partners[visitor.organisation]
                assert partner.agreed
                assert partner.ended is None
                opens, ends = partner.opens, partner.ends
            else:
                assert engagement.released is None
                assert engagement.ended is None
                assert not any(p.opens for p in engagement.partners.values())
                opens, ends = engagement.opens, engagement.ends
            assert opens <= self.now < ends <= opens + LONGEST


TestCeiling = Ceiling.TestCase
TestCeiling.settings = settings(max_examples=60, stateful_step_count=30)


instants = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


@given(instants, st.timedeltas(timedelta(days=-40), timedelta(days=40)))
def test_a_longer_window_cannot_be_made(opens, length):
    """The type itself refuses what is no window."""
    if timedelta(0) < length <= LONGEST:
        window = Window(opens=opens, ends=opens + length)
        assert window.holds(opens)
        assert not window.holds(opens + length)
    else:
        with pytest.raises(Invalid):
            Window(opens=opens, ends=opens + length)


@given(instants, st.sampled_from(["America/New_York", "Europe/Berlin", "Pacific/Apia"]))
def test_daylight_saving_changes_no_window(opens, zone):
    """Thirty days are thirty times 24 hours, whatever clocks on walls show."""
    there = opens.astimezone(ZoneInfo(zone))
    window = Window(opens=there, ends=(opens + LONGEST).astimezone(ZoneInfo(zone)))
    last = window.ends.astimezone(UTC) - timedelta(microseconds=1)
    assert window.holds(last)
    assert not window.holds(opens + LONGEST)
    with pytest.raises(Invalid):
        Window(
            opens=there,
            ends=(opens + LONGEST + timedelta(seconds=1)).astimezone(ZoneInfo(zone)),
        )
