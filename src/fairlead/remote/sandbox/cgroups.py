"""Control groups, of both versions: bounds on memory, processes and processors.

A group is always made below that of this process, so whatever bounds it bounds what runs
inside too; or below a folder that was delegated to it.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import NoSandbox
from fairlead.sandbox.limits import Limits

CONTROLLERS = ("memory", "pids", "cpu")
"""What a sandbox needs; `cpuacct` counts where it is a controller of its own."""
PREFIX = "fairlead-"
LEAF = f"{PREFIX}supervisor"
"""Where this process goes in version 2, so that its group can have groups below."""
_PERIOD = 100_000
_PATIENCE = 5.0
"""Seconds in which a group whose processes were killed becomes empty."""
_REMEDY = (
    "run as root, or as a user to whom a control group is delegated, such as with"
    " `systemd-run --user --scope -p Delegate=yes fairlead …`"
)


@dataclass(frozen=True, slots=True)
class Hierarchies:
    """Where control groups can be made, by controller."""

    version: int
    folders: Mapping[str, Path]
    """The folder of this process's own group, by controller; all one in version 2."""

    @classmethod
    def of_this_process(cls, proc: Path = Path("/proc/self")) -> Hierarchies:
        """Return where groups below that of this process are made.

        Raises:
            NoSandbox: a controller is nowhere to be found.

        """
        mounts = _mounts((proc / "mountinfo").read_text("utf-8"))
        own = _own((proc / "cgroup").read_text("utf-8"))
        first = {
            controller: _below(mounts[controller], own[controller])
            for controller in (*CONTROLLERS, "cpuacct")
            if controller in mounts and controller in own
        }
        if set(CONTROLLERS) <= set(first):
            return cls(1, first)
        if "" in mounts and "" in own:
            folder = _below(mounts[""], own[""])
            if folder.name == LEAF:
                folder = folder.parent  # This process has moved out of it; see below.
            offered = _words(folder / "cgroup.controllers")
            if set(CONTROLLERS) <= set(offered):
                return cls(2, dict.fromkeys(CONTROLLERS, folder))
        absent = ", ".join(sorted(set(CONTROLLERS) - set(first)))
        raise NoSandbox(f"control groups: {absent} cannot be bounded; {_REMEDY}")

    @classmethod
    def delegated(cls, folder: Path) -> Hierarchies:
        """Return a group of version 2 that was delegated, as *folder*."""
        return cls(2, dict.fromkeys(CONTROLLERS, folder))

    @property
    def unique(self) -> Sequence[Path]:
        """Return the folders, each once: controllers may be mounted together."""
        return list(dict.fromkeys(self.folders.values()))

    def missing(self) -> str | None:
        """Return why no group can be made, if so."""
        for folder in self.unique:
            if not os.access(folder, os.W_OK):
                return f"control groups: {folder} cannot be written; {_REMEDY}"
        if self.version == 2:  # noqa: PLR2004
            folder = self.unique[0]
            if not set(CONTROLLERS) <= set(_words(folder / "cgroup.controllers")):
                return f"control groups: {folder} lacks controllers; {_REMEDY}"
        return None

    def make(self, limits: Limits) -> Group:
        """Make a group with these limits; groups of dead supervisors are removed.

        Raises:
            NoSandbox: it cannot be made.

        """
        self.sweep()
        name = f"{prefix_of(os.getpid())}{secrets.token_hex(4)}"
        group = Group(self, {c: f / name for c, f in self.folders.items()})
        try:
            if self.version == 2:  # noqa: PLR2004
                _enable(self.unique[0])
            for folder in group.unique:
                folder.mkdir(mode=0o755)
            group.bound(limits)
        except OSError as error:
            group.remove()
            raise NoSandbox(f"control groups: {error}; {_REMEDY}") from error
        return group

    def sweep(self) -> None:
        """Remove groups whose supervisor has died before its watcher could."""
        for folder in self.unique:
            for path in folder.glob(f"{PREFIX}*"):
                pid, _, rest = path.name.removeprefix(PREFIX).partition("-")
                if pid.isdigit() and _started(int(pid)) != rest.partition("-")[0]:
                    _kill(path)
                    with suppress(OSError):
                        path.rmdir()


@dataclass(frozen=True, slots=True)
class Group:
    """One control group, with its folder by controller."""

    of: Hierarchies
    folders: Mapping[str, Path]

    @property
    def unique(self) -> Sequence[Path]:
        """Return the folders, each once."""
        return list(dict.fromkeys(self.folders.values()))

    def bound(self, limits: Limits) -> None:
        """Set *limits*; one that the kernel does not take is an `OSError`."""
        for controller, file, value in bounds(self.of.version, limits):
            (self.folders[controller] / file).write_text(value, "ascii")
        for controller, file, value in extras(self.of.version, limits):
            path = self.folders[controller] / file
            if path.exists():
                path.write_text(value, "ascii")

    @property
    def joining(self) -> Sequence[Path]:
        """Return the files into which a process writes 0 to join."""
        name = "tasks" if self.of.version == 1 else "cgroup.procs"
        return [folder / name for folder in self.unique]

    def empty(self) -> bool:
        """Tell whether no process is in it."""
        return not any(_words(folder / "cgroup.procs") for folder in self.unique)

    def out_of_memory(self) -> int:
        """Return how many processes were killed because memory was out."""
        file = "memory.oom_control" if self.of.version == 1 else "memory.events"
        counts = _pairs(self.folders["memory"] / file)
        return counts.get("oom_kill", 0)

    def peak_memory(self) -> int:
        """Return the most memory that was taken at one time, in bytes."""
        file = "memory.max_usage_in_bytes" if self.of.version == 1 else "memory.peak"
        written = _words(self.folders["memory"] / file)
        return int(written[0]) if written else 0

    def cpu_seconds(self) -> float:
        """Return how long processors worked for it."""
        if self.of.version == 1:
            folder = self.folders.get("cpuacct", self.folders["cpu"])
            written = _words(folder / "cpuacct.usage")
            return int(written[0]) / 1e9 if written else 0.0
        return _pairs(self.folders["cpu"] / "cpu.stat").get("usage_usec", 0) / 1e6

    def kill(self) -> None:
        """Kill every process in it."""
        for folder in self.unique:
            _kill(folder)

    def remove(self) -> bool:
        """Kill what is in it and remove it; tell whether it is gone."""
        until = time.monotonic() + _PATIENCE
        left = [folder for folder in self.unique if folder.exists()]
        while left and time.monotonic() < until:
            for folder in left:
                _kill(folder)
                with suppress(OSError):
                    folder.rmdir()
            left = [folder for folder in left if folder.exists()]
            if left:
                time.sleep(0.002)
        return not left


def prefix_of(pid: int) -> str:
    """Return how the groups of a supervising process are named."""
    return f"{PREFIX}{pid}-{_started(pid)}-"


def bounds(version: int, limits: Limits) -> Iterator[tuple[str, str, str]]:
    """Yield controller, file and value of what must be set."""
    quota = str(max(1000, int(limits.cores * _PERIOD)))
    if version == 1:
        yield "memory", "memory.limit_in_bytes", str(limits.memory)
        yield "cpu", "cpu.cfs_period_us", str(_PERIOD)
        yield "cpu", "cpu.cfs_quota_us", quota
    else:
        yield "memory", "memory.max", str(limits.memory)
        yield "cpu", "cpu.max", f"{quota} {_PERIOD}"
    # Two more for bubblewrap itself.
    yield "pids", "pids.max", str(limits.processes + 2)


def extras(version: int, limits: Limits) -> Iterator[tuple[str, str, str]]:
    """Yield controller, file and value of what is set where the kernel has it."""
    if version == 1:
        yield "memory", "memory.swappiness", "0"
        yield "memory", "memory.memsw.limit_in_bytes", str(limits.memory)
    else:
        yield "memory", "memory.swap.max", "0"
        yield "memory", "memory.oom.group", "1"


def _enable(folder: Path) -> None:
    """Let groups below *folder* have controllers (cgroup v2, No Internal Process)."""
    wanted = " ".join(f"+{controller}" for controller in CONTROLLERS)
    control = folder / "cgroup.subtree_control"
    if set(CONTROLLERS) <= set(_words(control)):
        return
    try:
        control.write_text(wanted, "ascii")
    except OSError:
        # Only a group without processes may have some below; so this one moves out.
        leaf = folder / LEAF
        leaf.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(str(os.getpid()), "ascii")
        control.write_text(wanted, "ascii")


def _kill(folder: Path) -> None:
    at_once = folder / "cgroup.kill"
    with suppress(OSError):
        if at_once.exists():
            at_once.write_text("1", "ascii")
            return
        for pid in _words(folder / "cgroup.procs"):
            with suppress(ProcessLookupError):
                os.kill(int(pid), 9)


def _mounts(table: str) -> dict[str, tuple[Path, str]]:
    """Return mount point and root by controller; the empty name is version 2."""
    found: dict[str, tuple[Path, str]] = {}
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        root, point = before.split()[3:5]
        kind, _, options = after.split(maxsplit=2)
        if kind == "cgroup2":
            found.setdefault("", (Path(point), root))
        elif kind == "cgroup":
            for option in options.split(","):
                found.setdefault(option, (Path(point), root))
    return found


def _own(table: str) -> dict[str, str]:
    """Return the group of a process by controller; the empty name is version 2."""
    found: dict[str, str] = {}
    for line in table.splitlines():
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _below(mount: tuple[Path, str], own: str) -> Path:
    """Return the folder of group *own* where *mount* shows the tree from its root."""
    point, root = mount
    inner = own.removeprefix(root) if root != "/" else own
    return point / inner.strip("/")


def _started(pid: int) -> str:
    """Return when a process began, in ticks, so that a reused number is noticed."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return line.rpartition(")")[2].split()[19]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").split()
    except OSError:
        return []


def _pairs(path: Path) -> dict[str, int]:
    words = _words(path)
    return {
        key: int(value)
        for key, value in zip(words[::2], words[1::2], strict=False)
        if value.isdigit()
    }
