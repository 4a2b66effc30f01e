"""Claims over HTTP: a race on both databases, and what a caller may rely on."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from litestar.testing import TestClient

from fairlead.access.roles import Role, token_scopes
from fairlead.web.app import create_app

CLAIMANTS, TARGETS, ROUNDS = 64, 16, 2


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def labs(world):
    """Eight members, each with a token."""
    for number in range(8):
        world.join(f"Lab {number}")
    return [bearer(world.token(f"Lab {number}")) for number in range(8)]


def test_of_64_who_race_for_16_targets_16_win(world, labs):
    """`benchmarks/claims.py` does it a hundred times, over sockets."""
    with TestClient(create_app(world.context)) as client:
        for number in range(ROUNDS):
            together = threading.Barrier(CLAIMANTS)

            def claim(claimant, number=number, together=together):
                place = claimant % TARGETS
                together.wait(60)
                # A package and the repository that it stands for are the same ground.
                name = f"owner/race-{number}-{place}"
                target = (
                    {"purl": f"pkg:github/{name}"}
                    if claimant % 2
                    else {"repository": f"https://github.com/{name}"}
                )
                answer = client.post(
                    "/v1/claims",
                    json={"target": target, "method": "fuzzing"},
                    headers=labs[claimant % len(labs)],
                )
                assert answer.status_code in {201, 409}, answer.text
                return place if answer.status_code == 201 else None

            with ThreadPoolExecutor(CLAIMANTS) as pool:
                won = Counter(pool.map(claim, range(CLAIMANTS)))
            won.pop(None)
            assert won == dict.fromkeys(range(TARGETS), 1)


def test_the_same_key_at_one_moment_gets_one_claim(world, labs):
    """A client that sends twice at once holds once."""
    body = {"target": {"purl": "pkg:pypi/django"}, "method": "model"}
    headers = labs[0] | {"Idempotency-Key": "job-7"}
    with TestClient(create_app(world.context)) as client:
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(
                    lambda _: client.post("/v1/claims", json=body, headers=headers),
                    range(4),
                )
            )
        assert {a.status_code for a in answers} == {201}
        assert len({a.json()["id"] for a in answers}) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"target": {"purl": "pkg:pypi/x"}},
        {"target": {"purl": "pkg:pypi/x"}, "method": "sorcery"},
        {"target": {"purl": "pkg:pypi/x", "nonsense": 1}, "method": "model"},
        {"target": {"purl": "pkg:pypi/*"}, "method": "model"},
        {"target": {"purl": "pkg:pypi/x", "versions": ">2,<1"}, "method": "model"},
        {"target": {"purl": "pkg:pypi/dj\u0430ngo"}, "method": "model"},
        {"target": {"purl": "x" * 501}, "method": "model"},
        {"target": {"purl": "pkg:pypi/x"}, "method": "model", "hours": 1e9},
        {"target": {"purl": "pkg:pypi/x"}, "method": "model", "hours": -1},
        {"tokens": ["00"], "visibility": "blind", "method": "model"},
    ],
)
def test_what_makes_no_claim_is_refused_by_name(client, labs, body):
    """With the field that is wrong, and nothing is kept."""
    answer = client.post("/v1/claims", json=body, headers=labs[0])
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert client.get("/v1/claims?mine=true", headers=labs[0]).json() == {"claims": []}


def test_a_claim_in_line_is_202_and_one_declined_409(client, labs):
    """With the code by which a program tells them apart."""
    body = {"target": {"purl": "pkg:pypi/x"}, "method": "model"}
    assert client.post("/v1/claims", json=body, headers=labs[0]).status_code == 201
    declined = client.post("/v1/claims", json=body, headers=labs[1])
    assert (declined.status_code, declined.json()["code"]) == (409, "claimed")
    waits = client.post("/v1/claims", json=body | {"wait": True}, headers=labs[1])
    assert (waits.status_code, waits.json()["state"]) == (202, "waiting")


def test_owners_are_heard_over_http(world, client, labs):
    """Said, conveyed from a file, verified, taken back."""
    owner = bearer(world.token("Lab 7", *token_scopes(Role.OWNER)))
    world.join("Programme")
    coordinator = bearer(world.token("Programme", *token_scopes(Role.COORDINATOR)))
    target = {"purl": "pkg:pypi/x"}
    said = client.post(
        "/v1/claims/owners",
        json={"target": target, "word": {"ai_welcome": False}},
        headers=owner,
    ).json()
    text = "Reports must include a proof of concept: security@example.org"
    client.post(
        "/v1/claims/owners/published",
        json={"target": target, "source": "SECURITY.md", "text": text},
        headers=labs[0],
    )
    body = {"target": target, "method": "model", "model": "m"}
    assert client.post("/v1/claims", json=body, headers=labs[1]).status_code == 201
    waiting = client.get("/v1/claims/owners", headers=coordinator).json()["to_verify"]
    assert [word["id"] for word in waiting] == [said["id"]]
    address = f"/v1/claims/owners/{said['id']}"
    how = {"how": "DNS record"}
    done = client.post(f"{address}/verification", json=how, headers=coordinator)
    assert done.json()["verified"]
    body["target"] = {"purl": "pkg:pypi/x", "part": "docs"}
    refused = client.post("/v1/claims", json=body | {"wait": True}, headers=labs[2])
    assert (refused.status_code, refused.json()["code"]) == (409, "against-owner")
    (found,) = client.post(
        "/v1/claims/checks", json={"targets": [target]}, headers=labs[3]
    ).json()["answers"]
    assert [(w["source"], w["verified"]) for w in found["owner"]] == [
        ("the owner", True),
        ("SECURITY.md", False),
    ]
    assert found["owner"][1]["word"]["only_with_reproducer"]
    assert client.delete(address, headers=labs[4]).status_code == 404
    assert client.delete(address, headers=owner).json()["active"] is False


def test_names_of_a_project_are_given_by_coordinators(world, client, labs):
    """And taken back; a circle is refused."""
    world.join("Programme")
    coordinator = bearer(world.token("Programme", *token_scopes(Role.COORDINATOR)))
    one, other = {"purl": "pkg:pypi/x"}, {"repository": "https://github.com/o/x"}
    body = {"target": one, "into": other}
    assert (
        client.post("/v1/claims/names", json=body, headers=labs[0]).status_code == 403
    )
    named = client.post("/v1/claims/names", json=body, headers=coordinator).json()
    assert named["into"] == "repo/github.com/o/x"
    back = {"target": other, "into": one}
    circle = client.post("/v1/claims/names", json=back, headers=coordinator)
    assert circle.status_code == 409
    listed = client.get("/v1/claims/names", headers=labs[0]).json()["names"]
    assert [n["place"] for n in listed] == ["pkg/pypi/x"]
    client.delete(f"/v1/claims/names/{named['id']}", headers=coordinator)
    assert client.get("/v1/claims/names", headers=labs[0]).json() == {"names": []}
