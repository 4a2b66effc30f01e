"""The second level: gVisor, a kernel of its own, within the bounds of the first.

Bubblewrap gives `runsc` a process namespace and a tmpfs that end with it, and the control
group bounds both; inside, gVisor answers every system call. It needs root, but neither a
daemon nor KVM (platform ptrace).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from fairlead.errors import Invalid, NoSandbox
from fairlead.remote.sandbox.bubblewrap import NOBODY
from fairlead.remote.sandbox.cgroups import Hierarchies
from fairlead.remote.sandbox.inputs import Inputs
from fairlead.remote.sandbox.machine import this_machine
from fairlead.remote.sandbox.supervising import Launch, supervise
from fairlead.sandbox.levels import Layer, Level
from fairlead.sandbox.ports import IN, WORK, Command, Ended, collecting, never
from fairlead.sandbox.reports import Machine

_BUNDLE = "/run/fairlead"
"""Where the bundle lies, in a tmpfs that only `runsc` sees."""
_OWN_PROCESSES = 128
"""Threads of gVisor's own, and those in which it runs processes."""
_FAILED = 128
"""What `runsc` exits with where it could not begin."""
_OWN_MEMORY = 256 << 20
_Mount = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gvisor:
    """The second level of sandbox on this machine."""

    program: str = "runsc"
    groups: Hierarchies | None = None
    without: frozenset[Layer] = field(default=frozenset())
    """Always empty: layers are left away at the first level only."""

    @property
    def level(self) -> Level:
        """Return the second level."""
        return Level.L2

    def missing(self) -> Sequence[str]:
        """Return what this machine lacks; see `fairlead.sandbox.ports`."""
        found = [
            f"{name} is not installed; install {package}"
            for name, package in ((self.program, "runsc"), ("bwrap", "bubblewrap"))
            if shutil.which(name) is None
        ]
        if os.geteuid() != 0:
            found.append("gVisor is run by root only")
        try:
            lacking = self._hierarchies().missing()
        except NoSandbox as error:
            lacking = str(error)
        return [*found, *([lacking] if lacking else [])]

    def machine(self) -> Machine:
        """Return on what it is."""
        version = self._hierarchies().version
        return this_machine([self.program, "--version"], f"cgroup v{version}")

    def run(self, command: Command, *, cancelled: Callable[[], bool] = never) -> Ended:
        """Run *command*; see `fairlead.sandbox.ports`."""
        if missing := self.missing():
            raise NoSandbox("no sandbox: " + "; ".join(missing))
        if command.services:
            raise Invalid("services: the second level has none")
        with Inputs.of(command) as inputs:
            inputs.open("config", json.dumps(_config(command)).encode())
            launch = Launch(
                argv=lambda status: self._arguments(command, inputs, status),
                command=command,
                descriptors=inputs.descriptors,
                user=None,
                groups=self._hierarchies(),
                # All memory of gVisor is one file; it bounds files inside by itself.
                without=frozenset({Layer.FILE}),
                limits=replace(
                    command.limits,
                    processes=command.limits.processes + _OWN_PROCESSES,
                    memory=command.limits.memory + _OWN_MEMORY,
                ),
            )
            return _believed(supervise(launch, cancelled))

    def _hierarchies(self) -> Hierarchies:
        return self.groups or Hierarchies.of_this_process()

    def _arguments(self, command: Command, inputs: Inputs, status: int) -> list[str]:
        config = str(inputs.descriptor_of("config", own=True))
        files: list[str] = []
        for name in command.files:
            descriptor = str(inputs.descriptor_of(name))
            files += ["--perms", "0444", "--file", descriptor, f"{_BUNDLE}/in/{name}"]
        return [
            *("bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"),
            *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
            *("--die-with-parent", "--new-session", "--proc", "/proc"),
            *("--cap-add", "ALL", "--tmpfs", "/run"),
            *("--perms", "0755", "--dir", _BUNDLE, "--dir", f"{_BUNDLE}/root"),
            *("--perms", "0755", "--dir", f"{_BUNDLE}/in", *files),
            *("--file", config, f"{_BUNDLE}/config.json"),
            *("--json-status-fd", str(status), "--chdir", "/", "--"),
            *(self.program, "--root", f"{_BUNDLE}/state", "--network=none"),
            *("--platform=ptrace", "--ignore-cgroups", "run"),
            *("--bundle", _BUNDLE, "sandbox"),
        ]


def _believed(ended: Ended) -> Ended:
    """Return *ended*, unless it is gVisor itself that failed.

    Raises:
        NoSandbox: the walls could not be put up.

    """
    failed = ended.code == _FAILED and not ended.stdout
    if failed and ended.stderr.startswith(b"running container: "):
        said = ended.stderr[:500].decode("utf-8", "replace").strip()
        raise NoSandbox(f"no sandbox: {said}")
    return ended


def _config(command: Command) -> Mapping[str, object]:
    """Return the bundle's configuration (OCI runtime specification 1.0)."""
    limits = command.limits
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": WORK,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        **command.environment,
    }
    none: list[str] = []
    kinds = ("bounding", "effective", "inheritable", "permitted", "ambient")
    bounds = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": limits.file,
        "RLIMIT_NOFILE": limits.files_open,
        "RLIMIT_NPROC": limits.processes,
    }
    return {
        "ociVersion": "1.0.0",
        "process": {
            "user": {"uid": NOBODY, "gid": NOBODY},
            "args": list(collecting(command)),
            "env": [f"{name}={value}" for name, value in environment.items()],
            "cwd": WORK,
            "capabilities": dict.fromkeys(kinds, none),
            "rlimits": [
                {"type": kind, "hard": value, "soft": value}
                for kind, value in bounds.items()
            ],
            "noNewPrivileges": True,
        },
        "root": {"path": "root", "readonly": True},
        "hostname": "sandbox",
        "mounts": [*_mounts(command)],
        "linux": {
            "namespaces": [
                {"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")
            ]
        },
    }


def _mounts(command: Command) -> Sequence[_Mount]:
    limits = command.limits
    shown = [("/usr", "/usr"), (f"{_BUNDLE}/in", IN)]
    for name in ("bin", "sbin", "lib", "lib64"):
        path = Path("/", name)
        if path.exists():
            shown.append((str(path.resolve()), str(path)))
    own = ("/etc/alternatives", "/etc/ld.so.cache")
    shown += [(name, name) for name in own if Path(name).exists()]
    sized = [
        (WORK, limits.disk, "0777"),
        ("/tmp", limits.scratch, "1777"),  # noqa: S108 - inside, and empty
        ("/dev/shm", limits.scratch, "1777"),  # noqa: S108
    ]
    return [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        *(
            {
                "destination": inside,
                "type": "bind",
                "source": outside,
                "options": ["ro", "rbind"],
            }
            for outside, inside in shown
        ),
        *(
            {
                "destination": place,
                "type": "tmpfs",
                "source": "tmpfs",
                "options": [f"size={size}", f"mode={mode}"],
            }
            for place, size, mode in sized
        ),
    ]
