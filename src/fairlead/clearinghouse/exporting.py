"""Use cases of two coordinators: take many cases away at once, on the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.access.visibility import CASES as VISIBLE
from fairlead.base.ids import CaseId, ExportId, Receipt, new_export_id
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import coordinating, exports
from fairlead.clearinghouse.cases import CASES, Case, State
from fairlead.clearinghouse.exports import Export
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page
from fairlead.clearinghouse.submissions import SUBMISSIONS
from fairlead.errors import NotAllowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One case of an export."""

    case: Case
    reports: dict[Receipt, bytes | None]
    """Each report exactly as sent; nothing where it was destroyed."""


def ask(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    cases: Sequence[CaseId],
    *,
    reason: str,
    at: datetime,
    randomness: Randomness,
) -> Export:
    """Ask for *cases*; a second person must agree.

    Raises:
        NotFound: one of them does not exist, or *asker* may not know of it.

    """
    _needs_person(asker)
    for case in cases:
        coordinating.find(unit, asker, case)
    return unit.exports.save(
        None,
        exports.asked(cases, reason),
        name=new_export_id(randomness),
        by=asker.actor,
        at=at,
    )


def matching(
    unit: ClearinghouseUnit, asker: Asker, *, states: Sequence[State], words: str
) -> Sequence[CaseId]:
    """Return the names of the cases that an export with this filter would have."""
    _needs_person(asker)
    found = unit.cases.seen(
        VISIBLE.condition(asker),
        Page(size=exports.AT_MOST + 1),
        states=states,
        words=words,
    )
    return [case.id for case in found]


def listed(unit: ClearinghouseUnit, asker: Asker, page: Page) -> Sequence[Export]:
    """Return exports, the newest first."""
    asker.needs(Scope.CASE_EXPORT)
    return unit.exports.newest(page)


def approve(
    unit: ClearinghouseUnit, asker: Asker, name: ExportId, *, at: datetime
) -> Export:
    """Agree to what another person asked for."""
    _needs_person(asker)
    export = unit.exports.get(name)
    facts = exports.approved(export, asker.actor, at=at)
    return unit.exports.save(export, facts, name=name, by=asker.actor, at=at)


def take(
    unit: ClearinghouseUnit,
    asker: Asker,
    name: ExportId,
    moment: Moment,
) -> Sequence[Taken]:
    """Return every case of an export with its reports; it leaves a trace on each."""
    _needs_person(asker)
    export = unit.exports.get(name)
    facts = exports.taken(export, asker.actor, at=moment.at)
    unit.exports.save(export, facts, name=name, by=asker.actor, at=moment.at)
    taken: list[Taken] = []
    objects: list[str] = []
    for case_id in export.cases:
        case = coordinating.find(unit, asker, case_id)
        filed = unit.submissions.of_case(case.id)
        reports = {s.id: unit.submissions.report(s.id) for s in filed}
        taken.append(Taken(case=case, reports=reports))
        objects += [CASES.stream(case.id), *map(SUBMISSIONS.stream, reports)]
    leave_trace(unit, asker, objects, How.EXPORTED, moment)
    return taken


def _needs_person(asker: Asker) -> None:
    asker.needs(Scope.CASE_EXPORT)
    if not asker.is_person:
        raise NotAllowed("an export is for people who have signed in, not for programs")
