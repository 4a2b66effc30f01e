"""A task's world with its live services, each in a sandbox of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from fairlead.bench.packing import packed
from fairlead.bench.suite import FILES, SERVICES, Loaded, Service, Task
from fairlead.errors import Gone
from fairlead.sandbox.worlds import Asked, World, Worlds

READY = 20.0
"""Seconds until a service takes connections."""
_WAIT = """
import socket, sys, time
until = time.monotonic() + float(sys.argv[2])
while True:
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        break
    except OSError:
        if time.monotonic() > until:
            sys.exit(1)
        time.sleep(0.02)
"""


@contextmanager
def live(
    worlds: Worlds, suite: Loaded, task: Task, flag: str | None
) -> Iterator[Mapping[str, World]]:
    """Open a task's world, as `sample`, and those of its services, by name.

    Raises:
        Gone: a service does not take connections.
        NoSandbox: a layer is missing, so that nothing was run.

    """
    with ExitStack() as stack:
        opened: dict[str, World] = {}
        for service in task.services:
            opened[service.name] = stack.enter_context(
                _serving(worlds, suite, task, service, flag)
            )
        files = {"world.tar": packed(suite.below(task.id, FILES))}
        opened["sample"] = stack.enter_context(
            worlds.open(files, task.limits, loopback=bool(task.services))
        )
        for service in task.services:
            for place in service.reached_from:
                opened[place].lay(service.port, opened[service.name])
        yield opened


@contextmanager
def _serving(
    worlds: Worlds, suite: Loaded, task: Task, service: Service, flag: str | None
) -> Iterator[World]:
    files = dict(suite.below(task.id, SERVICES, service.name))
    if service.holds_flag and flag is not None:
        files["flag"] = flag.encode()
    with worlds.open({"world.tar": packed(files)}, task.limits, loopback=True) as world:
        line = f"( {service.run}\n) >/job/.out 2>&1 </dev/null &"
        world.run(Asked(argv=["/bin/sh", "-c", line]))
        probe = ["python3", "-c", _WAIT, str(service.port), str(READY)]
        if world.run(Asked(argv=probe, seconds=READY + 5)).code != 0:
            said = world.run(Asked(argv=["tail", "-c", "300", "/job/.out"])).stdout
            told = said.decode("utf-8", "replace")
            raise Gone(f"the service {service.name} of {task.id} is not up: {told}")
        yield world
