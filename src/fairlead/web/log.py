"""The log for everyone, as static files (C2SP tlog-tiles): no session, no token.

Entry bundles are not compressed, as the specification proposes: they hold hashes, which
no compression makes smaller.
"""

from __future__ import annotations

from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency

from fairlead.errors import NotFound
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context

PREFIX = "/log/"

_FOR_EVER = "public, max-age=31536000, immutable"
"""A tile of given width never changes (tlog-tiles, Merkle Tree)."""


@get("/checkpoint", sync_to_thread=True)
def checkpoint(context: NamedDependency[Context]) -> Response[str]:
    """Answer with the public checkpoint (tlog-tiles, Checkpoints)."""
    note = context.log.checkpoint()
    if note is None:
        raise NotFound
    return Response(
        note, media_type=MediaType.TEXT, headers={"Cache-Control": "no-cache"}
    )


@get("/tile/{rest:path}", sync_to_thread=True)
def tile(request: AnyRequest, context: NamedDependency[Context]) -> Response[bytes]:
    """Answer with a tile or a bundle of entries (tlog-tiles, Merkle Tree, Log entries).

    The address is read as it was sent: of several ways to write one, one is right.
    """
    path = request.scope["raw_path"].decode("latin-1")
    held = context.log.tile(path.removeprefix(PREFIX))
    if held is None:
        raise NotFound
    return Response(
        held,
        media_type="application/octet-stream",
        headers={"Cache-Control": _FOR_EVER},
    )


router = Router("/log", route_handlers=[checkpoint, tile], include_in_schema=False)
