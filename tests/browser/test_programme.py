"""The public page of the programme, and the register, in a real Chromium."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role
from fairlead.programme import profile

pytestmark = pytest.mark.browser

WIDTHS = [390, 1280]


@pytest.fixture
def ordered(serving):
    """A programme under the order, with a liaison."""
    world, address = serving
    world.join("Programme")
    return world, address


def sound(page):
    """Tell what is wrong with a page: axe, console, and width."""
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anybody_reads_the_programme(browser, ordered, width, scheme):
    """Without signing in, on a telephone too: pictures, clauses, register, figures."""
    _, address = ordered
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/programme")
    assert page.locator("svg.fl-picture text").count() == 9
    assert page.get_by_text("No suite of the benchmark is public yet.").is_visible()
    assert page.get_by_text("Register of milestones").is_visible()
    clause = page.locator("details.fl-clause", has_text="Spill")
    clause.locator("summary").click()
    assert clause.get_by_text("within 24 hours").is_visible()
    sound(page)
    assert not said
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_liaison_keeps_the_register(browser, ordered, width):
    """What is added and published stands on the public page at once."""
    world, address = ordered
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code("Programme", Role.LIAISON))
    page.click("#use-code")
    page.goto(f"{address}/programme")
    page.click("text=Keep the register")
    page.click("button:has-text('Add it')")
    assert page.get_by_text("say what it is").first.is_visible()
    page.fill("#title", "Form a clearinghouse <script>document.title='x'</script>")
    page.fill("#who", "The Treasury")
    page.fill("#due", "2026-07-02")
    page.locator("form[action='/programme/milestones'] button").click()
    page.get_by_text("It was published").click()
    page.get_by_label("On *").fill("2026-07-14")
    page.get_by_label("At this address *").fill("https://example.org/gold-eagle")
    page.click("button:has-text('Record it')")
    assert page.get_by_text("12 days late").is_visible()
    page.click("button:has-text('Publish every month that is over')")
    assert page.get_by_text("Published up to 2026-07.").is_visible()
    sound(page)
    page.goto(f"{address}/programme")
    assert page.get_by_text("12 days late").is_visible()
    assert page.title().startswith("Voluntary early access")
    assert page.get_by_role("cell", name="none").count() == 2
    sound(page)
    context.close()


def test_the_page_says_what_the_profile_says(client, world):
    """Under the order: its seven duties, who decides, and what is left open."""
    order = profile.load("eo-14409")
    context = replace(world.context, profile=order)
    from litestar.testing import TestClient

    from fairlead.web.app import create_app

    with TestClient(create_app(context)) as under:
        text = under.get("/programme").text
        told = under.get("/v1/programme/milestones").json()
    assert "Director of the National Security Agency" in text
    assert "Executive Order 14409" in text
    assert "When does the clock of 30 days start?" in text
    assert "told by others, the text itself was not read" in text
    assert len(told["milestones"]) == 7
    assert told["milestones"][0]["days_late"] == 47
    assert client.get("/v1/programme/figures").json() == {"months": [], "put_off": []}
