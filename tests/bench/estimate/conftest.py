"""Runs of models of known ability."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from fairlead.bench.bundle import chosen, logs_of, make
from fairlead.bench.verifying import assessment_of
from fairlead.formats.dsse import NoteSigner
from fairlead.record.notes import new_signer


@pytest.fixture(scope="session")
def worlds() -> ModuleType:
    """Return what makes runs: `run_files(ability, …)`."""
    path = Path(__file__).with_name("worlds.py")
    spec = importlib.util.spec_from_file_location("worlds_of_runs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def signer() -> NoteSigner:
    """A key that signs bundles."""
    return NoteSigner(new_signer("example.org/bench", lambda size: b"k" * size))


@pytest.fixture(scope="session")
def bundled(worlds, signer):
    """Return the archive of a small run, its files, attempts and assessment."""
    files, attempts = worlds.run_files(rounds=1)
    run, assessment = assessment_of(files)
    archive = make(
        run,
        assessment,
        chosen(files, transcripts=True),
        logs=logs_of(files),
        signers=[signer],
    )
    return archive, files, attempts, assessment
