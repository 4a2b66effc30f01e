"""What is worked on in a case, for programs: its parts, a search, and every act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from fairlead.base.ids import CaseId, OrganisationId, PersonId
from fairlead.clearinghouse import coordinating
from fairlead.clearinghouse.cases import Case, Part
from fairlead.clearinghouse.casework import seeing, timing
from fairlead.clearinghouse.casework.delivered import Answered, Delivery
from fairlead.clearinghouse.casework.embargo import Term
from fairlead.clearinghouse.casework.facts import Exposure, Extension
from fairlead.clearinghouse.casework.messages import Message
from fairlead.clearinghouse.casework.seeing import Found, Worked
from fairlead.clearinghouse.casework.severity import Severity
from fairlead.clearinghouse.casework.statements import Position, Statement
from fairlead.clearinghouse.casework.tasks import Task
from fairlead.clearinghouse.ports import Page
from fairlead.web import auth, case_acts
from fairlead.web.auth import AnyRequest
from fairlead.web.case_acts import ACTS, At
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS
from fairlead.web.parameters import After


class ClockAnswer(Struct, frozen=True, kw_only=True):
    """One clock of a case."""

    name: str
    began: datetime
    due: datetime
    rule: str
    stopped: datetime | None
    late: bool

    @classmethod
    def of(cls, clock: timing.Clock, now: datetime) -> ClockAnswer:
        """Return what the API shows of *clock*."""
        return cls(
            name=clock.name,
            began=clock.began,
            due=clock.due,
            rule=clock.rule,
            stopped=clock.stopped,
            late=clock.late(now),
        )


class WorkAnswer(Struct, frozen=True, kw_only=True):
    """The parts of a case that the asker sees."""

    clocks: Sequence[ClockAnswer]
    rules: Sequence[Term]
    """Every rule that was found to apply to its embargo."""
    deliveries: Sequence[Delivery]
    answers: dict[str, Answered]
    extensions: Sequence[Extension]
    coordinator: PersonId | None
    exposed: Exposure | None
    disclosing: bool
    publication_due: datetime | None
    severities: Sequence[Severity]
    ranges: Sequence[str]
    participants: dict[OrganisationId, Part]
    messages: Sequence[Message]
    statements: Sequence[Statement]
    silent: Sequence[OrganisationId]
    """Who stated nothing yet, as far as the asker knows of it."""
    positions: dict[Position, int]
    tasks: Sequence[Task]

    @classmethod
    def of(cls, case: Case, worked: Worked, now: datetime) -> WorkAnswer:
        """Return what the API shows of the parts of *case*."""
        return cls(
            clocks=[ClockAnswer.of(clock, now) for clock in worked.clocks],
            rules=case.embargo_terms,
            deliveries=case.deliveries,
            answers=case.answers,
            extensions=case.extensions,
            coordinator=case.coordinator,
            exposed=case.exposed,
            disclosing=case.disclosing,
            publication_due=case.publication_due,
            severities=worked.severities,
            ranges=case.ranges,
            participants=worked.participants,
            messages=worked.messages,
            statements=worked.statements,
            silent=worked.silent,
            positions=worked.positions,
            tasks=worked.tasks,
        )


class Done(Struct, frozen=True, kw_only=True):
    """What an act was about, or made: a case, a message, a statement, a task."""

    id: str


class FoundAnswer(Struct, frozen=True, kw_only=True):
    """Where the words stand."""

    found: Sequence[Found]


class MentionList(Struct, frozen=True, kw_only=True):
    """Messages that mention whoever asks, the newest first."""

    messages: Sequence[Message]


class TaskList(Struct, frozen=True, kw_only=True):
    """What is still to be done, what is due first first."""

    tasks: Sequence[Task]


@get(
    "/{case_id:str}/work", sync_to_thread=True, summary="Work on it", responses=PROBLEMS
)
def work(
    request: AnyRequest,
    case_id: FromPath[str],
    context: NamedDependency[Context],
    after: After = 0,
) -> WorkAnswer:
    """Return clocks, messages, statements and tasks of a case, as the asker sees them."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        view = coordinating.view(unit, asker, CaseId(case_id), context.moment)
        worked = seeing.worked(unit, asker, view.case, after=after)
    return WorkAnswer.of(view.case, worked, context.clock())


@get(
    "/{case_id:str}/search",
    sync_to_thread=True,
    summary="Search in a case",
    responses=PROBLEMS,
)
def search(
    request: AnyRequest,
    case_id: FromPath[str],
    context: NamedDependency[Context],
    q: Annotated[str, QueryParameter(name="q")] = "",
) -> FoundAnswer:
    """Return where in a case all words stand, of what the asker sees of it."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = seeing.search(unit, asker, CaseId(case_id), q, context.moment)
    return FoundAnswer(found=found)


@get("/mentions", sync_to_thread=True, summary="Read mentions", responses=PROBLEMS)
def mentions(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> MentionList:
    """Return the messages that mention the person who asks, the newest first."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        page = Page(after=after)
        found = seeing.mentions(unit, asker, page, context.moment)
    return MentionList(messages=found)


@get("/tasks", sync_to_thread=True, summary="List tasks", responses=PROBLEMS)
def tasks(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> TaskList:
    """Return what is still to be done in cases, as the asker sees it."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = seeing.waiting(unit, asker, Page(after=after), context.moment)
    return TaskList(tasks=found)


def _acting(name: str) -> HTTPRouteHandler:
    """Return the handler of one act of the table."""
    act = ACTS[name]

    @post(
        f"/{{case_id:str}}/{name}",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary=act.name,
        operation_id=f"case-{name}",
        responses=PROBLEMS,
    )
    def handler(
        request: AnyRequest,
        case_id: FromPath[str],
        data: JSONBody[dict[str, Any]],
        context: NamedDependency[Context],
    ) -> Done:
        """Do it, and return the name of what it was about, or of what it made.

        The forms are those of the page; docs/cases.md lists them.
        """
        with context.store.begin() as unit:
            asker = auth.asker(unit, request, context)
            at = At(unit, asker, CaseId(case_id), context, context.clock())
            # What there is nothing to do in is said before the form is looked at.
            coordinating.find(unit, asker, at.case)
            done = case_acts.do(at, act, case_acts.read(act, data, strict=True))
        context.wake()
        return Done(id=done.id)

    return handler


router = Router(
    "/v1/cases",
    route_handlers=[work, search, mentions, tasks, *map(_acting, ACTS)],
    tags=["cases"],
)
