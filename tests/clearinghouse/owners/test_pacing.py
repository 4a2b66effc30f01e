"""What goes to an owner when: never more than it bears, and the urgent first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fairlead.clearinghouse.owners.pacing import (
    WEEK,
    Urgency,
    Waiting,
    plan,
    pulled,
)
from fairlead.clearinghouse.owners.wishes import Wish, Wishes

NOW = datetime(2026, 8, 18, 14, tzinfo=UTC)

waiting = st.builds(
    Waiting,
    name=st.uuids().map(str),
    urgency=st.sampled_from(Urgency),
    since=st.integers(0, 100).map(lambda days: NOW - timedelta(days=days)),
    part=st.sampled_from(["", "src/a.c", "vendor/zlib", "vendor"]),
    reproducer=st.booleans(),
    despite=st.booleans(),
)
queues = st.lists(waiting, max_size=40, unique_by=lambda one: one.name)
wishes = st.builds(
    Wishes,
    a_week=st.one_of(st.none(), st.integers(1, 12)),
    every_days=st.sampled_from([0, 0, 1, 3, 7, 10]),
    only_with_reproducer=st.booleans(),
    not_parts=st.sampled_from([(), ("vendor",)]),
    paused_until=st.one_of(
        st.none(), st.integers(-5, 30).map(lambda days: NOW + timedelta(days=days))
    ),
)
sent = st.lists(
    st.integers(0, 20 * 24).map(lambda hours: NOW - timedelta(hours=hours)), max_size=15
)


@given(queues, wishes, sent, st.integers(1, 10))
def test_in_no_seven_days_goes_more_than_the_owner_bears(queue, wished, before, a_week):
    """What is exploited goes beyond that, and counts; so only the rest is bounded."""
    made = plan(queue, wished, before, a_week=a_week, at=NOW)
    most = wished.a_week or a_week
    instants = sorted([*before, *(slot.at for slot in made.slots)])
    for slot in made.slots:
        if slot.urgent:
            continue
        within = [at for at in instants if slot.at - WEEK < at <= slot.at]
        assert len(within) <= max(most, sum(s.urgent for s in made.slots))


@given(queues, wishes, sent, st.integers(1, 10))
def test_everything_gets_a_date_or_a_reason_and_once(queue, wished, before, a_week):
    """Nothing falls out of a queue."""
    made = plan(queue, wished, before, a_week=a_week, at=NOW)
    told = [slot.name for slot in made.slots] + [name for name, _ in made.held]
    assert sorted(told) == sorted(one.name for one in queue)
    assert [s.at for s in made.slots] == sorted(s.at for s in made.slots)


@given(queues, wishes, sent, st.integers(1, 10))
def test_what_is_more_urgent_never_waits_behind(queue, wished, before, a_week):
    """Within one queue, and with nothing held, urgency decides before age."""
    at = {
        s.name: s.at for s in plan(queue, wished, before, a_week=a_week, at=NOW).slots
    }
    going = [one for one in queue if one.name in at]
    for one in going:
        for other in going:
            if one.urgency > other.urgency:
                assert at[one.name] <= at[other.name]


@given(queues, wishes, sent)
def test_while_it_pauses_only_what_is_exploited_goes(queue, wished, before):
    """Attackers do not pause either."""
    for slot in plan(queue, wished, before, a_week=5, at=NOW).slots:
        assert slot.urgent or slot.at >= (wished.paused_until or NOW)


def test_batches_go_together_and_so_many_days_apart():
    """An owner that wants three on one day a fortnight gets that."""
    queue = [Waiting(name=str(n), since=NOW - timedelta(days=10 - n)) for n in range(7)]
    wished = Wishes(a_week=5, every_days=14, batch=3)
    last = NOW - timedelta(days=2)
    days = [
        (slot.at - NOW).days
        for slot in plan(queue, wished, [last], a_week=9, at=NOW).slots
    ]
    assert days == [12, 12, 12, 26, 26, 26, 40]


def test_what_the_owner_does_not_want_is_held_with_the_wish():
    """A coordinator reads which wish it is, and may have it go all the same."""
    queue = [
        Waiting(name="part", since=NOW, part="vendor/zlib/inflate.c", reproducer=True),
        Waiting(name="bare", since=NOW, part="src"),
        Waiting(name="told", since=NOW, part="vendor", despite=True),
    ]
    wished = Wishes(only_with_reproducer=True, not_parts=("vendor",))
    made = plan(queue, wished, [], a_week=9, at=NOW)
    assert dict(made.held) == {"part": Wish.NOT_THIS_PART, "bare": Wish.REPRODUCER}
    assert [slot.name for slot in made.slots] == ["told"]


def test_an_owner_that_asks_gets_the_next_ones_whatever_its_capacity():
    """It pulls in the order in which they would have come."""
    queue = [
        Waiting(name="new", since=NOW),
        Waiting(name="old", since=NOW - timedelta(days=9)),
        Waiting(name="hot", since=NOW, urgency=Urgency.CRITICAL),
        Waiting(name="no", since=NOW - timedelta(days=99), part="vendor"),
    ]
    assert pulled(queue, Wishes(not_parts=("vendor",)), 2) == ["hot", "old"]
