"""Resumable uploads of sealed files, as tus 1.0 has them.

Whoever mounts this says who may upload to which asset: the *guard* is asked on every
request, before anything else is looked at, and raises what it wants to be answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from litestar import Response, Router, delete, head, patch, post, route
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from fairlead.errors import InUse
from fairlead.formats import tus
from fairlead.formats.tus import Mismatch, Upload
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS
from fairlead.web.problems import Problem
from fairlead.web.receiving import Appending, Uploads

Guard = Callable[[AnyRequest, Context, str], None]
"""Raises what is to be answered to a request that may not upload to an asset.

Called in a thread, so that it may open a unit of work.
"""

ANSWERS = PROBLEMS | {
    int(HTTPStatus.PRECONDITION_FAILED): ResponseSpec(
        Problem, generate_examples=False, description="Another version of tus is spoken"
    ),
    int(HTTPStatus.LOCKED): ResponseSpec(
        Problem, generate_examples=False, description="Another request adds bytes"
    ),
    tus.MISMATCH: ResponseSpec(
        None, generate_examples=False, description="Not what the checksum says"
    ),
}
"""What any of these addresses may answer instead."""

AT_ONCE = 1024 * 1024
"""Bytes that are gathered before they are written."""


def make_router(path: str, uploads: Uploads, guard: Guard) -> Router:
    """Return the handlers; *path* has `{asset:str}`: `/v1/assets/{asset:str}/uploads`."""
    handlers = [*_of_asset(uploads, guard), *_of_upload(uploads, guard)]
    handlers.append(_add(uploads, guard))
    return Router(path, route_handlers=handlers, tags=["uploads"])


def _of_asset(uploads: Uploads, guard: Guard) -> list[BaseRouteHandler]:
    @route(
        "/",
        http_method=[HttpMethod.OPTIONS],
        sync_to_thread=True,
        status_code=HTTPStatus.NO_CONTENT,
        summary="Say what of tus is spoken",
        responses=ANSWERS,
    )
    def options(
        request: AnyRequest, context: NamedDependency[Context], asset: FromPath[str]
    ) -> Response[None]:
        """Answer with versions, extensions and the largest upload."""
        guard(request, context, asset)
        return _answer(HTTPStatus.NO_CONTENT, tus.capabilities(uploads.largest))

    @post("/", sync_to_thread=True, summary="Begin an upload", responses=ANSWERS)
    def create(
        request: AnyRequest, context: NamedDependency[Context], asset: FromPath[str]
    ) -> Response[None]:
        """Begin an upload of a file, named in the metadata `filename`."""
        _check(guard, request, context, asset)
        wanted = tus.read_creation(request.headers)
        made = uploads.create(asset, wanted.length, wanted.metadata)
        address = f"{request.url.path.rstrip('/')}/{made.id}"
        return _answer(HTTPStatus.CREATED, {"Location": address} | _expires(made))

    return [options, create]


def _of_upload(uploads: Uploads, guard: Guard) -> list[BaseRouteHandler]:
    @head(
        "/{upload:str}",
        sync_to_thread=True,
        summary="Ask how much has come",
        responses=ANSWERS,
    )
    def told(
        request: AnyRequest,
        context: NamedDependency[Context],
        asset: FromPath[str],
        upload: FromPath[str],
    ) -> Response[None]:
        """Say how many bytes are on disk."""
        _check(guard, request, context, asset)
        found = uploads.get(asset, upload)
        return _answer(
            HTTPStatus.OK,
            {
                "Upload-Offset": str(found.offset),
                "Upload-Length": str(found.length),
                "Upload-Metadata": tus.write_metadata(found.metadata),
                "Cache-Control": "no-store",
            }
            | _expires(found),
        )

    @delete(
        "/{upload:str}",
        sync_to_thread=True,
        status_code=HTTPStatus.NO_CONTENT,
        summary="Give an upload up",
        responses=ANSWERS,
    )
    def terminate(
        request: AnyRequest,
        context: NamedDependency[Context],
        asset: FromPath[str],
        upload: FromPath[str],
    ) -> Response[None]:
        """Remove an upload and what has come of it."""
        _check(guard, request, context, asset)
        uploads.remove(asset, upload)
        return _answer(HTTPStatus.NO_CONTENT, {})

    return [told, terminate]


def _add(uploads: Uploads, guard: Guard) -> BaseRouteHandler:
    @patch(
        "/{upload:str}",
        request_max_body_size=None,
        status_code=HTTPStatus.NO_CONTENT,
        summary="Add bytes",
        responses=ANSWERS,
    )
    async def add(
        request: AnyRequest,
        context: NamedDependency[Context],
        asset: FromPath[str],
        upload: FromPath[str],
    ) -> Response[None]:
        """Add bytes; they are on disk when this answers."""
        await sync_to_thread(_check, guard, request, context, asset)
        if request.headers.get("content-type") != tus.CONTENT:
            raise HTTPException(
                status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                detail=f"send bytes as {tus.CONTENT}",
            )
        wanted = tus.read_patch(request.headers)
        try:
            appending = await sync_to_thread(
                uploads.append, asset, upload, wanted.offset, wanted.checksum
            )
        except InUse as error:
            raise HTTPException(
                status_code=HTTPStatus.LOCKED, detail=str(error)
            ) from error
        try:
            made = await _take(request, appending)
        except Mismatch:
            return _answer(tus.MISMATCH, {})
        finally:
            await sync_to_thread(appending.close)
        return _answer(
            HTTPStatus.NO_CONTENT, {"Upload-Offset": str(made.offset)} | _expires(made)
        )

    return add


def _check(guard: Guard, request: AnyRequest, context: Context, asset: str) -> None:
    guard(request, context, asset)
    if not tus.speaks(request.headers):
        raise HTTPException(
            status_code=HTTPStatus.PRECONDITION_FAILED,
            detail=f"Tus-Resumable must be {tus.VERSION}",
            headers={"Tus-Version": tus.VERSION},
        )


async def _take(request: AnyRequest, appending: Appending) -> Upload:
    """Write the body as it comes; what came before a connection ends is kept."""
    gathered = bytearray()
    async for part in request.stream():
        gathered += part
        if len(gathered) >= AT_ONCE:
            await sync_to_thread(appending.write, bytes(gathered))
            gathered.clear()
    await sync_to_thread(appending.write, bytes(gathered))
    return await sync_to_thread(appending.finish)


def _expires(upload: Upload) -> dict[str, str]:
    return {"Upload-Expires": tus.instant(upload.expires)}


def _answer(status: int, headers: Mapping[str, str]) -> Response[None]:
    return Response(
        None, status_code=status, headers={"Tus-Resumable": tus.VERSION, **headers}
    )
