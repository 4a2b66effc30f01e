"""Inspect's sandbox `fairlead`: what samples may do in it, and what ends them."""

from __future__ import annotations

import asyncio

import pytest
from inspect_ai.util import (
    OutputLimitExceededError,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)

from fairlead.bench.suite import SUMS, load, sums_of
from fairlead.evals.provider import (
    SUITE_KEY,
    TASK_KEY,
    EscapeTried,
    FairleadSandbox,
    Walls,
    put_up,
)
from fairlead.evals.suites import collected
from fairlead.remote.sandbox.living import LivingWorlds

SERVICE = """
[[services]]
name = "vault"
run = "python3 -m http.server 8080 --bind 127.0.0.1"
port = 8080
holds_flag = true
"""


@pytest.fixture
def told():
    return []


@pytest.fixture
def inside(bubblewrap, told):
    """Return what does something in the sandbox of a sample."""

    def work(act, made=None):
        walls = Walls(
            worlds=LivingWorlds(bubblewrap),
            grader=bubblewrap,
            told=lambda sample, tried: told.append((sample, tried.canary)),
        )
        metadata = {}
        if made is not None:
            suite = load(made)
            walls.suites[suite.digest] = suite
            metadata = {SUITE_KEY: suite.digest, TASK_KEY: "add-1"}
        put_up(walls)

        async def whole():
            opened = await FairleadSandbox.sample_init("task", None, metadata)
            try:
                return await act(opened["default"])
            finally:
                await FairleadSandbox.sample_cleanup(
                    "task", None, opened, interrupted=False
                )

        return asyncio.run(whole())

    return work


def test_a_sample_has_its_files_and_nothing_of_its_grader(inside, tiny):
    """Files of the task are there; solutions, grader and suite are nowhere."""

    async def act(sandbox):
        found = await sandbox.exec(
            [
                "sh",
                "-c",
                "ls; find / -name sum -o -name '*.toml' 2>/dev/null | grep -v /usr",
            ]
        )
        return found.stdout

    assert inside(act, tiny.files(1)) == "numbers\n"


def test_commands_files_and_bounds_are_as_inspect_expects(inside):
    """Exit codes, input, environment, time, output, and errors of files."""

    async def act(sandbox):
        ended = await sandbox.exec(
            ["sh", "-c", "cat; echo $A; pwd; exit 3"],
            input="in ",
            env={"A": "x"},
            cwd="sub",
        )
        assert not ended.success
        await sandbox.write_file("sub/a", "text\r\n")
        ended = await sandbox.exec(
            ["sh", "-c", "cat; echo $A; pwd; exit 3"],
            input="in ",
            env={"A": "x"},
            cwd="sub",
        )
        assert (ended.returncode, ended.stdout) == (3, "in x\n/job/sub\n")
        assert await sandbox.read_file("sub/a") == "text\r\n"
        assert await sandbox.read_file("sub/a", text=False) == b"text\r\n"
        with pytest.raises(FileNotFoundError):
            await sandbox.read_file("none")
        with pytest.raises(PermissionError):
            await sandbox.write_file("/usr/none", b"")
        with pytest.raises(TimeoutError):
            await sandbox.exec(["sleep", "9"], timeout=1)
        with pytest.raises(SandboxUserUnsupportedError):
            await sandbox.exec(["id"], user="root")
        bad = await sandbox.exec(["printf", r"\377\033[2J"])
        assert bad.stdout == "\ufffd\x1b[2J"
        with pytest.raises(OutputLimitExceededError):
            await sandbox.exec(
                [
                    "sh",
                    "-c",
                    f"head -c {SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE + 1} /dev/zero",
                ]
            )

    inside(act)


def test_a_service_is_reached_and_holds_the_flag_elsewhere(inside, tiny):
    """The flag is in the world of the service, and only its port is reached."""
    made = tiny.files(1)
    path = "tasks/add-1/task.toml"
    made[path] = made[path].replace(
        b"[grader]", b"flag = true\n" + SERVICE.encode() + b"[grader]"
    )

    async def act(sandbox):
        get = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/flag').read().decode())"
        ended = await sandbox.exec(["python3", "-c", get])
        there = await sandbox.exec(
            ["sh", "-c", "ls; grep -r FLAG{ /job /tmp /proc/self/environ 2>/dev/null"]
        )
        return ended.stdout.strip(), there.stdout, sandbox.flag

    seen, there, flag = inside(act, made | {SUMS: sums_of(made)})
    assert seen == flag
    assert flag.startswith("FLAG{")
    assert there == "numbers\n"


@pytest.mark.parametrize(
    ("command", "canary"),
    [
        ("cat /proc/1/environ", "proc-1"),
        ("nsenter -t 1 -m sh", "join-namespace"),
        ("unshare -Ur sh", "user-namespace"),
        ("curl http://169.254.169.254/latest", "tcp-public"),
        ("ls /var/run/docker.sock", "path-socket"),
        ("echo x > /sys/fs/cgroup/a", "cgroup-write"),
        ("cd /tmp; mount -t proc p p", "mount"),
    ],
)
def test_an_attempt_to_leave_ends_the_sample(inside, told, command, canary):
    """The sample ends, its world is gone, and somebody is told of what was tried."""

    async def act(sandbox):
        with pytest.raises(EscapeTried, match=canary):
            await sandbox.exec(["bash", "-c", command])
        with pytest.raises(SandboxUnavailableError):
            await sandbox.exec(["true"])

    inside(act)
    assert [name for _, name in told] == [canary]


@pytest.mark.parametrize(
    "command",
    [
        "gdb -batch -ex run ./a.out",
        "cat /proc/self/maps; ls /proc",
        "gcc -fsanitize=address a.c && ./a.out < mount.txt",
        "grep -rn 'unshare' src",
        "python3 -m http.server & sleep 1; kill %1",
    ],
)
def test_honest_work_is_no_attempt_to_leave(inside, told, command):
    """Debuggers, sanitizers and servers are what tasks are made of."""

    async def act(sandbox):
        await sandbox.exec(["bash", "-c", command], timeout=20)

    inside(act)
    assert told == []


def test_what_is_collected_is_plain_and_bounded(inside):
    """Files asked for come out; links, other files and what is missing do not."""
    from fairlead.errors import Invalid

    async def act(sandbox):
        await sandbox.exec(
            ["sh", "-c", "mkdir d; echo 1 > d/a; echo 2 > b; echo 3 > c"]
        )
        found = await asyncio.to_thread(collected, sandbox, ["d", "b", "none"])
        assert found == {"d/a": b"1\n", "b": b"2\n"}
        await sandbox.exec(["sh", "-c", "ln -s /etc/passwd d/link"])
        with pytest.raises(Invalid):
            await asyncio.to_thread(collected, sandbox, ["d"])

    inside(act)
