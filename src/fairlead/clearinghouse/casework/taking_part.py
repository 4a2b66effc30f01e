"""Use cases of those who take part in a case: messages, statements, tasks.

Whoever may see a case takes part: coordinators in all of them, organisations in those
they were read in to. It is asked anew with every act, in the transaction that keeps it,
so that who was read out meanwhile is told what everyone is told about no case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from fairlead.access.roles import Asker, Scope
from fairlead.access.visibility import CASE_PARTS, EVERYONE, holds
from fairlead.access.visibility import CASES as VISIBLE
from fairlead.base.ids import (
    CaseId,
    OrganisationId,
    PersonId,
    StatementId,
    TaskId,
    new_message_id,
    new_statement_id,
    new_task_id,
)
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import cases, coordinating
from fairlead.clearinghouse.cases import Case, State
from fairlead.clearinghouse.casework import seats, tasks
from fairlead.clearinghouse.casework.messages import Message, MessageSaid
from fairlead.clearinghouse.casework.seats import Seat
from fairlead.clearinghouse.casework.statements import (
    Position,
    Stated,
    Statement,
    StatementChanged,
    StatementGiven,
    StatementShown,
)
from fairlead.clearinghouse.casework.tasks import Duty, Task, TaskPutOff, TaskSet
from fairlead.clearinghouse.casework.words import Words, said
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused, Violation
from fairlead.formats import version_ranges

T = TypeVar("T", Statement, Task)

PRODUCT = 200
"""Characters of a product's name."""
_MENTION = re.compile(r"@(per-[a-z2-9]{12})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who does it, when, and whence a new name is drawn."""

    asker: Asker
    at: datetime
    randomness: Randomness


def say(
    unit: ClearinghouseUnit,
    deed: Deed,
    case_id: CaseId,
    text: str,
    readers: Collection[str] = (),
) -> Message:
    """Say something in a case: to the coordinators, and to *readers* besides.

    Readers are organisations that the author knows to take part, or `everyone`. A person
    who is mentioned as `@per-…` finds the message among its mentions, if it may read it;
    whether it may is not told.

    Raises:
        NotFound: there is no such case, or the asker may not know of it.
        Invalid: nothing is said, or to somebody whom the author does not know.

    """
    case, seat = _seat(unit, deed.asker, case_id)
    words = said(text, "text")
    known = seats.known(case, seat)
    unknown = [r for r in readers if r != EVERYONE and r not in known]
    if unknown:
        raise Invalid(
            "name those who take part",
            [
                Violation("unknown_reader", "readers", f"{r}: takes no part")
                for r in unknown
            ],
        )
    own = [seat.own] if seat.own else []
    heard = tuple(sorted({*readers, *own}))
    fact = MessageSaid(
        case=case.id,
        readers=(EVERYONE,) if EVERYONE in heard else heard,
        organisation=seat.organisation,
        mentions=_mentioned(unit, case, text, heard),
        body=Words(text=words),
    )
    name = new_message_id(deed.randomness)
    return unit.messages.save(None, [fact], name=name, by=deed.asker.actor, at=deed.at)


def _mentioned(
    unit: ClearinghouseUnit, case: Case, text: str, readers: Collection[str]
) -> tuple[PersonId, ...]:
    """Return those who are mentioned and may read what is said."""
    named = set(_MENTION.findall(text))
    if not named:
        return ()
    found: list[PersonId] = []
    for person in unit.people.all():
        if person.id not in named or not person.may_enter:
            continue
        addressed = EVERYONE in readers or person.organisation in readers
        coordinates = person.asker.may(Scope.CASE_READ_ALL)
        if coordinates or (addressed and holds(VISIBLE.condition(person.asker), case)):
            found.append(person.id)
    return tuple(sorted(found))


def state(
    unit: ClearinghouseUnit,
    deed: Deed,
    case_id: CaseId,
    stated: Stated,
    organisation: OrganisationId | None = None,
) -> Statement:
    """State how a product stands; coordinators state it for whom they name.

    What is stated of a product takes the place of what was stated of it before.

    Raises:
        NotFound: there is no such case, or the asker may not know of it.
        NotAllowed: somebody states it for another organisation.
        Invalid: the versions are no VERS, or the organisation takes no part.

    """
    case, seat = _seat(unit, deed.asker, case_id)
    whose = organisation or seat.own
    if whose is None or whose not in case.participants:
        if seat.coordinates:
            raise _wrong("organisation", "name one that takes part")
        raise NotAllowed("you state how your own products stand")
    if not seat.coordinates and whose != seat.own:
        raise NotAllowed("you state how your own products stand")
    body = _checked(stated)
    before = _statement_of(unit, deed.asker, case.id, whose, body.product)
    if before is not None:
        facts: Sequence[StatementChanged] = [StatementChanged(body=body)]
        return unit.statements.save(
            before, facts, name=before.id, by=deed.asker.actor, at=deed.at
        )
    return unit.statements.save(
        None,
        [StatementGiven(case=case.id, organisation=whose, body=body)],
        name=new_statement_id(deed.randomness),
        by=deed.asker.actor,
        at=deed.at,
    )


def _checked(stated: Stated) -> Stated:
    product, text = stated.product.strip(), stated.text.strip()
    if len(product) > PRODUCT:
        raise _wrong("product", f"at most {PRODUCT} characters")
    if text:
        said(text, "text")
    ranges = stated.versions.strip()
    return Stated(
        product=product,
        position=stated.position,
        versions=version_ranges.canonical(ranges) if ranges else "",
        text=text,
    )


def _statement_of(
    unit: ClearinghouseUnit,
    asker: Asker,
    case: CaseId,
    whose: OrganisationId,
    product: str,
) -> Statement | None:
    """Return what was stated of this product before; one who states sees its own."""
    seen = unit.statements.seen(
        case, VISIBLE.condition(asker), CASE_PARTS.condition(asker), None
    )
    called = product.casefold()
    return next(
        (
            one
            for one in seen
            if one.organisation == whose
            and one.stated is not None
            and one.stated.product.casefold() == called
        ),
        None,
    )


def show_statement(
    unit: ClearinghouseUnit,
    deed: Deed,
    case_id: CaseId,
    name: StatementId,
    *,
    to_all: bool,
) -> Statement:
    """Let everyone who takes part see a statement, or not any more; its owner's choice.

    Raises:
        NotFound: there is none, or the asker may not know of it.
        NotAllowed: it is another organisation's.

    """
    case, seat = _seat(unit, deed.asker, case_id)
    statement = _part(unit.statements.get(name), case, deed.asker)
    if statement.organisation != seat.own:
        raise NotAllowed("whoever stated it decides who sees it")
    fact = StatementShown(to_all=to_all)
    return unit.statements.save(
        statement, [fact], name=name, by=deed.asker.actor, at=deed.at
    )


def set_task(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    deed: Deed,
    case_id: CaseId,
    text: str,
    due: datetime,
    *,
    organisation: OrganisationId | None = None,
    person: PersonId | None = None,
) -> Task:
    """Put a task on the list: coordinators for anyone, others for themselves.

    Raises:
        NotFound: there is no such case, or the asker may not know of it.
        NotAllowed: it is for another organisation.
        Invalid: nothing is said, it is due already, or it is for nobody who takes part.

    """
    case, seat = _seat(unit, deed.asker, case_id)
    whose = organisation if seat.coordinates else (organisation or seat.own)
    if not seat.coordinates and whose != seat.own:
        raise NotAllowed("you set tasks for your own organisation")
    if whose is not None and whose not in case.participants:
        raise _wrong("organisation", "name one that takes part")
    if due <= deed.at:
        raise _wrong("due", "must lie ahead")
    if person is not None:
        _check_person(unit, person, whose)
    fact = TaskSet(
        case=case.id,
        duty=Duty.OTHER,
        due=due,
        organisation=whose,
        person=person,
        body=Words(text=said(text, "text")),
    )
    name = new_task_id(deed.randomness)
    return unit.tasks.save(None, [fact], name=name, by=deed.asker.actor, at=deed.at)


def _check_person(
    unit: ClearinghouseUnit, person: PersonId, whose: OrganisationId | None
) -> None:
    """Refuse a task for a person who is not of those whose task it is."""
    for known in unit.people.all():
        if known.id != person or not known.may_enter:
            continue
        if whose is None and known.asker.may(Scope.CASE_READ_ALL):
            return
        if whose is not None and known.organisation == whose:
            return
    raise _wrong("person", "is none of those whose task it is")


def finish_task(
    unit: ClearinghouseUnit, deed: Deed, case_id: CaseId, name: TaskId, outcome: str
) -> Task:
    """Take a task off the list; *outcome* says what came of it, or nothing.

    Raises:
        NotFound: there is none, or the asker may not know of it.
        Refused: it was done before.

    """
    case, _ = _seat(unit, deed.asker, case_id)
    task = _part(unit.tasks.get(name), case, deed.asker)
    fact = tasks.done(task, outcome)
    return unit.tasks.save(task, [fact], name=name, by=deed.asker.actor, at=deed.at)


def put_off_task(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    deed: Deed,
    case_id: CaseId,
    name: TaskId,
    due: datetime,
    *,
    reason: str,
) -> Task:
    """Have a task be due later, for a reason; only coordinators put off.

    Raises:
        NotFound: there is none, or the asker may not know of it.
        Refused: it was done before.

    """
    case, _ = _seat(unit, deed.asker, case_id)
    task = _part(unit.tasks.get(name), case, deed.asker)
    deed.asker.needs(Scope.CASE_MOVE)
    if not task.open:
        raise Refused("that task was done before")
    if due <= deed.at:
        raise _wrong("due", "must lie ahead")
    words = Words(text=said(reason, "reason"))
    fact = TaskPutOff(due=due, person=task.person, body=words)
    return unit.tasks.save(task, [fact], name=name, by=deed.asker.actor, at=deed.at)


def no_answer(case: Case, given: Sequence[Statement]) -> list[OrganisationId]:
    """Return those who maintain or ship the software, and stated nothing yet."""
    answered = {one.organisation for one in given}
    return [
        organisation
        for organisation, part in case.participants.items()
        if part is not cases.Part.FINDER and organisation not in answered
    ]


def counted(case: Case, given: Sequence[Statement]) -> dict[Position, int]:
    """Count statements by position; who said nothing counts as no answer, once."""
    counts = dict.fromkeys(Position, 0)
    for one in given:
        if one.stated is not None:
            counts[one.stated.position] += 1
    counts[Position.NO_ANSWER] += len(no_answer(case, given))
    return counts


def _seat(unit: ClearinghouseUnit, asker: Asker, case_id: CaseId) -> tuple[Case, Seat]:
    """Return the case and the asker's seat, where something can still be said."""
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_TAKE_PART)
    cases.refuse_destroyed(case)
    if case.state is State.MERGED:
        raise Refused(
            f"{case.id} became part of another case; nothing more is said here"
        )
    return case, seats.seat_of(case, asker)


def _part(thing: T, case: Case, asker: Asker) -> T:
    """Return a part of *case* that *asker* may see; else as if there were none."""
    if thing.case != case.id or not holds(CASE_PARTS.condition(asker), thing):
        raise NotFound("no such thing")
    return thing


def _wrong(field: str, why: str) -> Invalid:
    return Invalid(f"{field}: {why}", [Violation("invalid_field", field, why)])
