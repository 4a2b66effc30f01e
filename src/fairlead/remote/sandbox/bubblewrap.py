"""The first level: bubblewrap, control groups and a filter of system calls.

1. A control group bounds memory, processes and processors.
2. A launcher becomes a user to whom nothing on the machine belongs.
3. It has joined the group first, gets its resource limits, and becomes bubblewrap.
4. Bubblewrap makes the namespaces and the read-only root, drops every capability, and
   loads the filter; only then does the command begin.
5. Output is read up to its limit; time and processor time are counted.
6. Everything in the group is killed, whatever it did, and the group removed. If this
   process dies before, a watcher does that.

A layer that is missing is an error before or at the start: nothing runs with fewer.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.errors import Invalid, NoSandbox
from fairlead.remote.sandbox import seccomp
from fairlead.remote.sandbox.cgroups import Hierarchies
from fairlead.remote.sandbox.inputs import Inputs
from fairlead.remote.sandbox.machine import this_machine
from fairlead.remote.sandbox.supervising import Launch, supervise
from fairlead.sandbox.levels import Layer, Level
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import IN, WORK, Command, Ended, collecting, never
from fairlead.sandbox.reports import Machine

NOBODY = 65534
_UIDS = range(0x7000_0000, 0x7FFF_0000)
"""Users that a machine gives to nobody; one is drawn for each run."""
_MASKED = (
    "/proc/kcore",
    "/proc/keys",
    "/proc/key-users",
    "/proc/kmsg",
    "/proc/kallsyms",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/proc/latency_stats",
    "/proc/modules",
    "/proc/config.gz",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/vmallocinfo",
    "/proc/slabinfo",
    "/proc/interrupts",
    "/proc/sysrq-trigger",
)
_MASKED_FOLDERS = ("/proc/acpi", "/proc/scsi", "/proc/fs", "/proc/irq", "/proc/bus")
_CONFIGURATION = (
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
)
_PASSWD = b"nobody:x:65534:65534:nobody:/job:/bin/sh\n"
_GROUP = b"nogroup:x:65534:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """The first level of sandbox on this machine."""

    program: str = "bwrap"
    groups: Hierarchies | None = None
    """Where control groups are made; nothing for below that of this process."""
    root: Path | None = None
    """The tree that is seen as `/`, such as debootstrap makes; else the host's `/usr`."""
    read_only: Sequence[Path] = ()
    """Further folders of the machine that are seen inside, in the same place."""
    without: frozenset[Layer] = field(default=frozenset())
    """Layers left away, for seeing that this is noticed; the level is then none."""
    architecture: str = field(default_factory=platform.machine)

    @property
    def level(self) -> Level:
        """Return the first level, or none where a layer was left away."""
        return Level.NONE if self.without else Level.L1

    def missing(self) -> Sequence[str]:
        """Return what this machine lacks; see `fairlead.sandbox.ports`."""
        found: list[str] = []
        if shutil.which(self.program) is None:
            found.append(f"{self.program} is not installed; install bubblewrap")
        if self.architecture not in seccomp.ARCHITECTURES:
            found.append(f"there is no system call filter for {self.architecture}")
        if not Path("/proc/self/ns/user").exists():
            found.append("the kernel has no user namespaces")
        try:
            lacking = self._hierarchies().missing()
        except NoSandbox as error:
            lacking = str(error)
        return [*found, *([lacking] if lacking else [])]

    def run(self, command: Command, *, cancelled: Callable[[], bool] = never) -> Ended:
        """Run *command*; see `fairlead.sandbox.ports`."""
        if missing := self.missing():
            raise NoSandbox("no sandbox: " + "; ".join(missing))
        with Inputs.of(command) as inputs:
            if self._has(Layer.SECCOMP):
                code = seccomp.program(
                    loopback=command.loopback, machine=self.architecture
                )
                inputs.open("seccomp", code)
            inputs.open("passwd", _PASSWD)
            inputs.open("group", _GROUP)
            return supervise(self._launch(command, inputs), cancelled)

    def machine(self) -> Machine:
        """Return on what it is."""
        version = self._hierarchies().version
        return this_machine([self.program, "--version"], f"cgroup v{version}")

    def arguments(self, command: Command, inputs: Inputs, status: int) -> list[str]:
        """Return the whole command line of bubblewrap."""
        return [
            self.program,
            *self._namespaces(),
            *self._root(command.limits, inputs),
            *self._handed_in(command, inputs),
            *self._inside(command),
            *("--json-status-fd", str(status)),
            *self._filter(inputs),
            "--",
            *collecting(command),
        ]

    def _hierarchies(self) -> Hierarchies:
        return self.groups or Hierarchies.of_this_process()

    def _has(self, layer: Layer) -> bool:
        return layer not in self.without

    def _launch(self, command: Command, inputs: Inputs) -> Launch:
        user = None
        if os.geteuid() == 0:
            drawn = _UIDS.start + secrets.randbelow(len(_UIDS))
            user = drawn if self._has(Layer.USER) else 0
        return Launch(
            argv=lambda status: self.arguments(command, inputs, status),
            command=command,
            descriptors=inputs.descriptors,
            user=user,
            groups=self._hierarchies(),
            without=self.without,
        )

    def _namespaces(self) -> list[str]:
        chosen = {
            Layer.PROCESSES: ["--unshare-pid"],
            Layer.NETWORK: ["--unshare-net"],
            Layer.IPC: ["--unshare-ipc"],
            Layer.HOSTNAME: ["--unshare-uts", "--hostname", "sandbox"],
            Layer.GROUPS: ["--unshare-cgroup"],
            Layer.USER: [
                *("--unshare-user", "--disable-userns"),
                *("--uid", str(NOBODY), "--gid", str(NOBODY)),
            ],
            Layer.CAPABILITIES: ["--cap-drop", "ALL"],
            Layer.SESSION: ["--new-session"],
            Layer.CLEANUP: ["--die-with-parent"],
        }
        given = [a for layer, args in chosen.items() if self._has(layer) for a in args]
        return given + ([] if self._has(Layer.CAPABILITIES) else ["--cap-add", "ALL"])

    def _root(self, limits: Limits, inputs: Inputs) -> list[str]:
        """Return what makes the root: nothing of the machine but programs."""
        if not self._has(Layer.ROOT):
            seen = _everything()
        elif self.root is not None:
            seen = ["--ro-bind", str(self.root), "/"]
        else:
            seen = [*_host_programs(), *_etc(inputs)]
        for folder in self.read_only:
            seen += ["--ro-bind", str(folder), str(folder)]
        seen += ["--proc", "/proc", "--dev", "/dev"]
        if self._has(Layer.PROC):
            seen += _masks()
        sized = self._has(Layer.TMPFS)
        for place, size in (
            (WORK, limits.disk),
            ("/tmp", limits.scratch),  # noqa: S108 - inside, and empty
            ("/dev/shm", limits.scratch),  # noqa: S108
        ):
            bound = ["--size", str(size)] if sized else []
            mode = ["--perms", "0700" if place == WORK else "1777"]
            seen += [*mode, *bound, "--tmpfs", place]
        return seen

    def _handed_in(self, command: Command, inputs: Inputs) -> list[str]:
        files: list[str] = ["--perms", "0755", "--dir", IN]
        for name in command.files:
            descriptor = str(inputs.descriptor_of(name))
            files += ["--perms", "0444", "--ro-bind-data", descriptor, f"{IN}/{name}"]
        for name, path in command.services.items():
            files += ["--bind", str(path), f"/run/services/{name}"]
        if self._has(Layer.ROOT):
            files += ["--remount-ro", "/dev", "--remount-ro", "/"]
        return files

    def _inside(self, command: Command) -> list[str]:
        cleared = ["--clearenv"] if self._has(Layer.ENVIRONMENT) else []
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": WORK,
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            **command.environment,
        }
        for name, value in environment.items():
            cleared += ["--setenv", name, value]
        return [*cleared, "--chdir", WORK]

    def _filter(self, inputs: Inputs) -> list[str]:
        if not self._has(Layer.SECCOMP):
            return []
        return ["--seccomp", str(inputs.descriptor_of("seccomp", own=True))]


def _host_programs() -> list[str]:
    """Show `/usr`, and `/bin` and its like as the machine has them."""
    seen = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            seen += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            seen += ["--ro-bind", str(path), str(path)]
    return seen


def _everything() -> list[str]:
    """Show all that the machine has, for seeing that this is noticed."""
    own = {"proc", "dev", "tmp", "in", "job"}
    paths = [path for path in Path("/").iterdir() if path.name not in own]
    return [a for path in paths for a in ("--bind-try", str(path), str(path))]


def _etc(inputs: Inputs) -> list[str]:
    seen = ["--perms", "0755", "--dir", "/etc"]
    for name in _CONFIGURATION:
        seen += ["--ro-bind-try", name, name]
    for name in ("passwd", "group"):
        descriptor = str(inputs.descriptor_of(name, own=True))
        seen += ["--perms", "0444", "--ro-bind-data", descriptor, f"/etc/{name}"]
    return seen


def _masks() -> list[str]:
    masked: list[str] = []
    for path in _MASKED:
        if Path(path).exists():
            masked += ["--ro-bind", "/dev/null", path]
    for path in _MASKED_FOLDERS:
        if Path(path).is_dir():
            masked += ["--size", "4096", "--tmpfs", path, "--remount-ro", path]
    return masked


def service_socket(path: Path) -> socket.socket:
    """Listen at *path*, where a sandbox may be given a service.

    Raises:
        Invalid: the path is too long for a Unix socket.

    """
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise Invalid(f"{path}: no socket can be there: {error}") from error
    path.chmod(0o666)
    listening.listen()
    return listening
