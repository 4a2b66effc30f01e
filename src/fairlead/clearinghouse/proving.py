"""Use case of everyone: which events of a case or a report stand in the record."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.access.roles import Asker
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.access.visibility import CASES, SUBMISSIONS, holds
from fairlead.base.ids import CaseId, Receipt
from fairlead.clearinghouse.cases import CASES as CASE
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.submissions import SUBMISSIONS as SUBMISSION
from fairlead.errors import NotFound
from fairlead.record.events import StoredEvent


def events_of(
    unit: ClearinghouseUnit, asker: Asker, name: str, moment: Moment
) -> Sequence[StoredEvent]:
    """Return the events of the case or report called *name*; it leaves a trace.

    Raises:
        NotFound: there is none, or *asker* may not know of it; which is not said.

    """
    if name.startswith("SUB-"):
        submission = unit.submissions.get(name)
        if not holds(SUBMISSIONS.condition(asker), submission):
            raise NotFound(f"no submission {name!r}")
        stream = SUBMISSION.stream(submission.id)
        stored = unit.submissions.stored(Receipt(name))
    else:
        case = unit.cases.find(CaseId(name), CASES.condition(asker))
        stream = CASE.stream(case.id)
        stored = unit.cases.stored(case.id)
    leave_trace(unit, asker, [stream], How.LISTED, moment)
    return stored
