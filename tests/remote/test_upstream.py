"""Outgoing calls go to public addresses that were looked at first, and nowhere else."""

from __future__ import annotations

import asyncio
import socket

import pytest

from fairlead.errors import Invalid, Unavailable
from fairlead.remote.upstream import Reach, Upstream, check_url

PUBLIC = Reach()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/v1",
        "https://127.0.0.1/v1",
        "https://localhost/v1",
        "https://[::1]/v1",
        "https://[::ffff:127.0.0.1]/v1",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/latest",
        "https://10.0.0.1/v1",
        "https://192.168.1.1/v1",
        "https://100.64.0.1/v1",
        "https://0.0.0.0/v1",
        "https://224.0.0.1/v1",
        "http://models.example/v1",
        "ftp://models.example/v1",
        "https://user:secret@models.example/v1",
        "file:///etc/passwd",
        "https://",
        "",
    ],
)
def test_an_address_that_is_not_public_is_refused_by_name(url):
    """Loopback, private and metadata addresses, and clear text, are refused."""
    with pytest.raises(Invalid) as raised:
        check_url(url, PUBLIC)
    assert raised.value.violations[0].field == "url"


@pytest.mark.parametrize("url", ["https://models.example/v1", "https://8.8.8.8/v1"])
def test_a_public_address_is_taken(url):
    """Over TLS."""
    check_url(url, PUBLIC)


def test_a_profile_may_add_a_network():
    """What it adds is reachable, what lies beside is not."""
    reach = Reach.read("10.20.0.0/16, ::1/128")
    check_url("http://10.20.3.4/v1", reach)
    check_url("https://[::1]/v1", reach)
    with pytest.raises(Invalid):
        check_url("https://10.21.0.1/v1", reach)
    with pytest.raises(ValueError, match="nonsense"):
        Reach.read("nonsense")


def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(monkeypatch):
    """What a name says now decides, not what it said when it was written down."""

    def resolve(_host, port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    async def call():
        upstream = Upstream(PUBLIC)
        try:
            async with upstream.send("GET", "https://models.example/v1", [], b""):
                pass
        finally:
            await upstream.close()

    with pytest.raises(Unavailable, match="cannot be reached"):
        asyncio.run(call())


def test_a_redirect_is_refused():
    """An endpoint that sends elsewhere is not followed."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def call():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        upstream = Upstream(Reach.read("127.0.0.0/8"))
        try:
            async with upstream.send("GET", f"http://127.0.0.1:{port}/v1", [], b""):
                pass
        finally:
            await upstream.close()
            server.close()

    with pytest.raises(Unavailable, match="redirects are refused"):
        asyncio.run(call())
