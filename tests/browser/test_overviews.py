"""Figures, the record, the map of claims and the finder's page, in a real Chromium."""

from __future__ import annotations

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role, Scope

pytestmark = pytest.mark.browser

WIDTHS = [390, 1280]
TARGETS = ("pkg:pypi/requests", "pkg:pypi/numpy", "pkg:npm/" + "x" * 80)


@pytest.fixture
def filled(serving):
    """A clearinghouse with findings of two members, and claims of one."""
    world, address = serving
    for name in ("Programme", "Finder", "Second"):
        world.join(name)
    receipts = []
    for number, name in enumerate(("Finder", "Second", "Finder")):
        report = {
            "purl": f"pkg:{'npm' if number else 'pypi'}/package-{number}@1.0",
            "affected_symbol": {"file": "a.py", "function": f"f{number}", "line": 4},
            "attachments": [
                {
                    "filename": "r.md",
                    "content_type": "text/markdown",
                    "data": f"`f{number}` does not check what it is given.",
                }
            ],
        }
        headers = {"Authorization": f"Bearer {world.token(name)}"}
        answer = httpx.post(f"{address}/v1/reports", json=report, headers=headers)
        receipts.append(answer.json()["receipt"])
    world.work()
    token = world.token("Finder", Scope.CLAIM_READ, Scope.CLAIM_TAKE)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers) as http:
        for number, target in enumerate(TARGETS):
            asked = {"target": {"purl": target}, "method": "model", "depth": "deep"}
            claim = http.post("/v1/claims", json=asked | {"visibility": "all"}).json()
            if number == 0:
                covered = {"coverage": {"outcome": "found", "depth": "deep"}}
                http.post(f"/v1/claims/{claim['id']}/release", json=covered)
        blind = {"method": "model", "visibility": "blind", "tokens": ["0" * 64]}
        assert http.post("/v1/claims", json=blind).status_code in {200, 201}
    return world, address, receipts


def enter(browser, filled, organisation, role, **options):
    world, address, _ = filled
    page = browser.new_context(**options).new_page()
    page.complaints = []

    def complain(message):
        if message.type == "error" and "Failed to load" not in message.text:
            page.complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code(organisation, role))
    page.click("#use-code")
    return page


def test_a_finder_follows_its_findings_with_their_clocks(browser, filled):
    world, address, receipts = filled
    page = enter(browser, filled, "Finder", Role.FINDER)
    page.goto(f"{address}/submissions")
    rows = page.locator("tbody tr")
    assert rows.count() == 2
    text = page.inner_text("tbody")
    assert "package-0: f0 in a.py" in text
    assert "package-1" not in text
    assert "in 45 days" in text
    assert "not begun" in text
    # The clocks run.
    world.clock.pass_time(days=46)
    page = enter(browser, filled, "Finder", Role.FINDER)
    page.goto(f"{address}/submissions")
    assert page.inner_text(".fl-late >> nth=0") == "1 day ago"
    assert receipts[1] not in page.content()


def test_figures_are_drawn_from_their_tables_and_stay_without_scripts(browser, filled):
    _, address, _ = filled
    page = enter(browser, filled, "Programme", Role.COORDINATOR)
    page.goto(f"{address}/figures")
    page.wait_for_selector("#over-time ~ .fl-chart canvas")
    assert page.locator(".fl-chart canvas").count() == 3
    assert page.locator("#finders tbody tr").count() == 2
    assert not page.complaints
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("#over-time ~ .fl-chart canvas")
    bare = enter(browser, filled, "Finder", Role.FINDER, java_script_enabled=False)
    bare.goto(f"{address}/figures")
    assert not bare.is_visible(".fl-chart")
    assert bare.locator("#finders tbody tr").count() == 1
    assert bare.inner_text("#ecosystems tbody").split() == ["npm", "1", "pypi", "1"]


def test_the_map_of_claims_says_what_its_table_says_and_hides_blind_ones(
    browser, filled
):
    _, address, _ = filled
    page = enter(browser, filled, "Second", Role.FINDER)
    page.goto(f"{address}/claims")
    tiles = page.locator(".fl-map--wide g")
    assert tiles.count() == len(TARGETS)
    assert "60 % seen" in tiles.first.locator("title").text_content() + "".join(
        tiles.locator("title").all_text_contents()
    )
    assert page.locator(".fl-map--wide .fl-tile__now").count() == 2
    page.click("summary:text('The same as a table')")
    assert page.locator("details tbody tr").count() == len(TARGETS)
    page.click("details tbody a:text('pkg:pypi/requests')")
    assert "60 % seen by scans" in page.inner_text("main")
    assert not page.complaints


def test_anybody_reads_how_to_verify_and_a_finder_gets_its_proof(browser, filled):
    _, address, receipts = filled
    page = browser.new_context().new_page()
    page.goto(address)
    page.click("footer >> text=verify it yourself")
    assert page.inner_text("h1") == "Verify it yourself"
    assert not page.is_visible("#of")
    finder = enter(browser, filled, "Finder", Role.FINDER)
    finder.goto(f"{address}/record")
    finder.fill("#of", receipts[0])
    finder.click("text=Look up")
    finder.click("tbody a >> nth=0")
    assert "What the proof says" in finder.inner_text("main")
    assert "fairlead record verify" in finder.inner_text("main")
    finder.fill("#of", receipts[1])
    finder.click("text=Look up")
    assert "nothing of this name that you may see" in finder.inner_text("main")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_overflows(browser, filled, width, scheme):
    _, address, receipts = filled
    options = {
        "viewport": {"width": width, "height": 900},
        "color_scheme": scheme,
        "bypass_csp": True,
    }
    proof = f"/record?of=submission/{receipts[0]}%401"
    found = {}
    for organisation, role, paths in (
        ("Programme", Role.COORDINATOR, ("/figures", "/claims/door", "/catalogue")),
        ("Finder", Role.FINDER, ("/submissions", "/figures", "/claims", proof)),
        ("Second", Role.ORGANISATION_ADMINISTRATOR, ("/organisation", "/account")),
    ):
        page = enter(browser, filled, organisation, role, **options)
        for path in paths:
            page.goto(address + path)
            for summary in page.locator("summary").all():
                summary.click()
            said = Axe().run(page).response["violations"]
            found[organisation, path] = [
                (v["id"], v["nodes"][0]["html"][:160]) for v in said
            ]
            fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert fits, path
    assert {key: said for key, said in found.items() if said} == {}


def test_the_queue_and_figures_print_without_what_is_for_the_screen(browser, filled):
    _, address, _ = filled
    page = enter(browser, filled, "Programme", Role.COORDINATOR)
    page.emulate_media(media="print")
    for path in ("/cases", "/figures"):
        page.goto(address + path)
        assert page.is_visible("main table")
        assert not page.is_visible(".fl-header")
        assert not page.is_visible(".fl-filter")
