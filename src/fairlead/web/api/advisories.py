"""Advisories for programs: revise one, or take it back."""

from __future__ import annotations

from datetime import datetime

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from fairlead.base.ids import AdvisoryId
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.advisories import PublishedAdvisory
from fairlead.clearinghouse.publishing import Draft
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS


class Revision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new version of an advisory."""

    draft: Draft
    summary: str
    """What is new, in words."""


class Withdrawal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an advisory is taken back."""

    reason: str


class AdvisoryAnswer(Struct, frozen=True, kw_only=True):
    """An advisory as the API shows it."""

    advisory: AdvisoryId
    address: str
    version: int
    revised_at: datetime
    withdrawn_at: datetime | None
    not_carried: dict[str, tuple[str, ...]]
    """By format: what of the content it has no place for."""

    @classmethod
    def of(cls, advisory: PublishedAdvisory) -> AdvisoryAnswer:
        """Return what the API shows of *advisory*."""
        documents = advisory.documents
        return cls(
            advisory=advisory.id,
            address=f"/advisories/{advisory.id}",
            version=advisory.version,
            revised_at=advisory.revised_at,
            withdrawn_at=advisory.withdrawn_at,
            not_carried=documents.not_carried if documents else {},
        )


@post(
    "/{name:str}/revisions",
    sync_to_thread=True,
    summary="Revise an advisory",
    responses=PROBLEMS,
)
def revise(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Revision],
    context: NamedDependency[Context],
) -> AdvisoryAnswer:
    """Publish a new version of an advisory in every format."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        advisory = publishing.revise(
            unit,
            asker,
            AdvisoryId(name),
            data.draft,
            context.press,
            summary=data.summary,
            at=context.clock(),
        )
    return AdvisoryAnswer.of(advisory)


@post(
    "/{name:str}/withdrawal",
    sync_to_thread=True,
    summary="Withdraw an advisory",
    responses=PROBLEMS,
)
def withdraw(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Withdrawal],
    context: NamedDependency[Context],
) -> AdvisoryAnswer:
    """Take an advisory back; its documents say why from now on."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        advisory = publishing.withdraw(
            unit,
            asker,
            AdvisoryId(name),
            data.reason,
            context.press,
            at=context.clock(),
        )
    return AdvisoryAnswer.of(advisory)


router = Router(
    "/v1/advisories", route_handlers=[revise, withdraw], tags=["advisories"]
)
