"""Commands behind walls: what they may use, how they end, and what is left of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from fairlead.errors import Invalid, NoSandbox, TooLarge
from fairlead.remote.sandbox.bubblewrap import Bubblewrap, service_socket
from fairlead.remote.sandbox.cgroups import PREFIX, Hierarchies
from fairlead.sandbox.levels import Layer, Level
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command, Ended, Reason
from fairlead.sandbox.results import results_of

MIB = 1 << 20


def shell(script: str, **more: object) -> Command:
    return Command(argv=["/bin/sh", "-c", script], **more)  # type: ignore[arg-type]


def groups_left() -> list[str]:
    """Return the groups of sandboxes below this process's own."""
    own = Hierarchies.of_this_process()
    mark = f"{PREFIX}{os.getpid()}-*"
    return [str(path) for folder in own.unique for path in folder.glob(mark)]


def eventually(done: Callable[[], bool]) -> bool:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if done():
            return True
        time.sleep(0.02)
    return False


def carrying(mark: str) -> list[str]:
    """Return the processes of the machine whose command line has *mark*."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_says_and_ends(bubblewrap: Bubblewrap) -> None:
    """A command gets its input, says its output apart, and ends with its own code."""
    command = shell("cat; echo no >&2; exit 3", stdin=b"hello")
    ended = bubblewrap.run(command)
    assert (ended.reason, ended.code) == (Reason.EXITED, 3)
    assert (ended.stdout, ended.stderr) == (b"hello", b"no\n")


def test_killed(bubblewrap: Bubblewrap) -> None:
    """A command that a signal killed is told apart from one that exited."""
    ended = bubblewrap.run(shell("kill -SEGV $$"))
    assert (ended.reason, ended.signal) == (Reason.SIGNALLED, signal.SIGSEGV)
    assert ended.code is None


def test_handed_in(bubblewrap: Bubblewrap) -> None:
    """Files are handed in read-only, as the bytes that were given."""
    content = os.urandom(100_000)
    ended = bubblewrap.run(
        shell("cat /in/data; echo x > /in/data", files={"data": content})
    )
    assert ended.stdout == content
    assert ended.code != 0


def test_brought_out(bubblewrap: Bubblewrap) -> None:
    """The working folder comes out as an archive, with output apart from it."""
    script = "mkdir -p a/b && printf deep > a/b/c && printf flat > d; echo said; exit 4"
    ended = bubblewrap.run(shell(script, collect=True))
    found = {r.name: r.content for r in results_of(ended.results, most=MIB)}
    assert found == {"a/b/c": b"deep", "d": b"flat"}
    assert (ended.code, ended.stderr, ended.stdout) == (4, b"said\n", b"")


def test_results_bounded(bubblewrap: Bubblewrap) -> None:
    """More results than the limit are not brought out at all."""
    limits = Limits(results=64 << 10)
    script = "head -c 200000 /dev/zero > large"
    ended = bubblewrap.run(shell(script, collect=True, limits=limits))
    assert (ended.reason, ended.results) == (Reason.OUTPUT, b"")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".x", "x" * 200, "a\nb"])
def test_named_wrongly(bubblewrap: Bubblewrap, name: str) -> None:
    """A file cannot be handed in under a name that is a path."""
    with pytest.raises(Invalid):
        bubblewrap.run(shell("true", files={name: b""}))


def test_too_large(bubblewrap: Bubblewrap) -> None:
    """More than the limits allow is not handed in."""
    with pytest.raises(TooLarge):
        bubblewrap.run(
            shell("true", files={"x": bytes(9000)}, limits=Limits(file=8192))
        )
    with pytest.raises(TooLarge):
        bubblewrap.run(shell("true", stdin=bytes(9000), limits=Limits(input=8192)))


def test_output_bounded(bubblewrap: Bubblewrap) -> None:
    """Who says too much is stopped, and no more than the limit is kept."""
    ended = bubblewrap.run(shell("yes", limits=Limits(output=10_000)))
    assert ended.reason is Reason.OUTPUT
    assert len(ended.stdout) == 10_000


def test_memory_told(bubblewrap: Bubblewrap) -> None:
    """Who takes too much memory is told apart, and what it took is counted."""
    script = "head -c 100000000 /dev/zero | tail"
    ended = bubblewrap.run(shell(script, limits=Limits(memory=32 * MIB)))
    assert ended.reason is Reason.MEMORY
    assert 8 * MIB < ended.peak_memory <= 32 * MIB


def test_cancelled(bubblewrap: Bubblewrap) -> None:
    """A command ends when it is cancelled."""
    over = threading.Event()
    over.set()
    ended = bubblewrap.run(shell("sleep 600"), cancelled=over.is_set)
    assert ended.reason is Reason.CANCELLED


def test_loopback(bubblewrap: Bubblewrap) -> None:
    """Programs inside may talk to one another over 127.0.0.1, only if they are to."""
    script = (
        "import socket; s=socket.create_server(('127.0.0.1',0));"
        "c=socket.create_connection(s.getsockname()); print('connected')"
    )
    argv = ["/usr/bin/python3", "-I", "-c", script]
    if not Path(argv[0]).exists():
        pytest.skip("there is no /usr/bin/python3 to run inside")
    assert bubblewrap.run(Command(argv=argv, loopback=True)).stdout == b"connected\n"
    assert bubblewrap.run(Command(argv=argv)).code == 1


def test_named_service(bubblewrap: Bubblewrap) -> None:
    """A service that is named is reached by its socket; nothing else of the machine is."""
    folder = Path("/var/tmp") / f"fairlead-service-{os.getpid()}"  # noqa: S108
    folder.mkdir()
    folder.chmod(0o755)
    path = folder / "socket"
    try:
        with service_socket(path) as listening:

            def answer() -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(b"served")

            thread = threading.Thread(target=answer)
            thread.start()
            script = (
                "import socket; s=socket.socket(socket.AF_UNIX);"
                "s.connect('/run/services/model'); print(s.recv(9).decode())"
            )
            ended = bubblewrap.run(
                Command(
                    argv=["/usr/bin/python3", "-I", "-c", script],
                    services={"model": path},
                )
            )
            thread.join()
    finally:
        path.unlink()
        folder.rmdir()
    assert ended.stdout == b"served\n"


def test_runs_apart(bubblewrap: Bubblewrap) -> None:
    """Two runs share nothing: what one wrote, the next does not find."""
    assert bubblewrap.run(shell("echo x > /job/x; echo y > /tmp/y")).code == 0
    assert bubblewrap.run(shell("ls /job /tmp")).stdout == b"/job:\n\n/tmp:\n"


def test_other_tree(bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    """A tree of one's own is seen as the root, and nothing of the machine's."""
    for name in ("bin", "lib", "lib64", "usr/lib", "proc", "dev", "tmp", "job", "in"):
        (tmp_path / name).mkdir(parents=True)
    tmp_path.chmod(0o755)
    for above in tmp_path.parents:
        if not above.stat().st_mode & 0o005:
            pytest.skip(f"{above} is closed to the user that a sandbox runs as")
    static = Path("/bin/busybox")
    if not static.exists():
        pytest.skip("no static program to put into a tree of its own")
    (tmp_path / "bin" / "sh").write_bytes(static.read_bytes())
    (tmp_path / "bin" / "sh").chmod(0o755)
    own = replace(bubblewrap, root=tmp_path)
    assert own.run(shell("test ! -e /usr/bin && echo alone")).stdout == b"alone\n"


# --- Nothing is left ----------------------------------------------------------------------


def test_daemons_end(bubblewrap: Bubblewrap) -> None:
    """What a command leaves running ends with it, and its group is gone."""
    mark = f"daemon-{os.getpid()}"
    ended = bubblewrap.run(
        shell(
            f"(trap '' HUP TERM; setsid sh -c 'sleep 600; : {mark}' &) >/dev/null 2>&1"
        )
    )
    assert ended.reason is Reason.EXITED
    assert not carrying(mark)
    assert not groups_left()


@pytest.mark.usefixtures("bubblewrap")
def test_supervisor_killed() -> None:
    """When the supervisor is killed, what ran inside, its group and its mounts go too."""
    mark = f"orphan-{os.getpid()}"
    program = (
        "from fairlead.remote.sandbox.bubblewrap import Bubblewrap\n"
        "from fairlead.sandbox.ports import Command\n"
        "Bubblewrap().run(Command(argv=['/bin/sh', '-c', 'sleep 600 & sleep 600', "
        f"'{mark}']))\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", program])
    own = Hierarchies.of_this_process()

    def groups() -> list[Path]:
        pattern = f"{PREFIX}{supervisor.pid}-*"
        return [path for folder in own.unique for path in folder.glob(pattern)]

    try:
        assert eventually(lambda: len(carrying(mark)) > 2 and bool(groups()))
    finally:
        supervisor.kill()
        supervisor.wait()
    assert eventually(lambda: not carrying(mark) and not groups())
    assert mark not in Path("/proc/self/mounts").read_text("utf-8")


def test_stopped_supervisor_swept(bubblewrap: Bubblewrap) -> None:
    """A group whose supervisor and watcher both died is removed by the next run."""
    own = Hierarchies.of_this_process()
    left = [folder / f"{PREFIX}999999999-1-dead" for folder in own.unique]
    for path in left:
        path.mkdir()
    bubblewrap.run(shell("true"))
    assert not [path for path in left if path.exists()]


def test_many_at_once(bubblewrap: Bubblewrap) -> None:
    """Runs beside one another each end as they should, and leave nothing."""
    codes: dict[int, Ended] = {}

    def work(number: int) -> None:
        codes[number] = bubblewrap.run(shell(f"echo {number}; exit {number}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: e.code for n, e in codes.items()} == {n: n for n in range(8)}
    assert not groups_left()


# --- Fails closed -------------------------------------------------------------------------


def test_no_program() -> None:
    """Without bubblewrap nothing is run, and it is said what to install."""
    with pytest.raises(NoSandbox, match="install bubblewrap"):
        Bubblewrap(program="no-such-bwrap").run(shell("true"))


def test_no_filter() -> None:
    """Without a filter for the processor nothing is run."""
    with pytest.raises(NoSandbox, match="no system call filter for riscv64"):
        Bubblewrap(architecture="riscv64").run(shell("true"))


def test_wrong_filter(bubblewrap: Bubblewrap) -> None:
    """With the filter of another processor the command does not begin."""
    other = "aarch64" if bubblewrap.architecture == "x86_64" else "x86_64"
    with pytest.raises(NoSandbox):
        replace(bubblewrap, architecture=other).run(shell("echo began"))


def test_no_groups(tmp_path: Path) -> None:
    """Where control groups cannot be made nothing is run, and it is said what would help."""
    groups = Hierarchies.delegated(tmp_path / "absent")
    with pytest.raises(NoSandbox, match="Delegate=yes"):
        Bubblewrap(groups=groups).run(shell("true"))


def test_group_without_controllers(bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    """A delegated group without its controllers is none."""
    (tmp_path / "cgroup.controllers").write_text("cpu pids\n")
    with pytest.raises(NoSandbox, match="lacks controllers"):
        replace(bubblewrap, groups=Hierarchies.delegated(tmp_path)).run(shell("true"))


def test_no_namespaces(bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    """Where the kernel refuses namespaces, bubblewrap fails and nothing is run."""
    refusing = tmp_path / "bwrap"
    refusing.write_text(
        '#!/bin/sh\nexec unshare --user --map-root-user sh -c "'
        'echo 0 > /proc/sys/user/max_user_namespaces; exec bwrap \\"\\$@\\"" x "$@"\n'
    )
    for above in (tmp_path, *tmp_path.parents):
        if not above.stat().st_mode & 0o005:
            refusing = Path(f"/var/tmp/fairlead-bwrap-{os.getpid()}")  # noqa: S108
            refusing.write_text((tmp_path / "bwrap").read_text())
            break
    refusing.chmod(0o755)
    try:
        with pytest.raises(NoSandbox):
            replace(bubblewrap, program=str(refusing)).run(shell("echo began"))
    finally:
        refusing.unlink()


def test_program_that_does_nothing(bubblewrap: Bubblewrap) -> None:
    """A program that only says that it ran the command is not believed."""
    with pytest.raises(NoSandbox):
        replace(bubblewrap, program="/bin/true").run(shell("true"))


def test_weakened_has_no_level(bubblewrap: Bubblewrap) -> None:
    """A sandbox with a layer left away says that it is none."""
    assert bubblewrap.level is Level.L1
    assert replace(bubblewrap, without=frozenset({Layer.CORE})).level is Level.NONE


@pytest.mark.parametrize("field", Limits.__struct_fields__)
def test_limits_are_bounded(field: str) -> None:
    """No limit can be left open by giving a value that makes no sense."""
    import msgspec

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({field: 0}, Limits)


@pytest.mark.usefixtures("bubblewrap", "as_root")
def test_plain_user_with_delegation() -> None:
    """A plain user to whom groups were delegated gets the same walls; else it is told."""
    program = (
        "from fairlead.remote.sandbox.bubblewrap import Bubblewrap\n"
        "from fairlead.sandbox.ports import Command\n"
        "print(Bubblewrap().run(Command(argv=['/usr/bin/id', '-u'])).stdout.decode())\n"
    )
    own = Hierarchies.of_this_process()
    if own.version != 1:
        pytest.skip("delegation is tried with version 1 here")
    user, name = 61234, f"delegated-{os.getpid()}"
    folders = [folder / name for folder in own.unique]
    try:
        for folder in folders:
            folder.mkdir()
            os.chown(folder, user, user)
        join = "".join(f"echo $$ > {folder}/cgroup.procs; " for folder in folders)
        readable = Path(f"/var/tmp/fairlead-source-{os.getpid()}")  # noqa: S108
        _copy_source(readable)
        argv = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"]
        script = f'{join}exec {" ".join(argv)} "$@"'
        run = ["/bin/sh", "-c", script, "x", "/usr/bin/env", "python3", "-c", program]
        paths = [str(readable), *(p for p in sys.path if p.endswith("site-packages"))]
        if not _readable_by_all(Path(paths[-1])):
            pytest.skip("the environment of these tests is closed to other users")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(paths)}
        done = subprocess.run(run, capture_output=True, env=environment, check=False)
        assert done.stdout.split() == [b"65534"], done.stderr
        alone = [*argv, "/usr/bin/env", "python3", "-c", program]
        refused = subprocess.run(
            alone, capture_output=True, env=environment, check=False
        )
        assert b"Delegate=yes" in refused.stderr
    finally:
        for folder in folders:
            if folder.exists():
                folder.rmdir()
        import shutil

        shutil.rmtree(f"/var/tmp/fairlead-source-{os.getpid()}", ignore_errors=True)  # noqa: S108


def _copy_source(target: Path) -> None:
    import shutil

    import fairlead

    source = Path(fairlead.__file__).parent
    shutil.copytree(
        source, target / "fairlead", ignore=shutil.ignore_patterns("web", "*.pyc")
    )
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755)


def _readable_by_all(path: Path) -> bool:
    return all(p.stat().st_mode & 0o005 == 0o005 for p in (path, *path.parents))


def test_sockets_not_reached(bubblewrap: Bubblewrap) -> None:
    """A server on the machine's loopback is not the one of the sandbox."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        argv = ["/usr/bin/python3", "-I", "-c", script]
        assert bubblewrap.run(Command(argv=argv, loopback=True)).code == 1


def test_limits_change(bubblewrap: Bubblewrap) -> None:
    """Wall time is counted from the start, whatever the command does about it."""
    limits = changed(Limits(), wall=0.3)
    ended = bubblewrap.run(shell("trap '' TERM INT HUP; sleep 60", limits=limits))
    assert ended.reason is Reason.WALL
