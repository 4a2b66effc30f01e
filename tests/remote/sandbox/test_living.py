"""Sandboxes that live over many commands, at both levels."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fairlead.bench.packing import packed
from fairlead.errors import Gone, NoSandbox, TooLarge
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.remote.sandbox.cgroups import PREFIX, Hierarchies
from fairlead.remote.sandbox.gvisor import Gvisor
from fairlead.remote.sandbox.living import Living, LivingWorlds
from fairlead.sandbox.levels import Level
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command, Ended, Reason
from fairlead.sandbox.worlds import LARGEST, Asked

LIMITS = Limits(wall=60, cpu=30, memory=256 << 20, disk=64 << 20)


@pytest.fixture(params=["L1", "L2"])
def worlds(request: pytest.FixtureRequest) -> LivingWorlds:
    """Return worlds of one level, or skip where this machine has none."""
    sandbox = Bubblewrap() if request.param == "L1" else Gvisor()
    try:
        sandbox.run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    return LivingWorlds(sandbox)


@pytest.fixture
def world(worlds: LivingWorlds) -> Iterator[Living]:
    """Return a world with two files."""
    archive = packed({"a": b"one", "sub/run": b"#!/bin/sh\necho ran\n"})
    with worlds.open({"world.tar": archive}, LIMITS, loopback=True) as world:
        yield world


def sh(script: str, **more: object) -> Asked:
    return Asked(argv=["/bin/sh", "-c", script], **more)  # type: ignore[arg-type]


def test_what_one_command_leaves_the_next_finds(world: Living) -> None:
    """Files and processes stay from one command to the next."""
    assert world.run(sh("cat a; sub/run")).stdout == b"oneran\n"
    world.run(sh("sleep 50 >/dev/null 2>&1 & echo $! > pid; echo two > b"))
    ended = world.run(sh("cat b; kill -0 $(cat pid) && echo alive"))
    assert ended.stdout == b"two\nalive\n"
    assert world.read("b") == b"two\n"


def test_how_it_ends_is_told(world: Living) -> None:
    """Exit codes, signals, input, environment and folder are those of a command."""
    ended = world.run(
        sh(
            "cat; echo $A; pwd; echo no >&2; exit 3",
            stdin=b"in ",
            environment={"A": "x"},
            folder="/usr",
        )
    )
    assert (ended.reason, ended.code) == (Reason.EXITED, 3)
    assert (ended.stdout, ended.stderr) == (b"in x\n/usr\n", b"no\n")
    ended = world.run(sh("kill -SEGV $$"))
    assert (ended.reason, ended.signal) == (Reason.SIGNALLED, 11)
    assert world.run(Asked(argv=["/no/such"])).code == 127


def test_bounds_of_one_command_leave_the_world_alive(world: Living) -> None:
    """A command that takes too long or says too much is killed; the next runs."""
    assert world.run(sh("sleep 30", seconds=0.5)).reason is Reason.WALL
    ended = world.run(sh("yes", output=1000))
    assert (ended.reason, len(ended.stdout)) == (Reason.OUTPUT, 1000)
    assert world.run(sh("sleep 20 & echo here")).stdout == b"here\n"
    assert world.run(sh("echo on")).stdout == b"on\n"


def test_files_go_in_and_out_bounded(world: Living) -> None:
    """Contents come back as they went; what is too large or missing is an error."""
    content = os.urandom(2 << 20)
    world.write("deep/er/file", content)
    assert world.read("deep/er/file") == content
    with pytest.raises(FileNotFoundError):
        world.read("nothing")
    with pytest.raises(IsADirectoryError):
        world.read("deep")
    world.run(sh("chmod 000 a"))
    with pytest.raises(PermissionError):
        world.read("a")
    with pytest.raises(TooLarge):
        world.read("deep/er/file", most=1000)
    with pytest.raises(TooLarge):
        world.write("large", bytes(LARGEST + 1))
    world.run(sh("mkfifo pipe"))
    assert world.read("pipe") == b""


def test_commands_at_one_time(world: Living) -> None:
    """Many commands at one time each get their own answer."""
    with ThreadPoolExecutor(8) as pool:
        said = pool.map(
            lambda n: world.run(sh(f"sleep 0.1; echo {n}")).stdout, range(16)
        )
        assert list(said) == [f"{n}\n".encode() for n in range(16)]


def test_a_service_in_another_world(worlds: LivingWorlds, world: Living) -> None:
    """A port that was laid reaches the other world, and nothing else does."""
    with worlds.open(
        {"world.tar": packed({"page": b"x" * 300_000})}, LIMITS, loopback=True
    ) as other:
        other.run(
            sh("python3 -m http.server 8080 --bind 127.0.0.1 >/dev/null 2>&1 & sleep 2")
        )
        world.lay(8080, other)
        fetch = "python3 -c 'import urllib.request as u;print(len(u.urlopen(\"http://127.0.0.1:PORT/page\").read()))'"
        for _ in range(3):
            assert world.run(sh(fetch.replace("PORT", "8080"))).stdout == b"300000\n"
        assert b"refused" in world.run(sh(fetch.replace("PORT", "8081"))).stderr
        assert other.run(sh(fetch.replace("PORT", "8081"))).code == 1


def test_a_killed_world_says_so(world: Living) -> None:
    """Whoever kills everything inside ends the world, and waits for nobody."""
    began = time.monotonic()
    with pytest.raises(Gone):
        world.run(sh("kill -9 -1; kill -9 $PPID; sleep 30"))
    assert time.monotonic() - began < 20
    assert not world.alive
    with pytest.raises(Gone):
        world.read("a")


class _Forger:
    """Something that says nonsense where a sandbox would be."""

    level = Level.L1

    def missing(self) -> list[str]:
        return []

    def run(self, command: Command, *, cancelled: Callable[[], bool]) -> Ended:
        assert command.talk is not None
        command.talk.hear(b"\x00\x00\x00\x05h\x00\x00\x00\x01")
        while not cancelled():
            command.talk.hear(b"\xff" * 9)
            time.sleep(0.01)
        return Ended(reason=Reason.CANCELLED)


def test_a_forged_line_ends_the_world() -> None:
    """What breaks the rules of the line to the outside is ended, not believed."""
    with LivingWorlds(_Forger()).open({}, LIMITS) as world:
        with pytest.raises(Gone, match="broke its line"):
            world.run(sh("true"))
        assert not world.alive


def test_nothing_is_left() -> None:
    """When it is closed its group is gone."""
    sandbox = Bubblewrap()
    if sandbox.missing():
        pytest.skip("; ".join(sandbox.missing()))
    with LivingWorlds(sandbox).open({}, LIMITS) as world:
        world.run(sh("sleep 99 >/dev/null 2>&1 &"))
    own = Hierarchies.of_this_process()
    assert not [p for f in own.unique for p in f.glob(f"{PREFIX}{os.getpid()}-*")]
    assert not any(
        b"sleep\x0099" in p.read_bytes()
        for p in Path("/proc").glob("[0-9]*/cmdline")
        if p.exists()
    )
