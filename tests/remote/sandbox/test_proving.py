"""Every wall is tried: a whole sandbox stops all attempts, one with a gap is caught."""

from __future__ import annotations

import io
import re
import secrets
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.errors import Damaged
from fairlead.record.notes import new_signer
from fairlead.remote.sandbox import supervising
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.remote.sandbox.inside import attempts
from fairlead.remote.sandbox.proving import JUDGES, Prover
from fairlead.sandbox.canaries import CANARIES, How, Verdict
from fairlead.sandbox.levels import Layer, Level
from fairlead.sandbox.reports import Report, signed, table, verified

AT = datetime(2026, 11, 25, tzinfo=UTC)


def prover(sandbox: Bubblewrap, **more: object) -> Prover:
    return Prover(sandbox=sandbox, clock=lambda: AT, machine=sandbox.machine, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def report(bubblewrap: Bubblewrap) -> Report:
    """Return the report of a whole sandbox."""
    return prover(bubblewrap).prove()


def test_all_are_stopped(report: Report) -> None:
    """Every attempt was made and stopped, and so the level is proved."""
    assert not report.failures, table(report)
    assert len(report.attempts) == len(CANARIES) >= 30
    assert report.proved is Level.L1


def test_every_attempt_is_there() -> None:
    """Each row of the table has a program, each program a row, and each one a judge."""
    made = {canary.name for canary in CANARIES if canary.how is not How.RESULTS}
    assert made == set(attempts.ATTEMPTS)
    assert {c.name for c in CANARIES if c.how is How.ALONE} == set(JUDGES)
    assert {layer for c in CANARIES for layer in c.stopped_by} == set(Layer)


MUTANTS = {
    Layer.NETWORK: {"tcp-host", "udp-host", "abstract-socket"},
    Layer.PROCESSES: {"other-sample", "host-process", "signal-host", "proc-1"},
    Layer.IPC: {"shared-memory"},
    Layer.HOSTNAME: {"hostname"},
    Layer.GROUPS: {"cgroup-path"},
    Layer.USER: {"user-id", "become-root", "proc-sys"},
    Layer.CAPABILITIES: {"capabilities"},
    Layer.ROOT: {"host-file", "path-socket", "sysfs", "homes"},
    Layer.TMPFS: {"disk-fill"},
    Layer.PROC: {"proc-lists"},
    Layer.SECCOMP: {"internet-socket", "ptrace", "newer-calls", "process-memory"},
    Layer.SESSION: {"session"},
    Layer.ENVIRONMENT: {"proc-environ"},
    Layer.DESCRIPTORS: {"inherited-files"},
    Layer.MEMORY: {"memory-fill", "inode-fill"},
    Layer.FORKS: {"fork-bomb"},
    Layer.CORES: {"busy"},
    Layer.CPU: {"spin"},
    Layer.WALL: {"signal-games"},
    Layer.OUTPUT: {"output-flood"},
    Layer.FILE: {"large-file"},
    Layer.CORE: {"core-dump"},
    Layer.CLEANUP: {"daemon", "zombies"},
}
"""By layer: attempts that get out when only this one is missing."""


@pytest.mark.parametrize("layer", MUTANTS)
def test_gap_is_caught(
    layer: Layer, bubblewrap: Bubblewrap, request: pytest.FixtureRequest
) -> None:
    """A sandbox with one layer left away is caught by attempts, and has no level."""
    if layer is Layer.USER:
        request.getfixturevalue("as_root")
    weak = replace(bubblewrap, without=frozenset({layer}))
    found = prover(weak, only=frozenset(MUTANTS[layer])).prove()
    for group in supervising.ABANDONED:
        group.remove()
    supervising.ABANDONED.clear()
    escaped = {a.canary for a in found.attempts if a.verdict is Verdict.ESCAPED}
    assert escaped == MUTANTS[layer], table(found)
    assert found.proved is Level.NONE


def test_every_layer_has_a_mutant() -> None:
    """No layer goes without the proof that its absence is seen."""
    assert set(MUTANTS) | {Layer.TEXT, Layer.RESULTS} == set(Layer)


def test_trusting_reader_is_caught(bubblewrap: Bubblewrap) -> None:
    """Whoever unpacks results as they come is caught."""

    def trusting(archive: bytes, folder: Path) -> None:
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            opened.extractall(folder, filter="fully_trusted")  # noqa: S202

    names = frozenset(c.name for c in CANARIES if c.how is How.RESULTS)
    found = prover(bubblewrap, save=trusting, only=names).prove()
    escaped = {a.canary for a in found.attempts if a.verdict is Verdict.ESCAPED}
    assert {"result-symlink", "result-hardlink", "result-through"} <= escaped


def test_plain_terminal_is_caught(bubblewrap: Bubblewrap) -> None:
    """Whoever shows output as it comes is caught."""
    found = prover(
        bubblewrap,
        show=lambda said: said.decode("utf-8", "replace"),
        only=frozenset({"terminal-escapes"}),
    ).prove()
    assert found.attempts[0].verdict is Verdict.ESCAPED


def test_unmade_attempt_proves_nothing(report: Report) -> None:
    """A report in which one attempt is missing proves no level."""
    fewer = Report(
        level=report.level,
        at=report.at,
        machine=report.machine,
        attempts=report.attempts[1:],
    )
    assert fewer.proved is Level.NONE


def test_report_is_signed(report: Report) -> None:
    """A signed report comes back as it was, and not if a byte or the key is another."""
    signer = new_signer("test/sandbox", secrets.token_bytes)
    note = signed(report, signer)
    assert verified(note, signer.verifier()) == report
    forged = note.replace('"stopped"', '"escaped"', 1)
    with pytest.raises(Damaged):
        verified(forged, signer.verifier())
    other = new_signer("test/sandbox", secrets.token_bytes)
    with pytest.raises(Damaged):
        verified(note, other.verifier())


def test_table_is_plain(report: Report) -> None:
    """The table of a report has nothing in it that steers a terminal."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", table(report))
