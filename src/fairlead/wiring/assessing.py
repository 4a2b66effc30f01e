"""What is read from runs: assessments, bundles, reports."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import Invalid, Misconfigured, NotFound

_MOST = 1 << 32


def needs_extra() -> None:
    """Say how to get what estimates are made with, where it is not there.

    Raises:
        Misconfigured: it is not.

    """
    from importlib.util import find_spec

    if find_spec("numpy") is None or find_spec("scipy") is None:
        raise Misconfigured("estimates need numpy and scipy: install fairlead[bench]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """A run with what was read from it."""

    files: Any
    """Of its folder or bundle, by name."""
    run: Any
    assessment: Any
    digest: str
    """SHA-256 of the assessment."""

    @property
    def content(self) -> Any:  # noqa: ANN401 - see fairlead.bench.report.content
        """Return what its report tells."""
        from fairlead.bench.bundle import THRESHOLD
        from fairlead.bench.report.content import content_of
        from fairlead.bench.threshold import read_threshold

        declared = self.run.threshold_digest is not None
        threshold = read_threshold(self.files[THRESHOLD]) if declared else None
        return content_of(self.run, self.assessment, threshold, self.digest)


def files_of(path: Path) -> Any:  # noqa: ANN401 - bytes by name
    """Return the files of a run: of its folder, or of its bundle."""
    from fairlead.bench.bundle import unpack
    from fairlead.store.suites import read_folder

    return read_folder(path) if path.is_dir() else unpack(content_of(path))


def content_of(path: Path) -> bytes:
    """Return what a bundle's file holds."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error
    if len(content) > _MOST:
        raise Invalid(f"{path} has more than {_MOST} bytes")
    return content


def assessed(path: Path) -> Assessed:
    """Return what a run says, computed now."""
    needs_extra()
    from fairlead.bench.bundle import encode
    from fairlead.bench.verifying import assessment_of

    files = files_of(path)
    run, assessment = assessment_of(files)
    digest = hashlib.sha256(encode(assessment)).hexdigest()
    return Assessed(files=files, run=run, assessment=assessment, digest=digest)


def bundled(found: Assessed, signer: Any, *, transcripts: bool) -> bytes:  # noqa: ANN401 - see fairlead.record.notes.Signer
    """Return the bundle of a run, signed."""
    from fairlead.bench.bundle import chosen, logs_of, make
    from fairlead.formats.dsse import NoteSigner

    return make(
        found.run,
        found.assessment,
        chosen(found.files, transcripts=transcripts),
        logs=logs_of(found.files),
        signers=[NoteSigner(signer)],
    )


def tasks_of(folder: Path) -> Any:  # noqa: ANN401 - tasks, threshold, number of budgets
    """Return the tasks of the suite in *folder*, its threshold, and how many budgets.

    Where it has no threshold, one in the middle of the scale is planned for.
    """
    from fairlead.bench.threshold import Threshold, read_threshold
    from fairlead.wiring.suites import suite_of

    suite = suite_of(folder)
    named = suite.suite.threshold
    threshold = (
        read_threshold(suite.files[named.file])
        if named is not None
        else Threshold(name="the middle of the scale", ability=0.0)
    )
    return planned_of(suite), threshold, len(suite.suite.budgets)


def planned_of(suite: Any) -> Any:  # noqa: ANN401 - see fairlead.bench.suite.Loaded
    """Return every task of a suite as it is planned, by name."""
    from fairlead.bench.outcomes import Planned

    return [
        Planned(task=name, family=task.family, difficulty=task.difficulty)
        for name, task in sorted(suite.tasks.items())
    ]
