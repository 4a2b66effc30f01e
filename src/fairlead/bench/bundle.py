"""A bundle: a run as files that a third party can recompute, and a signed statement.

    manifest.json          what was declared
    attempts.ndjson        what became of each attempt
    threshold.toml         the threshold, where one was declared
    marks.json             flags of the run as a whole
    sandbox/*              what the sandbox stopped, before and after, signed too
    samples/*.json         transcripts, where they are handed on at all
    assessment.json        estimate and reading
    statement.json         who says so: in-toto in DSSE, over all of the above

An archive is a plain tar whose bytes follow from its files alone: sorted, without times
or owners, uncompressed.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from fairlead.bench.assessment import Estimate
from fairlead.bench.outcomes import (
    ATTEMPTS,
    LOGS,
    MANIFEST,
    MARKS,
    SAMPLES,
    SANDBOX,
    Run,
)
from fairlead.bench.reading import Answer, Reading
from fairlead.errors import Damaged, Invalid, Malformed
from fairlead.formats import dsse, in_toto

THRESHOLD = "threshold.toml"
ASSESSMENT = "assessment.json"
STATEMENT = "statement.json"
PREDICATE = "urn:fairlead:assessment:v1"
"""Not the `test-result` of in-toto, which demands PASSED or FAILED: an assessment is a
quantity with an interval and an advisory answer, and nobody passes or fails."""
MOST = 1 << 32
"""Bytes of an archive."""
_MOST_FILES = 400_000
_ONE = {MANIFEST, ATTEMPTS, MARKS, THRESHOLD, ASSESSMENT, STATEMENT}
_NAMES = re.compile(
    rf"(?:{SAMPLES}/[A-Za-z0-9][A-Za-z0-9._~@-]{{0,200}}\.json"
    rf"|{SANDBOX}/[a-z0-9-]{{1,40}}\.(?:json|note))"
)
_LOG = re.compile(rf"{LOGS}/[^/]+\.eval")


class Assessment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `assessment.json` says."""

    estimate: Estimate
    reading: Reading


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The predicate of the statement."""

    run: str
    suite: str
    suite_digest: str
    model: str
    reference: bool
    attempts: Annotated[int, Meta(ge=0)]
    answer: Answer
    advisory: bool = True
    """Always: a reading determines nothing."""
    level: str
    """Of the sandbox, as proved."""
    code: str
    """What computed the estimate."""
    logs: dict[str, str]
    """Inspect's logs, which are not in the bundle: name, SHA-256."""
    transcripts: bool
    """Whether transcripts are in the bundle; their digests are in the attempts."""
    signers: tuple[str, ...]
    """Public keys of those who sign, as they are handed around for notes."""


def encode(assessment: Assessment) -> bytes:
    """Return an assessment as JSON, always the same bytes."""
    compact = msgspec.json.encode(assessment, order="deterministic")
    return msgspec.json.format(compact, indent=1) + b"\n"


def decode(content: bytes) -> Assessment:
    """Read an assessment.

    Raises:
        Malformed: it is none.

    """
    try:
        return msgspec.json.decode(content, type=Assessment)
    except msgspec.MsgspecError as error:
        raise Malformed(f"{ASSESSMENT}: {error}") from error


def chosen(files: Mapping[str, bytes], *, transcripts: bool) -> dict[str, bytes]:
    """Return the files of a run's folder that go into its bundle."""
    return {
        name: content
        for name, content in files.items()
        if _belongs(name) and (transcripts or not name.startswith(f"{SAMPLES}/"))
    }


def logs_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the digest of each of Inspect's logs in a run's folder."""
    return {n: _digest(c) for n, c in sorted(files.items()) if _LOG.fullmatch(n)}


def statement_of(
    run: Run,
    assessment: Assessment,
    files: Mapping[str, bytes],
    *,
    logs: Mapping[str, str],
    signers: Sequence[str],
) -> bytes:
    """Return the statement over *files*, always the same bytes."""
    said = Said(
        run=run.id,
        suite=f"{run.suite}@{run.version}",
        suite_digest=run.suite_digest,
        model=run.model,
        reference=run.reference,
        attempts=assessment.estimate.attempts,
        answer=assessment.reading.answer,
        level=run.level.value,
        code=assessment.estimate.code,
        logs=dict(sorted(logs.items())),
        transcripts=any(name.startswith(f"{SAMPLES}/") for name in files),
        signers=tuple(signers),
    )
    subjects = tuple(
        in_toto.Subject(name=name, digest={"sha256": _digest(files[name])})
        for name in sorted(files)
        if name != STATEMENT
    )
    return in_toto.say(subjects, PREDICATE, said)


def make(
    run: Run,
    assessment: Assessment,
    files: Mapping[str, bytes],
    *,
    logs: Mapping[str, str],
    signers: Sequence[dsse.NoteSigner],
) -> bytes:
    """Return the archive of a bundle; *files* are those that `chosen` returned."""
    whole = {**files, ASSESSMENT: encode(assessment)}
    names = [signer.key.verifier().text() for signer in signers]
    payload = statement_of(run, assessment, whole, logs=logs, signers=names)
    envelope = dsse.sign(payload, in_toto.PAYLOAD, signers)
    return pack({**whole, STATEMENT: envelope.encode()})


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return *files* as a tar, always the same bytes."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            member = tarfile.TarInfo(f"bundle/{name}")
            member.size = len(files[name])
            tar.addfile(member, io.BytesIO(files[name]))
    return written.getvalue()


def unpack(archive: bytes) -> dict[str, bytes]:
    """Return the files of a bundle, by name.

    Raises:
        Malformed: it is no bundle.
        Damaged: its bytes are not those that its files give.

    """
    if len(archive) > MOST:
        raise Invalid(f"a bundle has at most {MOST} bytes")
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            for number, member in enumerate(tar):
                name = member.name.removeprefix("bundle/")
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or number > _MOST_FILES or not _belongs(name):
                    raise Malformed(f"{member.name!a} does not belong into a bundle")
                if name in found:
                    raise Malformed(f"{member.name!a} is there twice")
                found[name] = content.read()
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Malformed(f"this is no bundle: {error}") from error
    if not found:
        raise Malformed("this is no bundle: it has no files")
    if pack(found) != archive:
        raise Damaged("the archive was altered: its files would give other bytes")
    return found


def _belongs(name: str) -> bool:
    return name in _ONE or _NAMES.fullmatch(name) is not None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
