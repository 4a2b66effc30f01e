"""Watching over one command: its start, its bounds, its end, and nothing left."""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.cgroups import Group, Hierarchies
from fairlead.remote.sandbox.watching import watch
from fairlead.sandbox.levels import Layer
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command, Ended, Reason

_LOOK = 0.05
"""Seconds between two looks at processor time."""
_CHUNK = 1 << 16
_STATUS = 1 << 14
_SIGNALLED = 128
"""What bubblewrap adds to a signal that killed the command."""

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
"""Of bubblewrap itself: what is inside can read it."""
_LAUNCHER = """
while [ "$1" != -- ]; do
  echo 0 > "$1" || exit 126
  shift
done
shift
exec "$@"
"""
"""Goes into its group, or ends. In version 1 a thread that moves itself waits for nobody,
where moving another process waits for every processor (12 ms when idle)."""

ABANDONED: list[Group] = []
"""Groups of runs that were not to clean up, for whoever weakened them to remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What is needed to start one command."""

    argv: Callable[[int], Sequence[str]]
    """The command line, given the descriptor on which the status is told."""
    command: Command
    descriptors: Sequence[int]
    """Open files that the launcher needs; the first is standard input."""
    user: int | None
    """User and group to become; nothing to stay who one is."""
    groups: Hierarchies
    without: frozenset[Layer] = frozenset()
    limits: Limits | None = None
    """Of the control group, where it needs more than the command may take."""


def supervise(launch: Launch, cancelled: Callable[[], bool]) -> Ended:
    """Run one command from start to end.

    Raises:
        NoSandbox: the walls could not be put up; the command did not begin.

    """
    limits = launch.limits or launch.command.limits
    group = launch.groups.make(_weakened(limits, launch.without))
    cleanup = Layer.CLEANUP not in launch.without
    if cleanup:
        watch(launch.groups)
    run = _Run(launch=launch, group=group, cancelled=cancelled)
    try:
        run.start()
        run.follow()
    finally:
        if cleanup:
            group.kill()
        run.reap()
        if not cleanup:
            ABANDONED.append(group)
        gone = not cleanup or group.remove()
    if not gone:
        raise NoSandbox(
            "something in a sandbox could not be killed; restart the machine"
        )
    return run.ended()


@dataclass(slots=True)
class _Run:
    """The state of one run."""

    launch: Launch
    group: Group
    cancelled: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = None
    outputs: dict[str, bytearray] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    stopped: Reason | None = None
    began: float = 0.0
    seconds: float = 0.0
    cpu: float = 0.0
    oom: int = 0
    peak: int = 0

    def start(self) -> None:
        """Start the launcher."""
        launch = self.launch
        pipes = {name: os.pipe() for name in ("stdout", "stderr", "status")}
        self.ends = {name: ends[0] for name, ends in pipes.items()}
        self.outputs = {name: bytearray() for name in pipes}
        status = pipes["status"][1]
        bounded = _bounding(launch.command.limits, launch.without)
        joining = [*map(str, self.group.joining), "--"]
        argv = [*joining, *_becoming(launch.user), *bounded, *launch.argv(status)]
        handed = (*launch.descriptors[1:], status)
        closed = Layer.DESCRIPTORS not in launch.without
        for descriptor in () if closed else handed:
            os.set_inheritable(descriptor, True)  # noqa: FBT003
        self.began = time.monotonic()
        try:
            self.process = subprocess.Popen(  # noqa: S603 - no shell reads the command
                ["/bin/sh", "-c", _LAUNCHER, "launch", *argv],
                stdin=launch.descriptors[0],
                stdout=pipes["stdout"][1],
                stderr=pipes["stderr"][1],
                pass_fds=handed if closed else (),
                close_fds=closed,
                start_new_session=True,
                env=None if Layer.ENVIRONMENT in launch.without else _ENVIRONMENT,
                cwd="/",
            )
        except OSError as error:
            raise NoSandbox(f"no sandbox: {error}") from error
        finally:
            for _, writing in pipes.values():
                os.close(writing)

    def follow(self) -> None:
        """Read what is said until the command ends or reaches a limit."""
        limits = self.launch.command.limits
        until = self.began + limits.wall
        with selectors.DefaultSelector() as selector:
            for name, descriptor in self.ends.items():
                os.set_blocking(descriptor, False)
                selector.register(descriptor, selectors.EVENT_READ, name)
            while selector.get_map() and self.stopped is None:
                for key, _ in selector.select(_LOOK):
                    self._read(selector, str(key.data))
                self._look(until)
                if self._over():
                    self._drain()
                    break
        self.seconds = time.monotonic() - self.began

    def reap(self) -> None:
        """Wait for the launcher, which is dead or about to be; close what is open."""
        self.cpu = self.group.cpu_seconds()
        self.oom = self.group.out_of_memory()
        self.peak = self.group.peak_memory()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for descriptor in self.ends.values():
            os.close(descriptor)

    def ended(self) -> Ended:
        """Return how it ended.

        Raises:
            NoSandbox: bubblewrap did not get to begin the command.

        """
        code = _exit_code(bytes(self.outputs["status"]))
        reason = self.stopped
        if reason is None and self.oom:
            reason = Reason.MEMORY
        if reason is None and code is None:
            said = bytes(self.outputs["stderr"][:500]).decode("utf-8", "replace")
            raise NoSandbox(f"no sandbox: {said.strip() or 'it did not start'}")
        killed = code - _SIGNALLED if code is not None and code > _SIGNALLED else None
        if reason is None:
            reason = Reason.EXITED if killed is None else Reason.SIGNALLED
            if killed == signal.SIGXCPU:
                reason = Reason.CPU
        collected = self.launch.command.collect
        said_out = bytes(self.outputs["stdout"])
        return Ended(
            reason=reason,
            code=code if killed is None else None,
            signal=killed,
            stdout=b"" if collected else said_out,
            stderr=bytes(self.outputs["stderr"]),
            results=said_out if collected and reason is Reason.EXITED else b"",
            seconds=self.seconds,
            cpu_seconds=self.cpu,
            peak_memory=self.peak,
        )

    def _read(self, selector: selectors.BaseSelector, name: str) -> None:
        descriptor = self.ends[name]
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            selector.unregister(descriptor)
            return
        if self._heard(name, chunk):
            return
        room = self._room(name)
        self.outputs[name] += chunk[:room]
        if len(chunk) > room and Layer.OUTPUT not in self.launch.without:
            self.stopped = Reason.OUTPUT

    def _heard(self, name: str, chunk: bytes) -> bool:
        """Pass on what is said to who listens while it runs."""
        talk = self.launch.command.talk
        if talk is None or name != "stdout":
            return False
        talk.hear(chunk)
        return True

    def _room(self, name: str) -> int:
        limits = self.launch.command.limits
        if Layer.OUTPUT in self.launch.without:
            return _CHUNK
        if name == "status":
            return _STATUS - len(self.outputs[name])
        if name == "stdout" and self.launch.command.collect:
            return limits.results - len(self.outputs[name])
        said = sum(len(self.outputs[n]) for n in ("stdout", "stderr"))
        if self.launch.command.collect:
            said = len(self.outputs["stderr"])
        return max(0, limits.output - said)

    def _look(self, until: float) -> None:
        if self.stopped is not None:
            return
        limits, without = self.launch.command.limits, self.launch.without
        if time.monotonic() >= until and Layer.WALL not in without:
            self.stopped = Reason.WALL
        elif self.group.cpu_seconds() > limits.cpu and Layer.CPU not in without:
            self.stopped = Reason.CPU
        elif self.cancelled():
            self.stopped = Reason.CANCELLED

    def _over(self) -> bool:
        """Tell whether the command itself has ended; what it left behind does not count."""
        return _exit_code(bytes(self.outputs["status"])) is not None or (
            self.process is not None and self.process.poll() is not None
        )

    def _drain(self) -> None:
        """Read what was said before the end and still waits in the pipes."""
        for name, descriptor in self.ends.items():
            with suppress(BlockingIOError):
                while self.stopped is None and (chunk := os.read(descriptor, _CHUNK)):
                    if self._heard(name, chunk):
                        continue
                    room = self._room(name)
                    self.outputs[name] += chunk[:room]
                    if len(chunk) > room:
                        self.stopped = Reason.OUTPUT


def _becoming(user: int | None) -> Sequence[str]:
    """Return what makes a process that of *user*, for good."""
    if user is None:
        return ()
    ids = ("--reuid", str(user), "--regid", str(user))
    return ("setpriv", *ids, "--clear-groups", "--")


def _bounding(limits: Limits, without: frozenset[Layer]) -> Sequence[str]:
    """Return what sets the resource limits of a process and all that it starts.

    One byte of core is none: a limit of 0 does not keep the kernel from handing a core
    to a program of the machine's (core(5), Piping core dumps to a program).
    """
    bounds = {
        "nofile": (resource.RLIMIT_NOFILE, limits.files_open),
        "memlock": (resource.RLIMIT_MEMLOCK, 1 << 20),
        "msgqueue": (resource.RLIMIT_MSGQUEUE, 1 << 16),
        "sigpending": (resource.RLIMIT_SIGPENDING, 4096),
    }
    if Layer.CORE not in without:
        bounds["core"] = (resource.RLIMIT_CORE, 1)
    if Layer.FILE not in without:
        bounds["fsize"] = (resource.RLIMIT_FSIZE, limits.file)
    told = ["prlimit"]
    for name, (kind, value) in bounds.items():
        _, most = resource.getrlimit(kind)
        kept = value if most == resource.RLIM_INFINITY else min(value, most)
        told.append(f"--{name}={kept}:{kept}")
    return [*told, "--"]


def _weakened(limits: Limits, without: frozenset[Layer]) -> Limits:
    """Return limits of the control group as they are without some layers."""
    much: dict[Layer, tuple[str, float]] = {
        Layer.MEMORY: ("memory", 1 << 40),
        Layer.FORKS: ("processes", 100_000),
        Layer.CORES: ("cores", 256.0),
    }
    changed = dict(much[layer] for layer in without if layer in much)
    return msgspec.structs.replace(limits, **changed)


def _exit_code(status: bytes) -> int | None:
    """Return the exit code that bubblewrap told; nothing if it never began."""
    for line in status.splitlines():
        with suppress(json.JSONDecodeError):
            told = json.loads(line)
            if isinstance(told, dict) and isinstance(told.get("exit-code"), int):
                code: int = told["exit-code"]
                return code
    return None
