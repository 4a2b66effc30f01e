"""Suites on disk, and the reference policies that know their solutions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairlead.errors import NotFound


def suite_of(folder: Path) -> Any:  # noqa: ANN401 - see fairlead.bench.suite.Loaded
    """Return the suite in *folder*; see `fairlead.bench.suite.load`."""
    from fairlead.bench.suite import load
    from fairlead.store.suites import read_folder

    return load(read_folder(folder))


def reference_model(folder: Path, *, seed: str = "", hunger: int = 0) -> Any:  # noqa: ANN401 - see fairlead.web.reference_model
    """Return the reference policies for the suite in *folder*, as an ASGI application.

    Raises:
        NotFound: the suite has no solutions.

    """
    from fairlead.bench.references import Known
    from fairlead.bench.suite import load, solutions_of
    from fairlead.store.suites import read_folder
    from fairlead.web.reference_model import ReferenceModel

    files = read_folder(folder)
    suite, solutions = load(files), solutions_of(files)
    known = {
        name: Known(task, solutions[name])
        for name, task in suite.tasks.items()
        if name in solutions
    }
    if not known:
        raise NotFound(f"{folder} has no solutions, which an oracle is told")
    return ReferenceModel(known, seed=seed, hunger=hunger)
