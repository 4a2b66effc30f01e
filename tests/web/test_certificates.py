"""Certificates of destruction over HTTP: for both sides, and good offline."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.access import membership
from fairlead.access.roles import operator
from fairlead.cli.main import main
from fairlead.review import concluding

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
from acts import RULES, Cast


@pytest.fixture
def cast(world):
    return Cast(world)


def sign_in(cast, client, name):
    with cast.world.store.begin() as unit:
        code = membership.hand_out_code(
            unit,
            operator("test"),
            cast.people[name].id,
            at=cast.now,
            randomness=secrets.token_bytes,
        )
    client.cookies.clear()
    client.post("/sign-in", data={"code": code}, follow_redirects=False)


def finish(cast, engagement, *, stated=True):
    """Close, state and destroy, and have the runner do its part."""
    cast.do("lia", concluding.close, engagement, RULES)
    if stated:
        cast.do("dora", concluding.state_destroyed, engagement, "Our copies.")
        cast.do("lia", concluding.state_destroyed, engagement, "Our notes.")
    cast.do("dora", concluding.destroy, engagement)
    cast.world.work()


def verify(cast, written, tmp_path, *more):
    path = tmp_path / "certificate.json"
    path.write_bytes(written)
    keys = ("--key", cast.world.key.text())
    signer = cast.world.context.certificates.verifier().text()
    return CliRunner().invoke(
        main, ["verify", str(path), *keys, "--signer", signer, *more]
    )


@pytest.mark.parametrize("start", ["/engagements", "/v1/engagements"])
def test_both_sides_take_the_certificate_and_anyone_verifies_it_offline(
    cast, client, tmp_path, start
):
    """It names both holders, the endpoint and the record, and leaves nothing open."""
    engagement = cast.live()
    finish(cast, engagement)
    for name in ("dora", "lia"):
        sign_in(cast, client, name)
        answer = client.get(f"{start}/{engagement}/certificate")
        assert answer.status_code == 200
        shown = verify(cast, answer.content, tmp_path, "--json")
        assert shown.exit_code == 0, shown.output
        told = json.loads(shown.output)
        assert told["engagement"] == engagement
        assert told["not_in_it"] == []
        words = "\n".join(told["shows"])
        assert "Developer (developer)" in words
        assert "Programme (programme)" in words
        assert "opening endpoint was attempted and failed" in words
        assert any("nobody kept the content" in line for line in told["cannot_show"])
    assert b"Our copies" not in answer.content
    assert b"sk-secret" not in answer.content


def test_the_page_leads_to_the_certificate_and_names_both_keys(cast, client):
    """Whoever takes it needs to know with which keys others check it."""
    engagement = cast.live()
    sign_in(cast, client, "dora")
    assert "certificate" not in client.get(f"/engagements/{engagement}").text
    finish(cast, engagement)
    shown = client.get(f"/engagements/{engagement}").text
    assert f'href="/engagements/{engagement}/certificate"' in shown
    context = cast.world.context
    for key in (context.log_key(), context.certificates.verifier()):
        assert key.text() in shown.replace("&#43;", "+")


def test_before_destruction_there_is_none_and_it_is_said_why(cast, client):
    """Neither while access is open, nor while it closes, nor before opening failed."""
    engagement = cast.live()
    sign_in(cast, client, "lia")
    address = f"/v1/engagements/{engagement}/certificate"
    for _ in range(2):
        answer = client.get(address)
        assert answer.status_code == 409
        assert "not destroyed yet" in answer.json()["detail"]
        if cast.see("lia", engagement).engagement.state == "open":
            cast.do("lia", concluding.close, engagement, RULES)
    cast.do("dora", concluding.destroy, engagement)
    answer = client.get(address)
    assert answer.status_code == 409
    assert "no attempt" in answer.json()["detail"]


def test_what_a_holder_did_not_state_is_told_to_be_missing(cast, client, tmp_path):
    """A certificate without the developer's statement says so; it is not made up."""
    engagement = cast.live()
    finish(cast, engagement, stated=False)
    sign_in(cast, client, "lia")
    written = client.get(f"/v1/engagements/{engagement}/certificate").content
    told = json.loads(verify(cast, written, tmp_path, "--json").output)
    assert "a statement of the developer about endpoint" in told["not_in_it"]


def test_named_people_and_strangers_get_no_certificate(cast, client):
    """It is for those who keep the engagement for a side."""
    engagement = cast.live()
    finish(cast, engagement)
    for name, status in (("eva", 403), ("max", 404), ("pat", 404)):
        sign_in(cast, client, name)
        answer = client.get(f"/v1/engagements/{engagement}/certificate")
        assert answer.status_code == status


def test_a_certificate_changed_by_one_byte_is_refused(cast, client, tmp_path):
    """Whatever is changed in what was signed is noticed."""
    engagement = cast.live()
    finish(cast, engagement)
    sign_in(cast, client, "dora")
    envelope = client.get(f"/v1/engagements/{engagement}/certificate").json()
    payload = envelope["payload"]
    changed = "A" if payload[60] != "A" else "B"
    envelope["payload"] = payload[:60] + changed + payload[61:]
    refused = verify(cast, json.dumps(envelope).encode(), tmp_path)
    assert refused.exit_code != 0
