"""What is planted on the machine for attempts to find, while a sandbox is proved."""

from __future__ import annotations

import ctypes
import os
import platform
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

_IPC_CREATE, _IPC_REMOVE = 0o1000, 0


class Planted(Struct, frozen=True, kw_only=True):
    """Where it is; attempts are told, so that they need not search."""

    tcp: int
    udp: int
    abstract: str
    socket: str
    file: str
    secret: str
    outside: str
    """A file that nobody may write."""
    variable: str
    sentinel: int
    sentinel_mark: str
    sibling: str
    shared_memory: int
    hostname: str
    resolvers: tuple[str, ...]

    def json(self) -> bytes:
        """Return it as it is handed in."""
        return msgspec.json.encode(self)


@contextmanager
def planted() -> Iterator[Planted]:
    """Plant servers, sockets, files, a process and shared memory; take them away again."""
    mark = secrets.token_hex(8)
    with ExitStack() as stack:
        # Others must be able to read it, or reading it would prove nothing.
        folder = Path(tempfile.mkdtemp(prefix="fairlead-planted-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        secret = folder / "secret"
        secret.write_text(f"secret {mark}", "ascii")
        secret.chmod(0o644)
        os.set_inheritable(_opened(stack, secret), True)  # noqa: FBT003
        variable = f"FAIRLEAD_CANARY_{mark}"
        os.environ[variable] = "planted"
        stack.callback(os.environ.pop, variable, None)
        yield Planted(
            tcp=_listening(stack, socket.AF_INET, ("127.0.0.1", 0))[1],
            udp=_echoing(stack),
            abstract=f"fairlead-{mark}",
            socket=_on_path(stack, folder / "socket", f"\0fairlead-{mark}"),
            file=str(secret),
            secret=f"secret {mark}",
            outside=str(folder / "outside"),
            variable=variable,
            sentinel=_sentinel(stack, f"sentinel-{mark}"),
            sentinel_mark=f"sentinel-{mark}",
            sibling=f"sibling-{mark}",
            shared_memory=_shared_memory(stack),
            hostname=platform.node(),
            resolvers=_resolvers(),
        )


def _opened(stack: ExitStack, path: Path) -> int:
    return stack.enter_context(path.open("rb")).fileno()


def _listening(stack: ExitStack, family: int, address: object) -> tuple[object, int]:
    listening = stack.enter_context(socket.socket(family))
    listening.bind(address)  # type: ignore[arg-type]
    listening.listen()
    name = listening.getsockname()
    return name, name[1] if family == socket.AF_INET else 0


def _echoing(stack: ExitStack) -> int:
    echo = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    echo.bind(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            while True:
                said, address = echo.recvfrom(512)
                if said == b"end":
                    return
                echo.sendto(said, address)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    port: int = echo.getsockname()[1]

    def end() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            sending.sendto(b"end", ("127.0.0.1", port))
        thread.join()

    stack.callback(end)
    return port


def _on_path(stack: ExitStack, path: Path, abstract: str) -> str:
    _listening(stack, socket.AF_UNIX, str(path))
    path.chmod(0o666)
    _listening(stack, socket.AF_UNIX, abstract)
    return str(path)


def _sentinel(stack: ExitStack, mark: str) -> int:
    """Start a process that does nothing; its command line has *mark*."""
    process = subprocess.Popen(  # noqa: S603 - fixed text
        ["/bin/sh", "-c", "read -r _", mark], stdin=subprocess.PIPE, cwd="/"
    )

    def end() -> None:
        process.kill()
        process.communicate()

    stack.callback(end)
    return process.pid


def _shared_memory(stack: ExitStack) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    identity: int = library.shmget(0, 4096, 0o666 | _IPC_CREATE)
    stack.callback(library.shmctl, identity, _IPC_REMOVE, None)
    return identity


def _resolvers() -> tuple[str, ...]:
    with suppress(OSError):
        lines = Path("/etc/resolv.conf").read_text("utf-8", "replace").splitlines()
        found = [line.split()[1] for line in lines if line.startswith("nameserver ")]
        return tuple(found[:3])
    return ()
