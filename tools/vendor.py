"""Renew the vendored assets: `npm pack PACKAGE` first, then this on its archive.

    npm pack @uswds/uswds && python tools/vendor.py uswds-uswds-3.14.0.tgz
    npm pack uplot && python tools/vendor.py uplot-1.6.32.tgz

Of the design system it keeps the style sheet, the scripts, and of fonts and images what
the style sheet names; of uPlot the script and the style sheet. It writes VENDOR.md with
the digest of each file.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

VENDORED = Path(__file__).parents[1] / "src/fairlead/web/static/vendor"
TARGET = VENDORED / "uswds"
UPLOT = VENDORED / "uplot"
LEFT_OUT = {"img/hero.jpg"}
"""Named by the style sheet for a component that no page uses."""
SCRIPTS = ("js/uswds.min.js", "js/uswds-init.min.js")
PICTURES = ("uPlot.iife.min.js", "uPlot.min.css")


def main(archive: str) -> None:
    """Unpack *archive* into its target folder."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        package = Path(folder) / "package"
        about = json.loads((package / "package.json").read_text())
        if about["name"] == "uplot":
            _take_uplot(package)
            _describe(UPLOT, f"uPlot {about['version']}", about["name"], "LICENSE")
        else:
            _take_uswds(package)
            title = f"U.S. Web Design System {about['version']}"
            _describe(TARGET, title, about["name"], "LICENSE.md")


def _take_uplot(package: Path) -> None:
    shutil.rmtree(UPLOT, ignore_errors=True)
    UPLOT.mkdir(parents=True)
    for name in PICTURES:
        shutil.copyfile(package / "dist" / name, UPLOT / name)
    shutil.copyfile(package / "LICENSE", UPLOT / "LICENSE")


def _take_uswds(package: Path) -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    sheet = (package / "dist/css/uswds.min.css").read_text()
    sheet = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", sheet)
    named = {
        m.removeprefix("../") for m in re.findall(r"url\(['\"]?(\.\./[^)'\"]+)", sheet)
    }
    wanted = {name for name in named if name.endswith((".woff2", ".svg", ".png"))}
    for name in sorted((wanted - LEFT_OUT) | set(SCRIPTS)):
        path = TARGET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / "dist" / name, path)
    (TARGET / "css").mkdir(exist_ok=True)
    (TARGET / "css/uswds.min.css").write_text(sheet)
    for script in SCRIPTS:
        text = (TARGET / script).read_text()
        (TARGET / script).write_text(re.sub(r"//# sourceMappingURL=.*", "", text))
    shutil.copyfile(package / "LICENSE.md", TARGET / "LICENSE.md")


def _describe(target: Path, title: str, package: str, licence: str) -> None:
    files = sorted(
        p for p in target.rglob("*") if p.is_file() and p.name != "VENDOR.md"
    )
    rows = [
        f"| `{p.relative_to(target)}` | `{hashlib.sha256(p.read_bytes()).hexdigest()}` |"
        for p in files
    ]
    (target / "VENDOR.md").write_text(
        f"# {title}\n\nFrom the npm package `{package}`; see {licence}. Renewed by"
        " `tools/vendor.py`; nothing is changed but the addresses of source maps, which"
        " are left out.\n\n| file | SHA-256 |\n|---|---|\n" + "\n".join(rows) + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1])
