"""A sandbox of the first level, where this machine has all that it takes."""

from __future__ import annotations

import os

import pytest

from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.sandbox.ports import Command


@pytest.fixture(scope="session")
def bubblewrap() -> Bubblewrap:
    """Return the first level, or skip and say what is missing here."""
    sandbox = Bubblewrap()
    try:
        sandbox.run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    return sandbox


@pytest.fixture
def as_root() -> None:
    """Skip where the test needs root."""
    if os.geteuid() != 0:
        pytest.skip("only root can leave this layer away")
