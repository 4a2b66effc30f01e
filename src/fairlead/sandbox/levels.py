"""How strong a sandbox is, and of which layers the first level is made."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """How much stands between what runs inside and the machine."""

    NONE = "none"
    """A layer was left away on purpose, to see that the attempts find it."""
    L1 = "L1"
    """Namespaces, control groups and a filter of system calls; the kernel is shared."""
    L2 = "L2"
    """A kernel of its own in user space (gVisor) answers system calls."""
    L3 = "L3"
    """A virtual machine. Named so that a policy can require it; not implemented."""

    @property
    def rank(self) -> int:
        """Return its place in the order of strength."""
        return list(Level).index(self)

    def at_least(self, other: Level) -> bool:
        """Tell whether it is as strong as *other*."""
        return self.rank >= other.rank


class Layer(StrEnum):
    """One part of the wall of the first level, which can be left away for a test."""

    NETWORK = "network namespace"
    PROCESSES = "process namespace"
    IPC = "IPC namespace"
    HOSTNAME = "UTS namespace"
    GROUPS = "control group namespace"
    USER = "user namespace, uid nobody, no further ones"
    CAPABILITIES = "no capabilities"
    ROOT = "read-only root with chosen folders only"
    TMPFS = "sized tmpfs"
    PROC = "masked /proc"
    SECCOMP = "system call filter"
    SESSION = "session of its own"
    ENVIRONMENT = "empty environment"
    DESCRIPTORS = "no inherited files"
    MEMORY = "memory limit of the control group"
    FORKS = "process limit of the control group"
    CORES = "processor share of the control group"
    CPU = "processor time, counted"
    WALL = "wall time"
    OUTPUT = "size of output"
    FILE = "size of a file"
    CORE = "no core dumps"
    CLEANUP = "everything inside is killed at the end"
    RESULTS = "results are read strictly"
    TEXT = "control characters are never shown"
