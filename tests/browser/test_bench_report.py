"""The report of an assessment, in a real Chromium."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytest.importorskip("numpy", reason="the extra `bench` is not installed")

from fairlead.bench.report.content import content_of
from fairlead.bench.report.page import page as written
from fairlead.bench.threshold import read_threshold
from fairlead.bench.verifying import assessment_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report as a file."""
    path = Path(__file__).parents[1] / "bench/estimate/worlds.py"
    spec = importlib.util.spec_from_file_location("worlds_for_browser", path)
    worlds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worlds)
    files, _ = worlds.run_files(rounds=1, refusing=0.1, transcripts=False)
    run, made = assessment_of(files)
    threshold = read_threshold(files["threshold.toml"])
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(written(content_of(run, made, threshold, "d" * 64)), "utf-8")
    return file


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_is_read_anywhere(browser, report, width, scheme):
    """From a file, wide and narrow, light and dark: nothing hidden, nothing too wide."""
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri())
    # The answer stands on the first screen, and the figure that it rests on.
    assert page.get_by_text("This run cannot rule out").is_visible()
    assert page.locator(".chip").bounding_box()["y"] < 400
    shown = page.locator("svg:visible")
    assert shown.count() == 5
    page.locator("summary").first.click()
    assert page.locator("details table").first.is_visible()
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    assert not said
    page.close()
