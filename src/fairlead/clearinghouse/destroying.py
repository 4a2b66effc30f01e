"""Use case of coordinators: destroy what is confidential about a case.

What stays is the record without its bodies: that there was a case, when it moved, that
it was destroyed, by whom and on which ground.
"""

from __future__ import annotations

from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import CaseId
from fairlead.clearinghouse import cases, coordinating
from fairlead.clearinghouse.cases import Case, Ground
from fairlead.clearinghouse.casework.messages import MessageDestroyed
from fairlead.clearinghouse.casework.statements import StatementDestroyed
from fairlead.clearinghouse.casework.tasks import TaskDestroyed
from fairlead.clearinghouse.owners.routing import RoutingDestroyed
from fairlead.clearinghouse.ports import ClearinghouseUnit, Timer
from fairlead.clearinghouse.submissions import SubmissionDestroyed


def destroy_case(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    ground: Ground,
    *,
    at: datetime,
) -> Case:
    """Destroy a case, every report filed in it and all that was said; keys by a job.

    1. The record says that they were destroyed.
    2. Bodies, snapshots' content and what duplicates knew of the findings are deleted.
    3. After the commit the keys are destroyed, so that no copy of the database opens.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.
        NotAllowed: *asker* may not destroy.
        NotVerified: *asker* is no person who was verified within ten minutes.
        Refused: the case is still worked on, or was destroyed already.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_DESTROY)
    asker.needs_verified(at)
    facts = cases.destroyed(case, ground)
    for submission in unit.submissions.of_case(case.id):
        unit.submissions.save(
            submission,
            [SubmissionDestroyed(case=case.id)],
            name=submission.id,
            by=asker.actor,
            at=at,
        )
        unit.submissions.destroy(submission.id, at=at)
        unit.index.forget(submission.id)
    _destroy_parts(unit, case.id, asker.actor, at)
    unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)
    unit.cases.destroy(case.id, at=at)
    return unit.cases.get(case.id)


def _destroy_parts(
    unit: ClearinghouseUnit, case: CaseId, by: str, at: datetime
) -> None:
    """Destroy what was said, stated and to be done in the case, and told its owners."""
    for routing in unit.routings.of_case(case):
        ended = RoutingDestroyed(case=case)
        unit.routings.save(routing, [ended], name=routing.id, by=by, at=at)
        unit.routings.destroy(routing.id, at=at)
        unit.agenda.cancel(Timer.ROUTING, routing.id)
    for name in unit.messages.names_in(case):
        message = unit.messages.get(name)
        gone = MessageDestroyed(case=case)
        unit.messages.save(message, [gone], name=name, by=by, at=at)
        unit.messages.destroy(name, at=at)
    for name in unit.statements.names_in(case):
        statement = unit.statements.get(name)
        lost = StatementDestroyed(case=case)
        unit.statements.save(statement, [lost], name=name, by=by, at=at)
        unit.statements.destroy(name, at=at)
    for name in unit.tasks.names_in(case):
        task = unit.tasks.get(name)
        done = TaskDestroyed(case=case)
        unit.tasks.save(task, [done], name=name, by=by, at=at)
        unit.tasks.destroy(name, at=at)
