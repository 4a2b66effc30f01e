"""When others find it too while an owner works on a fix: a person is asked to decide.

The time that is left becomes shorter then, and is never made longer again. Whether two
reports are one bug is decided by comparison first, which may be wrong; so it is not the
comparison that shortens the embargo, but a coordinator, by a task with a date.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from fairlead.base.ids import Receipt
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.casework.dues import add_task
from fairlead.clearinghouse.casework.embargo import Kind
from fairlead.clearinghouse.casework.tasks import Duty, TaskSet
from fairlead.clearinghouse.ports import ClearinghouseUnit

DECIDED_WITHIN = timedelta(days=2)
"""By when a coordinator says whether the embargo becomes shorter."""


def notice(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    case: Case,
    came: Collection[Receipt],
    *,
    by: str,
    at: datetime,
    randomness: Randomness,
) -> None:
    """Set a task where *came*, findings that joined *case*, are of somebody new.

    Only while an embargo runs that was not shortened for that, and once.
    """
    if not case.deliveries or case.embargo_over:
        return
    if any(term.kind is Kind.COLLISION for term in case.embargo_terms):
        return
    filed = unit.submissions.of_case(case.id)
    there = {one.organisation for one in filed if one.id not in came}
    if {unit.submissions.get(receipt).organisation for receipt in came} <= there:
        return
    tasks = (unit.tasks.get(name) for name in unit.tasks.names_in(case.id))
    if any(task.duty is Duty.COLLISION for task in tasks):
        return
    task = TaskSet(
        case=case.id,
        duty=Duty.COLLISION,
        due=at + DECIDED_WITHIN,
        person=case.coordinator,
    )
    add_task(unit, task, by, randomness, at=at)
