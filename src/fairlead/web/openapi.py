"""What the OpenAPI document says beyond the handlers: errors, tokens, the raw report."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
)

from fairlead.web.problems import Problem

_SAID = {
    HTTPStatus.BAD_REQUEST: "What came in does not say what it must; each field is named",
    HTTPStatus.UNAUTHORIZED: "Nobody known is asking",
    HTTPStatus.FORBIDDEN: "Who asks may not do this, or must be verified anew",
    HTTPStatus.NOT_FOUND: "There is nothing here, or who asks may not know of it",
    HTTPStatus.METHOD_NOT_ALLOWED: "There is no such method here",
    HTTPStatus.CONFLICT: "The present state forbids it",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time; nothing was stored",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "More bytes than are taken",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "This type is not taken",
    HTTPStatus.UNPROCESSABLE_ENTITY: "An idempotency key came with something else before",
    HTTPStatus.TOO_MANY_REQUESTS: "It was asked too often; `Retry-After` says when again",
    HTTPStatus.SERVICE_UNAVAILABLE: "It could not be done now; nothing was stored",
}

PROBLEMS: dict[int, ResponseSpec] = {
    int(status): ResponseSpec(
        Problem,
        generate_examples=False,
        description=said,
        media_type="application/problem+json",
    )
    for status, said in _SAID.items()
}
"""What any address under `/v1` may answer instead (RFC 9457)."""

CONFIG = OpenAPIConfig(
    title="Fairlead",
    version="1",
    path="/v1/schema",
    # No viewer: each loads its scripts from elsewhere, which the pages' policy forbids.
    render_plugins=[JsonRenderPlugin()],
    components=Components(
        security_schemes={
            "token": SecurityScheme(
                type="http",
                scheme="bearer",
                description="A token that an administrator issued",
            ),
            "session": SecurityScheme(
                type="apiKey",
                name="fairlead_session",
                security_scheme_in="cookie",
                description="A person who has signed in",
            ),
        }
    ),
    security=[{"token": []}, {"session": []}],
)


@dataclass
class ReportOperation(Operation):
    """Says that the body is a report; it is read as bytes, and kept as it came."""

    def __post_init__(self) -> None:
        """Describe the body."""
        self.request_body = RequestBody(
            required=True,
            description="A report of the TAP Intake API, at most 3 MiB",
            content={
                "application/json": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.OBJECT)
                ),
                "multipart/mixed": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
                ),
            },
        )


@dataclass
class BatchOperation(Operation):
    """Says that the body is reports, one a line."""

    def __post_init__(self) -> None:
        """Describe the body."""
        self.request_body = RequestBody(
            required=True,
            description="Reports of the TAP Intake API, one a line, at most 2,000 and"
            " 64 MiB",
            content={
                "application/x-ndjson": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
                )
            },
        )


@dataclass
class InventoryOperation(Operation):
    """Says that the body is an SBOM or a lock file, read as it is."""

    def __post_init__(self) -> None:
        """Describe the body."""
        self.request_body = RequestBody(
            required=True,
            description="CycloneDX or SPDX in JSON, or a lock file; at most 16 MiB",
            content={
                "application/json": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.OBJECT)
                ),
                "text/plain": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING)),
            },
        )
