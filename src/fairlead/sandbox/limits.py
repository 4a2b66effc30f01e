"""What a command in a sandbox may use."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_MIB = 1 << 20

Size = Annotated[int, Meta(ge=4096, le=1 << 40)]
"""Bytes."""


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on one command; a command that reaches one is stopped."""

    wall: Annotated[float, Meta(gt=0, le=86_400)] = 60.0
    """Seconds from start to end."""
    cpu: Annotated[float, Meta(gt=0, le=86_400)] = 60.0
    """Seconds of processor time, of all its processes together."""
    cores: Annotated[float, Meta(ge=0.05, le=256)] = 1.0
    """Processors it may keep busy."""
    memory: Size = 1024 * _MIB
    """Bytes of memory, with what its file systems, inodes and pipes take."""
    processes: Annotated[int, Meta(ge=4, le=100_000)] = 256
    """Processes and threads at one time."""
    disk: Size = 256 * _MIB
    """Bytes in the working folder; they count as memory too."""
    scratch: Size = 16 * _MIB
    """Bytes in `/tmp`, and as many in `/dev/shm`."""
    file: Size = 256 * _MIB
    """Bytes of one file, written inside or handed in."""
    files_open: Annotated[int, Meta(ge=16, le=100_000)] = 1024
    """Files one process may hold open."""
    input: Size = 512 * _MIB
    """Bytes handed in, of all files together."""
    output: Size = _MIB
    """Bytes of standard output and error together."""
    results: Size = 256 * _MIB
    """Bytes brought out as results."""
