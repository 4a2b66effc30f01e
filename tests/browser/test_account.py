"""Passkeys and the page of one's account, in a real Chromium with a virtual device."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from urllib.parse import parse_qs

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access import recovery
from fairlead.access.roles import Role, operator, token_scopes
from fairlead.errors import Unauthenticated
from fairlead.web.passkeys import RelyingParty

pytestmark = pytest.mark.browser

WIDTHS = [390, 1280]
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """A virtual authenticator in one browser context."""

    def __init__(self, page, **options):
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        added = self._cdp.send(
            "WebAuthn.addVirtualAuthenticator", {"options": DEVICE | options}
        )
        self._name = {"authenticatorId": added["authenticatorId"]}

    def keys(self):
        return self._cdp.send("WebAuthn.getCredentials", self._name)["credentials"]

    def set_count(self, count):
        (key,) = self.keys()
        self._cdp.send(
            "WebAuthn.removeCredential",
            {**self._name, "credentialId": key["credentialId"]},
        )
        self._cdp.send(
            "WebAuthn.addCredential",
            {**self._name, "credential": {**key, "signCount": count}},
        )

    def verifies_nobody(self):
        self._cdp.send(
            "WebAuthn.setUserVerified", {**self._name, "isUserVerified": False}
        )


def open_page(browser, width=1280, **options):
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.complaints = []

    def complain(message):
        if message.type == "error" and "Failed to load" not in message.text:
            page.complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    return page


def use_code(page, address, code):
    page.goto(f"{address}/sign-in")
    page.fill("#code", code)
    page.click("#use-code")


def add_passkey(page, address, label="My phone"):
    page.goto(f"{address}/account")
    page.fill("#label", label)
    page.click("text=Add a passkey")
    page.wait_for_selector(f"strong:text-is('{label}')")


@pytest.fixture
def settled(serving, browser):
    """A coordinator who signed in with a code and added a passkey."""
    world, address = serving
    world.join("Programme")
    page = open_page(browser)
    device = Device(page)
    use_code(page, address, world.code("Programme", Role.COORDINATOR))
    add_passkey(page, address)
    return world, address, page, device


def people(world):
    with world.store.read() as unit:
        return unit.people.all()


def test_a_passkey_is_added_signs_in_and_is_removed(settled):
    world, address, page, device = settled
    page.click("text=Sign out >> nth=0")
    page.goto(f"{address}/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"{address}/cases")
    page.goto(f"{address}/account")
    assert "last used 2026-08-18" in page.inner_text("main")
    assert "by passkey, verified" in page.inner_text("main")
    page.click("button:has-text('Remove')")
    assert "You have none yet" in page.inner_text("main")
    # The device still has its key, but nobody here knows it.
    page.click("text=Sign out >> nth=0")
    page.goto(f"{address}/sign-in")
    assert len(device.keys()) == 1
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("text=this passkey opens nothing here")
    assert not page.complaints
    (person,) = people(world)
    with world.store.read() as unit:
        happened = [type(e.fact).__name__ for e in unit.people.history(person.id)]
    assert happened == ["PersonEnrolled", "PasskeyAdded", "PasskeyRemoved"]


def test_a_device_that_holds_a_passkey_is_told_so(settled):
    _, address, page, _ = settled
    page.goto(f"{address}/account")
    page.fill("#label", "Again")
    page.click("text=Add a passkey")
    page.wait_for_selector("text=holds a passkey for this account already")


def test_a_counter_that_went_back_is_refused_and_logged(settled, caplog):
    _, address, page, device = settled
    page.goto(f"{address}/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"{address}/cases")
    device.set_count(0)
    page.goto(f"{address}/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("text=this passkey opens nothing here")
    (logged,) = [r for r in caplog.records if r.message == "passkey.counter_went_back"]
    assert logged.counts[1] <= logged.counts[0]


def test_without_the_user_being_verified_nothing_comes_back(settled):
    _, address, page, device = settled
    device.verifies_nobody()
    page.goto(f"{address}/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("text=Nothing came back")
    assert page.url == f"{address}/sign-in"


@pytest.mark.parametrize(
    "forged",
    [{"userVerification": "discouraged"}, {"challenge": "AAAA" * 8}],
    ids=["user not verified", "another challenge"],
)
@pytest.mark.parametrize("path", ["sign-in/passkey", "verify"])
def test_the_server_checks_what_a_forged_page_lets_through(settled, path, forged):
    _, address, page, device = settled
    if "userVerification" in forged:
        device.verifies_nobody()

    def forge(route):
        told = route.fetch()
        route.fulfill(response=told, json={**told.json(), **forged})

    page.route(f"{address}/{path}/options", forge)
    page.goto(f"{address}/{path.partition('/')[0]}")
    page.click("form[data-passkey] button")
    page.wait_for_selector("text=this passkey opens nothing here")


def test_a_passkey_is_not_made_without_its_user_being_verified(serving, browser):
    world, address = serving
    world.join("Programme")
    page = open_page(browser)
    Device(page, hasUserVerification=False, isUserVerified=False)
    use_code(page, address, world.code("Programme", Role.COORDINATOR))

    def forge(route):
        told = route.fetch()
        options = told.json()
        options["authenticatorSelection"] = {"userVerification": "discouraged"}
        route.fulfill(response=told, json=options)

    page.route(f"{address}/account/passkeys/options", forge)
    page.goto(f"{address}/account")
    page.fill("#label", "My phone")
    page.click("text=Add a passkey")
    page.wait_for_selector("text=the passkey could not be added")


def test_a_passkey_of_another_address_opens_nothing(sqlite_world, settled):
    """The browser would not send it; were it sent, it would be refused all the same."""
    _, address, page, _ = settled
    answers = []
    page.on("request", lambda r: answers.append(r) if r.method == "POST" else None)
    page.goto(f"{address}/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"{address}/cases")
    (sent,) = [a for a in answers if a.url == f"{address}/sign-in/passkey"]
    answer = parse_qs(sent.post_data)["answer"][0]
    signed = json.loads(answer)["response"]["clientDataJSON"]
    challenge = urlsafe_b64decode(
        json.loads(urlsafe_b64decode(signed + "=="))["challenge"] + "=="
    )
    (person,) = people(sqlite_world)
    key = person.passkeys[0].public_key
    assert RelyingParty(address, "").count_of(answer, challenge, key)
    for wrong in (address.replace("localhost", "evil.example"), address + "1"):
        with pytest.raises(Unauthenticated):
            RelyingParty(wrong, "").count_of(answer, challenge, key)
    with pytest.raises(Unauthenticated):
        RelyingParty(address, "").count_of(answer, b"another", key)
    for nonsense in ("", "[]", "{}", "null", answer[:-9]):
        with pytest.raises(Unauthenticated):
            RelyingParty(address, "").credential_of(nonsense)


def test_without_scripts_the_code_is_offered_and_passkeys_are_not(serving, browser):
    world, address = serving
    world.join("Finder")
    page = open_page(browser, java_script_enabled=False)
    page.goto(f"{address}/sign-in")
    assert not page.is_visible("text=Sign in with a passkey")
    use_code(page, address, world.code("Finder", Role.REPORTER))
    assert page.url == f"{address}/submissions"
    page.goto(f"{address}/account")
    assert "need JavaScript" in page.inner_text("main")


# --- Publishing needs to be verified ------------------------------------------------------


@pytest.fixture
def publishable(settled):
    """A case that only waits for its advisory."""
    world, address, page, device = settled
    world.join("Finder")
    headers = {"Authorization": f"Bearer {world.token('Finder')}"}
    report = {"purl": "pkg:pypi/example@1.0", "enrichment": {"cwe": "CWE-787"}}
    httpx.post(f"{address}/v1/reports", json=report, headers=headers)
    world.work()
    token = world.token("Programme", *token_scopes(Role.COORDINATOR))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{address}/v1/cases", headers=headers) as http:
        (case,) = [c["id"] for c in http.get("/").json()["cases"]]
        for state in ("triaged", "with owner", "fixed"):
            http.post(f"/{case}/moves", json={"to": state, "reason": "so"})
        until = world.clock().isoformat()
        body = {"until": until, "rule": "agreed", "reason": "so"}
        assert http.post(f"/{case}/embargo", json=body).status_code == 200
    return world, address, page, device, case


def fill_in(page):
    page.click("text=Publish an advisory")
    page.fill("#draft-title", "Overflow in <example>")
    page.fill("#draft-summary", "It overflows.")
    page.fill("#draft-description", 'A long name\noverflows a "buffer".')
    page.fill("#draft-cwe_name", "Out-of-bounds Write")


def test_publishing_asks_for_the_passkey_and_keeps_what_was_typed(publishable):
    world, address, page, _, case = publishable
    world.clock.pass_time(minutes=11)
    page.goto(f"{address}/cases/{case}")
    fill_in(page)
    page.click("button:text('Publish')")
    assert page.inner_text("h1") == "Show that it is you"
    assert httpx.get(f"{address}/advisories/{case}").status_code == 404

    page.click("text=Use a passkey")
    page.wait_for_selector("#draft-title")
    assert page.input_value("#draft-title") == "Overflow in <example>"
    assert (
        page.input_value("#draft-description") == 'A long name\noverflows a "buffer".'
    )
    page.click("button:text('Publish')")
    page.wait_for_selector("main p a[href^='/advisories/']")
    assert not page.complaints


def test_somebody_elses_passkey_verifies_nobody(publishable, browser):
    world, address, page, _, case = publishable
    other = open_page(browser)
    Device(other)
    use_code(other, address, world.code("Programme", Role.COORDINATOR, name="Bob"))
    add_passkey(other, address, "Other phone")
    answered = []
    other.on(
        "request", lambda r: answered.append(r) if r.url.endswith("/verify") else None
    )
    other.goto(f"{address}/verify")
    other.click("text=Use a passkey")
    other.wait_for_url(f"{address}/account")
    world.clock.pass_time(minutes=11)
    # What Bob's device answered is sent in Ada's session.
    page.goto(f"{address}/verify")
    page.evaluate(
        "(body) => fetch('/verify', {method: 'POST', body, headers:"
        " {'content-type': 'application/x-www-form-urlencoded'}})",
        answered[0].post_data,
    )
    page.goto(f"{address}/cases/{case}")
    fill_in(page)
    page.click("button:text('Publish')")
    assert page.inner_text("h1") == "Show that it is you"


# --- Recovery, and how the pages look --------------------------------------------------------


def test_two_administrators_recover_an_account_and_the_code_shows_once(
    settled, browser
):
    world, address, page, _ = settled
    admins = []
    for name in ("First", "Second"):
        admin = open_page(browser)
        use_code(admin, address, world.code("Programme", Role.ADMINISTRATOR, name=name))
        assert admin.url == f"{address}/people"
        admins.append(admin)
    first, second = admins
    first.click("text=Lost the passkey")
    assert "another administrator confirms it" in first.inner_text("main")
    assert not first.is_visible("text=Confirm recovery")
    second.reload()
    second.click("text=Confirm recovery")
    code = second.inner_text("code")
    second.goto(f"{address}/people")
    assert code not in second.content()

    # Whoever has the lost device is out; the code opens the account, once.
    page.goto(f"{address}/account")
    assert page.url == f"{address}/sign-in"
    use_code(page, address, code)
    page.goto(f"{address}/account")
    assert "Your account was recovered" in page.inner_text("main")
    page.click("button:has-text('Remove')")
    assert "You have none yet" in page.inner_text("main")
    (ada,) = [p for p in people(world) if p.roles == (Role.COORDINATOR,)]
    assert not ada.passkeys


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_pages_of_accounts(serving, browser, width, scheme):
    world, address = serving
    world.join("Programme")
    # The policy of the pages keeps the checker's script out; only here it is let in.
    page = open_page(browser, width, bypass_csp=True, color_scheme=scheme)
    Device(page)
    found = {"sign-in": violations(page, f"{address}/sign-in")}
    use_code(page, address, world.code("Programme", Role.ADMINISTRATOR))
    found["account"] = violations(page, f"{address}/account")
    found["verify by code"] = violations(page, f"{address}/verify")
    add_passkey(page, address)
    found["account with a passkey"] = violations(page)
    found["verify"] = violations(page, f"{address}/verify")
    world.code("Programme", Role.REPORTER, name="Bob")
    bob = next(p for p in people(world) if p.name == "Bob")
    with world.store.begin() as unit:
        recovery.lock(unit, operator("test"), bob.id, at=world.clock())
    found["people"] = violations(page, f"{address}/people")
    assert {path: said for path, said in found.items() if said} == {}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def violations(page, address=None):
    if address:
        page.goto(address)
    found = Axe().run(page).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found]
