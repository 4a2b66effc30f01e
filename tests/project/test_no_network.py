"""Tests reach nothing but the machine that they run on."""

import asyncio
import socket

import pytest

ELSEWHERE = ("192.0.2.1", 9)
"""An address set aside for documentation (RFC 5737)."""


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_connection_elsewhere_is_refused(method):
    with (
        socket.socket() as opened,
        pytest.raises(AssertionError, match=r"192\.0\.2\.1"),
    ):
        getattr(opened, method)(ELSEWHERE)


def test_a_loop_connects_nowhere_else():
    async def connect():
        await asyncio.open_connection(*ELSEWHERE)

    with pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        asyncio.run(connect())


def test_a_name_elsewhere_is_not_looked_up():
    with pytest.raises(AssertionError, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)


def test_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port)) as opened:
            assert opened.getpeername()[1] == port
