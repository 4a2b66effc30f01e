"""Proving a sandbox: every attempt of `fairlead.sandbox.canaries`, made from inside it."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

from fairlead.base.ports import Clock
from fairlead.errors import Invalid, NoSandbox
from fairlead.remote.sandbox.planting import Planted, planted
from fairlead.sandbox.canaries import CANARIES, Attempt, How, Verdict, expected
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command, Ended, Reason, Sandbox
from fairlead.sandbox.reports import Machine, Report
from fairlead.sandbox.results import results_of
from fairlead.sandbox.showing import shown

_MIB = 1 << 20
_INSIDE = files("fairlead.remote.sandbox.inside")
_SMALL = Limits(
    wall=20, cpu=20, cores=2, memory=256 * _MIB, disk=8 * _MIB, file=64 * _MIB
)
_BUSY_SHARE, _BUSY_MOST = 0.05, 140
"""Milliseconds of processor time in 1.5 s, of which the share is 75; 200 are tried."""

Show = Callable[[bytes], str]
Save = Callable[[bytes, Path], None]


@dataclass(frozen=True, slots=True)
class Judge:
    """How an attempt that is made alone is bounded, and when it has got out."""

    limits: Mapping[str, float]
    """What differs from the limits of the rest."""
    escaped: Callable[[Ended], bool]


def _said(ended: Ended) -> int:
    """Return the last number that was said; 0 where none was."""
    words = ended.stdout.split()
    return int(words[-1]) if words and words[-1].isdigit() else 0


def _bounded(most: int) -> Callable[[Ended], bool]:
    return lambda ended: _said(ended) > most


def _all_of(most: int) -> Callable[[Ended], bool]:
    return lambda ended: _said(ended) >= most or ended.reason is not Reason.MEMORY


def _ended_as(reason: Reason) -> Callable[[Ended], bool]:
    return lambda ended: ended.reason is not reason


JUDGES: dict[str, Judge] = {
    "memory-fill": Judge({"memory": 64 * _MIB}, _all_of(512)),
    "inode-fill": Judge({"memory": 32 * _MIB}, _all_of(60_000)),
    "fork-bomb": Judge({"processes": 32}, _bounded(32)),
    "disk-fill": Judge({"disk": 8 * _MIB, "scratch": 8 * _MIB}, _bounded(8)),
    "large-file": Judge({"file": 2 * _MIB, "disk": 32 * _MIB}, _bounded(2)),
    "output-flood": Judge({"output": 64 << 10}, _ended_as(Reason.OUTPUT)),
    "busy": Judge({"cores": _BUSY_SHARE}, _bounded(_BUSY_MOST)),
    "spin": Judge({"cpu": 0.3, "wall": 2.5}, _ended_as(Reason.CPU)),
    "signal-games": Judge({"wall": 0.7}, _ended_as(Reason.WALL)),
    "daemon": Judge({}, lambda _: False),
    "zombies": Judge({}, lambda _: False),
    "terminal-escapes": Judge({}, lambda _: False),
}
"""By attempt; what is left behind and what is shown is judged below."""


def save_results(archive: bytes, folder: Path) -> None:
    """Write what was brought out into the empty *folder*, and nothing elsewhere.

    Raises:
        Invalid: something in it is no plain file, or named outside.

    """
    for result in results_of(archive, most=256 * _MIB):
        path = folder / result.name
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(result.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prover:
    """Makes every attempt against one sandbox."""

    sandbox: Sandbox
    clock: Clock
    show: Show = shown
    save: Save = save_results
    machine: Callable[[], Machine]
    """Tells on what it is proved."""
    only: frozenset[str] | None = None
    """Which attempts to make, if not all; leaving some out proves no level."""

    def prove(self) -> Report:
        """Return what became of every attempt.

        Raises:
            NoSandbox: a layer is missing, so that nothing was run.

        """
        with planted() as bait:
            found = [*self._inside(bait), *self._alone(bait), *self._results(bait)]
        by_name = {attempt.canary: attempt for attempt in found}
        return Report(
            level=self.sandbox.level,
            at=self.clock(),
            machine=self.machine(),
            attempts=tuple(
                by_name.get(name)
                or Attempt(
                    canary=name, verdict=Verdict.BROKEN, detail="nothing was said of it"
                )
                for name in (canary.name for canary in CANARIES)
                if name in self.wanted
            ),
        )

    @property
    def wanted(self) -> frozenset[str]:
        """Return the attempts that are made."""
        return expected(self.sandbox.level) if self.only is None else self.only

    def _names(self, how: How) -> list[str]:
        return [c.name for c in CANARIES if c.how is how and c.name in self.wanted]

    def _run(
        self,
        bait: Planted,
        *names: str,
        limits: Limits = _SMALL,
        loopback: bool = False,
    ) -> Ended:
        program = _INSIDE.joinpath("attempts.py").read_bytes()
        return self.sandbox.run(
            Command(
                argv=[interpreter(), "-I", "-S", "/in/attempts.py", *names],
                files={"attempts.py": program, "planted.json": bait.json()},
                limits=limits,
                loopback=loopback,
            )
        )

    def _inside(self, bait: Planted) -> Iterable[Attempt]:
        """Make the attempts that can share a run, with another sandbox beside it."""
        with self._sibling(bait):
            for how in (How.INSIDE, How.LOOPBACK):
                names = self._names(how)
                if names:
                    yield from _told(
                        self._run(bait, *names, loopback=how is How.LOOPBACK)
                    )

    def _sibling(self, bait: Planted) -> _Sibling:
        return _Sibling(self.sandbox, bait.sibling)

    def _alone(self, bait: Planted) -> Iterable[Attempt]:
        for name in self._names(How.ALONE):
            judge = JUDGES[name]
            limits = msgspec.structs.replace(_SMALL, **judge.limits)
            try:
                ended = self._run(bait, name, bait.variable, limits=limits)
            except NoSandbox as error:
                # The walls were up for the attempts before: this one broke them.
                detail = str(error)[:200]
                yield Attempt(canary=name, verdict=Verdict.BROKEN, detail=detail)
                continue
            left = _left(bait.variable)
            escaped = judge.escaped(ended) or bool(left)
            if name == "terminal-escapes":
                escaped = any(c < " " and c != "\n" for c in self.show(ended.stdout))
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
            yield Attempt(
                canary=name,
                verdict=_verdict(ended, escaped=escaped),
                detail=f"{ended.reason}; said {_said(ended)}",
            )

    def _results(self, bait: Planted) -> Iterable[Attempt]:
        names = self._names(How.RESULTS)
        if not names:
            return
        for line in self._run(bait, "results").stdout.splitlines():
            name, archive = json.loads(line)
            yield self._received(str(name), bytes.fromhex(archive), bait)

    def _received(self, name: str, archive: bytes, bait: Planted) -> Attempt:
        """Take what was handed back, and see what that did."""
        outside = Path(bait.outside)
        with tempfile.TemporaryDirectory(prefix="fairlead-results-") as folder:
            try:
                self.save(archive, Path(folder))
            except Invalid as error:
                detail, escaped = f"refused: {error}", False
            except (OSError, tarfile.TarError) as error:
                detail, escaped = f"failed: {error}", outside.exists()
            else:
                detail, escaped = "it was taken", True
            outside.unlink(missing_ok=True)
        verdict = Verdict.ESCAPED if escaped else Verdict.STOPPED
        return Attempt(canary=name, verdict=verdict, detail=detail[:200])


class _Sibling:
    """Another sandbox at work beside the one that is proved."""

    def __init__(self, sandbox: Sandbox, mark: str) -> None:
        self._sandbox, self._mark = sandbox, mark
        self._over = threading.Event()
        self._error: NoSandbox | None = None
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> None:
        self._thread.start()
        until = time.monotonic() + 5
        while time.monotonic() < until and not _left(self._mark) and not self._error:
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        script = 'touch "/tmp/$0" "/job/$0"; sleep 60'
        command = Command(argv=["/bin/sh", "-c", script, self._mark])
        try:
            self._sandbox.run(command, cancelled=self._over.is_set)
        except NoSandbox as error:
            self._error = error


def interpreter() -> str:
    """Return a Python that is seen inside: the system's own, or ours if it is in /usr."""
    own = str(Path(sys.executable).resolve())
    return "/usr/bin/python3" if Path("/usr/bin/python3").exists() else own


def _verdict(ended: Ended, *, escaped: bool) -> Verdict:
    if escaped:
        return Verdict.ESCAPED
    failed = ended.reason is Reason.EXITED and ended.code != 0 and not ended.stdout
    return Verdict.BROKEN if failed else Verdict.STOPPED


def _told(ended: Ended) -> Iterable[Attempt]:
    for line in ended.stdout.splitlines():
        with suppress(ValueError):
            name, verdict, detail = json.loads(line)
            yield Attempt(canary=name, verdict=Verdict(verdict), detail=str(detail))


def _left(mark: str) -> list[int]:
    """Return processes of the machine, other than the sentinel, that carry *mark*."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes()
            if mark.encode() in line and b"read -r _" not in line:
                found.append(int(path.parent.name))
    return found
