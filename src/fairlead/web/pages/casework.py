"""What is worked on in a case: every act of the table, and a search inside."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter, URLEncodedBody

from fairlead.access.members import Person
from fairlead.base.ids import CaseId
from fairlead.clearinghouse import coordinating
from fairlead.clearinghouse.casework import seeing, steering
from fairlead.errors import NotVerified
from fairlead.programme.unit import Unit
from fairlead.web import auth, case_acts
from fairlead.web.auth import AnyRequest
from fairlead.web.case_acts import ACTS, At
from fairlead.web.context import Context
from fairlead.web.pages import verifying
from fairlead.web.pages.cases import act_on
from fairlead.web.pages.drafts import DraftForm, draft_of
from fairlead.web.pages.frame import page


@get("/cases/{case_id:str}/search", sync_to_thread=True, include_in_schema=False)
def search(
    request: AnyRequest,
    case_id: FromPath[str],
    context: NamedDependency[Context],
    q: Annotated[str, QueryParameter(name="q")] = "",
) -> Response[Any]:
    """Show where in a case all words stand, of what the person sees of it."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        case = coordinating.find(unit, person.asker, CaseId(case_id))
        found = seeing.search(unit, person.asker, case.id, q, context.moment)
    return page("case_search.html", person, case=case, q=q, found=found)


@post(
    "/cases/{case_id:str}/advisory/hold", sync_to_thread=True, include_in_schema=False
)
def hold(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[DraftForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Hold ready what was typed into the form for an advisory."""

    def do(unit: Unit, person: Person) -> None:
        name = CaseId(case_id)
        coordinating.find(unit, person.asker, name)
        draft, press = draft_of(data), context.press
        now = context.clock()
        steering.hold_advisory(unit, person.asker, name, draft, press, at=now)

    return act_on(request, context, CaseId(case_id), "advisory", data, do)


def _acting(name: str) -> HTTPRouteHandler:
    """Return the handler of one act of the table."""
    act = ACTS[name]

    @post(
        f"/cases/{{case_id:str}}/{name}", sync_to_thread=True, include_in_schema=False
    )
    def handler(
        request: AnyRequest,
        case_id: FromPath[str],
        data: URLEncodedBody[dict[str, str]],
        context: NamedDependency[Context],
    ) -> Response[Any]:
        """Do it; where it is refused, show the case again with what was typed."""

        def do(unit: Unit, person: Person) -> None:
            at = At(unit, person.asker, CaseId(case_id), context, context.clock())
            coordinating.find(unit, at.asker, at.case)
            case_acts.do(at, act, case_acts.read(act, data, strict=False))

        try:
            answer = act_on(request, context, CaseId(case_id), name, data, do)
        except NotVerified:
            return verifying.ask_first(request, context, f"/cases/{case_id}")
        context.wake()
        return answer

    return handler


router = Router("/", route_handlers=[search, hold, *map(_acting, ACTS)])
