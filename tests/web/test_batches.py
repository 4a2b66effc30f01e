"""Batches: a line of JSON each, an answer for each line, simply sent again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from fairlead.errors import Unavailable
from fairlead.formats.ndjson import Line, Splitter
from fairlead.web.api import batches
from fairlead.web.app import create_app
from fairlead.web.limiting import Limits

KIND = {"content-type": "application/x-ndjson"}


def line(number, **fields):
    return json.dumps({"purl": f"pkg:pypi/x@{number}", **fields}).encode()


def read(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(one) for one in answer.content.splitlines()]


@pytest.fixture
def send(client, world):
    world.join("Finder")
    mine = {"authorization": f"Bearer {world.token('Finder')}"}

    def call(content, **headers):
        given = {**mine, **KIND, **headers}
        return client.post("/v1/reports/batch", content=content, headers=given)

    call.mine = mine
    return call


def kept(world):
    with world.store.read() as unit:
        query = "select count(*) from submissions"
        return unit.connection.exec_driver_sql(query).scalar()


def test_each_line_is_answered_in_order(send, world, client):
    lines = [
        line(1),
        b"",
        b"{",
        line(2, raw="x", raw_content_type="text/plain"),
        b'{"purl":"x","references":["?"]}\r',
        b'{"purl":"' + b"x" * 3 * 1024 * 1024 + b'"}',
        line(1),
    ]
    answers = read(send(b"\n".join(lines)))
    assert [(a["line"], a["status"]) for a in answers] == [
        (1, 202),
        (3, 400),
        (4, 202),
        (5, 400),
        (6, 413),
        (7, 202),
    ]
    assert answers[1]["problem"]["type"].endswith("malformed-json")
    assert answers[2]["warnings"][0]["field"] == "raw"
    assert [e["code"] for e in answers[3]["problem"]["errors"]] == [
        "invalid_purl",
        "invalid_reference",
    ]
    assert answers[5]["receipt"] == answers[0]["receipt"]
    assert answers[5]["again"]
    assert "again" not in answers[0]
    world.work()
    status = client.get(f"/v1/submissions/{answers[0]['receipt']}", headers=send.mine)
    assert status.json()["outcome"] == "new"


def test_a_batch_sent_again_gives_the_same_receipts(send, world, client):
    first = read(send(b"\n".join(map(line, range(30)))))
    again = read(send(b"\n".join(map(line, range(20, 450)))))
    assert [a["receipt"] for a in again[:10]] == [a["receipt"] for a in first[20:]]
    assert all(a.get("again") for a in again[:10])
    assert not any(a.get("again") for a in again[10:])
    assert kept(world) == 450
    single = client.post(
        "/v1/reports",
        content=line(3),
        headers={**send.mine, "content-type": "application/json"},
    )
    assert single.json()["receipt"] == first[3]["receipt"]


def test_what_broke_off_is_kept_so_far_and_the_rest_is_sent_again(
    send, world, monkeypatch
):
    body = b"\n".join(map(line, range(500)))
    calls = []

    def submit_many(*args, **named):
        calls.append(1)
        if len(calls) == 2:
            raise Unavailable("the disk is full")
        return submitted(*args, **named)

    submitted = batches.reporting.submit_many
    monkeypatch.setattr(batches.reporting, "submit_many", submit_many)
    answers = read(send(body))
    assert [a["status"] for a in answers] == [202] * 200 + [503] * 200 + [202] * 100
    assert kept(world) == 300
    again = read(send(body))
    assert [a["status"] for a in again] == [202] * 500
    assert [a["receipt"] for a in again[:200]] == [a["receipt"] for a in answers[:200]]
    assert [bool(a.get("again")) for a in again] == (
        [True] * 200 + [False] * 200 + [True] * 100
    )


def test_more_lines_than_are_taken_are_said_and_the_first_are_kept(
    send, world, monkeypatch
):
    monkeypatch.setattr(batches, "LINES", 5)
    answers = read(send(b"\n".join(map(line, range(8)))))
    assert [a["status"] for a in answers] == [202] * 5 + [413]
    assert answers[-1]["line"] == 6
    assert kept(world) == 5


def test_a_batch_needs_a_token_and_its_own_type(send, world):
    assert send(line(1), authorization="Bearer no").status_code == 401
    assert send(line(1), **{"content-type": "application/json"}).status_code == 415
    assert send(b"").content == b""
    assert kept(world) == 0


def test_a_limit_is_told_line_by_line(sqlite_world):
    world = sqlite_world
    world.join("Finder")
    often = "1000/second"
    limits = Limits.of(
        sign_in=often,
        failed=often,
        status=often,
        requests=often,
        submissions="250/hour",
    )
    headers = {**KIND, "authorization": f"Bearer {world.token('Finder')}"}
    with TestClient(create_app(replace(world.context, limits=limits))) as client:
        body = b"\n".join(map(line, range(300)))
        answers = read(client.post("/v1/reports/batch", content=body, headers=headers))
        assert [a["status"] for a in answers] == [202] * 200 + [429] * 100
        assert "try again in" in answers[-1]["problem"]["detail"]
        refused = client.post("/v1/reports/batch", content=body, headers=headers)
        assert refused.status_code == 429
        assert refused.headers["retry-after"]


@given(
    st.lists(
        st.sampled_from([b"", b"a", b"bb", b"ccc", b"dddd", b" ", b"\r"]), max_size=9
    ),
    st.integers(1, 9),
)
def test_lines_are_the_same_however_they_arrive(lines, size):
    body = b"\n".join(lines)
    splitter = Splitter(most=3)
    found = [
        one
        for start in range(0, len(body), size)
        for one in splitter.feed(body[start : start + size])
    ]
    found += splitter.close()
    cleaned = [(n, x.removesuffix(b"\r")) for n, x in enumerate(body.split(b"\n"), 1)]
    expected = [
        Line(n, None if len(x) > 3 else x)
        for n, x in cleaned
        if x.strip() or len(x) > 3
    ]
    assert found == expected


def test_a_batch_that_trickles_is_answered_so_far(sqlite_world):
    world = sqlite_world
    world.join("Finder")
    pieces = [b"".join(line(n) + b"\n" for n in range(batches.TOGETHER)), line(999)]

    async def receive():
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
        await asyncio.sleep(60)
        raise AssertionError

    told = []

    async def send(message):
        told.append(message)

    secret = world.token("Finder")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/reports/batch",
        "raw_path": b"/v1/reports/batch",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {secret}".encode()),
            (b"content-type", b"application/x-ndjson"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
        "extensions": {},
        "asgi": {"version": "3.0"},
    }
    app = create_app(replace(world.context, body_seconds=0.5))
    asyncio.run(app(scope, receive, send))
    body = b"".join(m.get("body", b"") for m in told[1:])
    answers = [json.loads(one) for one in body.splitlines()]
    assert [a["status"] for a in answers] == [202] * batches.TOGETHER + [408]
    assert answers[-1]["line"] == batches.TOGETHER + 1
    assert "not stored" in answers[-1]["problem"]["detail"]
    assert kept(world) == batches.TOGETHER
