"""Owners' pages and the link in a mail, in a real Chromium."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import directory
from fairlead.clearinghouse.owners.wishes import Wishes
from fairlead.web.server import free_port

sys.path.insert(0, str(Path(__file__).parents[1]))
import conftest
from clearinghouse.owners.posts import COORDINATOR, Post, written

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("FAIRLEAD_TEST_PICTURES")
"""A folder in which to keep what the pages looked like."""


@pytest.fixture
def opened(sqlite_world, tmp_path, browser):
    """A clearinghouse with an owner that has one case, and more in its queue."""
    post = Post()
    port = free_port("127.0.0.1")
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    letters = written(sqlite_world, tmp_path, post, port)
    homes = {name: sqlite_world.join(name).id for name in ("Programme", "Maintainers")}
    owner = letters.owner(organisation=OrganisationId(homes["Maintainers"]))
    letters.do(
        directory.say_wishes,
        COORDINATOR,
        owner.id,
        Wishes(a_week=1, not_parts=("vendor",)),
    )
    letters.owner(Target(host="www.example.com"), mail="x@example.com", verified=False)
    cases = [letters.case(), letters.case(), letters.case(file="vendor/zlib/a.c")]
    for case in cases:
        letters.route(case)
    letters.work()
    texts = [m.get_content() for m in letters.mails()]
    links = [re.search(r"https://programme.example(/owner/case/\S+)", t) for t in texts]
    letters.link = next(link[1] for link in links if link)
    letters.entered = owner
    with conftest.served(sqlite_world) as world:

        def open_page(width=1280, **options):
            context = browser.new_context(
                viewport={"width": width, "height": 900}, bypass_csp=True, **options
            )
            page = context.new_page()
            page.found = {}
            return page

        yield letters, world.context.address, open_page
        for context in browser.contexts:
            context.close()
    with suppress(RuntimeError):
        server.stop()


def look(page, name):
    """Note what axe finds and whether the page is wider than its window."""
    found = Axe().run(page).response["violations"]
    page.found[name] = [(v["id"], v["nodes"][0]["html"][:200]) for v in found]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        page.found[name].append("wider than the window")
    if PICTURES:
        width = page.viewport_size["width"]
        page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)


def sign_in(page, letters, address, home, role):
    page.context.clear_cookies()
    page.goto(f"{address}/sign-in")
    page.fill("#code", letters.world.code(home, role, name=f"A {role}"))
    page.click("#use-code")
    page.wait_for_url(lambda url: "sign-in" not in url)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened, width, scheme):
    """On every page of owners, at phone width too, in light and dark."""
    letters, address, open_page = opened
    page = open_page(width, color_scheme=scheme)
    sign_in(page, letters, address, "Programme", Role.COORDINATOR)
    page.goto(f"{address}/owners")
    look(page, "owners")
    page.click("text=Example >> nth=0")
    look(page, "owner-coordinator")
    sign_in(page, letters, address, "Maintainers", Role.OWNER)
    page.goto(f"{address}/owners/{letters.entered.id}")
    look(page, "owner")
    page.context.clear_cookies()
    page.goto(f"{address}{letters.link}")
    look(page, "owner-link")
    page.click("text=Open it")
    look(page, "owner-case")
    assert {name: said for name, said in page.found.items() if said} == {}


def test_an_owner_says_what_it_can_bear_pulls_and_answers_with_one_click(opened):
    """As two people at once: what it says is on the coordinator's page."""
    letters, address, open_page = opened
    owner, coordinator = open_page(), open_page()
    sign_in(owner, letters, address, "Maintainers", Role.OWNER)
    sign_in(coordinator, letters, address, "Programme", Role.COORDINATOR)
    mine = f"{address}/owners/{letters.entered.id}"
    owner.goto(mine)
    assert "1 waiting, 1 held back" in owner.inner_text("main")
    owner.click("text=Send me the next")
    owner.wait_for_load_state()
    assert "0 waiting" in owner.inner_text("main")
    owner.fill("#a_week", "5")
    owner.fill("#not_parts", "")
    owner.click("button:text('Wish it')")
    owner.wait_for_load_state()
    assert owner.input_value("#a_week") == "5"
    owner.click("button:text('Not security') >> nth=0")
    owner.wait_for_load_state()
    coordinator.goto(mine)
    assert "not security" in coordinator.inner_text("main")


def test_without_javascript_a_link_opens_shows_text_as_text_and_takes_an_answer(opened):
    """Whoever has no account needs no script either."""
    letters, address, open_page = opened
    page = open_page(java_script_enabled=False)
    page.goto(f"{address}{letters.link}")
    page.click("text=Open it")
    assert "It overflows <script>alert(" in page.inner_text("main")
    page.fill("#fix_planned", "2026-12-01")
    page.click("button:text('It is a vulnerability')")
    assert "accepted, mended by 2026-12-01" in page.inner_text("main")
