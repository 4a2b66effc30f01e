"""The pages as people use them, in a real Chromium."""

from __future__ import annotations

import json
import secrets

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role, token_scopes
from fairlead.base.ids import pair_id

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>document.title = 'owned'</script> \u202eesrever\u202c \u0007 "
    + "x" * 10_000
    + " <img src=x onerror=\"document.title='owned'\">"
)
FIRST = "`read_name` writes past `name_buffer` when `name_length` is above 256"
SECOND = (
    "heap overflow in `read_name`: `name_buffer` has 256 bytes, `name_length` is"
    " unchecked"
)
WIDTHS = [390, 1280]


def report(text, package="example"):
    return {
        "purl": f"pkg:pypi/{package}@1.0",
        "versions": ["1.0"],
        "affected_symbol": {
            "file": "src/parse.c",
            "function": "read_name" if package == "example" else "other",
            "line": 40,
        },
        "discovery_tooling": f"<b>{text[:20]}</b>",
        "enrichment": {"cwe": "CWE-787"},
        "attachments": [
            {"filename": "r.md", "content_type": "text/markdown", "data": text}
        ],
    }


@pytest.fixture
def filled(serving):
    """A clearinghouse with one duplicate, one other case and one hostile report."""
    world, address = serving
    for name in ("Programme", "Finder", "Second"):
        world.join(name)
    sent = [
        ("Finder", report(FIRST)),
        ("Second", report(SECOND)),
        ("Second", report(HOSTILE, package="hostile")),
    ]
    receipts = []
    for name, body in sent:
        headers = {"Authorization": f"Bearer {world.token(name)}"}
        answer = httpx.post(f"{address}/v1/reports", json=body, headers=headers)
        receipts.append(answer.json()["receipt"])
    world.work()
    token = world.token("Programme", *token_scopes(Role.COORDINATOR))
    listed = httpx.get(
        f"{address}/v1/cases", headers={"Authorization": f"Bearer {token}"}
    ).json()
    by_findings = sorted(listed["cases"], key=lambda c: -c["findings"])
    return world, address, receipts, [c["id"] for c in by_findings]


def open_page(browser, width=1280, **options):
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.complaints = []

    def complain(message):
        # A refused form is answered with its status, which Chromium logs as well.
        if message.type == "error" and "Failed to load" not in message.text:
            page.complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    return page


def sign_in(page, world, address, organisation, role):
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code(organisation, role))
    page.click("#use-code")


def test_a_coordinator_takes_a_case_from_the_queue_to_an_advisory(browser, filled):
    world, address, _, (case, *_) = filled
    page = open_page(browser)
    sign_in(page, world, address, "Programme", Role.COORDINATOR)
    assert page.url == f"{address}/cases"
    assert page.locator("tbody tr").count() == 2
    page.fill("#q", "read_name")
    page.click("text=Filter")
    assert page.locator("tbody tr").count() == 1
    page.click("tbody a")
    assert "because" in page.inner_text("main")
    assert "name_buffer" in page.inner_text("main")

    # Without a reason nothing moves, and what was chosen stays.
    page.click("text=Move the case")
    page.check("label:text-is('triaged')")
    page.click("button:text('Move')")
    assert "in words" in page.inner_text("#move-reason-wrong")
    assert page.is_checked("#to-1")
    for state in ("triaged", "with owner", "fixed"):
        if not page.is_visible("#move-reason"):
            page.click("text=Move the case")
        page.check(f"label:text-is('{state}')")
        page.fill("#move-reason", f"It is {state}.")
        page.click("button:text('Move')")
        assert page.inner_text(".fl-track__current") == state

    # Publishing waits for the embargo; a bad instant is said beside its field.
    page.click("text=Shorten the embargo")
    page.fill("#embargo-until", "tomorrow")
    page.fill("#embargo-rule", "agreed with the owner")
    page.fill("#embargo-reason", "The fix is out.")
    page.click("button:text('Shorten')")
    assert "RFC 3339" in page.inner_text("#embargo-until-wrong")
    assert page.input_value("#embargo-rule") == "agreed with the owner"
    page.fill("#embargo-until", "2026-08-18T14:00")
    page.click("button:text('Shorten')")
    assert "2026-08-18 14:00 UTC" in page.inner_text("main")

    page.click("text=Publish an advisory")
    assert page.input_value("#draft-purl") == "pkg:pypi/example"
    page.fill("#draft-title", "Overflow in example")
    page.fill("#draft-summary", "It overflows.")
    page.click("button:text('Publish')")
    assert page.inner_text("#draft-description-wrong") == "write it"
    assert page.input_value("#draft-summary") == "It overflows."
    page.fill("#draft-description", "A long name overflows a buffer.")
    page.fill("#draft-cwe_name", "Out-of-bounds Write")
    page.fill("#draft-fixed", "1.1")
    page.click("button:text('Publish')")
    page.click("main p a[href^='/advisories/']")
    assert page.inner_text("h1") == "Overflow in example"
    assert "fixed" in page.inner_text("main")
    documents = [
        page.request.get(f"{address}/advisories/{case}/{k}") for k in ("csaf", "osv")
    ]
    assert documents[0].json()["document"]["tracking"]["id"] == case
    assert documents[1].json()["id"] == f"x_{case}"

    page.click("text=Sign out")
    page.goto(f"{address}/cases")
    assert page.url == f"{address}/sign-in"
    assert not page.complaints


def test_a_wrong_code_is_said_and_can_be_corrected(browser, filled):
    world, address, *_ = filled
    page = open_page(browser)
    page.goto(f"{address}/sign-in")
    page.fill("#code", "nonsense")
    page.click("#use-code")
    assert "opens nothing" in page.inner_text("#code-wrong")
    page.fill("#code", f"  {world.code('Finder', Role.REPORTER).upper()} ")
    page.click("#use-code")
    assert page.url == f"{address}/submissions"


def test_a_finder_sees_what_became_of_its_own_reports_only(browser, filled):
    world, address, receipts, cases = filled
    page = open_page(browser)
    sign_in(page, world, address, "Second", Role.REPORTER)
    text = page.inner_text("main")
    assert receipts[1] in text
    assert receipts[0] not in text
    assert "already known" in text
    assert "in 45 days" in text
    page.click("tbody tr:has-text('" + receipts[1] + "') a")
    assert "name_buffer" in page.inner_text("pre")
    assert cases[0] not in page.content()
    page.goto(f"{address}/cases/{cases[0]}")
    assert page.inner_text("h1") == "Not Found"


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_text_stays_text_and_breaks_no_layout(browser, filled, width):
    world, address, receipts, cases = filled
    page = open_page(browser, width)
    sign_in(page, world, address, "Programme", Role.COORDINATOR)
    pair = pair_id(receipts[0], receipts[2])
    for path in (f"/cases/{cases[1]}", f"/submissions/{receipts[2]}", f"/pairs/{pair}"):
        page.goto(address + path)
        for summary in page.locator(".fl-finding summary").all():
            summary.click()
        assert "owned" not in page.title()
        shown = "".join(page.locator("pre").all_inner_texts())
        assert "<script>" in shown
        assert "\u202e" not in shown
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not page.complaints


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser, filled, width, scheme):
    world, address, receipts, cases = filled
    publish(world, address, cases[0])
    # The policy of the pages keeps the checker's script out; only here it is let in.
    page = open_page(browser, width, bypass_csp=True, color_scheme=scheme)
    advisory = f"/advisories/{cases[0]}"
    paths = ["/", "/sign-in", "/advisories", advisory, "/feeds", "/nothing"]
    found = {path: violations(page, address + path) for path in paths}
    sign_in(page, world, address, "Programme", Role.COORDINATOR)
    paths = [
        "/cases",
        "/cases?q=nothing",
        f"/cases/{cases[0]}",
        f"/cases/{cases[1]}",
        "/submissions",
        f"/submissions/{receipts[2]}",
        advisory,
        "/pairs",
        f"/pairs/{pair_id(receipts[0], receipts[1])}",
        f"/pairs/{pair_id(receipts[0], receipts[2])}",
        f"/cases/{cases[0]}/disclosed",
    ]
    found |= {path: violations(page, address + path) for path in paths}
    page.goto(f"{address}/cases/{cases[1]}")
    for summary in page.locator("summary").all():
        summary.click()
    page.click("button:text('Move')")
    found["a form with an error"] = violations(page)
    assert {path: said for path, said in found.items() if said} == {}


def test_an_advisory_prints_and_is_withdrawn(browser, filled):
    world, address, _, cases = filled
    publish(world, address, cases[0])
    page = open_page(browser, min(WIDTHS))
    for path in (f"/advisories/{cases[0]}", "/feeds"):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(f"{address}/advisories/{cases[0]}")
    page.emulate_media(media="print")
    assert page.is_visible(".fl-onlyprint")
    assert not page.is_visible(".fl-header")
    page.emulate_media(media="screen")
    assert not page.is_visible("text=Withdraw this advisory")
    sign_in(page, world, address, "Programme", Role.COORDINATOR)
    page.goto(f"{address}/advisories/{cases[0]}")
    page.click("text=Withdraw this advisory")
    page.fill("#reason", "It was no bug.")
    page.click("button:text('Withdraw')")
    page.wait_for_selector("h2:text('Withdrawn')")
    assert "It was no bug." in page.inner_text("main")
    assert "A long name overflows" not in page.inner_text("main")
    assert not page.complaints


def violations(page, address=None):
    if address:
        page.goto(address)
    found = Axe().run(page).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found]


def publish(world, address, case):
    token = world.token("Programme", *token_scopes(Role.COORDINATOR))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{address}/v1/cases/{case}", headers=headers) as http:
        for state in ("triaged", "with owner", "fixed"):
            http.post("/moves", json={"to": state, "reason": "so"})
        until = world.clock().isoformat()
        http.post("/embargo", json={"until": until, "rule": "agreed", "reason": "so"})
        draft = {
            "title": "Overflow " + secrets.token_hex(2),
            "summary": "It overflows.",
            "description": "A long name overflows a buffer.",
            "affected": [{"vendor": "Example", "product": "example", "fixed": "1.1"}],
            "severities": ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"],
            "references": [{"url": "https://example.org/x", "summary": "Fix"}],
            "credits": [{"name": "Ada"}],
        }
    code = world.code("Programme", Role.COORDINATOR)
    with httpx.Client(base_url=address) as http:
        http.post("/sign-in", data={"code": code})
        path = f"/v1/cases/{case}/advisory"
        assert http.post(path, content=json.dumps(draft)).status_code == 201
