"""Public, fixed bugs of real C libraries: the old version shows them, the fixed does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fairlead.clearinghouse.evidence.reproducing import Trial
from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.sandbox.ports import Command
from fairlead.sandbox.recipe import materials, read_recipe

RECIPES = sorted((Path(__file__).parent / "recipes").glob("*/recipe.toml"))

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def sources() -> Path:
    """Return the folder that tools/reproducer-sources.sh filled, or skip."""
    folder = Path(os.environ.get("FAIRLEAD_SOURCES", "/nonexistent"))
    if not folder.is_dir():
        pytest.skip("set FAIRLEAD_SOURCES to what tools/reproducer-sources.sh fetched")
    try:
        Bubblewrap().run(Command(argv=["/usr/bin/cc", "--version"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    return folder


def test_there_are_five() -> None:
    """Every recipe can be read, and names its source by a digest."""
    read = [read_recipe(path.read_bytes()) for path in RECIPES]
    assert len({recipe.source.sha256 for recipe in read}) >= 5
    assert len({recipe.digest for recipe in read}) == len(read)


@pytest.fixture(params=RECIPES, ids=lambda path: path.parent.name)
def found(request: pytest.FixtureRequest, sources: Path) -> tuple[Trial, bytes]:
    """Return each recipe with its source, and its fix."""
    path: Path = request.param
    folder = sources / path.parent.name
    if not folder.is_dir():
        pytest.skip(f"{folder.name} was not fetched")
    recipe = read_recipe(path.read_bytes())
    read = materials(recipe, lambda name: (folder / name).read_bytes())
    trial = Trial(sandbox=Bubblewrap(), recipe=recipe, materials=read)
    return trial, (folder / "fix.patch").read_bytes()


def test_old_version_fires(found: tuple[Trial, bytes]) -> None:
    """It is shown in every run, also by the variant, with the frames that were named."""
    plain = found[0].attempt()
    assert plain.built.held, plain.built.log
    assert plain.outcomes
    for outcome in plain.outcomes:
        assert outcome.fired == outcome.runs, outcome.log


def test_fixed_version_does_not(found: tuple[Trial, bytes]) -> None:
    """With Debian's own patch it is shown in no run, and the project's tests hold."""
    fixed = found[0].attempt(found[1], tests=True)
    assert fixed.built.held, fixed.built.log
    assert fixed.outcomes
    assert not any(outcome.fired for outcome in fixed.outcomes)
    assert fixed.tests is not False, fixed.tests_log
