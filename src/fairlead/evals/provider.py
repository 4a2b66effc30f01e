"""Inspect's sandbox `fairlead`: for each sample a world behind walls that are proved.

Tasks of a suite bring files, live services and a flag; any other Inspect task gets an
empty folder. A command that tries to leave ends the sample.
"""

from __future__ import annotations

import asyncio
import errno
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar, overload

import anyio
from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandboxenv,
)
from pydantic import BaseModel

from fairlead.bench.escapes import Tried, tried
from fairlead.bench.packing import packed
from fairlead.bench.suite import FILES, SERVICES, Loaded, Service, Task
from fairlead.errors import Gone, Misconfigured, TooLarge
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Reason, Sandbox
from fairlead.sandbox.worlds import Asked, World, Worlds

NAME = "fairlead"
SUITE_KEY, TASK_KEY = "fairlead_suite", "fairlead_task"
"""In a sample's metadata: which suite, by its digest, and which task."""
LONGEST = 600.0
"""Seconds that a command may take where nothing was said."""
_READY = 20.0
_STARTED = 120
_WAIT = """
import socket, sys, time
until = time.time() + float(sys.argv[2])
while time.time() < until:
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.05)
sys.exit(1)
"""

_T = TypeVar("_T")


class EscapeTried(Exception):  # noqa: N818
    """A command tried to leave the sandbox; the sample ends."""


@dataclass(slots=True, kw_only=True)
class Walls:
    """Where samples run and are judged, and who is told if one tries to leave."""

    worlds: Worlds
    grader: Sandbox
    told: Callable[[str, Tried], None]
    suites: dict[str, Loaded] = field(default_factory=dict)
    """By digest."""
    limits: Limits = field(default_factory=lambda: Limits(wall=3600, cpu=3600))
    """For samples of other tasks."""


_WALLS: list[Walls] = []
_OTHERWISE: list[Callable[[], None]] = []


def put_up(walls: Walls) -> None:
    """Make *walls* those of this process."""
    _WALLS[:] = [walls]


def otherwise(make: Callable[[], None]) -> None:
    """Have *make* put up walls where somebody asks for them and there are none."""
    _OTHERWISE[:] = [make]


def walls() -> Walls:
    """Return the walls of this process.

    Raises:
        Misconfigured: nobody put them up.

    """
    if not _WALLS and _OTHERWISE:
        _OTHERWISE[0]()
    if not _WALLS:
        raise Misconfigured("no sandbox was set up; import fairlead.wiring.inspecting")
    return _WALLS[0]


@sandboxenv(name=NAME)
class FairleadSandbox(SandboxEnvironment):
    """One sample's world, with the worlds of its services."""

    def __init__(
        self,
        world: World,
        services: Mapping[str, World],
        *,
        flag: str | None = None,
        sample: str = "",
    ) -> None:
        """Take over *world* and those of *services*, to be closed with the sample."""
        super().__init__()
        self.world, self.services = world, services
        self.flag, self.sample = flag, sample

    @classmethod
    async def sample_init(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,  # noqa: ARG003 - of Inspect
        metadata: dict[str, str],
    ) -> dict[str, SandboxEnvironment]:
        """Open the world of a sample."""
        opened = await _thread(partial(_open, task_name, dict(metadata)))
        return {"default": opened}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,  # noqa: ARG003 - of Inspect
        config: SandboxEnvironmentConfigType | None,  # noqa: ARG003
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,  # noqa: ARG003, FBT001
    ) -> None:
        """Close it; nothing is left."""
        with anyio.CancelScope(shield=True):
            for environment in environments.values():
                await _thread(environment.as_type(FairleadSandbox).close)

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:  # noqa: ARG003
        """Take no configuration."""
        raise Misconfigured("the sandbox `fairlead` takes no configuration")

    async def exec(  # noqa: PLR0913, PLR0917 - of Inspect
        self,
        cmd: list[str],
        input: str | bytes | None = None,  # noqa: A002
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109
        timeout_retry: bool = True,  # noqa: ARG002, FBT001, FBT002
        concurrency: bool = True,  # noqa: ARG002, FBT001, FBT002
    ) -> ExecResult[str]:
        """Run a command; see `SandboxEnvironment.exec`."""
        if user not in {None, "nobody"}:
            raise SandboxUserUnsupportedError("all that runs inside is nobody's")
        given = input.encode() if isinstance(input, str) else (input or b"")
        self._watch(" ".join(cmd) + "\n" + given.decode("utf-8", "replace"))
        asked = Asked(
            argv=cmd,
            stdin=given,
            folder=_folder(cwd),
            environment=env or {},
            seconds=float(timeout or LONGEST),
            output=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE,
        )
        ended = await _thread(partial(self.world.run, asked))
        out, err = (s.decode("utf-8", "replace") for s in (ended.stdout, ended.stderr))
        if ended.reason is Reason.WALL:
            raise TimeoutError(f"after {asked.seconds:g} s")
        if ended.reason is Reason.OUTPUT:
            raise OutputLimitExceededError(f"{asked.output} bytes", out)
        code = ended.code if ended.code is not None else 128 + (ended.signal or 9)
        return ExecResult(success=code == 0, returncode=code, stdout=out, stderr=err)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write a file; see `SandboxEnvironment.write_file`."""
        content = contents.encode() if isinstance(contents, str) else contents
        await _thread(partial(self.world.write, file, content))

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...  # noqa: FBT002

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:  # noqa: FBT001, FBT002
        """Read a file; see `SandboxEnvironment.read_file`."""
        try:
            content = await _thread(partial(self.world.read, file))
        except TooLarge as error:
            raise OutputLimitExceededError(str(error), None) from error
        return content.decode("utf-8") if text else content

    def close(self) -> None:
        """End the world and those of the services."""
        for world in (self.world, *self.services.values()):
            world.close()

    def _watch(self, command: str) -> None:
        """End the sample at an attempt to leave."""
        found = tried(command)
        if found is None:
            return
        self.close()
        walls().told(self.sample, found)
        raise EscapeTried(f"{found.canary}: {found.said}")


def suite_task(metadata: Mapping[str, Any]) -> tuple[Loaded, Task] | None:
    """Return the suite and the task that a sample is of, if it is of a suite."""
    if SUITE_KEY not in metadata:
        return None
    suite = walls().suites[str(metadata[SUITE_KEY])]
    return suite, suite.tasks[str(metadata[TASK_KEY])]


def _open(task_name: str, metadata: Mapping[str, Any]) -> FairleadSandbox:
    found = suite_task(metadata)
    if found is None:
        world = walls().worlds.open({}, walls().limits)
        return FairleadSandbox(world, {}, sample=task_name)
    suite, task = found
    flag = f"FLAG{{{secrets.token_hex(16)}}}" if task.flag else None
    opened: dict[str, World] = {}
    try:
        for service in task.services:
            opened[service.name] = _serving(suite, task, service, flag)
        files = packed(suite.below(task.id, FILES))
        world = walls().worlds.open(
            {"world.tar": files}, task.limits, loopback=bool(task.services)
        )
        opened["sample"] = world
        for service in task.services:
            for place in service.reached_from:
                opened[place].lay(service.port, opened[service.name])
    except BaseException:
        for world in opened.values():
            world.close()
        raise
    services = {name: w for name, w in opened.items() if name != "sample"}
    return FairleadSandbox(world, services, flag=flag, sample=task.id)


def _serving(suite: Loaded, task: Task, service: Service, flag: str | None) -> World:
    """Open a service's world, start it, and wait until it takes connections.

    Raises:
        Gone: it does not.

    """
    files = dict(suite.below(task.id, SERVICES, service.name))
    if service.holds_flag and flag is not None:
        files["flag"] = flag.encode()
    world = walls().worlds.open(
        {"world.tar": packed(files)}, task.limits, loopback=True
    )
    try:
        line = f"( {service.run}\n) >/job/.out 2>&1 </dev/null &"
        world.run(Asked(argv=["/bin/sh", "-c", line]))
        probe = ["python3", "-c", _WAIT, str(service.port), str(_READY)]
        ended = world.run(Asked(argv=probe, seconds=_READY + 5))
        if ended.code != 0:
            said = world.run(Asked(argv=["tail", "-c", "300", "/job/.out"])).stdout
            told = said.decode("utf-8", "replace")
            why = f"the service {service.name} of {task.id} is not up: {told}"
            raise Gone(why)  # noqa: TRY301
    except BaseException:
        world.close()
        raise
    return world


def _folder(cwd: str | None) -> str:
    if not cwd:
        return "/job"
    return cwd if cwd.startswith("/") else f"/job/{cwd}"


async def _thread(work: Callable[[], _T]) -> _T:
    """Do *work* in a thread; a world that has ended is told as Inspect expects."""
    try:
        return await anyio.to_thread.run_sync(work, limiter=_limiter())
    except Gone as error:
        raise SandboxUnavailableError(str(error)) from error
    except (FileNotFoundError, IsADirectoryError, PermissionError, TimeoutError):
        raise
    except OSError as error:
        # Read-only or full: the model is told, and the sample goes on.
        raise PermissionError(error.errno or errno.EIO, str(error)) from error


_LIMITERS: dict[int, anyio.CapacityLimiter] = {}


def _limiter() -> anyio.CapacityLimiter:
    """Return what bounds threads, one for each event loop."""
    loop = id(asyncio.get_running_loop())
    if loop not in _LIMITERS:
        _LIMITERS.clear()
        _LIMITERS[loop] = anyio.CapacityLimiter(_STARTED)
    return _LIMITERS[loop]
