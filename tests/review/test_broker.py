"""The broker over real HTTP: the official clients, streams, budgets, and cutting."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import anthropic
import httpx
import openai
import pytest

from fairlead.base.ids import OrganisationId
from fairlead.review import concluding, facts, granting, negotiating
from fairlead.review.facts import Audience
from fairlead.terms.narrowing import Narrowing
from fairlead.web.sample_model import SampleModel
from fairlead.web.server import free_port, serve_app

sys.path.insert(0, str(Path(__file__).parent))
from acts import RULES, Cast


@contextmanager
def serving_model(model):
    """Serve a model endpoint over HTTP; yield its address."""
    port, ready = free_port("127.0.0.1"), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    def run():
        loop.run_until_complete(
            serve_app(model, host="127.0.0.1", port=port, ended=ended, ready=ready.set)
        )
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    yield f"http://127.0.0.1:{port}/v1"
    loop.call_soon_threadsafe(ended.set)
    thread.join()


class Stage:
    """An engagement whose endpoint is a real one, and a key of its evaluator."""

    def __init__(self, world, address, model, url):
        from datetime import UTC, datetime

        world.clock.at = datetime.now(UTC)
        self.world, self.address, self.model = world, address, model
        self.clients = []
        self.cast = Cast(world)
        self.engagement = self.cast.ask()
        self.cast.agree(self.engagement)
        self.cast.name(self.engagement, "eva", "ezra")
        self.connection = facts.Connection(
            url=url, credential="sk-the-developers-own", model="sample-echo-1"
        )
        self.provide()
        self.cast.do("dora", granting.go_live, self.engagement)
        self.key = self.new_key("eva")

    def provide(self, **changed):
        import msgspec

        connection = msgspec.structs.replace(self.connection, **changed)
        self.cast.do("dora", granting.provide, self.engagement, "endpoint", connection)

    def new_key(self, name):
        issued = self.cast.do(
            name, granting.issue_key, self.engagement, randomness=secrets.token_bytes
        )
        return issued.secret

    def openai(self, key=None, **more):
        client = openai.OpenAI(
            api_key=key or self.key,
            base_url=f"{self.address}/broker/v1",
            max_retries=0,
            **more,
        )
        self.clients.append(client)
        return client

    def say(self, text="one two three", **more):
        return self.openai().chat.completions.create(
            model="any", messages=[{"role": "user", "content": text}], **more
        )

    @property
    def used(self):
        return self.cast.see("lia", self.engagement).engagement.used.get("endpoint")

    def uses(self):
        with self.world.store.read() as unit:
            return [
                use
                for event in unit.engagements.history(self.engagement)
                if isinstance(event.fact, facts.AccessUsed)
                for use in event.fact.body.calls
            ]


@pytest.fixture
def stage(serving):
    world, address = serving
    model = SampleModel(credential="sk-the-developers-own")
    with serving_model(model) as url:
        opened = Stage(world, address, model, url)
        yield opened
        for client in opened.clients:
            client.close()


def test_openais_own_client_works_through_the_broker(stage):
    """Answers, streams and lists of models come as from the endpoint itself."""
    answer = stage.say()
    assert answer.choices[0].message.content == "one two three"
    told = [
        piece.choices[0].delta.content
        for piece in stage.say(stream=True)
        if piece.choices and piece.choices[0].delta.content
    ]
    assert "".join(told).split() == ["one", "two", "three"]
    assert [m.id for m in stage.openai().models.list()] == ["sample-echo-1"]
    calls, tokens, _ = stage.used
    assert calls == 3
    assert tokens >= answer.usage.total_tokens
    assert {use.counted for use in stage.uses()[:2]} == {"upstream"}


def test_anthropics_own_client_works_through_the_broker(stage):
    """The key goes in its header, and streams are its events."""
    stage.provide(dialect="anthropic")
    client = anthropic.Anthropic(
        api_key=stage.key, base_url=f"{stage.address}/broker", max_retries=0
    )
    asked = {
        "model": "any",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "four five six"}],
    }
    assert client.messages.create(**asked).content[0].text == "four five six"
    with client.messages.stream(**asked) as stream:
        assert stream.get_final_text().split() == ["four", "five", "six"]
    assert stage.uses()[-1].tokens_out == 3


def test_the_developers_credential_is_never_seen(stage):
    """It goes to the endpoint, and into no answer, page or clear byte of the database."""
    stage.say()
    raw = httpx.post(
        f"{stage.address}/broker/v1/chat/completions",
        headers={"Authorization": f"Bearer {stage.key}"},
        json={"model": "m", "messages": [{"role": "user", "content": "x"}]},
    )
    assert raw.status_code == 200
    assert "sk-the-developers-own" not in raw.text + str(raw.headers)
    folder = Path(stage.world.store.engine.url.database).parent
    kept = b"".join(path.read_bytes() for path in folder.glob("world.db*"))
    assert b"sk-the-developers-own" not in kept
    assert stage.key.encode() not in kept


@pytest.mark.parametrize("key", ["x", "flk-unknown", "nonsense"])
def test_a_wrong_key_opens_nothing(stage, key):
    """It is refused before anything is sent anywhere."""
    answer = httpx.post(
        f"{stage.address}/broker/v1/chat/completions",
        headers={"Authorization": f"Bearer {key}"},
        json={"messages": []},
    )
    assert answer.status_code == 401
    assert stage.model.calls == 0


def test_a_refusal_tells_every_obstacle_in_the_clients_own_way(stage):
    """The client raises its own error, with clauses and remedies in it."""
    with pytest.raises(openai.PermissionDeniedError) as raised:
        stage.openai(
            default_headers={"Fairlead-Purpose": "training on outputs"}
        ).models.list()
    obstacles = raised.value.response.json()["error"]["obstacles"]
    assert {o["ground"] for o in obstacles} >= {"forbidden", "purpose"}
    assert all(o["remedy"] for o in obstacles)
    assert stage.model.calls == 0


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files",
        "/v1/organization/api_keys",
        "/v1/fine_tuning/jobs",
        "/",
        "/v1/../admin",
    ],
)
def test_nothing_else_of_the_endpoint_is_in_reach(stage, path):
    """The developer's credential opens to evaluators what is listed, and no more."""
    answer = httpx.get(
        f"{stage.address}/broker{path}",
        headers={"Authorization": f"Bearer {stage.key}"},
    )
    assert answer.status_code == 404
    assert stage.model.calls == 0


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_errors_of_the_endpoint_come_through_honestly(stage, status):
    """Status and words are the endpoint's own, and the call is on the record."""
    with pytest.raises(openai.APIStatusError) as raised:
        stage.say(metadata={"status": str(status)})
    assert raised.value.status_code == status
    assert "as asked" in raised.value.response.text
    assert stage.uses()[-1].outcome == f"failed with {status}"


def test_tokens_are_counted_here_where_the_endpoint_reports_none(stage):
    """And it is said who counted."""
    stage.model.reports_usage = False
    stage.say("word " * 40)
    use = stage.uses()[-1]
    assert use.counted == "here"
    assert use.tokens_out >= 40


def test_a_budget_stops_the_next_call(stage):
    """The last call within the budget is answered; the one after it is not."""
    stage.cast.do("dora", negotiating.narrow, stage.engagement, Narrowing(calls=2))
    stage.say()
    stage.say()
    with pytest.raises(openai.PermissionDeniedError, match="2 of 2 calls are used"):
        stage.say()


@pytest.mark.parametrize(
    "how", ["withdraw", "release", "object", "narrow", "time", "partner"]
)
def test_open_streams_end_within_a_second(stage, how):
    """P2: whatever ends access ends a stream that is open, and says why."""
    begun = threading.Event()
    said, ended = [], []

    def listen():
        request = {
            "model": "m",
            "stream": True,
            "messages": [{"role": "user", "content": "tick"}],
            "metadata": {"chunks": 10000, "pause": 0.02},
        }
        with httpx.stream(
            "POST",
            f"{stage.address}/broker/v1/chat/completions",
            headers={"Authorization": f"Bearer {stage.key}"},
            json=request,
            timeout=30,
        ) as answer:
            for line in answer.iter_lines():
                said.append(line)
                begun.set()
        ended.append(time.monotonic())

    thread = threading.Thread(target=listen)
    thread.start()
    assert begun.wait(10)
    cut = time.monotonic()
    org = OrganisationId(stage.cast.organisations["Partner"])
    do = stage.cast.do
    match how:
        case "withdraw":
            do("dora", granting.withdraw, stage.engagement, RULES)
        case "release":
            do("dora", granting.record_release, stage.engagement, Audience.PARTNERS)
        case "object":
            do(
                "dora",
                granting.remove_person,
                stage.engagement,
                stage.cast.people["eva"].id,
            )
        case "narrow":
            do(
                "dora",
                negotiating.narrow,
                stage.engagement,
                Narrowing(clauses_dropped=(1,)),
            )
        case "time":
            stage.world.clock.pass_time(days=14)
        case "partner":
            do(
                "dora",
                concluding.nominate,
                stage.engagement,
                org,
                "It defends.",
                RULES,
                small_operator=False,
            )
            do("dora", concluding.let_in, stage.engagement, org)
    thread.join(15)
    assert ended, "the stream goes on"
    assert ended[0] - cut < 3  # on a loaded machine; benchmarks/broker.py measures it
    assert any(line.startswith("event: error") for line in said)
    assert stage.uses()[-1].outcome == "cut"
    deadline = time.monotonic() + 10
    while stage.model.open and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stage.model.open == 0


def test_a_caller_that_goes_away_ends_its_call_upstream(stage):
    """Nothing goes on unread, and what was used is on the record."""
    request = {
        "stream": True,
        "messages": [{"role": "user", "content": "tick"}],
        "metadata": {"chunks": 10000, "pause": 0.02},
    }
    with httpx.stream(
        "POST",
        f"{stage.address}/broker/v1/chat/completions",
        headers={"Authorization": f"Bearer {stage.key}"},
        json=request,
    ) as answer:
        next(answer.iter_lines())
    deadline = time.monotonic() + 10
    while not (stage.model.open == 0 and stage.used) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stage.model.open == 0
    assert stage.uses()[-1].outcome == "the caller went away"


def test_one_that_hangs_does_not_hang_others(stage):
    """While one call waits for its answer, others are answered."""

    def hang():
        with pytest.raises(openai.APIError):
            stage.openai(timeout=3).chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": "x"}],
                metadata={"pause": "60"},
            )

    thread = threading.Thread(target=hang)
    thread.start()
    try:
        for _ in range(3):
            assert stage.say().choices
    finally:
        thread.join()


def test_two_people_are_shown_by_two_keys(serving):
    """The second person's own key is wanted; a name, or the same person, does not do."""
    world, address = serving
    from datetime import UTC, datetime

    from fairlead.terms.standard import Profile

    world.clock.at = datetime.now(UTC)
    cast = Cast(world)
    engagement = cast.ask()
    terms = cast.terms(engagement, profile=Profile.HELPFUL_ONLY)
    cast.do("lia", negotiating.offer, engagement, terms)
    cast.sign("dora", engagement)
    cast.sign("lia", engagement)
    cast.name(engagement, "eva", "ezra")
    with serving_model(SampleModel()) as url:
        cast.provide(engagement, url=url, asset="helpful-only endpoint")
        cast.do("dora", granting.go_live, engagement)
        keys = {
            name: cast.do(
                name, granting.issue_key, engagement, randomness=secrets.token_bytes
            ).secret
            for name in ("eva", "ezra")
        }

        def call(**headers):
            return httpx.post(
                f"{address}/broker/assets/helpful-only+endpoint/v1/chat/completions",
                headers={"Authorization": f"Bearer {keys['eva']}", **headers},
                json={"messages": [{"role": "user", "content": "seven"}]},
            )

        assert call().status_code == 403
        assert call(**{"Fairlead-Second-Key": keys["eva"]}).status_code == 403
        assert call(**{"Fairlead-Second-Key": "ezra"}).status_code == 401
        assert call(**{"Fairlead-Second-Key": keys["ezra"]}).status_code == 200
    # The clause says that content is logged with each use.
    with world.store.read() as unit:
        uses = [
            use
            for event in unit.engagements.history(engagement)
            if isinstance(event.fact, facts.AccessUsed)
            for use in event.fact.body.calls
        ]
    assert "seven" in uses[-1].content


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"stream": true', b"\xff\xfe", b'{"a":' * 2000],
    ids=["nothing", "list", "torn", "cut", "not utf-8", "deep"],
)
def test_a_body_that_is_none_is_refused(stage, body):
    """It is said, and nothing breaks."""
    answer = httpx.post(
        f"{stage.address}/broker/v1/chat/completions",
        headers={
            "Authorization": f"Bearer {stage.key}",
            "content-type": "application/json",
        },
        content=body,
    )
    assert answer.status_code in {400, 200}
    assert json.loads(answer.text)


def test_a_hundred_and_fifty_streams_at_once_all_end(stage):
    """None waits for another to end; while they are open a new call is answered."""
    request = {
        "stream": True,
        "messages": [{"role": "user", "content": "tick"}],
        "metadata": {"chunks": 3, "pause": 4},
    }

    async def one(client, begun):
        async with client.stream("POST", "chat/completions", json=request) as answer:
            assert answer.status_code == 200
            lines = answer.aiter_lines()
            await anext(lines)
            begun.append(1)
            return [line async for line in lines][-2:]

    async def all_of_them():
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=f"{stage.address}/broker/v1/",
            headers={"Authorization": f"Bearer {stage.key}"},
            timeout=60,
            limits=limits,
        ) as client:
            begun = []
            streams = [asyncio.create_task(one(client, begun)) for _ in range(150)]
            while len(begun) < 150:
                assert not any(stream.done() for stream in streams)
                await asyncio.sleep(0.02)
            assert stage.model.open == 150
            answer = await client.get("models")
            assert not any(stream.done() for stream in streams)
            return answer.status_code, await asyncio.gather(*streams)

    status, ends = asyncio.run(asyncio.wait_for(all_of_them(), 120))
    assert status == 200
    assert all("data: [DONE]" in end for end in ends)
    assert stage.used[0] == 151


def test_idle_connections_keep_nobody_out(stage):
    """Two hundred callers that say nothing take no place from one that calls."""
    port = int(stage.address.rpartition(":")[2])
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    try:
        assert stage.say().choices
    finally:
        for one in silent:
            one.close()
