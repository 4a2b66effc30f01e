"""Take the pictures of the README: `python tools/screenshots.py [FOLDER]`.

It runs the demo in a fresh folder, signs in as the people of the demo, and looks at the
pages as they would, in the system's Chromium, at a desk and on a phone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"": (1280, 860), "-phone": (390, 780)}
PHONE = {"queue", "case", "claims"}
"""What is shown on a phone too."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the demo says when it is ready."""

    address: str
    codes: dict[str, str]
    """By the first word of who they are for."""
    advisory: str
    engagement: str

    @classmethod
    def read(cls, output: IO[str]) -> Told:
        """Read until the demo waits for visitors."""
        text = ""
        for line in output:
            text += line
            if "Ctrl-C" in line:
                break
        address = re.search(r"(http://localhost:\d+)/sign-in", text)
        advisory = re.search(r"The advisory: (\S+)", text)
        engagement = re.search(r"An engagement under way: (\S+)", text)
        assert address, text
        assert advisory, text
        assert engagement, text
        codes = re.findall(r"^  ([a-z0-9-]{31})  (\w+)", text, re.MULTILINE)
        return cls(
            address[1], {who: code for code, who in codes}, advisory[1], engagement[1]
        )


def main(folder: Path) -> None:
    """Save pictures of the pages in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as home,
        demo(Path(home)) as told,
        sync_playwright() as playwright,
    ):
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        coordinator = _signed_in(browser, told, "Coordinator")
        developer = _signed_in(browser, told, "Developer")
        for name, address in _of_coordinator(browser, told, coordinator).items():
            _save(browser, coordinator, folder, name, address)
        _save(browser, developer, folder, "engagement", told.engagement)
        _save(browser, None, folder, "advisory", told.advisory)
        browser.close()


@contextmanager
def demo(home: Path) -> Iterator[Told]:
    """Run the demo, as if at a terminal, until it is left."""
    program = (
        "import sys; sys.stdout.isatty = lambda: True\n"
        "from fairlead.cli.main import main; main()"
    )
    command = [sys.executable, "-c", program, "demo", "--home", str(home / "demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Told.read(process.stdout)
        finally:
            process.terminate()


def _signed_in(browser: Browser, told: Told, who: str) -> Any:  # noqa: ANN401 - a state of Playwright's
    """Sign in with a code, which is good once; return what the browser then keeps."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{told.address}/sign-in")
    page.fill("#code", told.codes[who])
    page.click("#use-code")
    state = context.storage_state()
    context.close()
    return state


def _of_coordinator(browser: Browser, told: Told, state: Any) -> dict[str, str]:  # noqa: ANN401
    """Return the addresses of what the coordinator looks at, by name."""
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    page.goto(f"{told.address}/pairs")
    pair = page.locator("main li a").first.get_attribute("href")
    addresses = {
        "queue": f"{told.address}/cases",
        "case": told.address + _largest(page, told.address),
        "pair": f"{told.address}{pair}",
        "claims": f"{told.address}/claims",
        "figures": f"{told.address}/figures",
    }
    context.close()
    return addresses


def _largest(page: Page, address: str) -> str:
    """Return the address of an open case with several findings."""
    page.goto(f"{address}/cases?state=open&answer=already+known")
    rows = page.locator("tbody tr").all()
    most = max(rows, key=lambda r: int(r.locator(".fl-number").inner_text()))
    return str(most.locator("a").get_attribute("href"))


def _save(browser: Browser, state: Any, folder: Path, name: str, address: str) -> None:  # noqa: ANN401
    for suffix, (width, height) in SIZES.items():
        if suffix and name not in PHONE:
            continue
        context = browser.new_context(
            viewport={"width": width, "height": height}, storage_state=state
        )
        page = context.new_page()
        page.goto(address, wait_until="networkidle")
        page.screenshot(path=folder / f"{name}{suffix}.png")
        context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images")
