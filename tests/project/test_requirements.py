"""What is pinned is what `pyproject.toml` asks for; `make pins` has been run."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = PYPROJECT["dependency-groups"]
BASE = PYPROJECT["project"]["dependencies"] + GROUPS["build"]
EXTRAS = [
    wanted
    for extra in PYPROJECT["project"]["optional-dependencies"].values()
    for wanted in extra
]


def pinned(name):
    """Return every version of each package; there may be one for each platform."""
    text = (ROOT / f"requirements/{name}.txt").read_text()
    found = {}
    for package, version in re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==(\S+)", text, re.MULTILINE
    ):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


@pytest.mark.parametrize(
    ("name", "asked"),
    [("run", BASE), ("dev", [*BASE, *EXTRAS, *GROUPS["dev"]])],
)
def test_everything_asked_for_is_pinned_within_its_bounds(name, asked):
    pins = pinned(name)
    for wanted in map(Requirement, asked):
        versions = pins.get(canonicalize_name(wanted.name), set())
        assert versions, f"{wanted.name} is not pinned: run `make pins`"
        assert all(v in wanted.specifier for v in versions), f"{wanted}: {versions}"


def test_what_users_run_is_what_is_tested():
    dev = pinned("dev")
    assert {n: v for n, v in pinned("run").items() if dev.get(n) != v} == {}


def test_users_get_no_tools_of_developers():
    assert (
        not {"hypothesis", "mypy", "playwright", "pytest", "ruff"}
        & pinned("run").keys()
    )
