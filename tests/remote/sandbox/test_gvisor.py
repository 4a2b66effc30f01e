"""The second level answers as the first does, and stops what can be tried there."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.errors import Invalid, NoSandbox
from fairlead.remote.sandbox.cgroups import Hierarchies
from fairlead.remote.sandbox.gvisor import Gvisor
from fairlead.remote.sandbox.proving import Prover
from fairlead.sandbox.canaries import CANARIES, LEFT_OUT, expected
from fairlead.sandbox.levels import Level
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command, Reason
from fairlead.sandbox.reports import table
from fairlead.sandbox.results import results_of


@pytest.fixture(scope="module")
def gvisor() -> Gvisor:
    """Return the second level, or skip and say what is missing here."""
    sandbox = Gvisor()
    try:
        sandbox.run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    return sandbox


def test_answers_as_the_first_level(gvisor: Gvisor) -> None:
    """Input, files, output, code and results are as at the first level."""
    script = "cat; cat /in/f; printf made > made; echo no >&2; exit 3"
    argv = ["/bin/sh", "-c", script]
    ended = gvisor.run(Command(argv=argv, stdin=b"a", files={"f": b"b"}))
    assert (ended.reason, ended.code) == (Reason.EXITED, 3)
    assert (ended.stdout, ended.stderr) == (b"ab", b"no\n")
    ended = gvisor.run(Command(argv=argv, files={"f": b"b"}, collect=True))
    found = {r.name: r.content for r in results_of(ended.results, most=1 << 20)}
    assert found == {"made": b"made"}


def test_wall_time(gvisor: Gvisor) -> None:
    """Whatever gVisor does, the command ends with its time, and nothing is left."""
    ended = gvisor.run(Command(argv=["/bin/sleep", "600"], limits=Limits(wall=3)))
    assert ended.reason is Reason.WALL
    own = Hierarchies.of_this_process()
    mark = f"fairlead-{os.getpid()}-*"
    assert not [path for folder in own.unique for path in folder.glob(mark)]


def test_what_can_be_tried_is_stopped(gvisor: Gvisor) -> None:
    """Every attempt that proves something at this level is made and stopped."""
    report = Prover(
        sandbox=gvisor,
        clock=lambda: datetime(2026, 11, 25, tzinfo=UTC),
        machine=gvisor.machine,
    ).prove()
    assert report.proved is Level.L2, table(report)
    assert len(report.attempts) >= 60


def test_services_are_refused(gvisor: Gvisor, tmp_path: Path) -> None:
    """What this level does not have is said, not left out in silence."""
    with pytest.raises(Invalid):
        gvisor.run(Command(argv=["/bin/true"], services={"x": tmp_path / "x"}))


def test_no_program() -> None:
    """Without gVisor nothing is run, and it is said what to install."""
    with pytest.raises(NoSandbox, match="install runsc"):
        Gvisor(program="no-such-runsc").run(Command(argv=["/bin/true"]))


def test_left_out_are_attempts() -> None:
    """What is left out at a level is named, with why, and nothing is left out at the first."""
    names = {canary.name for canary in CANARIES}
    assert expected(Level.L1) == names
    for left_out in LEFT_OUT.values():
        assert set(left_out) < names
        assert all(left_out.values())
