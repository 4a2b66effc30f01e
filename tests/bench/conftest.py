"""A tiny suite made by hand, and a sandbox where this machine has one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.sandbox.ports import Command


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """Return what makes a tiny suite: `files(…)` and `write(folder, files)`."""
    path = Path(__file__).with_name("making.py")
    spec = importlib.util.spec_from_file_location("making_of_suites", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bubblewrap() -> Bubblewrap:
    """Return the first level, or skip and say what is missing here."""
    sandbox = Bubblewrap()
    try:
        sandbox.run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    return sandbox
