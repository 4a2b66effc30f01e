"""Use cases of the work queue: a page of it, and how many cases there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fairlead.access.roles import Asker
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.access.visibility import CASES
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.queues import ME, Count, Place, Sheet, Wanted

COUNTED = 1_000
"""Cases of one state that are counted, at most; beyond, there are "more"."""


def sheet(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    wanted: Wanted,
    moment: Moment,
    *,
    start: Place | None = None,
    size: int = 50,
) -> Sheet:
    """Return a page of the cases that *asker* may see; it leaves a trace on each."""
    if wanted.coordinator == ME:
        me = asker.actor.removeprefix("person/")
        wanted = replace(wanted, coordinator=me)
    until = moment.at + wanted.due.within if wanted.due else None
    condition = CASES.condition(asker)
    found = unit.queue.walk(condition, wanted, until=until, start=start, size=size)
    objects = [cases.CASES.stream(case.id) for case in found.cases]
    leave_trace(unit, asker, objects, How.LISTED, moment)
    return found


def counts(unit: ClearinghouseUnit, asker: Asker) -> Mapping[State, Count]:
    """Count the cases that *asker* may see, by state, each up to `COUNTED`."""
    return unit.queue.count(CASES.condition(asker), COUNTED)
