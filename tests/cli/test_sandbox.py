"""`fairlead sandbox` and `fairlead evidence`, as somebody at a terminal uses them."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fairlead.cli.main import main
from fairlead.cli.output import Exit
from fairlead.errors import NoSandbox
from fairlead.record.notes import Signer
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.sandbox.ports import Command
from fairlead.sandbox.reports import verified


def _toys() -> Any:
    path = Path(__file__).parents[1] / "clearinghouse" / "evidence" / "toys.py"
    spec = importlib.util.spec_from_file_location("toys_of_commands", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toys_of_commands"] = module
    spec.loader.exec_module(module)
    return module


toys = _toys()


@pytest.fixture(scope="module", autouse=True)
def walls() -> None:
    """Skip where there is no sandbox, or no compiler to put into it."""
    try:
        ended = Bubblewrap().run(Command(argv=["/usr/bin/gcc", "--version"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    if ended.code != 0:
        pytest.skip("there is no gcc to build with")


def run(*argv: object) -> Any:
    return CliRunner().invoke(main, [str(word) for word in argv])


def test_check(tmp_path: Path) -> None:
    """The report names every attempt, proves a level, and is signed by this machine."""
    home, out = tmp_path / "home", tmp_path / "report"
    home.mkdir()
    done = run("sandbox", "check", "--home", home, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["holds"], told["level"]) == (True, "L1")
    assert len(told["report"]["attempts"]) >= 30
    signer = Signer.read((home / "keys" / "sandbox.key").read_text())
    assert verified(out.read_text(), signer.verifier()).holds


def test_level_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a machine must be virtual, nothing is run on one that cannot."""
    monkeypatch.setenv("FAIRLEAD_SANDBOX_LEVEL", "L3")
    done = run("sandbox", "check")
    assert done.exit_code == Exit.UNAVAILABLE
    assert "level L3 is required" in done.output
    weaker = run("sandbox", "check", "--level", "L1")
    assert weaker.exit_code == Exit.INVALID
    monkeypatch.setenv("FAIRLEAD_SANDBOX_LEVEL", "L9")
    assert run("sandbox", "check").exit_code == Exit.INVALID


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Return the toy's recipe with its archive beside it."""
    (tmp_path / "toy.tar.gz").write_bytes(toys.ARCHIVE)
    (tmp_path / "fix.patch").write_bytes(toys.FIX)
    (tmp_path / "other.patch").write_bytes(toys.OTHER_FIX)
    path = tmp_path / "toy.toml"
    path.write_bytes(toys.recipe())
    return path


def test_run(recipe: Path) -> None:
    """It is said in how many runs it was shown; a patch that stops nothing fails."""
    done = run("evidence", "run", recipe, "--patch", recipe.parent / "fix.patch")
    assert done.exit_code == 0, done.output
    assert "without a fix (poc): 2 of 2" in done.output
    assert "evidence variants tried" in done.output
    other = recipe.parent / "other.patch"
    assert run("evidence", "run", recipe, "--patch", other).exit_code == Exit.FAILED


def test_run_of_what_is_not_there(recipe: Path) -> None:
    """A changed archive, a link beside the recipe and a missing file are refused."""
    archive = recipe.parent / "toy.tar.gz"
    archive.write_bytes(toys.ARCHIVE + b"x")
    assert run("evidence", "run", recipe).exit_code == Exit.INVALID
    kept = recipe.parent / "kept"
    kept.write_bytes(toys.ARCHIVE)
    archive.unlink()
    archive.symlink_to(kept)
    assert run("evidence", "run", recipe).exit_code == Exit.NOT_FOUND
    archive.unlink()
    assert run("evidence", "run", recipe).exit_code == Exit.NOT_FOUND
