"""The HTTP server: granian inside this process, ended by a signal or by its caller."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar.types import ASGIApp

from fairlead.errors import InUse
from fairlead.web.app import create_app
from fairlead.web.context import Context

log = logging.getLogger(__name__)

TRIES = 200
"""How often to look whether requests are taken, 50 ms apart."""
WAITING = 4096
"""Connections that may wait to be taken; what the kernel allows goes before it."""
FILES = 65_536
"""Files that are asked for; what the system allows goes before it."""
OWN_FILES = 256
"""Files that are kept for the database, the log and the rest."""
FEWEST = 128
"""Connections that are taken however few files there are."""


async def serve(
    context: Context,
    *,
    host: str,
    port: int,
    ended: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve *context* until *ended* is set; *ready* is called once requests are taken.

    Raises:
        InUse: the port is taken.

    """
    app = create_app(context)
    await serve_app(app, host=host, port=port, ended=ended, ready=ready)


async def serve_app(  # noqa: PLR0913 - one value a thing that must be said
    app: ASGIApp,
    *,
    host: str,
    port: int,
    ended: asyncio.Event,
    ready: Callable[[], None] | None = None,
    tls: tuple[Path, Path] | None = None,
) -> None:
    """Serve any application; see `serve`. *tls* is certificate and key, as PEM files."""
    _check_free(host, port)
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
        # Without these granian takes 128 connections, idle ones included; the next one
        # is accepted by the kernel and never answered.
        backlog=WAITING,
        backpressure=_connections(),
        ssl_cert=tls[0] if tls else None,
        ssl_key=tls[1] if tls else None,
    )
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(ended.wait())
    try:
        await _until_answering(host, port, serving)
        log.info("server.ready", extra={"host": host, "port": port})
        if ready:
            ready()
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        waiting.cancel()
        await serving


def ended_by_signal() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    return ended


def free_port(host: str) -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _connections() -> int:
    """Return how many connections can be held; a call that is passed on takes two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    files = FILES if soft == resource.RLIM_INFINITY else min(FILES, soft)
    return max(FEWEST, (files - OWN_FILES) // 2)


def _check_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InUse(
                f"{host}:{port} cannot be listened on ({error.strerror}); choose another"
                " port with --port, or 0 for any free one"
            ) from error


async def _until_answering(host: str, port: int, serving: asyncio.Task[None]) -> None:
    for _ in range(TRIES):
        if serving.done():
            await serving
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise InUse(f"{host}:{port} does not answer")
