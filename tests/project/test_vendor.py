"""What is vendored is what its list says, and all that the styles name is there."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "src/fairlead/web/static/vendor/uswds"
LEFT_OUT = {"../img/hero.jpg"}
"""For a component that no page uses; see tools/vendor.py."""


def test_every_file_has_the_digest_that_is_listed():
    rows = re.findall(
        r"\| `(.+?)` \| `([0-9a-f]{64})` \|", (VENDOR / "VENDOR.md").read_text()
    )
    present = {str(p.relative_to(VENDOR)) for p in VENDOR.rglob("*") if p.is_file()}
    assert {name for name, _ in rows} == present - {"VENDOR.md"}
    for name, digest in rows:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_what_the_styles_name_is_there():
    sheet = (VENDOR / "css/uswds.min.css").read_text()
    named = set(re.findall(r"url\(['\"]?(\.\./[^)'\"]+)", sheet))
    used = {name for name in named if not name.endswith((".ttf", ".woff"))}
    assert not {n for n in used - LEFT_OUT if not (VENDOR / "css" / n).exists()}
