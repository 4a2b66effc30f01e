"""What every feed answers with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from litestar import HttpMethod, Response, route

from fairlead.clearinghouse.ports import Headline
from fairlead.formats.csaf_feed import Entry

HEADERS = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
"""Anybody may keep it for a minute, and read it from any page."""


def served(path: str) -> Callable[[Any], Any]:
    """Serve what a function answers with at *path*; asked with HEAD, without the body."""
    methods = [HttpMethod.GET, HttpMethod.HEAD]
    return route(
        path, http_method=methods, sync_to_thread=True, include_in_schema=False
    )


def file(content: str | bytes, media_type: str) -> Response[bytes]:
    """Answer with a file that is for everybody."""
    return Response(
        content.encode() if isinstance(content, str) else content,
        media_type=media_type,
        headers=HEADERS,
    )


def entries(headlines: Sequence[Headline]) -> list[Entry]:
    """Return what feeds say of advisories."""
    return [
        Entry(
            id=one.id,
            title=one.title,
            published=one.published_at,
            revised=one.revised_at,
            withdrawn=one.withdrawn_at is not None,
        )
        for one in headlines
    ]
