"""The signed agreement: each side takes it, and anyone checks it offline."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli.main import main

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
from acts import Cast
from test_certificates import finish, sign_in


@pytest.fixture
def cast(world):
    return Cast(world)


def verify(written, tmp_path):
    path = tmp_path / "agreement.json"
    path.write_bytes(written)
    return CliRunner().invoke(main, ["terms", "verify", str(path), "--json"])


def test_both_sides_take_it_and_both_signatures_are_checked(cast, client, tmp_path):
    """By the keys that the terms name, with no server."""
    engagement = cast.live()
    for name in ("dora", "lia"):
        sign_in(cast, client, name)
        page = client.get(f"/engagements/{engagement}").text
        assert f"/engagements/{engagement}/agreement" in page
        answer = client.get(f"/engagements/{engagement}/agreement")
        told = json.loads(verify(answer.content, tmp_path).output)
        assert told["signed"] == {"developer": "ed25519", "programme": "ed25519"}
        assert told["digest"] == cast.see("lia", engagement).engagement.digest


@pytest.mark.parametrize("change", ["terms", "missing", "swapped", "other key"])
def test_a_change_of_anything_that_was_signed_is_named(cast, client, tmp_path, change):
    """Other terms, one side only, a signature of the other side, another's key."""
    engagement = cast.live()
    sign_in(cast, client, "dora")
    written = client.get(f"/engagements/{engagement}/agreement").json()
    one, other = written["signatures"]
    match change:
        case "terms":
            written["terms"] = written["terms"].replace("Heron", "Egret")
        case "missing":
            written["signatures"] = [one]
        case "swapped":
            one["signature"], other["signature"] = other["signature"], one["signature"]
        case "other key":
            one["signature"]["key"] = other["signature"]["key"]
    refused = verify(json.dumps(written).encode(), tmp_path)
    assert refused.exit_code == 7
    assert "not good" in refused.stderr or "both sides" in refused.stderr


def test_without_both_signatures_or_after_destruction_there_is_none(cast, client):
    """What was not agreed, or is gone, is not handed out; nor to named people."""
    engagement = cast.ask()
    sign_in(cast, client, "dora")
    assert client.get(f"/engagements/{engagement}/agreement").status_code == 409
    engagement = cast.live()
    sign_in(cast, client, "eva")
    assert client.get(f"/engagements/{engagement}/agreement").status_code == 403
    finish(cast, engagement)
    sign_in(cast, client, "dora")
    assert client.get(f"/engagements/{engagement}/agreement").status_code == 409
