"""Take the pictures of the README: `python tools/screenshots.py [FOLDER]`.

It runs the demo in a fresh folder, signs in as the coordinator, and looks at the pages
as a person would, in the system's Chromium.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"": (1280, 900), "-phone": (390, 844)}


def main(folder: Path) -> None:
    """Save pictures of all pages in *folder*, wide and narrow."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, _demo(Path(home)) as demo:
        assert demo.stdout is not None
        address, codes, advisory = _told(demo.stdout)
        try:
            with sync_playwright() as playwright:
                found = shutil.which("chromium") or shutil.which("google-chrome")
                browser = playwright.chromium.launch(
                    executable_path=found, args=ARGUMENTS
                )
                for suffix, code in zip(SIZES, codes, strict=False):
                    _look(browser, address, code, advisory, folder, suffix)
                browser.close()
        finally:
            demo.terminate()


def _demo(home: Path) -> subprocess.Popen[str]:
    program = (
        "import sys; sys.stdout.isatty = lambda: True\n"
        "from fairlead.cli.main import main; main()"
    )
    command = [sys.executable, "-c", program, "demo", "--home", str(home / "demo")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _told(output: IO[str]) -> tuple[str, list[str], str]:
    """Return the address, two codes of the coordinator, and the advisory's address."""
    text = ""
    for line in output:
        text += line
        if "Ctrl-C" in line:
            break
    address = re.search(r"(http://localhost:\d+)/sign-in", text)
    codes = re.findall(r"^  ([a-z2-7-]{31})  Coordinator", text, re.MULTILINE)
    advisory = re.search(r"The advisory: (\S+)", text)
    assert address, text
    assert advisory, text
    return address[1], [*codes, *codes], advisory[1]


def _look(  # noqa: PLR0913, PLR0917
    browser: Browser, address: str, code: str, advisory: str, folder: Path, suffix: str
) -> None:
    width, height = SIZES[suffix]
    state = folder / "state.json"
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}}
    if state.exists():
        options["storage_state"] = json.loads(state.read_text())
    context = browser.new_context(**options)
    page = context.new_page()

    def save(name: str, path: str) -> None:
        page.goto(path if path.startswith("http") else address + path)
        page.screenshot(path=folder / f"{name}{suffix}.png", full_page=name != "queue")

    if not state.exists():
        save("home", "/")
        save("sign-in", "/sign-in")
        page.fill("#code", code)
        page.click("#use-code")
        state.write_text(json.dumps(context.storage_state()))
    save("queue", "/cases")
    save("case", _largest(page, address))
    save("submissions", "/submissions")
    save("advisory", advisory)
    context.close()
    if suffix:
        state.unlink()


def _largest(page: Page, address: str) -> str:
    """Return the address of an open case with several findings."""
    page.goto(address + "/cases?state=open")
    rows = page.locator("tbody tr").all()
    most = max(rows, key=lambda r: int(r.locator("td").nth(1).inner_text()))
    return address + str(most.locator("a").get_attribute("href"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images")
