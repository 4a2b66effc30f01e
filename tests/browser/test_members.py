"""Joining, one's own organisation, exports and readings, in a real Chromium."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds

pytestmark = pytest.mark.browser

ASKED = {
    "name": "Example Lab",
    "domain": "example.org",
    "contact": "Ada Lovelace",
    "mail": "ada@example.org",
    "purpose": "We find bugs.",
}
PICTURES = os.environ.get("FAIRLEAD_TEST_PICTURES")
"""A folder in which to keep what the pages looked like."""


@pytest.fixture
def opened(serving, browser):
    world, address = serving
    worlds.do(world, ("submit", world.join("Programme").id, "one", 0, "`parse` fails"))
    world.work()

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


def look(page, name, address=None):
    """Note what axe finds and whether the page is wider than its window."""
    if address:
        page.goto(address)
    found = Axe().run(page).response["violations"]
    page.found[name] = [(v["id"], v["nodes"][0]["html"][:200]) for v in found]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        page.found[name].append("wider than the window")
    if PICTURES:
        width = page.viewport_size["width"]
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)


def sign_in(page, world, address, role):
    page.context.clear_cookies()
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code("Programme", role, name=f"A {role}"))
    page.click("#use-code")
    page.wait_for_url(lambda url: "sign-in" not in url)


def apply(page, address):
    page.goto(f"{address}/join")
    for name, value in ASKED.items():
        page.fill(f"#{name}", value)
    page.click("button:text('Apply')")
    page.wait_for_url("**/join/*")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, width, scheme):
    world, address, open_page = opened
    page = open_page(width, color_scheme=scheme)
    look(page, "join", f"{address}/join")
    page.click("button:text('Apply')")
    look(page, "join-wrong")
    apply(page, address)
    look(page, "application")
    sign_in(page, world, address, Role.ORGANISATION_ADMINISTRATOR)
    look(page, "applications-voucher", f"{address}/applications")
    page.goto(f"{address}/organisation")
    for summary in page.locator("summary").all():
        summary.click()
    page.fill("#label", "CI")
    page.click("button:text('Issue')")
    look(page, "organisation")
    sign_in(page, world, address, Role.ADMINISTRATOR)
    page.goto(f"{address}/applications")
    page.click("summary")
    look(page, "applications")
    sign_in(page, world, address, Role.COORDINATOR)
    page.goto(f"{address}/exports")
    page.fill("#reason", "moving")
    page.click("button:text('Ask')")
    look(page, "exports")
    page.goto(f"{address}/cases")
    page.click("tbody a")
    for summary in page.locator("summary").all():
        summary.click()
    look(page, "case")
    sign_in(page, world, address, Role.AUDITOR)
    look(page, "readings", f"{address}/readings")
    assert {name: said for name, said in page.found.items() if said} == {}


def test_two_coordinators_export_together(opened):
    world, address, open_page = opened
    ada, bob = open_page(), open_page()
    for page in (ada, bob):
        sign_in(page, world, address, Role.COORDINATOR)
    ada.goto(f"{address}/exports")
    ada.fill("#reason", "moving")
    ada.click("button:text('Ask')")
    assert ada.locator("button:text('Agree')").count() == 0
    bob.goto(f"{address}/exports")
    bob.click("button:text('Agree')")
    ada.reload()
    with ada.expect_download() as download:
        ada.click("button:text('Take it')")
    assert "`parse` fails" in Path(download.value.path()).read_text()


def test_a_case_is_destroyed_only_after_its_name_was_typed(opened):
    world, address, open_page = opened
    page = open_page()
    sign_in(page, world, address, Role.COORDINATOR)
    page.goto(f"{address}/cases")
    page.click("tbody a")
    name = page.url.rpartition("/")[2]
    page.click("summary:text('Move the case')")
    page.click("label:text-is('rejected')")
    page.fill("#move-reason", "not a bug")
    page.click("button:text-is('Move')")
    page.click("summary:text('Destroy the case')")
    page.click("label:text-is('the law asks for it')")
    page.fill("#destroy-typed", "something else")
    page.click("button:text-is('Destroy')")
    assert f"type {name}" in page.inner_text(".usa-error-message")
    page.fill("#destroy-typed", name)
    page.click("label:text-is('the law asks for it')")
    page.click("button:text-is('Destroy')")
    assert "(title destroyed)" in page.inner_text("h1")
    assert "Destroyed, because the law asks for it." in page.inner_text("main")
