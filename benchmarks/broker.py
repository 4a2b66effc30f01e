"""The broker: what it adds to each chunk of many streams, and how soon it cuts.

python benchmarks/broker.py [--streams 500] [--seconds 20] [--json]

A model endpoint, a server with its broker, and the clients run as three processes. The
same clients stream once straight from the endpoint and once through the broker; each
chunk carries the instant at which it was sent. Then access is withdrawn, and the time
until the last stream has ended is taken. While all streams are open, further calls are
made one after another, and how long each waits for its answer is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from fairlead.access import membership
from fairlead.access.roles import Role, operator
from fairlead.base.instants import text
from fairlead.record.notes import new_signer
from fairlead.review import facts, granting, negotiating, parties
from fairlead.review.rules import Rules
from fairlead.terms import standard
from fairlead.terms.agreement import Party, Terms, WindowTerm
from fairlead.web.server import free_port, serve_app
from fairlead.wiring import Server, Settings, System

RATE = 10
"""Chunks a second in each stream."""
OPENING = 2.0
"""Seconds in which the streams are opened."""
FURTHER = 20
"""Calls that are made while all streams are open."""
TARGET = 5.0
"""Milliseconds that may be added at the median."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=["model", "server"])
    parser.add_argument("--home")
    parser.add_argument("--model")
    options = parser.parse_args()
    if options.part == "model":
        asyncio.run(_serve_model())
        return
    if options.part == "server":
        asyncio.run(_serve(Path(options.home), options.model))
        return
    told = asyncio.run(_measure(options.streams, options.seconds))
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


async def _measure(streams: int, seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        model, address = _start("--part", "model")
        server, told = _start("--part", "server", "--home", home, "--model", address)
        broker, key = told.split()
        try:
            straight, _ = await _stream(f"{address}/v1", "", streams, seconds)
            passed, admitted = await _stream(f"{broker}/v1", key, streams, seconds)
            cut = await _cut(f"{broker}/v1", key, streams, server)
        finally:
            for process in (server, model):
                process.kill()
    return {
        "streams": streams,
        "chunks_per_second_each": RATE,
        "straight_median_ms": _ms(straight, 0.5),
        "straight_p99_ms": _ms(straight, 0.99),
        "broker_median_ms": _ms(passed, 0.5),
        "broker_p99_ms": _ms(passed, 0.99),
        "added_median_ms": round(_ms(passed, 0.5) - _ms(straight, 0.5), 2),
        "target_ms": TARGET,
        "new_call_median_ms": _ms(admitted, 0.5),
        "new_call_slowest_ms": _ms(admitted, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "all_cut_after_s": round(cut, 2),
        "cut_target_s": 1.0,
    }


def _start(*words: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(  # noqa: S603 - this very script
        [sys.executable, __file__, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    return process, process.stdout.readline().strip()


async def _stream(
    url: str, key: str, streams: int, seconds: int
) -> tuple[list[float], list[float]]:
    """Return how long chunks took to come here, and further calls to be answered.

    Both in seconds, and both of the time in which all streams were open.
    """
    took: list[tuple[float, float]] = []
    admitted: list[float] = []
    body = _body(seconds * RATE)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"Authorization": f"Bearer {key}"},
    ) as session:
        begun = time.time()

        async def one(place: int) -> None:
            await asyncio.sleep(place / streams * OPENING)
            async with session.post(f"{url}/chat/completions", data=body) as answer:
                if answer.status != 200:  # noqa: PLR2004
                    raise SystemExit(await answer.text())
                async for chunk in answer.content:
                    if chunk.startswith(b"t="):
                        now = time.time()
                        took.append((now, now - float(chunk[2:])))

        async def further() -> None:
            await asyncio.sleep(OPENING + 1)
            for _ in range(FURTHER):
                asked = time.perf_counter()
                async with session.post(
                    f"{url}/chat/completions", data=_body(1)
                ) as answer:
                    await answer.content.readany()
                    admitted.append(time.perf_counter() - asked)

        await asyncio.gather(*(one(place) for place in range(streams)), further())
    first, last = begun + OPENING + 1, begun + seconds
    return [delay for at, delay in took if first <= at <= last], admitted


async def _cut(url: str, key: str, streams: int, server: Any) -> float:  # noqa: ANN401 - a process
    """Return how long after withdrawing the last stream ended, in seconds."""
    body = _body(10_000)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"Authorization": f"Bearer {key}"},
    ) as session:

        async def one() -> None:
            async with session.post(f"{url}/chat/completions", data=body) as answer:
                async for _ in answer.content:
                    pass

        tasks = [asyncio.create_task(one()) for _ in range(streams)]
        await asyncio.sleep(3)
        server.stdin.write("withdraw\n")
        server.stdin.flush()
        await asyncio.to_thread(server.stdout.readline)
        began = time.perf_counter()
        await asyncio.gather(*tasks)
        return time.perf_counter() - began


def _body(chunks: int) -> bytes:
    return json.dumps(
        {
            "model": "m",
            "stream": True,
            "messages": [{"role": "user", "content": "tick"}],
            "metadata": {"chunks": chunks},
        }
    ).encode()


async def _ticking(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Answer with a stream whose chunks say when they were sent."""
    if scope["type"] != "http":
        return
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    chunks = json.loads(body)["metadata"]["chunks"]

    async def left() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.create_task(left())
    head = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    piece = {"choices": [{"index": 0, "delta": {"content": "word "}}]}
    padding = b"data: " + json.dumps(piece).encode() + b"\n\n"
    due = time.perf_counter()
    for _ in range(chunks):
        if gone.done():
            return
        told = padding + f"t={time.time()}\n".encode()
        await send({"type": "http.response.body", "body": told, "more_body": True})
        due += 1 / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    gone.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _serve_model() -> None:
    port = free_port("127.0.0.1")
    await serve_app(
        _ticking,
        host="127.0.0.1",
        port=port,
        ended=asyncio.Event(),
        ready=lambda: print(f"http://127.0.0.1:{port}", flush=True),
    )


async def _serve(home: Path, model: str) -> None:
    """Serve a system with one engagement whose access is open."""
    os.environ["FAIRLEAD_ENDPOINT_NETWORKS"] = "127.0.0.0/8"
    port = free_port("127.0.0.1")
    system = System(Settings.read(home=home, port=port), create=True)
    engagement, key, withdraw = _engaged(system, model)
    ended = asyncio.Event()

    async def listen() -> None:
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.to_thread(withdraw)
        print("withdrawn", engagement, flush=True)

    listening = asyncio.create_task(listen())
    await Server(system).serve(
        ended, lambda: print(f"http://127.0.0.1:{port}/broker {key}", flush=True)
    )
    await listening


def _engaged(system: Any, model: str) -> tuple[str, str, Any]:  # noqa: ANN401 - see wiring
    """Return an open engagement, a key to it, and what withdraws it."""
    at, draw, me = datetime.now(UTC), secrets.token_bytes, operator("benchmark")
    roles = {"developer": Role.DEVELOPER, "programme": Role.LIAISON}
    signers = {side: new_signer(f"{side}.example", draw) for side in roles}
    with system.store.begin() as unit:
        homes = {
            side: membership.join(unit, me, side, at=at, randomness=draw)
            for side in roles
        }

        def enrol(side: str, role: Role) -> Any:  # noqa: ANN401 - a person
            return membership.enrol(
                unit, me, homes[side].id, side, (role,), at=at, randomness=draw
            )

        people = {side: enrol(side, role) for side, role in roles.items()}
        evaluator = enrol("programme", Role.EVALUATOR)
        name = parties.ask(
            unit, people["developer"].asker, "?", "Heron", at=at, randomness=draw
        ).id

        def party(who: Any) -> Any:  # noqa: ANN401 - see parties
            return parties.find(unit, who.asker, name)

        draft = standard.draft(standard.Profile.API_ONLY)
        sides = {
            side: Party(
                organisation=homes[side].id,
                name=side,
                key=signers[side].verifier().text(),
            )
            for side in roles
        }
        terms = Terms(
            engagement=name,
            model="Heron",
            window=WindowTerm(days=1, opens_by=text(at.replace(year=at.year + 1))),
            reply_days=0,
            assets=draft.assets,
            clauses=draft.clauses,
            **sides,
        )
        negotiating.offer(unit, party(people["programme"]), terms, at=at)
        for side in roles:
            signing = party(people[side])
            digest = signing.engagement.offer.digest
            note = signers[side].sign(negotiating.to_sign(signing, digest).decode())
            negotiating.sign_with_key(unit, signing, digest, note, at=at)
        described = facts.Described(name="")
        granting.name_person(
            unit, party(people["programme"]), evaluator.id, described, at=at
        )
        connection = facts.Connection(url=f"{model}/v1")
        granting.provide(
            unit, party(people["developer"]), "endpoint", connection, at=at
        )
        granting.go_live(unit, party(people["developer"]), at=at)
        key = granting.issue_key(unit, party(evaluator), at=at, randomness=draw).secret

    def withdraw() -> None:
        with system.store.begin() as unit:
            leaving = parties.find(unit, people["developer"].asker, name)
            granting.withdraw(unit, leaving, Rules(), at=datetime.now(UTC))

    return name, key, withdraw


def _ms(values: list[float], share: float) -> float:
    """Return a quantile in milliseconds."""
    if share == 0.5:  # noqa: PLR2004
        return round(statistics.median(values) * 1000, 2)
    return round(sorted(values)[int((len(values) - 1) * share)] * 1000, 2)


if __name__ == "__main__":
    main()
