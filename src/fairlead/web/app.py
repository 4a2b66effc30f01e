"""The web application."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Litestar, asgi
from litestar.datastructures import CacheControlHeader, MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import Message, Receive, Scope, Send

from fairlead.errors import Error
from fairlead.web import log, openapi, problems
from fairlead.web.api import (
    advisories,
    assets,
    batches,
    cases,
    casework,
    claims,
    directory,
    engagements,
    owners,
    public_figures,
    reports,
    routings,
    searching,
    sharing,
)
from fairlead.web.api import catalogue as catalogue_api
from fairlead.web.api.uploads import make_router
from fairlead.web.auth import AnyRequest, note_proxied, refuse_foreign
from fairlead.web.context import Context
from fairlead.web.feeds import atom, csaf, osv
from fairlead.web.pages import (
    account,
    calendars,
    exports,
    figures,
    joining,
    members,
    owner_links,
    pairs,
    people,
    programme,
    queue,
    readings,
    record,
    show,
    signing_in,
    submissions,
    verifying,
    zones,
)
from fairlead.web.pages import advisories as advisory_pages
from fairlead.web.pages import cases as case_pages
from fairlead.web.pages import casework as casework_pages
from fairlead.web.pages import catalogue as catalogue_pages
from fairlead.web.pages import claims as claim_pages
from fairlead.web.pages import engagements as engagement_pages
from fairlead.web.pages import owners as owner_pages

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer (OWASP Secure Headers Project)."""


def create_app(context: Context) -> Litestar:
    """Serve the system that *context* stands for."""

    def before(request: AnyRequest) -> None:
        refuse_foreign(request)
        note_proxied(request, context)

    broker = context.broker

    @asgi("/broker", is_mount=True, copy_scope=False)
    async def brokered(scope: Scope, receive: Receive, send: Send) -> None:
        await broker(scope, receive, send)

    return Litestar(
        [
            brokered,
            reports.router,
            batches.router,
            cases.router,
            casework.router,
            engagements.router,
            advisories.router,
            catalogue_api.router,
            searching.router,
            claims.router,
            owners.router,
            directory.router,
            routings.router,
            sharing.router,
            assets.keys,
            assets.router,
            make_router(assets.UPLOADS, context.uploads, assets.guard),
            signing_in.router,
            account.router,
            verifying.router,
            people.router,
            queue.router,
            case_pages.router,
            casework_pages.router,
            zones.router,
            submissions.router,
            claim_pages.router,
            owner_pages.router,
            owner_links.router,
            exports.router,
            engagement_pages.router,
            pairs.router,
            joining.router,
            members.router,
            readings.router,
            record.router,
            figures.router,
            advisory_pages.router,
            csaf.router,
            osv.router,
            atom.router,
            catalogue_pages.router,
            programme.router,
            public_figures.router,
            calendars.router,
            log.router,
            create_static_files_router(
                path="/static",
                directories=[Path(str(files("fairlead.web") / "static"))],
                cache_control=CacheControlHeader(max_age=3600, public=True),
                include_in_schema=False,
            ),
        ],
        dependencies={"context": Provide(lambda: context, sync_to_thread=False)},
        before_request=before,
        on_shutdown=[broker.close],
        before_send=[_secure],
        exception_handlers={
            Error: problems.answer_error,
            HTTPException: problems.answer_http,
            Exception: problems.answer_fault,
        },
        template_config=TemplateConfig(
            instance=JinjaTemplateEngine.from_environment(_environment(context))
        ),
        logging_config=None,
        openapi_config=openapi.CONFIG,
    )


def _environment(context: Context) -> Environment:
    environment = Environment(
        loader=PackageLoader("fairlead.web"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["programme"] = context.programme
    environment.filters.update(show.FILTERS)
    return environment


async def _secure(message: Message, _: Scope) -> None:
    """Put the security headers on every answer, errors of the framework too.

    What does not say otherwise, as static files do, is kept out of every cache.
    """
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")
