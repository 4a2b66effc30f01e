"""The documentation says what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = {".md", ".py", ".toml", ".txt", ".sh", ".html", ".css", ".yml", ""}
# Put together, so that this file does not hold what it looks for.
MACHINE = [f"/{name}/" for name in ("wo" + "rk", "ro" + "ot", "tmp/bas" + "h_jobs")]
HOSTS = [
    "pythonhosted" + ".org",
    "pypi" + ".org",
    "npmjs" + ".org",
    "deb.debian" + ".org",
]


def committed():
    listed = subprocess.run(
        ["git", "ls-files"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return [
        p for p in paths if p.suffix in TEXTS and "vendor" not in p.parts and p.exists()
    ]


def test_what_is_made_from_the_code_is_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "tools/docs.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_file_names_a_machine_or_a_package_index():
    for path in committed():
        text = path.read_text("utf-8")
        found = [word for word in MACHINE + HOSTS if word in text]
        assert not found, f"{path.relative_to(ROOT)} holds {found}"


def test_every_requirement_is_pinned_by_hash():
    for name in ("run", "dev"):
        text = (ROOT / f"requirements/{name}.txt").read_text()
        pinned = re.findall(r"^[a-z0-9._-]+(?:\[.*\])?==\S+", text, re.MULTILINE)
        assert len(pinned) > 20
        assert text.count("--hash=sha256:") >= len(pinned)
        assert "://" not in text


def test_links_between_pages_lead_somewhere():
    for path in committed():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_every_page_is_in_the_index():
    docs = ROOT / "docs"
    linked = re.findall(r"\]\(([^)]+)\)", (docs / "README.md").read_text("utf-8"))
    pages = {str(p.relative_to(docs)) for p in docs.rglob("*.md")} - {"README.md"}
    assert pages <= set(linked)
