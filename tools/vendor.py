"""Renew the vendored assets: `npm pack @uswds/uswds` first, then this on its archive.

    python tools/vendor.py uswds-uswds-3.14.0.tgz

It keeps the style sheet, the scripts, and of fonts and images what the style sheet
names, and writes VENDOR.md with the digest of each file.
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

TARGET = Path(__file__).parents[1] / "src/fairlead/web/static/vendor/uswds"
LEFT_OUT = {"img/hero.jpg"}
"""Named by the style sheet for a component that no page uses."""
SCRIPTS = ("js/uswds.min.js", "js/uswds-init.min.js")


def main(archive: str) -> None:
    """Unpack *archive* into the target folder."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        package = Path(folder) / "package"
        version = json.loads((package / "package.json").read_text())["version"]
        shutil.rmtree(TARGET, ignore_errors=True)
        sheet = (package / "dist/css/uswds.min.css").read_text()
        sheet = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", sheet)
        named = {
            m.removeprefix("../")
            for m in re.findall(r"url\(['\"]?(\.\./[^)'\"]+)", sheet)
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
    _describe(version)


def _describe(version: str) -> None:
    files = sorted(
        p for p in TARGET.rglob("*") if p.is_file() and p.name != "VENDOR.md"
    )
    rows = [
        f"| `{p.relative_to(TARGET)}` | `{hashlib.sha256(p.read_bytes()).hexdigest()}` |"
        for p in files
    ]
    (TARGET / "VENDOR.md").write_text(
        f"# U.S. Web Design System {version}\n\nFrom the npm package `@uswds/uswds`; see"
        " LICENSE.md. Renewed by `tools/vendor.py`; nothing is changed but the addresses"
        " of source maps, which are left out.\n\n| file | SHA-256 |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1])
