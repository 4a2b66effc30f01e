"""Verifying a bundle offline: everything is computed anew, and compared.

What it shows: that the files are those that were signed, that every planned attempt is
there, that outcomes follow from the transcripts that are in the bundle, and that estimate
and reading follow from the outcomes. What it cannot show: that a transcript is what the
model did, or that an attempt was not made twice and shown once; the record of the
programme, on which a run is declared before it starts, speaks to that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fairlead.bench import bundle
from fairlead.bench.bundle import (
    ASSESSMENT,
    PREDICATE,
    STATEMENT,
    THRESHOLD,
    Assessment,
    Said,
)
from fairlead.bench.estimate.assessing import assess, code
from fairlead.bench.estimate.table import missing
from fairlead.bench.integrity import Mark
from fairlead.bench.outcomes import (
    ATTEMPTS,
    MANIFEST,
    MARKS,
    SAMPLES,
    SANDBOX,
    Attempt,
    Flag,
    Run,
    encode_attempt,
    encode_run,
    read_attempts,
    read_run,
)
from fairlead.bench.reading import needs_threshold, read
from fairlead.bench.scoring import scored
from fairlead.bench.threshold import Threshold, read_threshold
from fairlead.errors import Damaged, Error, Malformed
from fairlead.formats import dsse, in_toto
from fairlead.record import notes
from fairlead.sandbox.reports import Report

_REPORT = re.compile(rf"{SANDBOX}/[^/]+\.json")
CLOSE = 2e-5
"""How far a recomputed number may lie off, relative to it where it is above 1: what is
lost between two processors, never a score."""
_SAMPLED = {"rhat": 0.02, "ess": 0.5, "gap": 0.2}
"""What random steps give differs between machines by more: relative for `ess`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of verifying a bundle."""

    differences: tuple[str, ...]
    """The first one stands first; none where everything is as it says."""
    signed_by: tuple[str, ...]
    """Names of those whose signatures hold."""
    trusted: bool
    """Whether one of them is somebody that the reader named."""
    notes: tuple[str, ...]
    """What was not compared, and why."""
    run: Run | None = None
    assessment: Assessment | None = None

    @property
    def holds(self) -> bool:
        """Tell whether nothing differs."""
        return not self.differences


def assessment_of(files: Mapping[str, bytes]) -> tuple[Run, Assessment]:
    """Return a run and what it says, from the files of its folder or bundle.

    Raises:
        Malformed: a file cannot be read.
        Damaged: the threshold is not the one declared, or an attempt is there twice.

    """
    run, attempts, threshold = _read(files)
    estimate = assess(run, attempts, threshold, _marks(files))
    return run, Assessment(estimate=estimate, reading=read(run, estimate, threshold))


def _read(
    files: Mapping[str, bytes],
) -> tuple[Run, Sequence[Attempt], Threshold | None]:
    for name in (MANIFEST, ATTEMPTS):
        if name not in files:
            raise Malformed(f"{name} is missing")
    run = read_run(files[MANIFEST])
    if wrong := needs_threshold(run, files.get(THRESHOLD)):
        raise Damaged(wrong)
    # Without a digest declared before, a threshold may have been chosen after.
    declared = run.threshold_digest is not None
    threshold = read_threshold(files[THRESHOLD]) if declared else None
    return run, read_attempts(files[ATTEMPTS]), threshold


def _marks(files: Mapping[str, bytes]) -> Sequence[Flag]:
    """Return the flags of the run as a whole."""
    try:
        found = msgspec.json.decode(files.get(MARKS, b"[]"), type=list[Mark])
    except msgspec.MsgspecError as error:
        raise Malformed(f"{MARKS}: {error}") from error
    return [mark.flag for mark in found]


def verify(archive: bytes, trusted: Sequence[notes.Verifier] = ()) -> Verified:
    """Compute everything anew, and return what differs, the first thing first."""
    found = _Found()
    try:
        # 1. The archive is what its files give, byte by byte.
        files = bundle.unpack(archive)
        # 2. The signatures hold, and the statement names every file by its digest.
        said = _signed(files)
        found.signers = said.signers
        found.differences += _named_by(files)
        if not found.differences:
            _recompute(files, said, found)
    except Error as error:
        found.differences.append(str(error))
    except KeyError as error:
        found.differences.append(f"{error.args[0]} is missing")
    names = [key.name for key in map(notes.Verifier.read, found.signers)]
    known = {key.text() for key in trusted}
    return Verified(
        differences=tuple(found.differences),
        signed_by=tuple(names),
        trusted=bool(known & set(found.signers)),
        notes=tuple(found.notes),
        run=found.run,
        assessment=found.assessment,
    )


@dataclass(slots=True)
class _Found:
    """What verifying came to so far."""

    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signers: Sequence[str] = ()
    run: Run | None = None
    assessment: Assessment | None = None


def _recompute(files: Mapping[str, bytes], said: Said, found: _Found) -> None:
    # 3. Manifest, attempts and threshold can be read, and are written as we do.
    run, attempts, threshold = _read(files)
    found.run = run
    found.differences += _rewritten(files, run, attempts)
    # 4. Every planned attempt is there, and none beside.
    found.differences += _planned(run, attempts)
    # 5. Outcomes follow from transcripts.
    found.differences += _transcripts(files, attempts)
    if not said.transcripts:
        found.notes.append(
            "Transcripts are not in the bundle: outcomes were not recomputed."
        )
    # 6. The sandbox held at the level that was declared.
    found.differences += _walls(files, run)
    if found.differences:
        return
    # 7. Estimate and reading follow from the outcomes.
    found.assessment = bundle.decode(files[ASSESSMENT])
    estimate = assess(run, attempts, threshold, _marks(files))
    if found.assessment.estimate.code != estimate.code:
        found.notes.append(
            f"It was computed by {found.assessment.estimate.code}, anew by {code()}."
        )
    made = Assessment(estimate=estimate, reading=read(run, estimate, threshold))
    found.differences += differences(found.assessment, made)
    # 8. The statement is the only one that these files give.
    payload = bundle.statement_of(
        run, found.assessment, files, logs=said.logs, signers=said.signers
    )
    if dsse.parse(files[STATEMENT]).payload != payload:
        found.differences.append(f"{STATEMENT} says something else than the files do")


def _signed(files: Mapping[str, bytes]) -> Said:
    envelope = dsse.parse(files[STATEMENT])
    if envelope.encode() != files[STATEMENT]:
        raise Damaged(f"{STATEMENT} was rewritten")
    said = in_toto.parse(envelope.payload).read(PREDICATE, Said)
    if len(envelope.signatures) != len(said.signers):
        raise Damaged(f"{STATEMENT} has another number of signatures than signers")
    keys = [dsse.NoteVerifier(notes.Verifier.read(s)) for s in said.signers]
    envelope.opened(keys, in_toto.PAYLOAD)
    for key, signature in zip(keys, envelope.signatures, strict=True):
        if signature.keyid != key.id:
            raise Damaged(f"{STATEMENT} names another key than the one that signed")
    return said


def _rewritten(
    files: Mapping[str, bytes], run: Run, attempts: Sequence[Attempt]
) -> Iterator[str]:
    if msgspec.json.decode(files[MANIFEST]) != msgspec.json.decode(encode_run(run)):
        yield f"{MANIFEST} does not say what it is read as"
    lines = b"".join(encode_attempt(a) + b"\n" for a in attempts)
    if lines != files[ATTEMPTS]:
        yield f"{ATTEMPTS} is not written as attempts are"


def _planned(run: Run, attempts: Sequence[Attempt]) -> Iterator[str]:
    for attempt in attempts:
        if attempt.suite != f"{run.suite}@{run.version}":
            yield f"attempt {_named(attempt.key)} is of {attempt.suite}"
    gone = missing(run, attempts)
    if gone and run.complete:
        yield (
            f"attempt {_named(gone[0])} was dropped: the manifest says that every"
            f" attempt was made, and {len(gone)} are missing"
        )
    planned = {p.task: p for p in run.planned}
    for attempt in attempts:
        task = planned.get(attempt.task)
        if planned and task is None:
            yield f"attempt {_named(attempt.key)} was never planned"
        elif task and (task.family, task.difficulty) != (
            attempt.family,
            attempt.difficulty,
        ):
            yield f"attempt {_named(attempt.key)} is of another family or difficulty"
        if (
            attempt.budget_tokens not in run.budgets.tokens
            or attempt.epoch > run.attempts
        ):
            yield f"attempt {_named(attempt.key)} was never declared"


def _transcripts(
    files: Mapping[str, bytes], attempts: Sequence[Attempt]
) -> Iterator[str]:
    there = {name for name in files if name.startswith(f"{SAMPLES}/")}
    if not there:
        return
    for attempt in attempts:
        name = f"{SAMPLES}/{attempt.sample}"
        there.discard(name)
        content = files.get(name)
        if content is None:
            yield f"{name} is missing"
            continue
        if hashlib.sha256(content).hexdigest() != attempt.log:
            yield f"{name} is not the transcript that was kept"
            continue
        told = scored(content)
        if (told.task, told.budget_tokens, told.epoch) != attempt.key:
            yield f"{name} is the transcript of another attempt"
        if told.outcome is not attempt.outcome:
            yield (
                f"attempt {_named(attempt.key)}: the bundle says {attempt.outcome}, its"
                f" transcript {told.outcome}"
            )
    for name in sorted(there):
        yield f"{name} is the transcript of no attempt"


def _walls(files: Mapping[str, bytes], run: Run) -> Iterator[str]:
    reports = {n: c for n, c in files.items() if _REPORT.fullmatch(n)}
    if not reports:
        yield "no report of the sandbox is there"
    for name, content in sorted(reports.items()):
        try:
            report = msgspec.json.decode(content, type=Report)
        except msgspec.MsgspecError as error:
            yield f"{name} is no report of a sandbox: {error}"
            continue
        if not report.proved.at_least(run.level):
            yield f"{name} proves {report.proved}, the manifest says {run.level}"


def differences(told: Assessment, made: Assessment) -> Iterator[str]:
    """Yield where two assessments differ, in the order of their fields."""
    one, other = msgspec.to_builtins(told), msgspec.to_builtins(made)
    one["estimate"].pop("code")
    other["estimate"].pop("code")
    yield from _compared("", one, other)


def _compared(path: str, told: Any, made: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(told, dict) and isinstance(made, dict):
        for name in dict.fromkeys([*made, *told]):
            below = f"{path}.{name}".lstrip(".")
            yield from _compared(below, told.get(name), made.get(name))
    elif isinstance(told, list) and isinstance(made, list) and len(told) == len(made):
        for number, (one, other) in enumerate(zip(told, made, strict=True)):
            yield from _compared(f"{path}[{number}]", one, other)
    elif not _same(path.rpartition(".")[2], told, made):
        yield f"{path}: the bundle says {told}, recomputed {made}"


def _same(name: str, told: object, made: object) -> bool:
    if (
        isinstance(told, int | float)
        and isinstance(made, int | float)
        and not isinstance(told, bool)
    ):
        most = _SAMPLED.get(name, CLOSE)
        wide = 1.0 if name in {"rhat", "gap"} else max(1.0, abs(made))
        return abs(told - made) <= most * wide
    return told == made


def _named_by(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield which files are not those that the statement names."""
    payload = dsse.parse(files[STATEMENT]).payload
    named = {s.name: s.digest for s in in_toto.parse(payload).subject}
    for name in sorted(files):
        if name == STATEMENT:
            continue
        digest = {"sha256": hashlib.sha256(files[name]).hexdigest()}
        if named.pop(name, None) != digest:
            yield f"{name} is not what was signed"
    for name in sorted(named):
        yield f"{name} was signed and is missing"


def _named(key: tuple[str, int, int]) -> str:
    return f"{key[0]} (budget {key[1]}, number {key[2]})"
