"""Use cases of coordinators: what they decide about a case, each a reason on record.

Two who decide about one case at the same instant: the second is told that it changed
meanwhile (`Conflict`), and nothing of what it said is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import CaseId, PersonId
from fairlead.base.instants import text
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import cases, coordinating, publishing
from fairlead.clearinghouse.cases import Case, Rules
from fairlead.clearinghouse.casework import timing
from fairlead.clearinghouse.casework.dues import add_task, keep_time
from fairlead.clearinghouse.casework.facts import (
    AdvisoryHeld,
    Exposure,
    Limit,
    PublicationCalledOff,
    PublicationScheduled,
)
from fairlead.clearinghouse.casework.tasks import Duty, TaskSet
from fairlead.clearinghouse.casework.timing import Applies, Known
from fairlead.clearinghouse.casework.words import explained
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.publishing import Draft, Press
from fairlead.errors import Invalid, Refused, Violation
from fairlead.record.events import Fact


def decide(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    rule: Callable[[Case], Sequence[Fact]],
    *,
    at: datetime,
) -> Case:
    """Record what *rule* says follows for a case, and set its timer anew.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.
        NotAllowed: *asker* is no coordinator.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    facts = rule(case)
    if not facts:
        return case
    case = unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)
    keep_time(unit, case)
    return case


def name_coordinator(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    person: PersonId,
    *,
    at: datetime,
) -> Case:
    """Name who answers for a case: a person who coordinates.

    Raises:
        Invalid: that person coordinates nothing.

    """

    def rule(case: Case) -> Sequence[Fact]:
        if not _coordinates(unit, person):
            raise Invalid(
                f"{person} coordinates nothing",
                [Violation("invalid_person", "person", "name a coordinator")],
            )
        return timing.named(case, person)

    return decide(unit, asker, case_id, rule, at=at)


def _coordinates(unit: ClearinghouseUnit, name: PersonId) -> bool:
    return any(
        p.id == name and p.asker.may(Scope.CASE_MOVE) and p.active
        for p in unit.people.all()
    )


def extend(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    limit: Limit,
    until: datetime,
    *,
    reason: str,
    at: datetime,
) -> Case:
    """Put an end off; only a person can, in its own name (promise P11).

    Raises:
        Refused: a program asks, or the rules do not allow it.

    """

    def rule(case: Case) -> Sequence[Fact]:
        if not asker.actor.startswith("person/"):
            raise Refused("only a person puts an end off, in its own name")
        return timing.extended(case, limit, until, reason, at=at)

    return decide(unit, asker, case_id, rule, at=at)


def expose(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    how: Exposure,
    known: Known,
    *,
    rules: Rules,
    at: datetime,
    randomness: Randomness,
) -> Case:
    """Record that it is exploited or was leaked, and set the task to publish guidance."""

    def rule(case: Case) -> Sequence[Fact]:
        return timing.exposed(case, how, known, rules, at=at)

    case = decide(unit, asker, case_id, rule, at=at)
    task = TaskSet(
        case=case.id,
        duty=Duty.GUIDANCE,
        due=known.at + rules.exposed,
        person=case.coordinator,
    )
    add_task(unit, task, asker.actor, randomness, at=at)
    return case


def apply_rule(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    applies: Applies,
    rules: Rules,
    *,
    reason: str,
    at: datetime,
) -> Case:
    """Record that a rule applies to the embargo of a case."""
    return decide(
        unit,
        asker,
        case_id,
        lambda case: timing.ruled(case, applies, reason, rules, at=at),
        at=at,
    )


def hold_advisory(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    draft: Draft,
    press: Press,
    *,
    at: datetime,
) -> Case:
    """Keep an advisory ready to go out, once it keeps to every rule of every format.

    Raises:
        Invalid: a format lacks something; every lack is named.
        Refused: the case is over or public.

    """

    def rule(case: Case) -> Sequence[Fact]:
        cases.refuse_destroyed(case)
        if case.state in cases.ENDED or case.advisory is not None:
            raise Refused(
                f"{case.id} is {case.state}; nothing goes out from it any more"
            )
        publishing.try_out(case, draft, press, at=at)
        return [AdvisoryHeld(body=msgspec.json.encode(draft))]

    asker.needs(Scope.ADVISORY_PUBLISH)
    return decide(unit, asker, case_id, rule, at=at)


def schedule_publication(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    due: datetime,
    *,
    at: datetime,
) -> Case:
    """Have the advisory that is held go out at *due*, by itself.

    Raises:
        NotVerified: *asker* is no person who was verified within ten minutes.
        Refused: none is held, or the case cannot be published then.
        Invalid: *due* is past, or lies before the embargo ends.

    """

    def rule(case: Case) -> Sequence[Fact]:
        asker.needs(Scope.ADVISORY_PUBLISH)
        asker.needs_verified(at)
        cases.refuse_destroyed(case)
        if case.held is None:
            raise Refused("no advisory is held ready; hold one first")
        if not case.publishable:
            raise Refused(f"{case.id} is {case.state}; that is not published")
        if due <= at:
            raise _wrong("due", "must lie ahead")
        if due < case.embargo_until and not case.exposed and not case.embargo_over:
            ends = text(case.embargo_until)
            raise _wrong("due", f"must not lie before the embargo ends, {ends}")
        return [PublicationScheduled(due=due)]

    return decide(unit, asker, case_id, rule, at=at)


def call_off_publication(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    *,
    reason: str,
    at: datetime,
) -> Case:
    """Have the advisory not go out by itself.

    Raises:
        Refused: none would.

    """

    def rule(case: Case) -> Sequence[Fact]:
        if case.publication_due is None:
            raise Refused("nothing is scheduled to go out")
        why = explained(reason)
        return [PublicationCalledOff(due=case.publication_due, body=why)]

    return decide(unit, asker, case_id, rule, at=at)


def publish_held(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    press: Press,
    *,
    at: datetime,
) -> Case:
    """Have the advisory that is held go out now.

    Raises:
        NotVerified: *asker* is no person who was verified within ten minutes.
        Refused: none is held, or the case cannot be published.
        UnderEmbargo: the embargo has not ended.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.ADVISORY_PUBLISH)
    asker.needs_verified(at)
    case = publishing.go_out(unit, case, press, by=asker.actor, at=at).case
    keep_time(unit, case)
    return case


def _wrong(field: str, why: str) -> Invalid:
    return Invalid(f"{field}: {why}", [Violation("invalid_instant", field, why)])
