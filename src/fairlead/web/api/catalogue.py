"""The catalogue for programs: what affects an inventory, and how urgent a case is."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Router, get, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct, field

from fairlead.base.ids import CaseId
from fairlead.catalogue.matching import Matched, match
from fairlead.catalogue.priority.assessing import Priority
from fairlead.clearinghouse import coordinating, prioritising
from fairlead.formats import inventories
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS, InventoryOperation

SBOM_BODY = 16 * 1024 * 1024
"""The largest SBOM that is taken over HTTP, in bytes; the command takes 256 MiB."""
MOST_COMPARED = 100_000
"""Pairs that are compared over HTTP; an SBOM of 5,000 components needs some 10,000."""


class Weigh(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Inputs by which the urgency of a case is evaluated."""

    values: dict[str, str] = field(default_factory=dict)
    """By decision point, such as `cisa:PE:1.0.0`: its value; empty takes it back."""
    names: Annotated[tuple[str, ...], Meta(max_length=50)] = ()
    """CVEs and other identifiers by which it is looked up."""
    reason: str


@post(
    "/catalogue/match",
    status_code=HTTP_200_OK,
    request_max_body_size=SBOM_BODY,
    operation_class=InventoryOperation,
    summary="Say what affects an SBOM",
    tags=["catalogue"],
    responses=PROBLEMS,
)
async def match_inventory(
    request: Request[Any, Any, Any],
    context: NamedDependency[Context],
    name: FromQuery[str] = "",
) -> Matched:
    """Say what of the catalogue affects an SBOM or lock file; nothing of it is kept.

    A lock file needs its *name*: `Cargo.lock`.
    """
    # Who may not ask is told before the body is read.
    await sync_to_thread(_who, request, context)
    body = await request.body()
    return await sync_to_thread(_match, name, body, context)


def _who(request: AnyRequest, context: Context) -> None:
    with context.store.read() as unit:
        auth.asker(unit, request, context)


def _match(name: str, body: bytes, context: Context) -> Matched:
    inventory = inventories.read(name, body, max_bytes=SBOM_BODY)
    with context.catalogue.read() as reading:
        return match(reading, inventory, context.clock(), most=MOST_COMPARED)


@get(
    "/cases/{case_id:str}/priority",
    sync_to_thread=True,
    summary="Say how urgent a case is",
    tags=["cases"],
    responses=PROBLEMS,
)
def priority(
    request: AnyRequest, case_id: FromPath[str], context: NamedDependency[Context]
) -> Priority:
    """Say how urgent a case is, why, and what missing inputs would change."""
    return _priority(request, CaseId(case_id), context)


@post(
    "/cases/{case_id:str}/priority",
    status_code=HTTP_200_OK,
    sync_to_thread=True,
    summary="Give inputs of a case's urgency",
    tags=["cases"],
    responses=PROBLEMS,
)
def weigh(
    request: AnyRequest,
    case_id: FromPath[str],
    data: JSONBody[Weigh],
    context: NamedDependency[Context],
) -> Priority:
    """Give inputs by which the urgency of a case is evaluated."""
    with context.store.begin() as unit:
        prioritising.weigh(
            unit,
            auth.asker(unit, request, context),
            CaseId(case_id),
            data.values,
            names=data.names,
            reason=data.reason,
            at=context.clock(),
        )
    return _priority(request, CaseId(case_id), context)


def _priority(request: AnyRequest, case_id: CaseId, context: Context) -> Priority:
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        view = coordinating.view(unit, asker, case_id, context.moment)
    with context.catalogue.read() as reading:
        found = [filed.finding for filed in view.filed]
        return prioritising.priority(reading, view.case, found, at=context.clock())


router = Router("/v1", route_handlers=[match_inventory, priority, weigh])
