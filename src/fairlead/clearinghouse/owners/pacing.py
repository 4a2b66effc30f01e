"""Pacing: given a queue, what an owner can bear and what is urgent, what goes when.

A pure function. What is urgent goes first, then what waited longest. In no seven days do
more cases go than the owner bears; where it wants batches, they go together, so many days
apart. What is known to be exploited goes at once and beyond all that, since those who
attack do not wait either; it counts all the same, so that the rest comes later.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from fairlead.clearinghouse.owners.wishes import Wish, Wishes, against

WEEK = timedelta(days=7)


class Urgency(IntEnum):
    """How urgent a case is, as far as its place in a queue goes."""

    ROUTINE = 0
    SOON = 1
    CRITICAL = 2
    EXPLOITED = 3
    """Goes at once, whatever the owner's capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A case in an owner's queue."""

    name: str
    urgency: Urgency = Urgency.ROUTINE
    since: datetime
    part: str = ""
    reproducer: bool = False
    despite: bool = False
    """Whether a coordinator said that it goes, whatever the owner wishes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When a case goes."""

    name: str
    at: datetime
    urgent: bool = False
    """Whether it goes beyond the owner's capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What goes when, the first first, and what is held back and why."""

    slots: Sequence[Slot]
    held: Sequence[tuple[str, Wish]] = ()

    def due(self, at: datetime) -> Sequence[Slot]:
        """Return what goes at *at* or before."""
        return [slot for slot in self.slots if slot.at <= at]

    def next_after(self, at: datetime) -> datetime | None:
        """Return the next instant after *at* at which something goes."""
        return next((slot.at for slot in self.slots if slot.at > at), None)


def plan(
    queue: Sequence[Waiting],
    wishes: Wishes,
    sent: Sequence[datetime],
    *,
    a_week: int,
    at: datetime,
) -> Plan:
    """Return what of *queue* goes when, from *at* on.

    *sent* is when earlier cases went, in any order; *a_week* is how many go where the
    owner named no number. Takes time in proportion to n log n.
    """
    held: list[tuple[str, Wish]] = []
    now: list[Waiting] = []
    later: list[Waiting] = []
    for one in queue:
        if one.urgency is Urgency.EXPLOITED:
            now.append(one)
            continue
        wish = against(wishes, one.part, reproducer=one.reproducer)
        if wish is not None and not one.despite:
            held.append((one.name, wish))
        else:
            later.append(one)
    slots = [Slot(name=one.name, at=at, urgent=True) for one in sorted(now, key=_order)]
    went = sorted(t for t in sent if t > at - WEEK)
    went += [at] * len(slots)
    pace = _Pace(wishes, wishes.a_week or a_week, went, at, _last(sent))
    slots += [Slot(name=one.name, at=pace.next()) for one in sorted(later, key=_order)]
    return Plan(slots=slots, held=held)


def pulled(queue: Sequence[Waiting], wishes: Wishes, count: int) -> Sequence[str]:
    """Return the next *count* of *queue*, for an owner that asks for them now."""
    ready = (
        one
        for one in queue
        if one.despite
        or one.urgency is Urgency.EXPLOITED
        or against(wishes, one.part, reproducer=one.reproducer) is None
    )
    return [one.name for one in heapq.nsmallest(count, ready, key=_order)]


class _Pace:
    """Gives one instant after the other at which a case may go."""

    def __init__(
        self,
        wishes: Wishes,
        a_week: int,
        went: Sequence[datetime],
        at: datetime,
        last: datetime | None,
    ) -> None:
        self._a_week = a_week
        self._recent = deque(went, maxlen=a_week)
        self._gap = timedelta(days=wishes.every_days)
        self._batch = wishes.batch or a_week
        begin = max(at, wishes.paused_until or at)
        if self._gap and last is not None:
            begin = max(begin, last + self._gap)
        self._at = begin
        self._in_batch = 0

    def next(self) -> datetime:
        """Return when the next one goes."""
        if self._gap and self._in_batch >= self._batch:
            self._at += self._gap
            self._in_batch = 0
        if len(self._recent) == self._a_week:
            free = self._recent[0] + WEEK
            if self._gap:
                while self._at < free:
                    self._at += self._gap
                    self._in_batch = 0
            else:
                self._at = max(self._at, free)
        self._in_batch += 1
        self._recent.append(self._at)
        return self._at


def _last(sent: Sequence[datetime]) -> datetime | None:
    return max(sent, default=None)


def _order(one: Waiting) -> tuple[int, datetime, str]:
    return -one.urgency, one.since, one.name
