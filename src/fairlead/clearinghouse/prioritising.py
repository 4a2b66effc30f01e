"""Use cases of priority: how urgent a case is, and what somebody gives towards that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import CaseId
from fairlead.catalogue.ports import Reading
from fairlead.catalogue.priority.assessing import Priority, assess
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.coordinating import find
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.ports import ClearinghouseUnit


def weigh(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    values: dict[str, str],
    *,
    names: Sequence[str],
    reason: str,
    at: datetime,
) -> Case:
    """Give inputs by which the urgency of a case is evaluated; it stands on the record.

    Raises:
        NotFound: there is none, or *asker* may not know of it; which is not said.
        Invalid: there is no reason, or a value that its decision point does not have.

    """
    case = find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    facts = cases.weighed(case, values, names, reason)
    if not facts:
        return case
    return unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)


def priority(
    reading: Reading, case: Case, findings: Iterable[Finding | None], *, at: datetime
) -> Priority:
    """Return how urgent *case* is, from the catalogue as it is now and what was given.

    It is looked up by the names that were given, else by those that its finders sent.
    Whoever calls it has read the case, and so has left the trace of that.
    """
    sent = [name for finding in findings if finding for name in finding.upstream_ids]
    return assess(reading, case.names or sent, case.given, at=at)
