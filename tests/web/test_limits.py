"""Limits: what comes too often is refused for a while, and nobody else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from litestar.testing import TestClient

from fairlead.errors import Misconfigured, TooMany
from fairlead.web import limiting
from fairlead.web.app import create_app
from fairlead.web.limiting import Limits
from fairlead.web.proxies import Proxies

FEW = {"sign_in": "3/minute", "failed": "3/minute", "status": "3/minute"}
NOBODY = "SUB-aaaaaaaaaaaaaaaaaa"


class Seconds:
    """A clock for limits, in seconds."""

    at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def limited(sqlite_world):
    """A client of a server with low limits, from an address that a test may choose."""
    clock = Seconds()
    limits = Limits.of(**FEW, requests="5/minute", clock=clock)
    context = replace(
        sqlite_world.context, limits=limits, proxies=Proxies.of("10.0.0.0/8")
    )
    with TestClient(create_app(context)) as client:
        client.clock = clock
        client.headers["accept"] = "*/*"
        yield client


def send(client, path, times=1, **rest):
    return [client.get(path, **rest).status_code for _ in range(times)]


def test_guessing_a_code_is_slowed_down_and_said(limited):
    for _ in range(3):
        assert limited.post("/sign-in", data={"code": "x"}).status_code == 401
    refused = limited.post("/sign-in", data={"code": "x"})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert "try again in 60 seconds" in refused.text
    assert limited.post("/sign-in/passkey/options").status_code == 429
    limited.clock.at += 60
    assert limited.post("/sign-in", data={"code": "x"}).status_code == 401


def test_guessing_a_token_is_slowed_down_even_for_a_right_one(limited, sqlite_world):
    sqlite_world.join("Finder")
    right = {"authorization": f"Bearer {sqlite_world.token('Finder')}"}
    wrong = {"authorization": "Bearer nonsense"}
    assert send(limited, "/v1/submissions", 3, headers=wrong) == [401] * 3
    refused = limited.get("/v1/submissions", headers=right)
    assert refused.status_code == 429
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert refused.json()["code"] == "too-many-requests"
    assert int(refused.headers["retry-after"]) == 60
    limited.clock.at += 61
    assert send(limited, "/v1/submissions", headers=right) == [200]


def test_receipts_cannot_be_tried_at_full_speed(limited, sqlite_world):
    assert send(limited, f"/v1/submissions/{NOBODY}", 4) == [404, 404, 404, 429]
    sqlite_world.join("Finder")
    known = {"authorization": f"Bearer {sqlite_world.token('Finder')}"}
    assert send(limited, f"/v1/submissions/{NOBODY}", headers=known) == [404]


@pytest.mark.parametrize(
    ("headers", "answers"),
    [
        ({"cookie": "fairlead_session=nonsense"}, [404, 404, 404, 429]),
        ({"authorization": "Bearer nonsense"}, [401, 401, 401, 429]),
    ],
)
def test_pretending_to_be_known_escapes_no_limit(limited, headers, answers):
    assert send(limited, f"/v1/submissions/{NOBODY}", 4, headers=headers) == answers


def test_a_token_has_so_many_requests_and_another_one_has_its_own(
    limited, sqlite_world
):
    sqlite_world.join("Finder")
    first, second = (
        {"authorization": f"Bearer {sqlite_world.token('Finder')}"} for _ in range(2)
    )
    assert send(limited, "/v1/submissions", 6, headers=first) == [200] * 5 + [429]
    # A report is one request, though its sender is looked up twice.
    body = {"purl": "pkg:npm/x"}
    answers = [limited.post("/v1/reports", json=body, headers=second) for _ in "12345"]
    assert {a.status_code for a in answers} == {202}
    assert send(limited, "/v1/submissions", headers=second) == [429]


# --- Whose address it is -----------------------------------------------------------------


class Asked:
    """A request, as far as addresses go."""

    def __init__(self, peer, forwarded=None):
        self.client = type("Peer", (), {"host": peer})
        self.headers = {"x-forwarded-for": forwarded} if forwarded else {}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.1.2.3", "198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.1.2.3", None, "10.1.2.3"),
        ("10.1.2.3", "unknown", "10.1.2.3"),
        ("10.1.2.3", "198.51.100.7:4711", "198.51.100.7"),
        ("10.1.2.3", "[2001:db8::1]:4711", "2001:db8::/64"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, "192.0.2.1"),
    ],
)
def test_an_address_is_the_peers_unless_a_trusted_proxy_says_another(
    peer, forwarded, client
):
    assert Proxies.of("10.0.0.0/8").client(Asked(peer, forwarded)) == client


def test_a_forged_address_escapes_no_limit(limited):
    for number in range(3):
        forged = {"x-forwarded-for": f"198.51.100.{number}"}
        send(limited, f"/v1/submissions/{NOBODY}", headers=forged)
    assert send(limited, f"/v1/submissions/{NOBODY}") == [429]


# --- The counts ---------------------------------------------------------------------------


def test_of_a_flood_of_addresses_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(limiting, "KEPT", 100)
    limit = Limits.of(
        sign_in="1/minute", failed="1/minute", status="1/minute", requests="1/minute"
    ).status
    for number in range(1000):
        limit.count(str(number))
    for _ in range(2):
        with pytest.raises(TooMany):
            limit.count("999")
    limit.count("0")


@pytest.mark.parametrize("written", ["", "often", "10", "ten/minute", "10/fortnight"])
def test_a_limit_that_makes_no_sense_is_named(written):
    with pytest.raises(Misconfigured, match="limit_status"):
        Limits.of(
            sign_in="1/minute",
            failed="1/minute",
            status=written,
            requests="1/minute",
        )
