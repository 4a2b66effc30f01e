"""The work queue in a real Chromium: by keyboard, by saved view, and two at once."""

from __future__ import annotations

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role, token_scopes

pytestmark = pytest.mark.browser

PATIENCE = 20_000
"""How long a page may take to show what somebody else did, in milliseconds."""
REPORTS = (
    ("requests", "rebuild_auth", "sessions.py", "High"),
    ("numpy", "load", "npyio.py", "Critical"),
    ("lxml", "clean_html", "clean.py", None),
)


@pytest.fixture
def filled(serving):
    """A clearinghouse with three cases, of which two are said to be severe."""
    world, address = serving
    for name in ("Programme", "Finder", "Owner"):
        world.join(name)
    headers = {"Authorization": f"Bearer {world.token('Finder')}"}
    for package, function, file, severity in REPORTS:
        report = {
            "purl": f"pkg:pypi/{package}@1.0",
            "affected_symbol": {"file": file, "function": function, "line": 4},
            "enrichment": {"severity": severity} if severity else {},
            "attachments": [
                {
                    "filename": "r.md",
                    "content_type": "text/markdown",
                    "data": f"`{function}` does not check what it is given.",
                }
            ],
        }
        httpx.post(f"{address}/v1/reports", json=report, headers=headers)
        world.work()
        world.clock.pass_time(minutes=1)
    return world, address


def enter(browser, world, address, organisation, role, **options):
    """Open a browser of its own for a person; it notes what the page complains of."""
    options = {"viewport": {"width": 1280, "height": 900}} | options
    page = browser.new_context(**options).new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code(organisation, role))
    page.click("#use-code")
    return page


def coordinator(browser, filled, **options):
    world, address = filled
    return enter(browser, world, address, "Programme", Role.COORDINATOR, **options)


def titles(page):
    return [row.inner_text() for row in page.locator("[data-row]").all()]


def move(world, address, case, to):
    token = world.token("Programme", *token_scopes(Role.COORDINATOR))
    answer = httpx.post(
        f"{address}/v1/cases/{case}/moves",
        json={"to": to, "reason": "so"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200


def test_filters_narrow_the_queue_and_stay_in_the_address(browser, filled):
    page = coordinator(browser, filled)
    assert [t.split(":")[0] for t in titles(page)] == ["lxml", "numpy", "requests"]
    page.select_option("#severity", "critical")
    page.click("button:text('Filter')")
    assert [t.split(":")[0] for t in titles(page)] == ["numpy"]
    assert "severity=critical" in page.url
    page.fill("#project", "pkg:pypi/lxml")
    page.click("button:text('Filter')")
    assert "No case fits" in page.inner_text("main")
    page.click("text=Show all cases")
    page.select_option("#order", "due")
    page.click("button:text('Filter')")
    assert [t.split(":")[0] for t in titles(page)] == ["requests", "numpy", "lxml"]
    assert not page.complaints


def test_the_queue_is_worked_by_keyboard_and_the_keys_can_be_turned_off(
    browser, filled
):
    page = coordinator(browser, filled)
    page.wait_for_selector("[data-open-help]:visible")  # the script is at work
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    second = page.locator("[data-row]").nth(1)
    assert second.evaluate("row => row === document.activeElement")
    page.keyboard.press("/")
    page.keyboard.type("jk")
    assert page.input_value("#q") == "jk"
    page.fill("#q", "")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.is_visible("dialog h2:text('Keys of the queue')")
    page.click("label:text('Single keys act')")
    page.click("dialog button:text('Close')")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")
    page.reload()
    page.wait_for_selector("[data-open-help]:visible")
    page.keyboard.press("?")
    assert not page.is_checked("#queue-keys")
    page.click("label:text('Single keys act')")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/FL-*")
    assert not page.complaints


def test_a_saved_view_is_shared_by_its_link(browser, filled):
    world, address = filled
    page = coordinator(browser, filled)
    page.goto(f"{address}/cases?severity=high")
    page.click("text=Save as a view")
    page.click("button:text('Save')")
    assert "give it a name" in page.inner_text("[role=alert]")
    page.fill("#view-name", "Severe <b>ones</b>")
    page.click("button:text('Save')")
    link = page.get_attribute(".fl-views form a", "href")
    assert page.inner_text(".fl-views [aria-current]") == "Severe <b>ones</b>"

    colleague = coordinator(browser, filled)
    colleague.goto(address + link)
    assert [t.split(":")[0] for t in titles(colleague)] == ["requests"]
    assert not colleague.is_visible("button:text('Remove this view')")
    stranger = enter(browser, world, address, "Owner", Role.OWNER)
    there = stranger.goto(address + link)
    assert there.status == 404
    missing = stranger.request.get(f"{address}/views/view-nothing")
    assert there.body() == missing.body()

    page.click("button:text('Remove this view')")
    assert colleague.goto(address + link).status == 404


def test_one_moves_a_case_and_the_other_sees_it_without_reloading(browser, filled):
    world, address = filled
    queue = coordinator(browser, filled)
    case = queue.get_attribute("[data-row]", "href")
    reading = coordinator(browser, filled)
    reading.goto(address + case)
    for page in (queue, reading):
        page.evaluate("window.never_reloaded = true")
    queue.focus("[data-row]")

    acting = coordinator(browser, filled)
    acting.goto(address + case)
    acting.click("text=Move the case")
    acting.check("label:text-is('triaged')")
    acting.fill("#move-reason", "Looked at.")
    acting.click("button:text('Move')")

    queue.wait_for_selector("td .fl-state:text-is('triaged')", timeout=PATIENCE)
    reading.wait_for_selector(".fl-track__current:text-is('triaged')", timeout=PATIENCE)
    for page in (queue, reading):
        assert page.evaluate("window.never_reloaded")
        assert not page.complaints
    # Whoever works by keyboard stays where it was.
    assert queue.evaluate("document.activeElement.matches('[data-row]')")
    readings = [t for t in traces(world, case) if t.how == "read"]
    assert len(readings) >= 3, "what was brought up to date was read, and is on record"


def test_who_is_typing_is_told_and_loses_nothing(browser, filled):
    world, address = filled
    page = coordinator(browser, filled)
    page.click("[data-row]")
    page.click("text=Move the case")
    page.fill("#move-reason", "half a sen")
    move(world, address, page.url.rsplit("/", 1)[1], "triaged")
    page.wait_for_selector("[data-changed]:visible", timeout=PATIENCE)
    assert page.input_value("#move-reason") == "half a sen"
    page.click("text=Show how it is now")
    assert page.inner_text(".fl-track__current") == "triaged"


def test_who_is_read_out_while_reading_gets_the_uniform_refusal(browser, filled):
    world, address = filled
    acting = coordinator(browser, filled)
    case = acting.get_attribute("[data-row]", "href")
    token = world.token("Programme", *token_scopes(Role.COORDINATOR))
    headers = {"Authorization": f"Bearer {token}"}
    with world.store.read() as unit:
        owner = next(o.id for o in unit.organisations.all() if o.name == "Owner")
    taking_part = f"{address}/v1{case}/participants"
    httpx.post(taking_part, json={"organisation": owner}, headers=headers)
    reading = enter(browser, world, address, "Owner", Role.OWNER)
    reading.goto(address + case)
    assert "does not check" in reading.content()
    queue = enter(browser, world, address, "Owner", Role.OWNER)
    queue.goto(f"{address}/cases")
    assert len(titles(queue)) == 1

    httpx.delete(f"{taking_part}/{owner}", headers=headers)
    reading.wait_for_selector("h1:text-is('Not Found')", timeout=PATIENCE)
    assert "does not check" not in reading.content()
    missing = reading.request.get(f"{address}/cases/FL-aaaaaaaaaa")
    assert reading.request.get(address + case).body() == missing.body()
    queue.wait_for_selector(
        "text=There are no cases that you may see", timeout=PATIENCE
    )


def test_a_hidden_tab_asks_nothing(browser, filled):
    page = coordinator(browser, filled)
    asked = []
    page.on(
        "request",
        lambda sent: None if "/static/" in sent.url else asked.append(sent.url),
    )
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", {value: true, writable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.wait_for_timeout(7_000)
    assert asked == []
    page.evaluate(
        """() => {
            document.hidden = false;
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.wait_for_timeout(500)
    assert [url for url in asked if "/cases/version" in url]


def test_the_queue_works_without_scripts(browser, filled):
    page = coordinator(browser, filled, java_script_enabled=False)
    page.goto(f"{filled[1]}/cases")
    assert not page.is_visible("text=Keyboard")
    page.select_option("#severity", "high")
    page.click("button:text('Filter')")
    assert len(titles(page)) == 1


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(browser, filled, width, scheme):
    _, address = filled
    page = coordinator(
        browser,
        filled,
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,
    )
    found = {}
    for path in ("/cases", "/cases?severity=high", "/cases?q=nothing"):
        page.goto(address + path)
        found[path] = [v["id"] for v in Axe().run(page).response["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{address}/cases")
    page.keyboard.press("?")
    found["help"] = [v["id"] for v in Axe().run(page).response["violations"]]
    assert not any(found.values()), found


def traces(world, case):
    with world.store.read() as unit:
        return unit.traces.of(f"case/{case.rsplit('/', 1)[1]}")
