"""Sealed assets: keys to seal for, uploads, and opening by named people."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import File
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Struct

from fairlead.base.ids import EngagementId
from fairlead.errors import Invalid, Violation
from fairlead.review import handing, parties
from fairlead.review.handing import Opening
from fairlead.sealing.holders import Holder
from fairlead.terms.clauses import Purpose
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS

PATH = "/v1/assets"
UPLOADS = PATH + "/{asset:str}/uploads"


class Named(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An asset by its name in the terms."""

    asset: str


class Given(Struct, frozen=True, kw_only=True):
    """What a developer needs to seal and send."""

    asset: str
    """Names it in addresses."""
    holder: Holder
    """For whom to seal: keep it as a file, and give it to `fairlead seal --for`."""
    uploads: str
    """Where to send: `fairlead seal send --to`."""


class Sent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was sent is whole."""

    sealed_by: Holder


class Wanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whose session a half is wanted."""

    session: Holder
    purpose: Purpose = Purpose.MEASUREMENT
    second_key: str = ""


@post(
    "/{engagement:str}/sealing-keys",
    sync_to_thread=True,
    summary="Take the keys to seal for",
    status_code=HTTP_201_CREATED,
    responses=PROBLEMS,
)
def give_out(
    request: AnyRequest,
    engagement: FromPath[str],
    data: JSONBody[Named],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Give the developer the programme's public keys for one asset, and its address."""
    named = EngagementId(engagement)
    with context.store.begin() as unit:
        party = parties.find(unit, auth.asker(unit, request, context), named)
        holder = handing.give_out(
            unit, party, data.asset, context.programme, at=context.clock()
        )
    name = handing.address(named, data.asset)
    uploads = context.address + UPLOADS.replace("{asset:str}", name)
    given = Given(asset=name, holder=holder, uploads=uploads)
    return Response(msgspec.to_builtins(given))


@post(
    "/{asset:str}/availability",
    sync_to_thread=True,
    summary="Say that a sealed asset has been sent",
    status_code=HTTP_200_OK,
    responses=PROBLEMS,
)
def provide(
    request: AnyRequest,
    asset: FromPath[str],
    data: JSONBody[Sent],
    context: NamedDependency[Context],
) -> dict[str, str]:
    """Make it available, once every file is there as it was signed."""
    seal, digest = make_available(request, context, asset, data.sealed_by)
    return {"seal": seal, "sha256": digest}


@post(
    "/{asset:str}/openings",
    sync_to_thread=True,
    summary="Take the programme's half for one session",
    status_code=HTTP_200_OK,
    responses=PROBLEMS,
)
def hand_over(
    request: AnyRequest,
    asset: FromPath[str],
    data: JSONBody[Wanted],
    context: NamedDependency[Context],
) -> Response[bytes]:
    """Return the half, wrapped to the key of a session, where the terms open the asset.

    With the developer's half, `fairlead unseal` opens the files.
    """
    opening = Opening(asset=asset, purpose=data.purpose, second_secret=data.second_key)
    with context.store.begin() as unit:
        share = handing.hand_over(
            unit,
            auth.asker(unit, request, context),
            opening,
            data.session,
            context.assets,
            at=context.clock(),
        )
    return Response(share.encode(), media_type="application/json")


@get(
    "/{asset:str}/files/{name:path}",
    sync_to_thread=True,
    summary="Take a sealed file",
    responses=PROBLEMS,
)
def download(
    request: AnyRequest,
    asset: FromPath[str],
    name: FromPath[str],
    context: NamedDependency[Context],
    purpose: FromQuery[str] = "",
) -> File:
    """Return the sealed bytes to whom the terms open the asset.

    What for is said by `Fairlead-Purpose`, or by `purpose` in a link.
    """
    wanted = request.headers.get("fairlead-purpose", purpose or Purpose.MEASUREMENT)
    if wanted not in set(Purpose):
        raise Invalid(
            "Fairlead-Purpose: none of the purposes",
            [Violation("unknown_purpose", "Fairlead-Purpose", "see the terms")],
        )
    opening = Opening(
        asset=asset,
        purpose=Purpose(wanted),
        second_secret=request.headers.get("fairlead-second-key", ""),
    )
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        handing.take_files(unit, asker, opening, context.moment)
    path = context.assets.file(asset, str(name).lstrip("/"))
    return File(path, media_type="application/octet-stream", filename=path.name)


def make_available(
    request: AnyRequest, context: Context, asset: str, sealed_by: Holder
) -> tuple[str, str]:
    """Make a sealed asset available; return its seal and SHA-256 of the signature.

    Raises:
        Refused: something is missing, or is not what *sealed_by* signed; it is named.

    """
    with context.store.read() as unit:
        handing.of_developer(unit, auth.asker(unit, request, context), asset)
    # Every byte is read here, so no transaction waits for it.
    seal, digest = context.assets.complete(asset, sealed_by)
    with context.store.begin() as unit:
        handing.provide(
            unit,
            auth.asker(unit, request, context),
            asset,
            sealed_by=sealed_by,
            seal=seal,
            digest=digest,
            at=context.clock(),
        )
    return seal, digest


def guard(request: AnyRequest, context: Context, asset: str) -> None:
    """Let only the developer of a live engagement upload, to its own asset."""
    with context.store.read() as unit:
        handing.of_developer(unit, auth.asker(unit, request, context), asset)


keys = Router("/v1/engagements", route_handlers=[give_out], tags=["Assets"])
router = Router(PATH, route_handlers=[provide, hand_over, download], tags=["Assets"])
