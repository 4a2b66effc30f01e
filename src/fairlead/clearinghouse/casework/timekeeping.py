"""What is due in a case, done by the timer: once, in order, and said to be late.

A case has one timer, which rings at the earliest instant at which anything of it is due.
Each ring does one thing and sets the timer for the next, so that after days without a
timer everything is done in the order of its instants, over all cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker
from fairlead.base.ids import CaseId
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.casework import timing
from fairlead.clearinghouse.casework.dues import Due, add_task, dues, keep_time
from fairlead.clearinghouse.casework.facts import PublicationCalledOff
from fairlead.clearinghouse.casework.tasks import Duty, TaskSet
from fairlead.clearinghouse.casework.words import Explained
from fairlead.clearinghouse.ports import ClearinghouseUnit, Timer
from fairlead.clearinghouse.publishing import Press, go_out
from fairlead.errors import Error
from fairlead.record.events import Fact

TIMEKEEPER = Asker(actor="system/timer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringer:
    """With what the timer does what is due."""

    randomness: Randomness
    press: Press | None = None
    """Without, nothing goes out by itself."""


def ring(
    unit: ClearinghouseUnit, case_id: CaseId, ringer: Ringer, *, at: datetime
) -> None:
    """Do the first thing that is due in a case, and have the timer ring for the next.

    Where the clock shows less than what was recorded last, nothing is done: the timer
    rings again when the clock has caught up (promise P2).
    """
    case = unit.cases.get(case_id)
    if case.doubts(at):
        unit.agenda.schedule(Timer.CASE, case.id, due=case.touched_at)
        return
    ahead = dues(case)
    if ahead and ahead[0][0] <= at:
        case = _do(unit, case, ahead[0][1], ringer, at)
    keep_time(unit, case)


def _do(
    unit: ClearinghouseUnit, case: Case, due: Due, ringer: Ringer, at: datetime
) -> Case:
    facts: Sequence[Fact]
    match due:
        case Due.EMBARGO:
            facts = cases.embargo_ended(case, at=at)
        case Due.HOLDING:
            facts = timing.held_too_long(case, at=at)
            task = TaskSet(
                case=case.id,
                duty=Duty.SEND,
                due=case.holding_until,
                person=case.coordinator,
            )
            add_task(unit, task, TIMEKEEPER.actor, ringer.randomness, at=at)
        case Due.END:
            facts = timing.ended(case, at=at)
        case Due.PUBLICATION:
            return _publish(unit, case, ringer, at)
    return unit.cases.save(case, facts, name=case.id, by=TIMEKEEPER.actor, at=at)


def _publish(unit: ClearinghouseUnit, case: Case, ringer: Ringer, at: datetime) -> Case:
    """Have the advisory go out that is held; where it cannot, a person is asked."""
    due = case.publication_due
    assert due is not None  # noqa: S101 - that is why the timer rang
    try:
        if ringer.press is None:
            why = "nobody is set up here who publishes"
        else:
            by = TIMEKEEPER.actor
            return go_out(unit, case, ringer.press, by=by, at=at, due=due).case
    except Error as error:
        why = str(error)
    task = TaskSet(case=case.id, duty=Duty.PUBLISH, due=due, person=case.coordinator)
    add_task(unit, task, TIMEKEEPER.actor, ringer.randomness, at=at)
    off = PublicationCalledOff(due=due, body=Explained(reason=why))
    return unit.cases.save(case, [off], name=case.id, by=TIMEKEEPER.actor, at=at)
