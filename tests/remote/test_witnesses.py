"""Asking witnesses: real ones over HTTP, and ones that are broken in every way."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.errors import Damaged
from fairlead.record.cosignatures import WitnessSigner
from fairlead.record.notes import Note, new_signer
from fairlead.record.witness import known_logs
from fairlead.remote.witnesses import HttpWitnesses, Peer
from fairlead.store.witness import Desk, Memory
from fairlead.web.server import free_port, serve_app
from fairlead.web.witness import create_witness

sys.path.insert(0, str(Path(__file__).parents[1] / "record"))
from logs import Log

LOG = new_signer("log.example/record", secrets.token_bytes)
SIGNER = WitnessSigner(new_signer("witness.example/w1", secrets.token_bytes))
ONE = Log(LOG, 40)
FORKED = Log(LOG, 40, fork=12)


@contextmanager
def served(app):
    """Serve *app* by the real server; give its address."""
    port = free_port("127.0.0.1")
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def run():
        loop.run_until_complete(
            serve_app(app, host="127.0.0.1", port=port, ended=ended, ready=ready.set)
        )
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


@pytest.fixture
def witness(tmp_path):
    desk = Desk(
        signer=SIGNER,
        logs=known_logs([LOG.verifier()]),
        memory=Memory(tmp_path / "seen"),
        clock=lambda: datetime.now(UTC),
    )
    with served(create_witness(desk)) as address:
        yield Peer(SIGNER.witness(), address)


def cosigned(asking, size, log=ONE):
    """Ask about the first *size* entries of *log*; return who cosigned."""
    note = log.note(size)
    lines = asking.cosign(note, log.checkpoint(size), log)
    together = Note.parse(Note(note.text, (*note.lines, *lines)).written())
    return [p for p in asking.peers if together.signed_by(p.witness)]


def test_a_witness_cosigns_a_log_that_grows(witness):
    asking = HttpWitnesses([witness])
    for size in (3, 3, 17, 40):
        assert cosigned(asking, size) == [witness]
    # One that knows nothing of what was before asks, and is told.
    assert cosigned(HttpWitnesses([witness]), 40) == [witness]


def test_a_fork_and_a_rollback_are_said_loudly(witness, caplog):
    assert cosigned(HttpWitnesses([witness]), 20)
    for size, log, said in (
        (20, FORKED, "witness.saw_another_log"),
        (40, FORKED, "witness.refused"),
        (12, ONE, "witness.saw_another_log"),
        (0, ONE, "witness.saw_another_log"),
    ):
        caplog.clear()
        assert cosigned(HttpWitnesses([witness]), size, log) == []
        told = [r for r in caplog.records if r.name == "fairlead.remote.witnesses"]
        assert [(r.getMessage(), r.levelname) for r in told] == [(said, "ERROR")]
    assert cosigned(HttpWitnesses([witness]), 21)


def test_many_who_ask_at_once_are_all_answered(witness):
    asking = [HttpWitnesses([witness]) for _ in range(8)]
    threads = [
        threading.Thread(target=cosigned, args=(one, 5 + n))
        for n, one in enumerate(asking)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cosigned(HttpWitnesses([witness]), 40) == [witness]


def test_the_statuses_are_those_of_the_specification(witness):
    import httpx

    address = f"{witness.url}/add-checkpoint"
    assert httpx.post(address, content=b"").status_code == 400
    assert httpx.post(address, content=b"x" * 70_000).status_code == 413
    assert httpx.get(address).status_code == 405
    assert httpx.get(f"{witness.url}/").status_code == 404


def answering(said, *, wait=0.0, drip=False):
    """Return the address of a server that says *said* to everyone."""
    server = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                time.sleep(wait)
                try:
                    connection.recv(65536)
                    for part in (bytes([b]) for b in said) if drip else (said,):
                        connection.sendall(part)
                        time.sleep(0.05 if drip else 0)
                except OSError:
                    pass

    threading.Thread(target=run, daemon=True).start()
    return server


def http(body, status="200 OK", kind="text/plain"):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


OTHER = WitnessSigner(new_signer("witness.example/w1", secrets.token_bytes))


@pytest.mark.parametrize(
    ("said", "options"),
    [
        (b"", {}),
        (b"garbage\r\n\r\n", {}),
        (http(b""), {}),
        (http(b"\xff\xfe"), {}),
        (http(b"x" * 100_000), {}),
        (http("— witness.example/w1 AAAA\n".encode()), {}),
        (http(OTHER.cosign(ONE.note(9).text, 1).encode() + b"\n"), {}),
        (http(SIGNER.cosign(ONE.note(8).text, 1).encode() + b"\n"), {}),
        (http(SIGNER.cosign(ONE.note(9).text, 1).encode()), {}),
        (http(b"7\n", "409 Conflict", "text/x.tlog.size"), {}),
        (http(b"x\n", "409 Conflict", "text/x.tlog.size"), {}),
        (http(b"9" * 9000, "409 Conflict", "text/x.tlog.size"), {}),
        (http(b"", "409 Conflict"), {}),
        (http(b"", "500 Oh"), {}),
        (http(b"", "302 Found"), {}),
        (http(b""), {"wait": 3}),
        (http(SIGNER.cosign(ONE.note(9).text, 1).encode() + b"\n"), {"drip": True}),
    ],
)
def test_a_witness_that_is_broken_does_not_keep_another_one_away(
    witness, said, options, caplog
):
    with answering(said, **options) as server:
        port = server.getsockname()[1]
        broken = Peer(
            WitnessSigner(SIGNER.signer).witness(), f"http://127.0.0.1:{port}"
        )
        asking = HttpWitnesses([broken, witness], patience=0.7)
        began = time.monotonic()
        note = ONE.note(9)
        lines = asking.cosign(note, ONE.checkpoint(9), ONE)
        assert len(lines) == 1
        assert time.monotonic() - began < 2
    assert [
        r for r in caplog.records if r.name == "fairlead.remote.witnesses"
    ] or options


def test_a_witness_that_is_away_is_only_noted(caplog):
    away = Peer(SIGNER.witness(), f"http://127.0.0.1:{free_port('127.0.0.1')}")
    assert cosigned(HttpWitnesses([away]), 5) == []
    assert "witness.away" in caplog.text
    assert not [r for r in caplog.records if r.levelname == "ERROR"]


def test_a_witness_that_still_has_not_answered_is_not_asked_again():
    with answering(http(b""), wait=1.5) as server:
        slow = Peer(SIGNER.witness(), f"http://127.0.0.1:{server.getsockname()[1]}")
        asking = HttpWitnesses([slow], patience=5)
        asking.patience = 0.2
        before = threading.active_count()
        for _ in range(5):
            assert cosigned(asking, 9) == []
        assert threading.active_count() <= before + 1


@pytest.mark.parametrize(
    "written",
    ["", "x", "a+b+c@http://x", f"{SIGNER.witness().text()}@ftp://x"],
    ids=["nothing", "no key", "no such key", "no such scheme"],
)
def test_a_witness_that_cannot_be_read_is_said(written):
    with pytest.raises(Damaged):
        Peer.read(written)


def test_a_witness_is_written_as_key_and_address():
    read = Peer.read(f"{SIGNER.witness().text()}@http://[::1]:8456/w/")
    assert read == Peer(SIGNER.witness(), "http://[::1]:8456/w")
