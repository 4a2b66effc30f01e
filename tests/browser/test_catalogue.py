"""The catalogue's pages as people use them, in a real Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from fairlead.access.roles import Role

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "src/fairlead/cli/sample"
WIDTHS = [390, 1280]
KEV = {
    "catalogVersion": "2026.08.01",
    "vulnerabilities": [
        {
            "cveID": "CVE-2021-34552",
            "vendorProject": "Pillow",
            "product": "Pillow",
            "vulnerabilityName": "Pillow Out-of-Bounds Read",
            "dateAdded": "2026-07-01",
            "shortDescription": "It reads out of bounds.",
            "requiredAction": "Apply the fix.",
            "dueDate": "2026-07-22",
        }
    ],
}
SBOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {
        "component": {"name": "shop", "type": "application", "bom-ref": "shop"}
    },
    "components": [
        {"type": "library", "name": "web", "version": "1", "bom-ref": "web"},
        {
            "type": "library",
            "name": "Pillow",
            "version": "8.1.0",
            "purl": "pkg:pypi/pillow@8.1.0",
            "bom-ref": "pillow",
        },
        {
            "type": "library",
            "name": "pillow",
            "version": "nonsense \u202e",
            "purl": "pkg:pypi/pillow",
        },
    ],
    "dependencies": [
        {"ref": "shop", "dependsOn": ["web"]},
        {"ref": "web", "dependsOn": ["pillow", "web"]},
    ],
}


@pytest.fixture
def published(serving, tmp_path):
    """A clearinghouse with the sample feeds and one vulnerability that is exploited."""
    world, address = serving
    (tmp_path / "kev.json").write_text(json.dumps(KEV))
    done = world.publish(
        SAMPLE / "osv.jsonl", SAMPLE / "csaf.jsonl", tmp_path / "kev.json"
    )
    # Three of CISA give `vers:all/*` where a version must stand (CSAF, 6.1.31).
    assert (done.taken, done.quarantined) == (98, 3)
    world.join("Programme")
    return world, address


def open_page(browser, width=1280, **options):
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    page.on(
        "console",
        lambda m: page.complaints.append(m.text) if m.type == "error" else None,
    )
    return page


def sign_in(page, world, address):
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code("Programme", Role.MEMBER))
    page.click("#use-code")


def test_anybody_narrows_a_search_and_reads_a_record_and_its_product(
    browser, published
):
    _, address = published
    page = open_page(browser)
    page.goto(f"{address}/catalogue")
    assert "98 records, the newest first" in page.inner_text("main")
    page.select_option("#source", "osv")
    page.select_option("#ecosystem", "PyPI")
    page.fill("#q", "pillow")
    page.click("button:text('Search')")
    found = page.locator("tbody tr").count()
    assert 0 < found < 26
    assert f"{found} records match" in page.inner_text("main")
    page.check("label:text('Known exploited')")
    page.click("button:text('Search')")
    assert page.locator("tbody tr").count() == 1
    page.click("tbody a")
    assert "Known to be exploited" in page.inner_text("main")
    assert "CISA BOD 26-04" in page.inner_text("main")
    page.click(".fl-finding ul a[href*='products']")
    assert page.locator("tbody tr").count() > 1
    assert not page.complaints


def test_without_script_a_member_sees_what_affects_its_sbom_and_why(browser, published):
    world, address = published
    page = open_page(browser, java_script_enabled=False)
    sign_in(page, world, address)
    page.goto(f"{address}/catalogue/match")
    page.set_input_files(
        "#sbom",
        {
            "name": "bom.json",
            "mimeType": "application/json",
            "buffer": json.dumps(SBOM).encode(),
        },
    )
    page.click("button:text('Compare')")
    told = page.inner_text("main")
    assert "3 components (CycloneDX 1.6)" in told
    first = page.inner_text("article >> nth=0")
    assert "CVE-2021-34552" in first
    assert "known exploited" in first
    assert "8.1.0 is listed as affected" in first
    assert "Brought in by shop → web 1" in first
    unsure = page.inner_text("article.fl-finding--unsure >> nth=0")
    assert "could not compare" in unsure
    assert "\\u202e" in unsure


def test_what_cannot_be_compared_is_refused_in_words(browser, published):
    world, address = published
    page = open_page(browser)
    sign_in(page, world, address)
    page.goto(f"{address}/catalogue/match")
    page.set_input_files(
        "#sbom",
        {
            "name": "bom.xml",
            "mimeType": "text/xml",
            "buffer": b"<?xml version='1.0'?><bom/>",
        },
    )
    page.click("button:text('Compare')")
    assert "XML is not read" in page.inner_text("[role=alert]")


def test_a_coordinator_gives_what_is_missing_and_the_priority_follows(
    browser, published
):
    world, address = published
    world.join("Finder")
    report = {
        "purl": "pkg:pypi/pillow@8.1.0",
        "affected_symbol": {"file": "j2k.c", "function": "decode", "line": 4},
        "attachments": [
            {
                "filename": "r.md",
                "content_type": "text/markdown",
                "data": "Reads out of bounds.",
            }
        ],
    }
    headers = {"Authorization": f"Bearer {world.token('Finder')}"}
    httpx.post(f"{address}/v1/reports", json=report, headers=headers)
    world.work()
    page = open_page(browser)
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code("Programme", Role.COORDINATOR))
    page.click("#use-code")
    page.click("tbody a")
    bod = page.locator("article[aria-label='CISA BOD 26-04']")
    assert "not decided yet" in bod.inner_text()
    page.click("text=Give inputs of its urgency")
    page.fill("#priority-names", "CVE-2021-34552")
    for name, value in (("exposed", "Y"), ("automatable", "Y"), ("impact", "T")):
        page.select_option(f"#priority-{name}", value)
    page.click("form:has(#priority-names) button:text('Give')")
    assert "say why" in page.inner_text("#priority-reason-wrong")
    assert page.input_value("#priority-names") == "CVE-2021-34552"
    page.fill("#priority-reason", "It answers the internet.")
    page.click("form:has(#priority-names) button:text('Give')")
    assert "3 days & forensic investigation" in bod.inner_text()
    assert "It answers the internet." in page.inner_text(".fl-history >> nth=0")
    assert not [c for c in page.complaints if "400" not in c]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_clean_and_fits(browser, published, width):
    world, address = published
    page = open_page(browser, width)
    sign_in(page, world, address)
    for path in (
        "/catalogue",
        "/catalogue?q=pillow&source=osv",
        "/catalogue/records/CVE-2021-34552",
        "/catalogue/products?key=pkg:pypi/pillow",
        "/catalogue/match",
    ):
        page.goto(f"{address}{path}")
        if path == "/catalogue/match":
            page.set_input_files(
                "#sbom",
                {
                    "name": "b.json",
                    "mimeType": "text/plain",
                    "buffer": json.dumps(SBOM).encode(),
                },
            )
            page.click("button:text('Compare')")
            page.wait_for_selector("#result")
        found = Axe().run(page)
        assert found.violations_count == 0, (path, found.generate_report())
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (path, wide)
