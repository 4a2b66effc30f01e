"""The page on which a coordinator judges pairs, in a real Chromium."""

from __future__ import annotations

import json

import httpx
import pytest

from fairlead.access.roles import Role

pytestmark = pytest.mark.browser

TEXTS = (
    "`read_name` writes past `name_buffer` when `name_length` is above 256",
    "`read_name` has a heap overflow, the length of a name is unchecked",
    "the length of names is not checked in `read_name`, which overflows on the heap",
)


@pytest.fixture
def asked(serving):
    """A clearinghouse in which a coordinator is asked about some pairs."""
    world, address = serving
    world.join("Programme")
    receipts = []
    for number, text in enumerate(TEXTS):
        name = f"Finder {number}"
        world.join(name)
        report = {
            "purl": "pkg:pypi/example@1.0",
            "affected_symbol": {
                "file": "src/parse.c",
                "function": "read_name",
                "line": 40 + number,
            },
            "enrichment": {"cwe": "CWE-787"},
            "attachments": [
                {"filename": "r.md", "content_type": "text/markdown", "data": text}
            ],
        }
        headers = {"Authorization": f"Bearer {world.token(name)}"}
        answer = httpx.post(f"{address}/v1/reports", json=report, headers=headers)
        receipts.append(answer.json()["receipt"])
        world.work()
        world.clock.pass_time(minutes=1)
    return world, address, receipts


def judged(world, receipts):
    with world.store.read() as unit:
        return {p.id: p.judgement.value for p in unit.pairs.touching(receipts)}


def cases(world, receipts):
    with world.store.read() as unit:
        return [unit.submissions.get(r).case for r in receipts]


def enter(browser, world, address, **options):
    page = browser.new_context(
        viewport={"width": 390, "height": 844}, **options
    ).new_page()
    page.goto(f"{address}/sign-in")
    page.fill("#code", world.code("Programme", Role.COORDINATOR))
    page.click("#use-code")
    return page


def test_one_key_each_judges_and_goes_on_to_the_next(browser, asked):
    """Yes, no and later by key, one pair after another, until none waits."""
    world, address, receipts = asked
    page = enter(browser, world, address)
    page.goto(f"{address}/pairs")
    count = page.locator(".fl-rows li").count()
    assert count >= 2
    page.click(".fl-rows a")
    seen = []
    for key in ("n", "l"):
        seen.append(page.url.rpartition("/")[2].partition("?")[0])
        assert "differs" in page.inner_text("main")
        assert page.locator("mark").count()
        page.keyboard.press(key)
        page.wait_for_url(lambda url, last=seen[-1]: f"/pairs/{last}" not in url)
    said = judged(world, receipts)
    assert [said[pair] for pair in seen] == ["different", "later"]

    # A key that was turned off does nothing; the button does the same as before.
    page.goto(f"{address}/pairs/{seen[0]}")
    assert "Judged “different”" in page.inner_text("main")
    page.uncheck("[data-keys]")
    page.keyboard.press("y")
    page.wait_for_timeout(200)
    assert judged(world, receipts)[seen[0]] == "different"
    page.click("button:has-text('Yes, one bug')")
    assert judged(world, receipts)[seen[0]] == "same"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_works_without_javascript_and_a_merge_can_be_parted_again(browser, asked):
    """Judge, part and see what was disclosed with forms and links alone."""
    world, address, receipts = asked
    page = enter(browser, world, address, java_script_enabled=False)
    page.goto(f"{address}/pairs")
    page.click(".fl-rows a")
    pair = page.url.rpartition("/")[2]
    page.click("button:has-text('Yes, one bug')")
    assert judged(world, receipts)[pair] == "same"
    both = [f"SUB-{name}" for name in pair.split(".")]
    (home,) = set(cases(world, both))
    page.goto(f"{address}/cases/{home}")
    page.click("summary:has-text('Part the findings')")
    page.check(f"label:has-text('{both[1]}')")
    page.click("button:text('Part')")
    assert page.url.endswith(f"{home}/disclosed")
    assert "was told that" in page.inner_text("main")
    assert len(set(cases(world, both))) == 2


def test_the_labels_hold_signals_and_no_text(asked, browser):
    """A judgement becomes a line of numbers, with which a model can be fitted."""
    world, address, _ = asked
    page = enter(browser, world, address)
    page.goto(f"{address}/pairs")
    page.click(".fl-rows a")
    page.click("button:has-text('No, two')")
    text = page.request.get(f"{address}/pairs/labels").text()
    (label,) = [json.loads(line) for line in text.splitlines()]
    assert label["same"] is False
    assert 0 < label["signals"]["words"] <= 1
    assert "read_name" not in text
