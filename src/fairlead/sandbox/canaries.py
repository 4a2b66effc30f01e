"""The attempts to get out that every sandbox must stop, and what stops each.

An attempt is made from inside, by a program that is in the sandbox like any other; what
it is after was put there before. One that cannot be made proves nothing and counts as
not stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fairlead.sandbox.levels import Layer, Level


class Verdict(StrEnum):
    """What became of an attempt."""

    STOPPED = "stopped"
    ESCAPED = "escaped"
    BROKEN = "not tried"
    """It could not be made, which proves nothing."""


class How(StrEnum):
    """In which run an attempt is made."""

    INSIDE = "inside"
    LOOPBACK = "with sockets allowed"
    ALONE = "alone"
    RESULTS = "results"


@dataclass(frozen=True, slots=True)
class Canary:
    """One attempt."""

    name: str
    about: str
    """What is tried, in a few words."""
    stopped_by: tuple[Layer, ...]
    how: How = How.INSIDE


_NET = (Layer.NETWORK,)
_FILTER = (Layer.SECCOMP,)
_PRIVILEGED = (Layer.CAPABILITIES, Layer.SECCOMP)
_GONE = (Layer.CLEANUP, Layer.PROCESSES)

CANARIES = (
    Canary("tcp-host", "connect to a server on the machine", _NET, How.LOOPBACK),
    Canary("udp-host", "send to the machine and hear back", _NET, How.LOOPBACK),
    Canary("tcp-public", "connect to a public address", _NET, How.LOOPBACK),
    Canary("ipv6", "connect to a public address over IPv6", _NET, How.LOOPBACK),
    Canary("dns", "ask a name server", _NET, How.LOOPBACK),
    Canary("interfaces", "find a network interface", _NET, How.LOOPBACK),
    Canary("raw-socket", "make a raw socket", _PRIVILEGED, How.LOOPBACK),
    Canary("internet-socket", "make any socket of IP where none is allowed", _FILTER),
    Canary("netlink", "talk to the kernel over netlink", _FILTER),
    Canary("packet-socket", "see what goes over the wire", _PRIVILEGED),
    Canary("vsock", "reach the hypervisor over a socket", _FILTER),
    Canary("kernel-crypto", "reach the kernel's ciphers over a socket", _FILTER),
    Canary("abstract-socket", "connect to an abstract socket of the machine", _NET),
    Canary("path-socket", "connect to a socket file of the machine", (Layer.ROOT,)),
    Canary("host-file", "read a file that all on the machine can read", (Layer.ROOT,)),
    Canary("shadow", "read the machine's passwords", (Layer.ROOT, Layer.USER)),
    Canary("homes", "list homes, /root, /var, /run and /boot", (Layer.ROOT,)),
    Canary("sysfs", "read /sys", (Layer.ROOT,)),
    Canary("write-usr", "write to /usr", (Layer.ROOT, Layer.USER)),
    Canary("write-root", "write to / and /etc and /in", (Layer.ROOT,)),
    Canary("other-sample", "find another sandbox's processes", (Layer.PROCESSES,)),
    Canary("other-work", "find another sandbox's files", (Layer.ROOT, Layer.PROCESSES)),
    Canary(
        "proc-1", "read root, memory and environment of process 1", (Layer.PROCESSES,)
    ),
    Canary("proc-environ", "find the environment of the machine", (Layer.ENVIRONMENT,)),
    Canary("host-process", "see a process of the machine", (Layer.PROCESSES,)),
    Canary(
        "signal-host", "send a signal to a process of the machine", (Layer.PROCESSES,)
    ),
    Canary("proc-lists", "read keys, symbols and interrupts in /proc", (Layer.PROC,)),
    Canary("kcore", "read the kernel's memory", (Layer.PROC, Layer.CAPABILITIES)),
    Canary("proc-sys", "change the kernel's settings", (Layer.USER, Layer.PROC)),
    Canary("sysrq", "give the kernel orders", (Layer.PROC, Layer.USER)),
    Canary("shared-memory", "attach shared memory of the machine", (Layer.IPC,)),
    Canary("hostname", "learn the machine's name", (Layer.HOSTNAME,)),
    Canary("cgroup-path", "learn the control group's name", (Layer.GROUPS,)),
    Canary("cgroup-write", "change its own limits", (Layer.ROOT, Layer.USER)),
    Canary("user-id", "be anybody else than nobody", (Layer.USER,)),
    Canary("become-root", "become root", (Layer.USER, Layer.CAPABILITIES)),
    Canary("capabilities", "hold a capability", (Layer.CAPABILITIES,)),
    Canary("set-uid", "gain rights by running a program", (Layer.USER,)),
    Canary("user-namespace", "make a user namespace", (Layer.SECCOMP, Layer.USER)),
    Canary(
        "clone-namespace", "make namespaces with clone", (Layer.SECCOMP, Layer.USER)
    ),
    Canary("join-namespace", "join a namespace", _PRIVILEGED),
    Canary("mount", "mount a file system", _PRIVILEGED),
    Canary("unmount", "unmount what masks something", _PRIVILEGED),
    Canary("remount", "make the root writable", _PRIVILEGED),
    Canary("chroot", "change the root", _PRIVILEGED),
    Canary("open-by-handle", "open a file by its handle", _PRIVILEGED),
    Canary("device-node", "make a device node", (Layer.USER, Layer.SECCOMP)),
    Canary("devices", "open disks and memory", (Layer.ROOT, Layer.USER)),
    Canary("ptrace", "trace a process", _FILTER),
    Canary("process-memory", "read another process's memory by a call", _FILTER),
    Canary("keyrings", "use the kernel's keyrings", _FILTER),
    Canary("io-uring", "set up an io_uring", _FILTER),
    Canary("bpf", "load BPF", _FILTER),
    Canary("perf", "open performance counters", _FILTER),
    Canary("userfaultfd", "handle its own page faults", _FILTER),
    Canary("module", "load a kernel module", _PRIVILEGED),
    Canary("kexec", "load another kernel, or reboot", _PRIVILEGED),
    Canary("clock", "set the clock", _PRIVILEGED),
    Canary("foreign-calls", "call the kernel as a 32-bit program", _FILTER),
    Canary("newer-calls", "make a call that nobody has judged", _FILTER),
    Canary("terminal-input", "type into the terminal", (Layer.SECCOMP, Layer.SESSION)),
    Canary("session", "stay in the session that started it", (Layer.SESSION,)),
    Canary("inherited-files", "read a file that was left open", (Layer.DESCRIPTORS,)),
    Canary("core-dump", "have a core dumped", (Layer.CORE,)),
    Canary("memory-fill", "take more memory", (Layer.MEMORY,), How.ALONE),
    Canary("inode-fill", "make files without end", (Layer.MEMORY,), How.ALONE),
    Canary("fork-bomb", "start processes without end", (Layer.FORKS,), How.ALONE),
    Canary("disk-fill", "fill /job, /tmp and /dev/shm", (Layer.TMPFS,), How.ALONE),
    Canary("large-file", "write one large file", (Layer.FILE,), How.ALONE),
    Canary("output-flood", "say more than is read", (Layer.OUTPUT,), How.ALONE),
    Canary("busy", "keep every processor busy", (Layer.CORES,), How.ALONE),
    Canary("spin", "compute for ever", (Layer.CPU,), How.ALONE),
    Canary("signal-games", "block every signal and sleep on", (Layer.WALL,), How.ALONE),
    Canary("daemon", "leave a daemon behind", _GONE, How.ALONE),
    Canary("zombies", "leave zombies and orphans behind", _GONE, How.ALONE),
    Canary("terminal-escapes", "steer the reader's terminal", (Layer.TEXT,), How.ALONE),
    Canary(
        "result-symlink", "hand back a symbolic link", (Layer.RESULTS,), How.RESULTS
    ),
    Canary("result-hardlink", "hand back a hard link", (Layer.RESULTS,), How.RESULTS),
    Canary(
        "result-device", "hand back a device or a pipe", (Layer.RESULTS,), How.RESULTS
    ),
    Canary("result-outside", "hand back ../ or /names", (Layer.RESULTS,), How.RESULTS),
    Canary(
        "result-through",
        "write through a link handed back before",
        (Layer.RESULTS,),
        How.RESULTS,
    ),
    Canary(
        "result-size", "claim a size that is not there", (Layer.RESULTS,), How.RESULTS
    ),
)
"""Every attempt there is; the table in the docs is made from this."""


_OWN_KERNEL = "gVisor's own kernel answers it, not the machine's"

LEFT_OUT: dict[Level, dict[str, str]] = {
    Level.L2: {
        **dict.fromkeys(
            (
                "internet-socket",
                "netlink",
                "sysfs",
                "set-uid",
                "user-namespace",
                "clone-namespace",
                "device-node",
                "devices",
                "ptrace",
                "io-uring",
                "terminal-input",
                "core-dump",
            ),
            _OWN_KERNEL,
        ),
        "inode-fill": "its inodes are memory of gVisor's, which memory-fill tries",
        "fork-bomb": "its processes are gVisor's, which ends where they are too many",
        "busy": "time inside is counted by gVisor; the machine's is in the report",
    }
}
"""By level: attempts that are not made, because they would prove nothing, and why."""


def expected(level: Level) -> frozenset[str]:
    """Return the attempts that must be made and stopped to prove *level*."""
    left_out = LEFT_OUT.get(level, {})
    return frozenset(c.name for c in CANARIES if c.name not in left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one attempt."""

    canary: str
    verdict: Verdict
    detail: str
    """What the attempt saw, as text from inside: shown, never believed."""
