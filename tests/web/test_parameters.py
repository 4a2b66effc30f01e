"""What is asked of a long list is checked before a database sees it."""

from __future__ import annotations

import pytest

from fairlead.access.roles import Role, token_scopes


@pytest.mark.parametrize("after", ["-1", "2036420245256570029473792", "x"])
@pytest.mark.parametrize("address", ["/v1/cases", "/v1/submissions"])
def test_a_place_that_no_list_has_is_refused_by_name(world, client, address, after):
    """The field is named, and nothing breaks."""
    programme = world.join("Programme")
    secret = world.token(programme.id, *token_scopes(Role.COORDINATOR, Role.REPORTER))
    answer = client.get(
        address, params={"after": after}, headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 400
    assert "after" in answer.json()["detail"]
