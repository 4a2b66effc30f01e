"""What somebody sees of a case besides its findings: its own part, and only that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.access.visibility import CASE_PARTS
from fairlead.access.visibility import CASES as VISIBLE
from fairlead.base.ids import CaseId, OrganisationId, PersonId
from fairlead.clearinghouse import cases, coordinating
from fairlead.clearinghouse.cases import Case, Part
from fairlead.clearinghouse.casework import seats, severity, taking_part, timing
from fairlead.clearinghouse.casework.messages import Message
from fairlead.clearinghouse.casework.seats import Seat
from fairlead.clearinghouse.casework.severity import Severity
from fairlead.clearinghouse.casework.statements import Position, Statement
from fairlead.clearinghouse.casework.tasks import Task
from fairlead.clearinghouse.casework.timing import Clock
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page

SIZE = 50
"""Messages on a page."""
SEARCHED = 5_000
"""Messages that one search looks through, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """The parts of a case that somebody sees."""

    seat: Seat
    clocks: Sequence[Clock]
    severities: Sequence[Severity]
    participants: dict[OrganisationId, Part]
    """As far as it knows of them."""
    messages: Sequence[Message]
    older: int | None
    """Where the page of older messages begins, if there is one."""
    statements: Sequence[Statement]
    silent: Sequence[OrganisationId]
    """Who stated nothing yet, as far as the asker knows of it."""
    positions: dict[Position, int]
    """How many there are of each, for coordinators."""
    tasks: Sequence[Task]


def worked(
    unit: ClearinghouseUnit, asker: Asker, case: Case, *, after: int = 0
) -> Worked:
    """Return what *asker* sees of *case*, which it was shown in this unit."""
    seat = seats.seat_of(case, asker)
    both = VISIBLE.condition(asker), CASE_PARTS.condition(asker)
    wanted = Page(after=after, size=SIZE + 1)
    messages = unit.messages.seen(case.id, *both, wanted)
    statements = unit.statements.seen(case.id, *both, None)
    known = seats.known(case, seat)
    silent = taking_part.no_answer(case, statements)
    return Worked(
        seat=seat,
        clocks=timing.clocks(case),
        severities=[severity.rate(vector) for vector in case.vectors],
        participants=known,
        messages=messages[:SIZE],
        older=after + SIZE if len(messages) > SIZE else None,
        statements=statements,
        # Of another one it is not known whether it stated something for itself alone.
        silent=[o for o in silent if seat.coordinates or o == seat.own],
        positions=taking_part.counted(case, statements) if seat.coordinates else {},
        tasks=unit.tasks.seen(case.id, *both, None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A place in a case where the words stand."""

    where: str
    """What kind of place: message, statement, task, finding, what happened."""
    name: str
    """What leads there."""
    excerpt: str
    at: datetime | None = None


def search(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    words: str,
    moment: Moment,
) -> Sequence[Found]:
    """Return where in a case all of *words* stand, of what the asker sees of it.

    Raises:
        NotFound: there is no such case, or the asker may not know of it.

    """
    view = coordinating.view(unit, asker, case_id, moment)
    both = VISIBLE.condition(asker), CASE_PARTS.condition(asker)
    wanted = words.casefold().split()
    if not wanted:
        return ()
    messages = unit.messages.seen(case_id, *both, Page(size=SEARCHED))
    statements = unit.statements.seen(case_id, *both, None)
    tasks = unit.tasks.seen(case_id, *both, None)
    places = [
        *_said(messages, statements, tasks),
        *_findings(view.filed),
    ]
    return [place for place in places if _holds(place.excerpt, wanted)][:SIZE]


def _said(
    messages: Sequence[Message],
    statements: Sequence[Statement],
    tasks: Sequence[Task],
) -> Iterator[Found]:
    for message in messages:
        if message.text:
            yield Found(
                where="message", name=message.id, excerpt=message.text, at=message.at
            )
    for one in statements:
        if one.stated is not None:
            text = f"{one.stated.product} {one.stated.position} {one.stated.text}"
            yield Found(where="statement", name=one.id, excerpt=text, at=one.at)
    for task in tasks:
        text = " ".join(filter(None, (task.duty, task.text, task.outcome)))
        yield Found(where="task", name=task.id, excerpt=text, at=task.set_at)


def _findings(filed: Sequence[coordinating.Filed]) -> Iterator[Found]:
    for one in filed:
        finding = one.finding
        if finding is None:
            continue
        said = (
            finding.purl,
            finding.software,
            finding.file,
            finding.function,
            finding.cwe,
        )
        texts = [part for part in said if part]
        texts += [f"{a.filename} {a.text}" for a in finding.attachments if a.text]
        for text in texts:
            yield Found(where="finding", name=one.submission.id, excerpt=text)


def _holds(text: str, wanted: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in wanted)


def mentions(
    unit: ClearinghouseUnit, asker: Asker, page: Page, moment: Moment
) -> Sequence[Message]:
    """Return the messages that mention the person who asks, the newest first."""
    kind, _, name = asker.actor.partition("/")
    if kind != "person":
        return ()
    both = VISIBLE.condition(asker), CASE_PARTS.condition(asker)
    seen = unit.messages.mentioning(PersonId(name), *both, page)
    objects = [cases.CASES.stream(message.case) for message in seen]
    leave_trace(unit, asker, objects, How.LISTED, moment)
    return seen


def waiting(
    unit: ClearinghouseUnit, asker: Asker, page: Page, moment: Moment
) -> Sequence[Task]:
    """Return what is still to be done and the asker sees, what is due first first."""
    both = VISIBLE.condition(asker), CASE_PARTS.condition(asker)
    seen = unit.tasks.waiting(*both, page)
    objects = [cases.CASES.stream(task.case) for task in seen]
    leave_trace(unit, asker, objects, How.LISTED, moment)
    return seen
