"""How many windows run at once, and how many evaluators there are for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.access.roles import Asker, Role, Scope
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.access.visibility import ENGAGEMENTS as VISIBLE
from fairlead.base.pages import Page
from fairlead.programme import pictures
from fairlead.programme.pictures import Week
from fairlead.programme.ports import ProgrammeUnit
from fairlead.review.engagement import ENGAGEMENTS

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Capacity:
    """Evaluators against windows."""

    evaluators: int
    weeks: Sequence[Week]


def capacity(unit: ProgrammeUnit, asker: Asker, moment: Moment) -> Capacity:
    """Return evaluators against windows, for those who keep engagements.

    It leaves a trace on each engagement whose window counts, as a list does.
    """
    asker.needs(Scope.ENGAGEMENT_KEEP)
    windows, streams, after = [], [], 0
    condition = VISIBLE.condition(asker)
    while some := unit.engagements.seen(condition, Page(after=after, size=AT_ONCE)):
        for engagement in some:
            window = engagement.window
            if window is not None:
                ends = engagement.ended_at or window.ends
                windows.append((window.opens, ends))
                streams.append(ENGAGEMENTS.stream(engagement.id))
        after += AT_ONCE
    leave_trace(unit, asker, streams, How.LISTED, moment)
    people = [p for p in unit.people.all() if p.may_enter and Role.EVALUATOR in p.roles]
    return Capacity(len(people), pictures.weeks(windows, moment.at))
