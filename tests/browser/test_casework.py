"""Working on a case in a real Chromium, as two people at once."""

from __future__ import annotations

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role, token_scopes

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> \u202eesrever\u202c"
WIDTHS = [390, 1280]


@pytest.fixture
def filled(serving):
    """A triaged case to which an owner is read in."""
    world, address = serving
    for name in ("Programme", "Owner", "Finder"):
        world.join(name)
    report = {
        "purl": "pkg:pypi/example@1.0",
        "affected_symbol": {"file": "parse.c", "function": "read_name", "line": 40},
        "attachments": [
            {"filename": "r.md", "content_type": "text/markdown", "data": "overflow"}
        ],
    }
    headers = {"Authorization": f"Bearer {world.token('Finder')}"}
    httpx.post(f"{address}/v1/reports", json=report, headers=headers)
    world.work()
    token = world.token("Programme", *token_scopes(Role.COORDINATOR))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{address}/v1", headers=headers) as http:
        (case,) = http.get("/cases").json()["cases"]
        path = f"/cases/{case['id']}"
        http.post(f"{path}/moves", json={"to": "triaged", "reason": "so"})
        with world.store.read() as unit:
            owner = next(o.id for o in unit.organisations.all() if o.name == "Owner")
        body = {"organisation": owner, "part": "owner"}
        assert http.post(f"{path}/participants", json=body).status_code == 200
    return world, address, path


def enter(browser, filled, role, *, width=1280, **options):
    world, address, _ = filled
    organisation = "Owner" if role is Role.OWNER else "Programme"
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code(organisation, role))
    page.click("#use-code")
    return page


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(v["id"], [n["target"] for n in v["nodes"]]) for v in found]


def test_coordinator_and_owner_work_on_one_case_at_once(browser, filled):
    _, address, path = filled
    me = enter(browser, filled, Role.COORDINATOR)
    owner = enter(browser, filled, Role.OWNER)
    me.goto(address + path)
    me.click("summary:text('Say something')")
    me.fill("#message-text", f"Is it so? {HOSTILE}")
    me.select_option("#message-to", label="Owner (owner)")
    me.click("button:text('Send')")
    owner.goto(address + path)
    assert "Is it so? <img src=x" in owner.inner_text("main")
    assert owner.title().startswith("example")
    owner.click("summary:text('State how a product stands')")
    owner.fill("#statement-product", "Server")
    owner.select_option("#statement-position", "not affected")
    owner.click("button:text-is('State')")
    me.reload()
    assert "not affected" in me.inner_text("#statements ~ div")
    # What one removes while the other reads is gone with the next step.
    me.click("summary:text('Read an organisation out')")
    me.click("button:text('Read out')")
    owner.click("summary:text('Say something')")
    owner.fill("#message-text", "Still here?")
    owner.click("button:text('Send')")
    assert "Still here?" not in owner.inner_text("main")
    assert "There is nothing here" in owner.inner_text("main")
    assert not me.complaints
    assert not owner.complaints


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_of_a_case_that_is_worked_on_is_clean_and_fits(browser, filled, width):
    _, address, path = filled
    page = enter(browser, filled, Role.COORDINATOR, width=width)
    page.goto(address + path)
    page.click("summary:text('Apply a rule to the embargo')")
    page.select_option("#rule-kind", "cap of a coordinating list")
    page.fill("#rule-source", "linux-distros")
    page.fill("#rule-reason", "It was posted there.")
    page.click("button:text('Apply')")
    assert "cap of a coordinating list: linux-distros" in page.inner_text("main")
    page.click("summary:text('Put a task on the list')")
    page.fill("#task-text", "Ask them when.")
    page.fill("#task-due", "tomorrow")
    page.click("button:text('Put on the list')")
    assert page.input_value("#task-text") == "Ask them when."
    assert not violations(page)
    page.fill("#task-due", "2999-01-01 12:00 Europe/Berlin")
    page.click("button:text('Put on the list')")
    assert "due 2999-01-01 11:00 UTC" in page.inner_text("#tasks ~ ul")
    for summary in page.locator(".fl-actions summary").all():
        summary.click()
    assert not violations(page)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    page.goto(f"{address}{path}/search?q=ask")
    assert "task" in page.inner_text("main")
    assert not violations(page)


def test_it_works_without_javascript(browser, filled):
    _, address, path = filled
    owner = enter(browser, filled, Role.OWNER, java_script_enabled=False)
    owner.goto(address + path)
    owner.click("summary:text('Say something')")
    owner.fill("#message-text", "Without a script.")
    owner.click("button:text('Send')")
    assert "Without a script." in owner.inner_text("main")
