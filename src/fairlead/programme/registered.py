"""Milestones as the record has them: what can happen to one, and what follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from fairlead.base.ids import MilestoneId
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Kind(StrEnum):
    """What stands in the register."""

    DUTY = "duty"
    """Something that somebody must do, usually by a date."""
    PROTOCOL = "protocol"
    """How the programme works, as published."""
    STATEMENT = "statement"
    """What a company says of its part."""
    LAW = "law or rule"
    """A law, rule or contract that refers to the order."""


class MilestoneAdded(Fact, frozen=True, tag="milestone.added@1"):
    """Something came into the register."""

    kind: Kind
    title: str
    who: str
    section: str = ""
    due: date | None = None
    source: str = ""


class MilestonePublished(Fact, frozen=True, tag="milestone.published@1"):
    """It was published, on a day and at an address; the last such fact counts."""

    on: date
    link: str


class MilestoneNoted(Fact, frozen=True, tag="milestone.noted@1"):
    """Something to know about it."""

    text: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note."""

    at: datetime
    text: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One entry of the register."""

    id: MilestoneId
    kind: Kind
    title: str
    who: str
    section: str = ""
    due: date | None = None
    source: str = ""
    published: date | None = None
    link: str = ""
    notes: tuple[Note, ...] = ()
    version: int = 1
    """0: the profile names it, and nothing was recorded about it yet."""


def _evolve(state: Milestone | None, event: Event) -> Milestone:
    match state, event.fact:
        case None, MilestoneAdded() as fact:
            return Milestone(
                id=MilestoneId(name_of(event)),
                kind=fact.kind,
                title=fact.title,
                who=fact.who,
                section=fact.section,
                due=fact.due,
                source=fact.source,
            )
        case Milestone(), MilestonePublished(on=on, link=link):
            return replace(state, published=on, link=link, version=event.version)
        case Milestone(), MilestoneNoted(text=text, link=link):
            note = Note(at=event.at, text=text, link=link)
            return replace(state, notes=(*state.notes, note), version=event.version)
    raise unexpected(event)


MILESTONES = Subject(
    "milestone",
    Milestone,
    (MilestoneAdded, MilestonePublished, MilestoneNoted),
    _evolve,
)
