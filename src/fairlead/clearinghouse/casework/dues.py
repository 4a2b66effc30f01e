"""What is due in a case and when, and the one timer that rings for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from fairlead.base.ids import new_task_id
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.casework.tasks import TaskSet
from fairlead.clearinghouse.ports import ClearinghouseUnit, Timer


class Due(StrEnum):
    """What can be due in a case; in the order in which it is done at one instant."""

    EMBARGO = "embargo"
    PUBLICATION = "publication"
    HOLDING = "holding"
    END = "end"


def dues(case: Case) -> Sequence[tuple[datetime, Due]]:
    """Return what is due in *case*, and when, the earliest first."""
    if case.state in cases.ENDED:
        return ()
    found = [(case.ends_at, Due.END)]
    if not case.embargo_over:
        found.append((case.embargo_until, Due.EMBARGO))
    if case.held_back and not case.holding_over:
        found.append((case.holding_until, Due.HOLDING))
    if case.publication_due is not None:
        found.append((case.publication_due, Due.PUBLICATION))
    order = list(Due)
    return sorted(found, key=lambda one: (one[0], order.index(one[1])))


def keep_time(unit: ClearinghouseUnit, case: Case) -> None:
    """Have the timer of *case* ring when the next thing of it is due."""
    ahead = dues(case)
    if ahead:
        unit.agenda.schedule(Timer.CASE, case.id, due=ahead[0][0])
    else:
        unit.agenda.cancel(Timer.CASE, case.id)


def add_task(
    unit: ClearinghouseUnit,
    fact: TaskSet,
    by: str,
    randomness: Randomness,
    *,
    at: datetime,
) -> None:
    """Put a task on the list."""
    unit.tasks.save(None, [fact], name=new_task_id(randomness), by=by, at=at)
