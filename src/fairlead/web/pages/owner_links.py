"""A case as an owner without an account sees it: by the link in its mail, and no more.

Looking at the link shows nothing yet: programs that look into mails follow links, and they
press no buttons. Opening leaves a trace that the finder sees; it is no answer.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.status_codes import HTTP_200_OK

from fairlead.clearinghouse.casework.delivered import Answer, Channel
from fairlead.clearinghouse.owners import answering, writing
from fairlead.errors import Error, Invalid, Refused
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.pages.owners import AnswerForm, answer_of, maybe_day_of
from fairlead.web.problems import status_of


@get("/owner/case/{token:str}", sync_to_thread=True, include_in_schema=False)
def closed(token: FromPath[str], context: NamedDependency[Context]) -> Response[Any]:
    """Say what opening means, and offer it."""
    with context.store.read() as unit:
        _, one = answering.by_link(unit, token, context.owners, at=context.clock())
    return page("owner_link.html", None, token=token, routing=one, case=None)


@post(
    "/owner/case/{token:str}",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
def opened(
    request: AnyRequest, token: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show the case."""
    _bounded(request, context)
    return _show(token, context)


@post(
    "/owner/case/{token:str}/answer",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
def answered(
    request: AnyRequest,
    token: FromPath[str],
    data: URLEncodedBody[AnswerForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take the owner's answer."""
    _bounded(request, context)
    try:
        with context.store.begin() as unit:
            owner, one = answering.by_link(
                unit, token, context.owners, at=context.clock()
            )
            answering.answer(
                unit,
                one,
                answer_of(data),
                data.words[:20_000],
                by=f"owner/{owner.id}",
                channel=Channel.PAGE,
                fix_planned=maybe_day_of(data.fix_planned, "fix_planned"),
                at=context.clock(),
            )
    except (Invalid, Refused) as error:
        return _show(token, context, error=error)
    context.wake()
    return _show(token, context)


def _show(token: str, context: Context, *, error: Error | None = None) -> Response[Any]:
    with context.store.begin() as unit:
        at = context.clock()
        owner, one = answering.by_link(unit, token, context.owners, at=at)
        one = answering.opened_by_link(unit, one, at=at)
        case = unit.cases.get(one.case)
        filed = writing.filed_in(unit, owner, case, context.moment)
    violations = error.violations if isinstance(error, Invalid) else ()
    return page(
        "owner_link.html",
        None,
        status_code=status_of(error) if error else HTTPStatus.OK,
        token=token,
        routing=one,
        case=case,
        filed=filed,
        answers=list(Answer),
        error=str(error) if error else None,
        wrong={v.field: v.reason for v in violations},
    )


def _bounded(request: AnyRequest, context: Context) -> None:
    """Bound tries from one address, as for a status with nothing but its receipt."""
    context.limits.status.count(context.proxies.client(request))


router = Router("/", route_handlers=[closed, opened, answered])
