"""Signing in through a provider of logins: a real one, over HTTP, that signs tokens."""

from __future__ import annotations

import re
import time
import warnings
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwk, jwt
from litestar.testing import TestClient

from fairlead.access import membership
from fairlead.access.roles import Role, operator
from fairlead.errors import Misconfigured
from fairlead.web.app import create_app
from fairlead.web.logins import DONE, Provider
from fairlead.web.server import free_port

with warnings.catch_warnings():
    # The provider uses parts of its library that are to go.
    warnings.simplefilter("ignore")
    import oidc_provider_mock
    from oidc_provider_mock import _app as provider_code

ME = operator("test")
CLIENT = "fairlead"


def now():
    return datetime.now(UTC)


@pytest.fixture
def kept_by_provider(monkeypatch):
    """What the provider of a test keeps, once it runs."""
    made = []

    class Storage(provider_code.Storage):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(provider_code, "Storage", Storage)
    return made


@pytest.fixture
def issuer(kept_by_provider):  # noqa: ARG001 - is there before the provider is made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
            yield f"http://localhost:{server.server_port}"


def provider_at(issuer):
    return Provider(
        issuer=issuer,
        client_id=CLIENT,
        client_secret="any",  # noqa: S106 - the provider takes any
        redirect=f"http://testserver.local{DONE}",
        clock=now,
        name="Some Agency",
    )


@pytest.fixture
def client(sqlite_world, issuer):
    """A client of a server whose people may sign in through the provider."""
    context = replace(sqlite_world.context, clock=now, provider=provider_at(issuer))
    sqlite_world.clock.at = now()
    sqlite_world.join("Finder")
    with TestClient(create_app(context)) as opened:
        yield opened


def sign_in_by_code(client, world):
    client.post("/sign-in", data={"code": world.code("Finder", Role.REPORTER)})


def leave(client):
    """Return where the browser is sent to sign in."""
    answer = client.get("/sign-in/provider", follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"]


def agree(address, subject="ada"):
    """Sign in at the provider, and return with what it sends the browser back."""
    answer = httpx.post(address, data={"sub": subject}, trust_env=False)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert back.path == DONE
    return f"{back.path}?{back.query}"


def link(client, world, subject="ada"):
    sign_in_by_code(client, world)
    page = client.post("/account/logins")
    address = re.search(r'href="(http://localhost[^"]+)"', page.text)[1]
    answer = client.get(agree(address.replace("&amp;", "&"), subject))
    client.post("/sign-out")
    return answer


def test_a_login_is_linked_on_the_account_and_then_signs_in(client, sqlite_world):
    assert "Sign in with Some Agency" in client.get("/sign-in").text
    linked = link(client, sqlite_world)
    assert linked.url.path == "/account"
    assert "at Some Agency" in linked.text
    entered = client.get(agree(leave(client)))
    assert entered.url.path == "/submissions"
    assert "login elsewhere" in client.get("/account").text
    with sqlite_world.store.read() as unit:
        (ada,) = unit.people.all()
        happened = [type(e.fact).__name__ for e in unit.people.history(ada.id)]
    assert happened == ["PersonEnrolled", "LoginLinked"]


def test_somebody_whom_nobody_linked_is_told_how_to_link(client, sqlite_world):
    link(client, sqlite_world)
    answer = client.get(agree(leave(client), "eve"))
    assert answer.status_code == 401
    assert "linked to nobody" in answer.text
    assert "fairlead_session" not in client.cookies


def test_what_is_asked_of_the_provider_binds_the_answer(client):
    asked = parse_qs(urlsplit(leave(client)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43


def test_the_code_is_exchanged_with_the_verifier_of_its_challenge(
    client, sqlite_world, monkeypatch
):
    link(client, sqlite_world)
    sent = []
    check = provider_code.AuthorizationCodeGrant.validate_token_request

    def note(grant):
        sent.append(dict(provider_code.flask.request.form))
        return check(grant)

    monkeypatch.setattr(
        provider_code.AuthorizationCodeGrant, "validate_token_request", note
    )
    address = leave(client)
    client.get(agree(address))
    challenge = parse_qs(urlsplit(address).query)["code_challenge"][0]
    digest = sha256(sent[0]["code_verifier"].encode()).digest()
    assert urlsafe_b64encode(digest).decode().rstrip("=") == challenge


def test_an_answer_is_for_the_browser_that_asked_and_for_once(client, sqlite_world):
    link(client, sqlite_world)
    back = agree(leave(client))
    with TestClient(client.app) as other:
        assert other.get(back).status_code == 401
    assert client.get(back.replace("state=", "state=x")).status_code == 401
    assert client.get(back).status_code == 401, "it was used up"
    assert client.get(agree(leave(client))).status_code == 200


def test_a_code_for_another_request_has_the_wrong_nonce(client, sqlite_world):
    link(client, sqlite_world)
    other = parse_qs(urlsplit(agree(leave(client))).query)["code"][0]
    mine = re.sub("code=[^&]+", f"code={other}", agree(leave(client)))
    answer = client.get(mine)
    assert answer.status_code == 401
    assert "cannot be trusted" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"]},
        {"exp": int(time.time()) - 3600},
        {"iss": "http://localhost:1"},
        {"nonce": "another"},
        {"sub": None},
        {"azp": "somebody-else"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
def test_a_token_that_says_something_else_opens_nothing(
    client, sqlite_world, monkeypatch, wrong
):
    link(client, sqlite_world)
    encode = jwt.encode

    def lie(header, claims, *rest, **named):
        changed = {**claims, **wrong}
        told = {k: v for k, v in changed.items() if v is not None}
        return encode(header, told, *rest, **named)

    back = agree(leave(client))
    monkeypatch.setattr(jwt, "encode", lie)
    answer = client.get(back)
    assert answer.status_code == 401
    assert "cannot be trusted" in answer.text
    monkeypatch.undo()
    assert client.get(agree(leave(client))).status_code == 200


@pytest.mark.parametrize("how", ["another key", "none", "the client's secret"])
def test_a_token_that_the_provider_did_not_sign_opens_nothing(
    client, sqlite_world, monkeypatch, how
):
    link(client, sqlite_world)
    encode = jwt.encode

    def forge(header, claims, *_, **__):
        if how == "another key":
            return encode(header, claims, jwk.RSAKey.generate_key(2048))
        algorithm = "none" if how == "none" else "HS256"
        key = jwk.OctKey.import_key("a" * 32)
        return encode({**header, "alg": algorithm}, claims, key, algorithms=[algorithm])

    back = agree(leave(client))
    monkeypatch.setattr(jwt, "encode", forge)
    assert client.get(back).status_code == 401


def test_a_provider_that_is_down_leaves_the_other_ways_in(sqlite_world):
    nobody = provider_at(f"http://localhost:{free_port('127.0.0.1')}")
    context = replace(sqlite_world.context, provider=nobody)
    sqlite_world.join("Finder")
    with TestClient(create_app(context)) as client:
        answer = client.get("/sign-in/provider")
        assert answer.status_code == 503
        assert "does not answer" in answer.text
        sign_in_by_code(client, sqlite_world)
        assert client.get("/account").status_code == 200
        assert client.post("/account/logins").status_code == 503


def test_a_provider_that_goes_down_half_way_is_said(client, sqlite_world, monkeypatch):
    link(client, sqlite_world)
    back = agree(leave(client))
    # Each request to it now ends in a fault of its own.
    monkeypatch.setattr(provider_code, "authorization", None)
    answer = client.get(back)
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_a_provider_that_calls_itself_another_is_not_taken(sqlite_world, issuer):
    other = provider_at(issuer.replace("localhost", "127.0.0.1") + "/")
    context = replace(sqlite_world.context, provider=other)
    with TestClient(create_app(context)) as client:
        assert client.get("/sign-in/provider").status_code == 503


@pytest.mark.parametrize("lie", ["issuer", "token_endpoint", "jwks_uri"])
def test_metadata_that_lead_elsewhere_are_not_taken(client, monkeypatch, lie):
    tell = provider_code.flask.jsonify

    def lied(told):
        return tell({**told, lie: "http://evil.example"} if lie in told else told)

    monkeypatch.setattr(provider_code.flask, "jsonify", lied)
    assert client.get("/sign-in/provider").status_code == 503


def test_a_provider_may_change_its_keys(client, sqlite_world, kept_by_provider):
    link(client, sqlite_world)
    (kept,) = kept_by_provider
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept.jwk = type(kept.jwk).generate_key(is_private=True)
    assert client.get(agree(leave(client))).url.path == "/submissions"


def test_a_session_that_may_not_change_the_account_links_nothing(client, sqlite_world):
    link(client, sqlite_world)
    client.get(agree(leave(client)))
    answer = client.post("/account/logins")
    assert answer.url.path == "/verify"


def test_a_login_is_linked_once_and_that_is_said_on_the_account(client, sqlite_world):
    link(client, sqlite_world)
    again = link(client, sqlite_world)
    assert again.status_code == 409
    assert "linked already" in again.text


def test_nobody_is_made_to_link_the_login_of_another(client, sqlite_world):
    """Somebody's own way back, opened by another who has signed in, links nothing."""
    with TestClient(client.app) as eve:
        eve.post("/sign-in", data={"code": sqlite_world.code("Finder", Role.REPORTER)})
        page = eve.post("/account/logins").text
        back = agree(
            re.search(r'href="(http://localhost[^"]+)"', page)[1].replace("&amp;", "&"),
            "eve",
        )
    sign_in_by_code(client, sqlite_world)
    client.post("/account/logins")
    answer = client.get(back)
    assert answer.status_code == 401
    with sqlite_world.store.read() as unit:
        assert not any(p.logins for p in unit.people.all())


def test_without_a_provider_there_is_no_way_to_one(sqlite_world):
    with TestClient(create_app(sqlite_world.context)) as client:
        for path in ("/sign-in/provider", DONE):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize("issuer", ["http://login.example", "login.example", "ftp://x"])
def test_an_issuer_that_anybody_could_stand_in_for_is_refused(issuer):
    with pytest.raises(Misconfigured, match="https"):
        provider_at(issuer)


def test_a_locked_person_does_not_get_in_by_a_login_either(client, sqlite_world):
    link(client, sqlite_world)
    with sqlite_world.store.begin() as unit:
        (ada,) = unit.people.all()
        membership.end_person(unit, ME, ada.id, at=now())
    assert client.get(agree(leave(client))).status_code == 401
