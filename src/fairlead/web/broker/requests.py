"""What a caller asks for, and what is sent on of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fairlead.errors import Invalid
from fairlead.review import facts
from fairlead.review.brokering import Admission
from fairlead.terms.clauses import Purpose
from fairlead.web.broker.streams import Asked, Outgoing, Receive, Scope

LARGEST = 32 * 1024 * 1024
"""Bytes of one request."""
PATHS = {
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/embeddings"),
    ("GET", "/v1/models"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
}
"""What can be called; everything else of an upstream stays out of reach."""
SENT = ("content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta")
"""Headers that go along to the upstream."""


def target(scope: Scope) -> tuple[str, str]:
    """Return the path as upstream knows it, and the asset that is called."""
    path: str = scope["path"].rstrip("/")
    path = path[path.index("/broker") + len("/broker") :] if "/broker" in path else path
    if path.startswith("/assets/"):
        asset, _, rest = path.removeprefix("/assets/").partition("/")
        return f"/{rest}", asset.replace("+", " ")
    return path, "endpoint"


def headers_of(scope: Scope) -> Mapping[str, str]:
    """Return the headers of a request, by their names in small letters."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in scope["headers"]
    }


def secret_of(headers: Mapping[str, str]) -> str:
    """Return the key that a client shows, in the way of either dialect."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    secret = bearer.strip() if scheme.lower() == "bearer" else ""
    return secret or headers.get("x-api-key", "").strip()


def purpose_of(headers: Mapping[str, str]) -> Purpose | None:
    """Return what a call is for, if it says so."""
    wanted = headers.get("fairlead-purpose")
    try:
        return Purpose(wanted) if wanted else None
    except ValueError as error:
        known = ", ".join(Purpose)
        raise Invalid(f"Fairlead-Purpose: must be one of {known}") from error


async def body_of(receive: Receive, largest: int = LARGEST) -> bytes:
    """Return the whole body of a request.

    Raises:
        Invalid: it is too large, or was not sent to its end.

    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("the request was not sent to its end")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > largest:
            raise Invalid(f"a request has at most {largest} bytes")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def to_endpoint(admission: Admission, asked: Asked) -> Outgoing:
    """Return a call as it goes to the developer's endpoint, with its credential."""
    connection = admission.connection
    streams, body = _prepared(asked.body, connection)
    return Outgoing(
        url=root(connection.url) + asked.path,
        headers=[*sent(asked), *_credential(connection)],
        body=body,
        streams=streams,
    )


def root(url: str) -> str:
    """Return the address of an endpoint without what all its paths begin with."""
    return url.rstrip("/").removesuffix("/v1")


def sent(asked: Asked) -> list[tuple[str, str]]:
    """Return the headers that go along, whoever is called."""
    found = [(name, asked.headers[name]) for name in SENT if name in asked.headers]
    return [*found, ("accept-encoding", "identity")]


def streams(body: bytes) -> bool:
    """Tell whether a body asks for a stream.

    Raises:
        Invalid: it is no JSON object.

    """
    return bool(body) and bytes(_members(body).get("stream", b"")) == b"true"


def _members(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Invalid(f"the body is no JSON object: {error}") from error


def _prepared(body: bytes, connection: facts.Connection) -> tuple[bool, bytes]:
    """Return whether a stream is asked for, and the body as upstream is to get it."""
    if not body:
        return False, body
    said = _members(body)
    streamed = bytes(said.get("stream", b"")) == b"true"
    changed = False
    if connection.model and "model" in said:
        said["model"] = msgspec.Raw(msgspec.json.encode(connection.model))
        changed = True
    if streamed and "messages" in said and connection.dialect == "openai":
        options = msgspec.json.decode(bytes(said.get("stream_options", b"{}")))
        if isinstance(options, dict) and "include_usage" not in options:
            options["include_usage"] = True
            said["stream_options"] = msgspec.Raw(msgspec.json.encode(options))
            changed = True
    return streamed, msgspec.json.encode(said) if changed else body


def _credential(connection: facts.Connection) -> list[tuple[str, str]]:
    if not connection.credential:
        return []
    if connection.dialect == "anthropic":
        return [("x-api-key", connection.credential)]
    return [("authorization", f"Bearer {connection.credential}")]
