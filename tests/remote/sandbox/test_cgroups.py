"""Control groups of both versions are found, bounded and refused as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.cgroups import LEAF, Group, Hierarchies, bounds
from fairlead.sandbox.limits import Limits

LINE = "30 24 0:26 {root} {point} rw,nosuid - {kind} {kind} {options}\n"


def process(folder: Path, mounts: list[tuple[str, str, str, str]], own: str) -> Path:
    """Write what the kernel says of a process: its mounts and its groups."""
    lines = [
        LINE.format(root=root, point=point, kind=kind, options=options)
        for root, point, kind, options in mounts
    ]
    (folder / "mountinfo").write_text("".join(lines))
    (folder / "cgroup").write_text(own)
    return folder


def test_version_1(tmp_path: Path) -> None:
    """Each controller has a folder of its own, below that of the process."""
    mounts = [("/", f"/cg/{c}", "cgroup", f"rw,{c}") for c in ("memory", "pids", "cpu")]
    own = "4:memory:/a/b\n3:pids:/\n2:cpu:/c\n"
    found = Hierarchies.of_this_process(process(tmp_path, mounts, own))
    assert found.version == 1
    assert {c: str(f) for c, f in found.folders.items()} == {
        "memory": "/cg/memory/a/b",
        "pids": "/cg/pids",
        "cpu": "/cg/cpu/c",
    }


def test_version_1_together(tmp_path: Path) -> None:
    """Controllers that are mounted together share a folder, and a group has it once."""
    mounts = [
        ("/", "/cg/cpu", "cgroup", "rw,cpu,cpuacct"),
        ("/", "/cg/memory", "cgroup", "rw,memory"),
        ("/", "/cg/pids", "cgroup", "rw,pids"),
    ]
    own = "4:memory:/\n3:pids:/\n2:cpu,cpuacct:/\n"
    found = Hierarchies.of_this_process(process(tmp_path, mounts, own))
    assert len(found.unique) == 3
    assert found.folders["cpu"] == found.folders["cpuacct"]


def test_version_1_in_a_container(tmp_path: Path) -> None:
    """Where only a part of the tree is mounted, the folder is found below that part."""
    mounts = [
        ("/docker/x", f"/cg/{c}", "cgroup", f"rw,{c}")
        for c in ("memory", "pids", "cpu")
    ]
    own = "".join(
        f"{n}:{c}:/docker/x\n" for n, c in enumerate(("memory", "pids", "cpu"))
    )
    found = Hierarchies.of_this_process(process(tmp_path, mounts, own))
    assert str(found.folders["memory"]) == "/cg/memory"


def test_version_2(tmp_path: Path) -> None:
    """In version 2 all controllers are in the one folder of the process."""
    group = tmp_path / "tree" / "user.slice"
    group.mkdir(parents=True)
    (group / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    mounts = [("/", str(tmp_path / "tree"), "cgroup2", "rw")]
    found = Hierarchies.of_this_process(process(tmp_path, mounts, "0::/user.slice\n"))
    assert (found.version, found.unique) == (2, [group])
    assert found.missing() is None


def test_version_2_without_a_controller(tmp_path: Path) -> None:
    """Where version 2 lacks a controller, nothing is run and it is named."""
    (tmp_path / "cgroup.controllers").write_text("cpu pids\n")
    mounts = [("/", str(tmp_path), "cgroup2", "rw")]
    with pytest.raises(NoSandbox, match="memory"):
        Hierarchies.of_this_process(process(tmp_path, mounts, "0::/\n"))


def test_version_2_is_enabled_and_bounded(tmp_path: Path) -> None:
    """Controllers are handed on, and each limit is written where version 2 has it."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    limits = Limits(memory=64 << 20, processes=30, cores=0.5)
    group = Hierarchies.delegated(tmp_path).make(limits)
    (folder,) = group.unique
    written = {path.name: path.read_text() for path in folder.iterdir()}
    assert written == {
        "memory.max": str(64 << 20),
        "cpu.max": "50000 100000",
        "pids.max": "32",
    }
    enabled = (tmp_path / "cgroup.subtree_control").read_text()
    assert set(enabled.split()) == {"+cpu", "+memory", "+pids"}


def test_version_2_counts(tmp_path: Path) -> None:
    """What was used is read where version 2 tells it."""
    group = Group(
        Hierarchies.delegated(tmp_path),
        dict.fromkeys(("memory", "pids", "cpu"), tmp_path),
    )
    (tmp_path / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    (tmp_path / "memory.peak").write_text("4096\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    assert (group.out_of_memory(), group.peak_memory()) == (1, 4096)
    assert group.cpu_seconds() == 1.5
    assert [path.name for path in group.joining] == ["cgroup.procs"]


@pytest.mark.parametrize("version", [1, 2])
def test_every_controller_is_bounded(version: int) -> None:
    """No controller goes without a bound."""
    assert {c for c, _, _ in bounds(version, Limits())} == {"memory", "pids", "cpu"}


def test_version_2_after_moving_out(tmp_path: Path) -> None:
    """Once this process has moved to its leaf, groups are still made beside that."""
    group = tmp_path / "tree"
    (group / LEAF).mkdir(parents=True)
    (group / "cgroup.controllers").write_text("cpu memory pids\n")
    mounts = [("/", str(group), "cgroup2", "rw")]
    found = Hierarchies.of_this_process(process(tmp_path, mounts, f"0::/{LEAF}\n"))
    assert found.unique == [group]
    found.sweep()
    assert (group / LEAF).is_dir()
