"""Who is asking over HTTP: sessions beside tokens, verification, revocation, proxies."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import replace

import pytest
from litestar.testing import TestClient

from fairlead.access import membership, recovery
from fairlead.access.roles import Role, operator, token_scopes
from fairlead.store.unit import SQLStore
from fairlead.web.app import create_app
from fairlead.web.proxies import Proxies

ME = operator("test")
DRAFT = {
    "title": "Overflow",
    "summary": "It overflows.",
    "description": "A long name overflows a buffer.",
    "affected": [{"vendor": "Example", "product": "example", "fixed": "1.1"}],
    "cwe": {"id": "CWE-787", "name": "Out-of-bounds Write"},
}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def sign_in(client, code):
    answer = client.post("/sign-in", data={"code": code}, follow_redirects=False)
    assert answer.status_code == 303


@pytest.fixture
def case(client, world):
    """A case that only waits for its advisory."""
    for name in ("Finder", "Programme"):
        world.join(name)
    body = {"purl": "pkg:pypi/example@1.0"}
    client.post("/v1/reports", json=body, headers=bearer(world.token("Finder")))
    world.work()
    headers = bearer(world.token("Programme", *token_scopes(Role.COORDINATOR)))
    (case,) = [
        c["id"] for c in client.get("/v1/cases", headers=headers).json()["cases"]
    ]
    address = f"/v1/cases/{case}"
    for state in ("triaged", "with owner", "fixed"):
        move = {"to": state, "reason": "so"}
        client.post(f"{address}/moves", json=move, headers=headers)
    until = {"until": world.clock().isoformat(), "rule": "agreed", "reason": "so"}
    client.post(f"{address}/embargo", json=until, headers=headers)
    return address


# --- Publishing -------------------------------------------------------------------------------


def test_a_token_is_told_that_it_cannot_publish(client, world, case):
    headers = bearer(world.token("Programme", *token_scopes(Role.COORDINATOR)))
    answer = client.post(f"{case}/advisory", json=DRAFT, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "not-verified"
    assert "a token cannot be verified" in answer.json()["detail"]


def test_a_person_publishes_over_the_api_while_verified(client, world, case):
    sign_in(client, world.code("Programme", Role.COORDINATOR))
    world.clock.pass_time(minutes=10, seconds=1)
    late = client.post(f"{case}/advisory", json=DRAFT)
    assert (late.status_code, late.json()["code"]) == (403, "not-verified")
    code = world.code("Programme", Role.COORDINATOR, name="Bob")
    sign_in(client, code)
    assert client.post(f"{case}/advisory", json=DRAFT).status_code == 201


def test_who_may_not_publish_is_not_asked_to_verify(client, world, case):
    sign_in(client, world.code("Finder", Role.REPORTER))
    answer = client.post(f"{case}/advisory", json=DRAFT)
    missing = client.post("/v1/cases/FL-aaaaaaaaaa/advisory", json=DRAFT)
    assert answer.status_code == missing.status_code == 404
    assert answer.content == missing.content
    name = case.rpartition("/")[2]
    page = client.post(f"/cases/{name}/advisory", data={"title": "x"})
    assert page.status_code == 404
    page = client.post(
        f"/cases/{name}/advisory/draft", data={"title": "x", "code": "x"}
    )
    assert page.status_code == 404


def test_a_code_verifies_anew_without_scripts_and_keeps_what_was_typed(
    client, world, case
):
    sign_in(client, world.code("Programme", Role.COORDINATOR))
    world.clock.pass_time(minutes=11)
    typed = {"title": 'A "quoted" <title>', "summary": "It overflows."}
    name = case.rpartition("/")[2]
    asked = client.post(f"/cases/{name}/advisory", data=typed)
    assert asked.status_code == 403
    assert 'value="A &#34;quoted&#34; &lt;title&gt;"' in asked.text
    wrong = {**typed, "code": "nonsense"}
    again = client.post(f"/cases/{name}/advisory/draft", data=wrong)
    assert again.status_code == 401
    assert "A &#34;quoted&#34;" in again.text
    assert "opens nothing" in again.text
    with world.store.begin() as unit:
        (ada,) = unit.people.all()
        code = membership.hand_out_code(
            unit, ME, ada.id, at=world.clock(), randomness=secrets.token_bytes
        )
    form = client.post(f"/cases/{name}/advisory/draft", data={**typed, "code": code})
    assert form.status_code == 200
    assert 'value="A &#34;quoted&#34; &lt;title&gt;"' in form.text
    assert client.post(f"{case}/advisory", json=DRAFT).status_code == 201


# --- Sessions beside tokens -----------------------------------------------------------------


def test_the_api_takes_a_session_and_a_token_goes_before_it(client, world):
    world.join("Finder")
    sign_in(client, world.code("Finder", Role.REPORTER))
    sent = client.post("/v1/reports", json={"purl": "pkg:npm/x"})
    assert sent.status_code == 202
    world.work()
    receipt = sent.json()["receipt"]
    assert client.get(f"/v1/submissions/{receipt}").json()["outcome"] == "new"
    wrong = client.get("/v1/submissions", headers=bearer("nonsense"))
    assert wrong.status_code == 401


def test_another_site_cannot_use_the_session_of_a_browser(client, world):
    world.join("Finder")
    sign_in(client, world.code("Finder", Role.REPORTER))
    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        body = {"purl": "pkg:npm/x"}
        answer = client.post("/v1/reports", json=body, headers=headers)
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil"]
)
def test_nobody_is_sent_elsewhere_after_verifying(client, world, onward):
    world.join("Finder")
    sign_in(client, world.code("Finder", Role.REPORTER))
    with world.store.begin() as unit:
        (ada,) = unit.people.all()
        code = membership.hand_out_code(
            unit, ME, ada.id, at=world.clock(), randomness=secrets.token_bytes
        )
    answer = client.post(
        "/verify", data={"code": code, "onward": onward}, follow_redirects=False
    )
    assert answer.headers["location"] == "/"


# --- Revocation reaches every process ----------------------------------------------------


def test_what_is_ended_in_one_process_is_ended_in_another(world, database_url):
    """Two applications share nothing but the database, as two processes do."""
    world.join("Finder")
    token, code = world.token("Finder"), world.code("Finder", Role.REPORTER)
    with ExitStack() as stack:
        store = SQLStore(database_url, world.store.vault)
        stack.callback(store.close)
        here, there = (
            stack.enter_context(TestClient(create_app(context)))
            for context in (world.context, replace(world.context, store=store))
        )
        sign_in(here, code)
        there.cookies = here.cookies
        assert there.get("/account").status_code == 200
        assert there.get("/v1/submissions", headers=bearer(token)).status_code == 200
        with world.store.begin() as unit:
            (issued,) = unit.tokens.all()
            membership.revoke_token(unit, ME, issued.id, at=world.clock())
            (ada,) = unit.people.all()
            recovery.lock(unit, ME, ada.id, at=world.clock())
        for client in (here, there):
            refused = client.get("/v1/submissions", headers=bearer(token))
            assert refused.status_code == 401
            assert client.get("/v1/submissions").status_code == 401
            gone = client.get("/account", follow_redirects=False)
            assert gone.headers["location"] == "/sign-in"


def test_signing_out_everywhere_ends_other_browsers_too(world):
    world.join("Finder")
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(TestClient(create_app(world.context))) for _ in "ab"
        )
        sign_in(first, world.code("Finder", Role.REPORTER))
        with world.store.begin() as unit:
            (ada,) = unit.people.all()
            code = membership.hand_out_code(
                unit, ME, ada.id, at=world.clock(), randomness=secrets.token_bytes
            )
        sign_in(second, code)
        assert "Where you are signed in" in second.get("/account").text
        first.post("/account/sessions/end")
        for client in (first, second):
            assert client.get("/v1/submissions").status_code == 401


# --- The proxy's word ----------------------------------------------------------------------


@pytest.fixture
def proxied(sqlite_world):
    context = replace(sqlite_world.context, proxies=Proxies.of("", "right secret"))
    with TestClient(create_app(context)) as client:
        yield client


def says(user="ada@example", secret="right secret"):  # noqa: S107 - for this test only
    named = {"x-fairlead-user": user, "x-fairlead-proxy-secret": secret}
    return {k: v for k, v in named.items() if v is not None}


def test_who_the_proxy_names_signs_in_once_that_was_linked(proxied, sqlite_world):
    sqlite_world.join("Finder")
    assert "Continue as ada@example" in proxied.get("/sign-in", headers=says()).text
    unknown = proxied.post("/sign-in/proxy", headers=says())
    assert unknown.status_code == 401
    assert "linked to nobody" in unknown.text
    sign_in(proxied, sqlite_world.code("Finder", Role.REPORTER))
    assert "Link ada@example" in proxied.get("/account", headers=says()).text
    proxied.post("/account/logins/proxy", headers=says())
    proxied.post("/sign-out")
    answer = proxied.post("/sign-in/proxy", headers=says())
    assert answer.url.path == "/submissions"
    other = proxied.post("/sign-in/proxy", headers=says("eve@example"))
    assert other.status_code == 401


@pytest.mark.parametrize("secret", [None, "", "wrong", "right secret "[:-2], "ř"])
def test_a_name_from_anyone_else_is_ignored_and_logged(
    proxied, sqlite_world, caplog, secret
):
    sqlite_world.join("Finder")
    sign_in(proxied, sqlite_world.code("Finder", Role.REPORTER))
    proxied.post("/account/logins/proxy", headers=says())
    proxied.post("/sign-out")
    headers = {k: v.encode() for k, v in says(secret=secret).items()}
    assert "Continue as" not in proxied.get("/sign-in", headers=headers).text
    answer = proxied.post("/sign-in/proxy", headers=headers)
    assert answer.status_code == 401
    logged = [r.message for r in caplog.records]
    assert logged.count("proxy.identity_ignored") == 2
    assert not any(
        "ada@example" in str(vars(r))
        for r in caplog.records
        if r.name.startswith("fairlead")
    )


def test_without_a_secret_no_name_counts(client):
    for secret in (None, ""):
        answer = client.post("/sign-in/proxy", headers=says(secret=secret))
        assert answer.status_code == 401
