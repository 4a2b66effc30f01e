"""Whatever is sent to the API, it answers as its OpenAPI document says, and never fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from fairlead.access.roles import Role, token_scopes
from fairlead.web.app import create_app

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds


@schemathesis.serializer("application/x-ndjson", "multipart/mixed")
def as_it_is(_context, value):
    """Send what was made up as bytes, whatever it is."""
    return value if isinstance(value, bytes) else repr(value).encode()


CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture
def tokens(sqlite_world):
    """Tokens of a coordinator and of a reporter, and one that opens nothing."""
    sqlite_world.join("Programme")
    scopes = token_scopes(Role.COORDINATOR)
    return (
        sqlite_world.token("Programme", *scopes),
        sqlite_world.token("Programme"),
        "nonsense",
    )


def test_every_answer_is_as_the_document_says(sqlite_world, tokens):
    worlds.do(sqlite_world, ("submit", "org-a", "one", 0, "`parse` overflows"))
    worlds.do(sqlite_world, ("work",))
    app = create_app(sqlite_world.context)
    document = schemathesis.openapi.from_asgi("/v1/schema/openapi.json", app)
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) > 10
    for operation in operations:

        @settings(max_examples=60, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(), st.sampled_from(tokens))
        def answers(case, token):
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=CHECKS)

        answers()
