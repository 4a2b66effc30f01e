"""A world with an owner, and a real SMTP server for its mail."""

from __future__ import annotations

from contextlib import suppress

import pytest
from aiosmtpd.controller import Controller

from fairlead.web.server import free_port

from .posts import Post, written


@pytest.fixture
def letters(world, tmp_path):
    post = Post()
    port = free_port("127.0.0.1")
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    yield written(world, tmp_path, post, port)
    with suppress(RuntimeError):
        server.stop()
