"""Tasks of a case: what is to be done, by whom, by when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fairlead.base.ids import CaseId, OrganisationId, PersonId, TaskId
from fairlead.clearinghouse.casework.words import Words
from fairlead.errors import Refused
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Duty(StrEnum):
    """What a task is for; those that the system sets follow from a clock."""

    SEND = "send it, re-route it, or start disclosure"
    GUIDANCE = "publish guidance"
    COLLISION = "others found it too: shorten the embargo, or say why not"
    PUBLISH = "publish by hand: it could not go out by itself"
    OTHER = "as it says"


class TaskSet(Fact, frozen=True, tag="task.set@1"):
    """Something is to be done."""

    case: CaseId
    duty: Duty
    due: datetime
    organisation: OrganisationId | None = None
    """Who is to do it; nobody: the coordinators."""
    person: PersonId | None = None
    body: Words | None = None


class TaskDone(Fact, frozen=True, tag="task.done@1"):
    """It was done, or is not needed any more."""

    body: Words | None = None


class TaskPutOff(Fact, frozen=True, tag="task.put_off@1"):
    """It is due at another instant, or somebody else is to do it."""

    due: datetime
    person: PersonId | None = None
    body: Words | None = None


class TaskDestroyed(Fact, frozen=True, tag="task.destroyed@1"):
    """It was destroyed with its case."""

    case: CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task."""

    id: TaskId
    case: CaseId
    duty: Duty
    due: datetime
    organisation: OrganisationId | None
    person: PersonId | None
    set_by: str
    set_at: datetime
    text: str | None
    outcome: str | None = None
    """What came of it, in words."""
    done_at: datetime | None = None
    done_by: str = ""
    destroyed: bool = False
    version: int = 1

    @property
    def readers(self) -> tuple[str, ...]:
        """Who sees it besides the coordinators."""
        return (self.organisation,) if self.organisation else ()

    @property
    def open(self) -> bool:
        """Tell whether it is still to be done."""
        return self.done_at is None and not self.destroyed

    def late(self, now: datetime) -> bool:
        """Tell whether it should have been done."""
        return self.open and now > self.due


def done(task: Task, words: str) -> TaskDone:
    """Return what doing *task* means.

    Raises:
        Refused: it was done before.

    """
    if not task.open:
        raise Refused("that task was done before")
    return TaskDone(body=Words(text=words.strip()))


def _evolve(state: Task | None, event: Event) -> Task:
    if state is None:
        return _first(event)
    state = replace(state, version=event.version)
    match event.fact:
        case TaskDone(body=body):
            return replace(
                state,
                done_at=event.at,
                done_by=event.actor,
                outcome=body.text if body else None,
            )
        case TaskPutOff(due=due, person=person):
            return replace(state, due=due, person=person)
        case TaskDestroyed():
            return replace(state, text=None, outcome=None, destroyed=True)
    raise unexpected(event)


def _first(event: Event) -> Task:
    fact = event.fact
    if not isinstance(fact, TaskSet):
        raise unexpected(event)
    return Task(
        id=TaskId(name_of(event)),
        case=fact.case,
        duty=fact.duty,
        due=fact.due,
        organisation=fact.organisation,
        person=fact.person,
        set_by=event.actor,
        set_at=event.at,
        text=fact.body.text if fact.body else None,
    )


TASKS = Subject("task", Task, (TaskSet, TaskDone, TaskPutOff, TaskDestroyed), _evolve)
