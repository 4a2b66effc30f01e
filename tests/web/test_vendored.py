"""What others wrote and the pages carry is exactly what was taken."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest

VENDORED = Path(str(files("fairlead.web"))) / "static/vendor"


@pytest.mark.parametrize("folder", sorted(p.name for p in VENDORED.iterdir()))
def test_every_vendored_file_has_the_digest_that_is_listed(folder):
    listed = (VENDORED / folder / "VENDOR.md").read_text()
    rows = dict(re.findall(r"\| `(.+?)` \| `([0-9a-f]{64})` \|", listed))
    present = {
        str(p.relative_to(VENDORED / folder))
        for p in (VENDORED / folder).rglob("*")
        if p.is_file() and p.name != "VENDOR.md"
    }
    assert rows.keys() == present
    assert any("LICENSE" in name for name in rows)
    for name, digest in rows.items():
        content = (VENDORED / folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name
