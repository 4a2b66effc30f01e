"""Claims, one's own, and an owner's door, in a real Chromium."""

from __future__ import annotations

import os

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("FAIRLEAD_TEST_PICTURES")
"""A folder in which to keep what the pages looked like."""


@pytest.fixture
def opened(serving, browser):
    """A clearinghouse with two labs, an owner, and claims of every kind."""
    world, address = serving
    for name in ("Lab", "Other", "Owner", "Programme"):
        world.join(name)
    headers = {
        n: {"Authorization": f"Bearer {world.token(n)}"} for n in ("Lab", "Other")
    }
    with httpx.Client(base_url=address) as http:
        for name, purl, rest in (
            ("Lab", "pkg:pypi/django", {"tool": "<b>scanner</b> 1.0"}),
            ("Other", "pkg:pypi/django", {"wait": True}),
            ("Other", "pkg:pypi/flask", {"visibility": "someone"}),
        ):
            body = {"target": {"purl": purl}, "method": "fuzzing"} | rest
            http.post("/v1/claims", json=body, headers=headers[name]).raise_for_status()
        done = http.post(
            "/v1/claims",
            json={"target": {"purl": "pkg:pypi/numpy"}, "method": "model"},
            headers=headers["Lab"],
        ).json()
        http.post(
            f"/v1/claims/{done['id']}/release",
            json={"coverage": {"outcome": "nothing found", "depth": "deep"}},
            headers=headers["Lab"],
        ).raise_for_status()
        for name in ("Lab", "Other"):
            http.put(
                "/v1/claims/inventory",
                json={"purls": ["pkg:pypi/numpy@1", "pkg:pypi/rare"], "critical": True},
                headers=headers[name],
            ).raise_for_status()
        third = {"Authorization": f"Bearer {world.token('Programme')}"}
        http.put(
            "/v1/claims/inventory", json={"purls": ["pkg:pypi/numpy"]}, headers=third
        ).raise_for_status()

    def open_page(width=1280, **options):
        # The policy of the pages keeps the checker's script out; only here it is let in.
        context = browser.new_context(
            viewport={"width": width, "height": 900}, bypass_csp=True, **options
        )
        page = context.new_page()
        page.found = {}
        return page

    yield world, address, open_page
    for context in browser.contexts:
        context.close()


def look(page, name):
    """Note what axe finds and whether the page is wider than its window."""
    found = Axe().run(page).response["violations"]
    page.found[name] = [(v["id"], v["nodes"][0]["html"][:200]) for v in found]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        page.found[name].append("wider than the window")
    if PICTURES:
        width = page.viewport_size["width"]
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)


def sign_in(page, world, address, home, role):
    page.context.clear_cookies()
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code(home, role, name=f"A {role}"))
    page.click("#use-code")
    page.wait_for_url(lambda url: "sign-in" not in url)


def say(page, address, **fields):
    page.goto(f"{address}/claims/door")
    for name, value in fields.items():
        page.fill(f"#{name}", value)
    page.click("button:text('Say it')")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, width, scheme):
    """On every page of claims, at phone width too, in light and dark."""
    world, address, open_page = opened
    page = open_page(width, color_scheme=scheme)
    sign_in(page, world, address, "Other", Role.FINDER)
    page.goto(f"{address}/claims?target=pkg:pypi/numpy")
    look(page, "claims")
    page.goto(f"{address}/claims/mine")
    for summary in page.locator("summary").all():
        summary.click()
    look(page, "claims-mine")
    page.fill("#target", "pkg:pypi/*")
    page.click("button:text-is('Claim')")
    look(page, "claims-wrong")
    sign_in(page, world, address, "Owner", Role.OWNER)
    say(page, address, target="pkg:pypi/django", at_most="1", hours="nonsense")
    look(page, "door-wrong")
    say(page, address, target="pkg:pypi/django", at_most="1")
    look(page, "door")
    sign_in(page, world, address, "Programme", Role.COORDINATOR)
    page.goto(f"{address}/claims/door")
    look(page, "door-verify")
    assert {name: said for name, said in page.found.items() if said} == {}


def test_an_owner_sees_who_is_at_the_door_and_says_no(opened):
    """Said in a form, verified by a coordinator, heard by whoever claims next."""
    world, address, open_page = opened
    owner, coordinator, lab = open_page(), open_page(), open_page()
    sign_in(owner, world, address, "Owner", Role.OWNER)
    say(owner, address, target="pkg:pypi/django", contact="sec@example.org")
    assert "has yet to verify" in owner.inner_text("main")
    sign_in(coordinator, world, address, "Programme", Role.COORDINATOR)
    coordinator.goto(f"{address}/claims/door")
    coordinator.fill("input[name=how]", "DNS record")
    coordinator.click("button:text('Verified')")
    owner.reload()
    seen = owner.inner_text("main")
    assert "Lab" in seen
    assert "<b>scanner</b> 1.0" in seen
    owner.select_option("#scanning", "no")
    owner.fill("#target", "pkg:pypi/django")
    owner.click("button:text('Say it')")
    sign_in(lab, world, address, "Lab", Role.FINDER)
    lab.goto(f"{address}/claims/mine")
    lab.fill("#target", "pkg:pypi/django@9")
    lab.click("label[for=shared]")
    lab.click("button:text-is('Claim')")
    assert "somebody is there" in lab.inner_text("main")
    lab.fill("#target", "pkg:pypi/django")
    lab.click("details:has(button:text-is('Release')) summary >> nth=0")
    lab.click("button:text-is('Release') >> nth=0")
    assert "released" in lab.inner_text("main")


def test_two_labs_agree_to_share_without_being_named(opened):
    """One asks from the line, the other agrees; then both hold."""
    world, address, open_page = opened
    lab, other = open_page(390), open_page()
    sign_in(other, world, address, "Other", Role.FINDER)
    other.goto(f"{address}/claims/mine")
    other.click("summary:text('Ask to share')")
    other.fill("textarea[name=words]", "I take src/a, you take the rest")
    other.fill("[name=contact] >> nth=0", "other@example.org")
    other.click("button:text-is('Ask')")
    sign_in(lab, world, address, "Lab", Role.FINDER)
    lab.goto(f"{address}/claims/mine")
    seen = lab.inner_text("main")
    assert "I take src/a" in seen
    assert "other@example.org" not in seen
    lab.click("button:text-is('Agree')")
    assert "other@example.org" in lab.inner_text("main")
    world.work()
    other.reload()
    assert "waiting" not in other.inner_text("article >> nth=1")
