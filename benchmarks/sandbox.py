"""The sandbox: how fast it starts beside others, and what it costs a compiler.

python benchmarks/sandbox.py [--starts 12] [--compiles 3] [--json]

Everything is measured in one run, in turns, so that what else the machine does weighs on
all alike. What is not installed is left out and said.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.remote.sandbox.cgroups import Hierarchies
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command

TARGET_START, TARGET_OVERHEAD = 60.0, 5.0
"""Milliseconds with all limits; percent on a compile."""
FUNCTIONS = 150
BARE = (
    *("bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr"),
    *("--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
    *("--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"),
    "/usr/bin/true",
)
UNSHARE = ("unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork")
LIMITS = Limits(wall=300, cpu=300, cores=2, memory=2 << 30)
COMPILE = ("gcc", "-O2", "-c", "-o", "/dev/null", "-x", "c", "-")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--starts", type=int, default=12)
    parser.add_argument("--compiles", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    told: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-", dir="/var/tmp") as name:
        told |= starts(options.starts, Path(name))
    told |= compiles(options.compiles)
    told["kernel"] = os.uname().release
    told["load"] = round(os.getloadavg()[0], 2)
    if options.json:
        print(json.dumps(told))
        return
    for key, value in told.items():
        print(f"{key:38} {value}")


def starts(count: int, folder: Path) -> dict[str, object]:
    """Start `true` in each kind of sandbox, in turns; return medians."""
    kinds: dict[str, Callable[[], None]] = {
        "unshare": lambda: ran(*UNSHARE, "/usr/bin/true"),
        "bare_bwrap": lambda: ran(*BARE),
        "fairlead_l1": lambda: fairlead(Command(argv=["/usr/bin/true"])),
    }
    kinds |= others(folder)
    took: dict[str, list[float]] = {name: [] for name in kinds}
    absent: dict[str, object] = {}
    for round_ in range(count):
        for name, start in list(kinds.items()):
            if name in SLOW and round_ >= max(3, count // 4):
                continue
            began = time.monotonic()
            try:
                start()
            except (OSError, subprocess.SubprocessError) as error:
                absent[f"start_{name}"] = f"absent: {error}"[:90]
                del kinds[name]
                continue
            took[name].append((time.monotonic() - began) * 1000)
    told: dict[str, object] = {
        f"start_{name}_ms": round(statistics.median(times), 1)
        for name, times in took.items()
        if times and name in kinds
    }
    ours = sorted(took["fairlead_l1"])
    told["start_fairlead_l1_p90_ms"] = round(ours[int(len(ours) * 0.9)], 1)
    told["start_limit_ms"] = TARGET_START
    return told | absent


# Where a machine forbids to raise them, as podman would.
ULIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
SLOW = {"podman_runc", "gvisor"}


def others(folder: Path) -> dict[str, Callable[[], None]]:
    """Return the sandboxes of others that are installed."""
    found: dict[str, Callable[[], None]] = {}
    for place in ("usr", "proc", "dev", "sys", "tmp", "etc", "run", "job"):
        (folder / "root" / place).mkdir(parents=True)
    for link in ("bin", "lib", "lib64"):
        (folder / "root" / link).symlink_to(f"usr/{link}")
    if shutil.which("podman"):
        mounted = (
            "--volume",
            "/usr:/usr:ro",
            "--network",
            "none",
            "--pids-limit",
            "64",
        )
        found["podman_runc"] = lambda: ran(
            *("podman", "--runtime", "runc", "run", "--rm", *mounted, *ULIMITS),
            *("--rootfs", str(folder / "root"), "/usr/bin/true"),
        )
    if shutil.which("runsc"):
        bundle(folder)
        numbers = iter(range(10_000))
        found["gvisor"] = lambda: ran(
            *("runsc", "--root", str(folder / "state"), "--network=none"),
            *("--platform=ptrace", "--ignore-cgroups", "run"),
            *("--bundle", str(folder), f"bench-{os.getpid()}-{next(numbers)}"),
        )
    return found


def bundle(folder: Path) -> None:
    """Write what gVisor is started with."""
    read_only = {"type": "bind", "source": "/usr", "options": ["ro", "rbind"]}
    config = {
        "ociVersion": "1.0.0",
        "process": {
            "user": {"uid": 65534, "gid": 65534},
            "args": ["/usr/bin/true"],
            "cwd": "/",
        },
        "root": {"path": "root", "readonly": True},
        "mounts": [
            {"destination": "/usr", **read_only},
            {"destination": "/proc", "type": "proc", "source": "proc"},
        ],
        "linux": {"namespaces": [{"type": t} for t in ("pid", "network", "mount")]},
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")


def compiles(count: int) -> dict[str, object]:
    """Compile one source outside and inside, in turns; then two inside at once."""
    source = program().encode()
    inside = Command(argv=COMPILE, stdin=source, limits=LIMITS)
    outside, within, used_outside, used_within = [], [], [], []
    for _ in range(count):
        before = _children()
        began = time.monotonic()
        subprocess.run(COMPILE, input=source, check=True)  # noqa: S603 - fixed text
        outside.append(time.monotonic() - began)
        used_outside.append(_children() - before)
        began = time.monotonic()
        used_within.append(fairlead(inside))
        within.append(time.monotonic() - began)
    began = time.monotonic()
    threads = [threading.Thread(target=fairlead, args=(inside,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both = time.monotonic() - began
    plain, walled = min(outside), min(within)
    return {
        "compile_outside_s": round(plain, 3),
        "compile_inside_s": round(walled, 3),
        "compile_overhead_percent": round(100 * (walled / plain - 1), 1),
        "compile_cpu_overhead_percent": round(
            100 * (min(used_within) / min(used_outside) - 1), 1
        ),
        "compile_overhead_limit_percent": TARGET_OVERHEAD,
        "two_compiles_at_once_s": round(both, 3),
        "two_compiles_over_one": round(both / walled, 2),
    }


def program() -> str:
    """Return a C source that takes the compiler a few seconds."""
    one = """
static long work_%d(const long *a, long n) {
  long sum = %d;
  for (long i = 0; i < n; i++)
    switch (a[i] %% 7) {
      case 0: sum += a[i] * %d; break;
      case 1: sum ^= a[i] << (i & 7); break;
      case 2: sum -= a[n - i - 1]; break;
      default: sum = sum * 31 + i;
    }
  return sum;
}
"""
    bodies = "".join(one % (n, n, n + 3) for n in range(FUNCTIONS))
    calls = " + ".join(f"work_{n}(a, n)" for n in range(FUNCTIONS))
    return f"{bodies}\nlong all(const long *a, long n) {{ return {calls}; }}\n"


_SANDBOX = Bubblewrap(groups=Hierarchies.of_this_process())


def fairlead(command: Command) -> float:
    """Run *command* with every layer; return its processor time."""
    ended = _SANDBOX.run(command)
    if ended.code != 0:
        message = f"it failed inside: {ended.reason} {ended.stderr[:300]!r}"
        raise SystemExit(message)
    return ended.cpu_seconds


def ran(*argv: str) -> None:
    """Run a program to its end; its output goes to a pipe."""
    subprocess.run(  # noqa: S603 - fixed text
        argv, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60
    )


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
