"""What the public is told, for programs: figures and the register. No token is needed."""

from __future__ import annotations

from datetime import UTC, date, datetime

from litestar import Router, get
from litestar.di import NamedDependency
from msgspec import Struct

from fairlead.base.ids import MilestoneId
from fairlead.clearinghouse.casework import counting
from fairlead.clearinghouse.casework.counting import PutOff
from fairlead.programme import figures, milestones
from fairlead.programme.bands import Shown
from fairlead.programme.registered import Kind, Milestone
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS


class FigureAnswer(Struct, frozen=True, kw_only=True):
    """One figure: the count is between both numbers, which are included."""

    withheld: bool
    """Nothing is said, because with what was said before it would tell too much."""
    least: int | None
    most: int | None
    """None: no upper bound, or withheld."""

    @classmethod
    def of(cls, shown: Shown) -> FigureAnswer:
        """Return the answer for *shown*."""
        if shown.withheld:
            return cls(withheld=True, least=None, most=None)
        return cls(withheld=False, least=shown.least, most=shown.most)


class MonthAnswer(Struct, frozen=True, kw_only=True):
    """What was published about one month."""

    month: str
    published_at: datetime
    windows_asked: FigureAnswer
    windows_used: FigureAnswer


class FiguresAnswer(Struct, frozen=True, kw_only=True):
    """Everything that was published."""

    months: tuple[MonthAnswer, ...]
    put_off: tuple[PutOff, ...]
    """How many ends of cases, holdings and embargoes were put off, by month."""


class NoteAnswer(Struct, frozen=True, kw_only=True):
    """A note to a milestone."""

    at: datetime
    text: str
    link: str


class MilestoneAnswer(Struct, frozen=True, kw_only=True):
    """One entry of the register."""

    id: MilestoneId
    kind: Kind
    title: str
    who: str
    section: str
    source: str
    due: date | None
    published: date | None
    days_late: int
    link: str
    notes: tuple[NoteAnswer, ...]

    @classmethod
    def of(cls, milestone: Milestone, today: date) -> MilestoneAnswer:
        """Return the answer for *milestone*."""
        return cls(
            id=milestone.id,
            kind=milestone.kind,
            title=milestone.title,
            who=milestone.who,
            section=milestone.section,
            source=milestone.source,
            due=milestone.due,
            published=milestone.published,
            days_late=milestones.days_late(milestone, today),
            link=milestone.link,
            notes=tuple(
                NoteAnswer(at=n.at, text=n.text, link=n.link) for n in milestone.notes
            ),
        )


class RegisterAnswer(Struct, frozen=True, kw_only=True):
    """The register of milestones."""

    profile: str
    milestones: tuple[MilestoneAnswer, ...]


@get(
    "/v1/programme/figures",
    sync_to_thread=True,
    tags=["programme"],
    responses=PROBLEMS,
)
def published(context: NamedDependency[Context]) -> FiguresAnswer:
    """Return the monthly figures; a month, once there, never changes."""
    with context.store.read() as unit:
        months = figures.published(unit)
        put_off = counting.put_off(unit, at=context.clock())
    return FiguresAnswer(
        put_off=put_off,
        months=tuple(
            MonthAnswer(
                month=month.id,
                published_at=month.at,
                windows_asked=FigureAnswer.of(month.shown.asked),
                windows_used=FigureAnswer.of(month.shown.used),
            )
            for month in months
        ),
    )


@get(
    "/v1/programme/milestones",
    sync_to_thread=True,
    tags=["programme"],
    responses=PROBLEMS,
)
def register(context: NamedDependency[Context]) -> RegisterAnswer:
    """Return the register of milestones."""
    today = context.clock().astimezone(UTC).date()
    with context.store.read() as unit:
        found = milestones.register(unit, context.profile)
    return RegisterAnswer(
        profile=context.profile.name,
        milestones=tuple(MilestoneAnswer.of(one, today) for one in found),
    )


router = Router("/", route_handlers=[published, register])
