"""One case, with what can be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.access.roles import Scope
from fairlead.base import zones
from fairlead.base.ids import CaseId, OrganisationId, Receipt
from fairlead.catalogue.priority import assessing
from fairlead.catalogue.priority import decisions as points
from fairlead.clearinghouse import coordinating, destroying, prioritising, publishing
from fairlead.clearinghouse.cases import Ground, Part, State
from fairlead.clearinghouse.casework import seeing
from fairlead.clearinghouse.casework.embargo import RULES, Kind
from fairlead.clearinghouse.casework.facts import Exposure, Limit
from fairlead.clearinghouse.casework.statements import Position
from fairlead.clearinghouse.casework.timing import OWN_ACTS
from fairlead.clearinghouse.evidence import attaching
from fairlead.errors import (
    Error,
    Invalid,
    NotVerified,
    Refused,
    Unauthenticated,
    Violation,
)
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.case_acts import ACTS
from fairlead.web.context import Context
from fairlead.web.pages import verifying
from fairlead.web.pages.drafts import FIELDS, DraftForm, draft_of, prefilled
from fairlead.web.pages.frame import page
from fairlead.web.parameters import After
from fairlead.web.problems import status_of


class MoveForm(Struct, frozen=True, kw_only=True):
    """What the form for moving a case sends."""

    to: str = ""
    reason: str = ""


class EmbargoForm(Struct, frozen=True, kw_only=True):
    """What the form for a shorter embargo sends."""

    until: str = ""
    rule: str = ""
    reason: str = ""


class DestroyForm(Struct, frozen=True, kw_only=True):
    """What the form for destroying a case sends."""

    ground: str = ""
    typed: str = ""
    """The name of the case, typed to confirm."""


class WeighForm(Struct, frozen=True, kw_only=True):
    """What the form for the inputs of a case's urgency sends."""

    names: str = ""
    exposed: str = ""
    exploitation: str = ""
    automatable: str = ""
    impact: str = ""
    mission: str = ""
    exposure: str = ""
    safety: str = ""
    mission_impact: str = ""
    density: str = ""
    reason: str = ""

    def values(self) -> dict[str, str]:
        """Return what was chosen, by decision point."""
        return {point: getattr(self, name) for name, point in WEIGHED.items()}


WEIGHED = {
    "exposed": assessing.EXPOSED,
    "exploitation": assessing.EXPLOITATION,
    "automatable": assessing.AUTOMATABLE,
    "impact": assessing.TECHNICAL_IMPACT,
    "mission": assessing.MISSION,
    "exposure": assessing.EXPOSURE,
    "safety": assessing.SAFETY,
    "mission_impact": assessing.MISSION_IMPACT,
    "density": assessing.VALUE_DENSITY,
}
"""By field of the form: the decision point."""


class ProvedDraft(DraftForm, frozen=True, kw_only=True):
    """What was typed into the form for an advisory, with the proof of who did."""

    answer: str = ""
    code: str = ""


class EvidenceForm(Struct, frozen=True, kw_only=True):
    """What the form for evidence sends."""

    finding: str = ""
    statement: str = ""


class ReadInForm(Struct, frozen=True, kw_only=True):
    """What the form for reading an organisation in sends."""

    organisation: str = ""
    part: str = ""


class ReadOutForm(Struct, frozen=True, kw_only=True):
    """What the form for reading an organisation out sends."""

    organisation: str = ""


@get("/cases/{case_id:str}", sync_to_thread=True, include_in_schema=False)
def read(
    request: AnyRequest,
    case_id: FromPath[str],
    context: NamedDependency[Context],
    after: After = 0,
) -> Response[Any]:
    """Show one case, with its messages from the one after so many newer ones on."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        return show_case(unit, person, CaseId(case_id), context, after=after)


@post("/cases/{case_id:str}/move", sync_to_thread=True, include_in_schema=False)
def move(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[MoveForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Move a case to another state."""

    def act(unit: Unit, person: Person) -> None:
        if data.to not in set(State):
            raise Invalid(
                "choose a state", [Violation("missing_field", "to", "choose")]
            )
        coordinating.move(
            unit,
            person.asker,
            CaseId(case_id),
            State(data.to),
            reason=data.reason,
            at=context.clock(),
        )

    return act_on(request, context, CaseId(case_id), "move", data, act)


@post("/cases/{case_id:str}/embargo", sync_to_thread=True, include_in_schema=False)
def shorten(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[EmbargoForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Let the embargo of a case end earlier."""

    def act(unit: Unit, person: Person) -> None:
        if not data.rule.strip():
            raise Invalid(
                "cite the rule", [Violation("missing_field", "rule", "by which rule?")]
            )
        coordinating.shorten_embargo(
            unit,
            person.asker,
            CaseId(case_id),
            zones.read(data.until, field="until"),
            rule=data.rule.strip(),
            reason=data.reason,
            at=context.clock(),
        )

    answer = act_on(request, context, CaseId(case_id), "embargo", data, act)
    context.wake()
    return answer


@post("/cases/{case_id:str}/priority", sync_to_thread=True, include_in_schema=False)
def weigh(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[WeighForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Give inputs by which the urgency of a case is evaluated."""

    def act(unit: Unit, person: Person) -> None:
        prioritising.weigh(
            unit,
            person.asker,
            CaseId(case_id),
            data.values(),
            names=data.names.replace(",", " ").split(),
            reason=data.reason,
            at=context.clock(),
        )

    return act_on(request, context, CaseId(case_id), "priority", data, act)


@post("/cases/{case_id:str}/read-in", sync_to_thread=True, include_in_schema=False)
def read_in(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[ReadInForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Let an organisation see a case from now on."""

    def act(unit: Unit, person: Person) -> None:
        coordinating.read_in(
            unit,
            person.asker,
            CaseId(case_id),
            OrganisationId(data.organisation),
            Part(data.part) if data.part in set(Part) else Part.MEMBER,
            at=context.clock(),
        )

    return act_on(request, context, CaseId(case_id), "read-in", data, act)


@post("/cases/{case_id:str}/read-out", sync_to_thread=True, include_in_schema=False)
def read_out(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[ReadOutForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Let an organisation not see a case any more."""

    def act(unit: Unit, person: Person) -> None:
        coordinating.read_out(
            unit,
            person.asker,
            CaseId(case_id),
            OrganisationId(data.organisation),
            at=context.clock(),
        )

    return act_on(request, context, CaseId(case_id), "read-out", data, act)


@post("/cases/{case_id:str}/evidence", sync_to_thread=True, include_in_schema=False)
def add_evidence(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[EvidenceForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Put a signed statement to a finding of a case."""

    def act(unit: Unit, person: Person) -> None:
        attaching.attach(
            unit,
            person.asker,
            CaseId(case_id),
            Receipt(data.finding),
            data.statement,
            context.evidence_keys,
            at=context.clock(),
        )

    return act_on(request, context, CaseId(case_id), "evidence", data, act)


@post("/cases/{case_id:str}/destroy", sync_to_thread=True, include_in_schema=False)
def destroy(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[DestroyForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Destroy what is confidential about a case."""

    def act(unit: Unit, person: Person) -> None:
        if data.ground not in set(Ground):
            raise Invalid(
                "choose a ground", [Violation("missing_field", "ground", "choose")]
            )
        if data.typed.strip() != case_id:
            raise Invalid(
                f"type {case_id} to confirm; this cannot be undone",
                [Violation("not_confirmed", "typed", f"type {case_id}")],
            )
        destroying.destroy_case(
            unit,
            person.asker,
            CaseId(case_id),
            Ground(data.ground),
            at=context.clock(),
        )

    try:
        answer = act_on(request, context, CaseId(case_id), "destroy", data, act)
    except NotVerified:
        return verifying.ask_first(request, context, f"/cases/{case_id}")
    context.wake()
    return answer


@post("/cases/{case_id:str}/advisory", sync_to_thread=True, include_in_schema=False)
def publish(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[DraftForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Publish the advisory of a case."""

    def act(unit: Unit, person: Person) -> None:
        publishing.publish(
            unit,
            person.asker,
            CaseId(case_id),
            draft_of(data),
            context.press,
            at=context.clock(),
        )

    try:
        return act_on(request, context, CaseId(case_id), "advisory", data, act)
    except NotVerified:
        return _ask(request, context, case_id, data)


@post(
    "/cases/{case_id:str}/advisory/draft",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTPStatus.OK,
)
def draft(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[ProvedDraft],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Verify the person, and show the form with what was typed before."""
    try:
        verifying.proved(request, context, answer=data.answer, code=data.code)
    except Unauthenticated as error:
        return _ask(request, context, case_id, data, error=error)
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        return show_case(
            unit, me, CaseId(case_id), context, form="advisory", typed=data
        )


def _ask(
    request: AnyRequest,
    context: Context,
    case_id: str,
    typed: DraftForm,
    *,
    error: Error | None = None,
) -> Response[Any]:
    """Ask the person to show that it is the one; what it typed is kept meanwhile."""
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        # What it may not see is not found here either.
        name = coordinating.find(unit, me.asker, CaseId(case_id)).id
    return verifying.ask(
        me,
        f"/cases/{name}/advisory/draft",
        {field: getattr(typed, field) for field in DraftForm.__struct_fields__},
        error=error,
        status_code=HTTPStatus.FORBIDDEN,
    )


def act_on(  # noqa: PLR0913, PLR0917 - one value a thing that differs
    request: AnyRequest,
    context: Context,
    case_id: CaseId,
    form: str,
    typed: Struct | Mapping[str, str],
    act: Callable[[Unit, Person], None],
) -> Response[Any]:
    """Do *act*; where it is refused, show the case again with what was typed."""
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except (Invalid, Refused) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            return show_case(
                unit,
                person,
                case_id,
                context,
                form=form,
                typed=typed,
                error=error,
            )
    return Redirect(f"/cases/{case_id}", status_code=HTTP_303_SEE_OTHER)


def show_case(  # noqa: PLR0913 - one value a thing that must be said
    unit: Unit,
    person: Person,
    case_id: CaseId,
    context: Context,
    *,
    form: str = "",
    typed: Struct | Mapping[str, str] | None = None,
    error: Error | None = None,
    after: int = 0,
) -> Response[Any]:
    """Show a case; after an act that was refused, with what was typed and why."""
    view = coordinating.view(unit, person.asker, case_id, context.moment)
    may_act = person.asker.may(Scope.CASE_MOVE)
    worked = seeing.worked(unit, person.asker, view.case, after=after)
    held = publishing.held(unit, view.case) if may_act else None
    everyone = unit.organisations.all()
    people = unit.people.all() if may_act else ()
    violations = error.violations if isinstance(error, Invalid) else ()
    with context.catalogue.read() as reading:
        found = [filed.finding for filed in view.filed]
        urgency = prioritising.priority(reading, view.case, found, at=context.clock())
    return page(
        "case.html",
        person,
        status_code=status_of(error) if error else HTTPStatus.OK,
        # What a form was answered with has no address of its own to be fetched from.
        live=None if form else f"/cases/{view.case.id}/version",
        version=str(view.case.version),
        view=view,
        case=view.case,
        work=worked,
        now=context.clock(),
        after=after,
        held=held,
        coordinators=[p for p in people if p.asker.may(Scope.CASE_MOVE) and p.active],
        acts=ACTS,
        kinds=[(kind, RULES[kind]) for kind in Kind],
        limits=list(Limit),
        exposures=list(Exposure),
        positions=list(Position),
        own_acts=OWN_ACTS,
        may_act=may_act,
        may_add_evidence=person.asker.may(Scope.EVIDENCE_ADD),
        may_destroy=person.asker.may(Scope.CASE_DESTROY),
        grounds=list(Ground),
        urgency=urgency,
        asked={name: (p, points.point(p)) for name, p in WEIGHED.items()},
        all_parts=list(Part),
        names={o.id: o.name for o in everyone},
        organisations=[
            o for o in everyone if o.active and o.id not in view.case.participants
        ],
        draft=typed if form == "advisory" else prefilled(view),
        form=form,
        typed=typed,
        error=str(error) if error else None,
        wrong={FIELDS.get(v.field, v.field): v.reason for v in violations},
    )


router = Router(
    "/",
    route_handlers=[
        read,
        move,
        shorten,
        weigh,
        read_in,
        read_out,
        add_evidence,
        destroy,
        publish,
        draft,
    ],
)
