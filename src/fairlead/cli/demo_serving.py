"""Serving an application on this machine while the demo goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fairlead.errors import Unavailable

PATIENCE = 30
"""Seconds until it must answer."""


@contextmanager
def serving(app: Any) -> Iterator[str]:  # noqa: ANN401 - any ASGI application
    """Serve *app* in a thread; yield its address.

    Raises:
        Unavailable: it does not answer.

    """
    from fairlead.web.server import free_port, serve_app

    port, ready = free_port("127.0.0.1"), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        loop.run_until_complete(
            serve_app(app, host="127.0.0.1", port=port, ended=ended, ready=ready.set)
        )
        loop.close()

    thread = threading.Thread(target=run, name="endpoint of the demo", daemon=True)
    thread.start()
    if not ready.wait(PATIENCE):
        raise Unavailable("an endpoint of the demo does not answer")
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
