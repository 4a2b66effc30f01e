"""The broker at the developer's side: real HTTP on both sides, and every attack on notes."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anthropic
import httpx
import msgspec
import openai
import pytest

from fairlead.base.ids import OrganisationId
from fairlead.base.instants import text
from fairlead.record.notes import new_signer
from fairlead.remote.upstream import Reach, Upstream
from fairlead.review import brokering, bundling, calling, facts, granting, negotiating
from fairlead.review.away import Agreed
from fairlead.review.calling import CallNote, Ledger, Renewal
from fairlead.review.facts import Audience
from fairlead.store.away import AwayBook
from fairlead.terms.agreement import BrokerTerm
from fairlead.terms.clauses import Side
from fairlead.terms.narrowing import Narrowing
from fairlead.terms.standard import Profile
from fairlead.web.broker.away import AwayBroker, AwayDesk
from fairlead.web.broker.relay import LEDGER, NOTE, RENEWALS
from fairlead.web.sample_model import SampleModel
from fairlead.web.server import free_port, serve_app

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))
from acts import RULES, Cast

from conftest import served

SECONDS = 5
"""For how long notes hold here; the least that can be agreed."""


class Ticking:
    """A clock that goes, and that a test can set off."""

    def __init__(self):
        self.ahead = timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead

    def pass_time(self, **units):
        self.ahead += timedelta(**units)


@contextmanager
def serving_app(app, close=None):
    """Serve an application over HTTP; yield its address, and what ends it."""
    port, ready = free_port("127.0.0.1"), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    async def serve():
        serving = asyncio.create_task(
            serve_app(app, host="127.0.0.1", port=port, ended=ended, ready=ready.set)
        )
        await ended.wait()
        if close:
            await close()
        await serving

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)

    def stop():
        if thread.is_alive():
            loop.call_soon_threadsafe(ended.set)
            thread.join()
            loop.close()

    try:
        yield f"http://127.0.0.1:{port}", stop
    finally:
        stop()


class Sides:
    """An engagement whose broker the developer runs: both sides, and a model."""

    def __init__(self, world, address, model, url, home):
        self.world, self.address, self.model, self.home = world, address, model, home
        self.clock = Ticking()
        """Of the developer's side."""
        self.notes = world.context.notes
        self.clients = []
        self.cast = Cast(world)
        self.engagement = self.cast.ask()
        self.terms = self.cast.terms(
            self.engagement,
            profile=Profile.DEVELOPERS_BROKER,
            broker=BrokerTerm(
                key=world.context.notes.verifier().text(), seconds=SECONDS
            ),
        )
        self.cast.agree(self.engagement, broker=self.terms.broker)
        self.cast.name(self.engagement, "eva", "ezra")
        self.signer = new_signer("developer.example/broker", secrets.token_bytes)
        self.connection = facts.Connection(
            url=url,
            credential="sk-the-developers-own",
            model="sample-echo-1",
            cents_per_million_out=100_000,
        )

    def agreed(self):
        """Return the agreement as the developer took it from the page."""
        with self.world.store.read() as unit:
            from fairlead.review import parties

            party = parties.find(unit, self.cast.asker("dora"), self.engagement)
            history = unit.engagements.history(self.engagement)
            written = bundling.bundle(party, history, self.address).encode()
        checked = bundling.verify(written, lambda *_: None)
        return Agreed(terms=checked.terms, digest=checked.digest)

    @contextmanager
    def broker(self, **changed):
        """Run the developer's broker; make it available and open access."""
        self.book = AwayBook(self.home, self.clock)
        self.desk = AwayDesk(
            self.agreed(),
            {"endpoint": msgspec.structs.replace(self.connection, **changed)},
            self.book,
            self.signer,
            self.clock,
        )
        reach = Reach.read("127.0.0.0/8")
        app = AwayBroker(self.desk, self.clock, lambda: Upstream(reach))
        with serving_app(app, app.close) as (self.broker_address, self.stop):
            connection = facts.Connection(
                url=self.broker_address,
                key=self.signer.verifier().text(),
                cents_per_million_out=100_000,
            )
            do = self.cast.do
            do("dora", granting.provide, self.engagement, "endpoint", connection)
            if self.seen.opens is None:
                do("dora", granting.go_live, self.engagement)
                self.key = self.new_key("eva")
            yield self
        self.book.close()

    def new_key(self, name):
        return self.cast.do(
            name, granting.issue_key, self.engagement, randomness=secrets.token_bytes
        ).secret

    @property
    def seen(self):
        return self.cast.see("lia", self.engagement).engagement

    def openai(self):
        client = openai.OpenAI(
            api_key=self.key, base_url=f"{self.address}/broker/v1", max_retries=0
        )
        self.clients.append(client)
        return client

    def say(self, told="one two three", **more):
        messages = [{"role": "user", "content": told}]
        return self.openai().chat.completions.create(
            model="any", messages=messages, **more
        )

    def note(self, body, **changed):
        """Return a good note for a call with *body*, or one that is changed."""
        at = changed.pop("now", None) or self.world.clock()
        seen, eva = self.seen, self.cast.people["eva"]
        said = CallNote(
            call=changed.pop("call", secrets.token_hex(16)),
            engagement=self.engagement,
            terms=seen.digest,
            caller=calling.Caller(
                person=eva.id,
                side=Side.PROGRAMME,
                organisation=self.cast.organisations["Programme"],
                roles=("evaluator",),
            ),
            asset="endpoint",
            purpose="measurement",
            method="POST",
            path="/v1/chat/completions",
            body=calling.body_digest(body),
            at=text(at),
            until=text(at + timedelta(seconds=SECONDS)),
            opens=text(seen.opens),
            ends=text(seen.ends),
        )
        return msgspec.structs.replace(said, **changed)

    def post(self, body, note, signer=None):
        """Call the developer's broker as the programme's server does."""
        written = (
            note if isinstance(note, str) else calling.sign(signer or self.notes, note)
        )
        return httpx.post(
            f"{self.broker_address}/assets/endpoint/v1/chat/completions",
            headers={NOTE: calling.as_header(written)},
            content=body,
        )

    def settled(self, calls):
        """Wait until so many calls were compared; return what the record says."""
        deadline = time.monotonic() + 30
        while self.seen.compared < calls and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.seen

    def listen(self):
        """Begin a stream that goes on; return its lines, and the thread that reads."""
        said, begun = [], threading.Event()

        def read():
            request = {
                "stream": True,
                "messages": [{"role": "user", "content": "tick"}],
                "metadata": {"chunks": 10000, "pause": 0.02},
            }
            with httpx.stream(
                "POST",
                f"{self.address}/broker/v1/chat/completions",
                headers={"Authorization": f"Bearer {self.key}"},
                json=request,
                timeout=30,
            ) as answer:
                for line in answer.iter_lines():
                    said.append(line)
                    begun.set()

        thread = threading.Thread(target=read)
        thread.start()
        assert begun.wait(10)
        return said, thread


BODY = json.dumps({"messages": [{"role": "user", "content": "hello there"}]}).encode()


@pytest.fixture
def sides(sqlite_world, tmp_path):
    ticking = Ticking()
    world = replace(
        sqlite_world,
        clock=ticking,
        context=replace(sqlite_world.context, clock=ticking),
    )
    model = SampleModel(credential="sk-the-developers-own")
    home = tmp_path / "broker"
    home.mkdir()
    with served(world) as shown, serving_app(model) as (url, _):
        opened = Sides(world, shown.context.address, model, f"{url}/v1", home)
        yield opened
        for client in opened.clients:
            client.close()


@pytest.fixture
def live(sides):
    with sides.broker() as opened:
        yield opened


# --- The way of a call ------------------------------------------------------------------


def test_the_official_clients_work_through_both_brokers(live):
    """An evaluator notices nothing: same address, same key, streams and errors."""
    answer = live.say()
    assert answer.choices[0].message.content == "one two three"
    told = [
        piece.choices[0].delta.content
        for piece in live.say(stream=True)
        if piece.choices and piece.choices[0].delta.content
    ]
    assert "".join(told).split() == ["one", "two", "three"]
    assert [m.id for m in live.openai().models.list()] == ["sample-echo-1"]
    with pytest.raises(openai.APIStatusError) as raised:
        live.say(metadata={"status": "429"})
    assert raised.value.status_code == 429


def test_anthropics_client_works_through_both_brokers(sides):
    """Its header, its events, its counts."""
    with sides.broker(dialect="anthropic") as live:
        client = anthropic.Anthropic(
            api_key=live.key, base_url=f"{live.address}/broker", max_retries=0
        )
        live.clients.append(client)
        asked = {
            "model": "any",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "four five six"}],
        }
        assert client.messages.create(**asked).content[0].text == "four five six"
        with client.messages.stream(**asked) as stream:
            assert stream.get_final_text().split() == ["four", "five", "six"]


def test_both_sides_count_alike_sign_and_compare(live):
    """What each counted is exchanged; nothing differs, and both keep both notes."""
    live.say()
    list(live.say(stream=True))
    seen = live.settled(2)
    assert (seen.relayed, seen.compared, seen.differing) == (2, 2, 0)
    assert live.book.differences() == (2, [])
    assert live.book.standing().used == seen.used
    assert seen.used["endpoint"][2] > 0
    with live.world.store.read() as unit:
        (fact, *_) = (
            event.fact
            for event in unit.engagements.history(live.engagement)
            if isinstance(event.fact, facts.UsageCompared)
        )
    theirs = calling.opened(
        fact.body.theirs, live.signer.verifier().text(), Ledger
    ).entries
    ours = calling.opened(fact.body.ours, live.notes.verifier().text(), Ledger).entries
    assert calling.compared(ours, theirs) == (len(ours), [])


def test_a_difference_is_shown_on_both_sides(sides, client_page):
    """Where the two counts are not the same, both sides see which call and what."""
    with sides.broker(cents_per_million_out=90_000_000) as live:
        live.say()
        seen = live.settled(1)
        assert seen.differing == 1
        _, (difference,) = live.book.differences()
        assert "cents" in difference.what
        for name in ("dora", "lia"):
            page = client_page(live, name)
            assert "1 of them differ" in page
            assert difference.call in page


def test_the_credential_is_nowhere_at_the_programme(live):
    """Neither in its database nor in anything that it answers or sends."""
    live.say()
    folder = Path(live.world.store.engine.url.database).parent
    kept = b"".join(path.read_bytes() for path in folder.glob("world.db*"))
    assert b"sk-the-developers-own" not in kept
    party = live.cast.see("dora", live.engagement)
    assert "sk-the-developers-own" not in repr(party)


def test_the_programme_never_takes_a_credential_where_the_developer_keeps_it(sides):
    """It is refused by name, and so is a broker without a key."""
    from fairlead.errors import Invalid

    for given, field in (
        ({"credential": "sk-x", "key": "k"}, "credential"),
        ({}, "key"),
        ({"key": "nonsense"}, "key"),
    ):
        with pytest.raises(Invalid) as raised:
            sides.cast.do(
                "dora",
                granting.provide,
                sides.engagement,
                "endpoint",
                facts.Connection(url="http://127.0.0.1:9", **given),
            )
        assert raised.value.violations[0].field == field


# --- Either side can cut ----------------------------------------------------------------


@pytest.mark.parametrize("how", ["cut", "stop", "object", "clock"])
def test_the_developer_ends_open_streams_at_its_own_side(live, how):
    """By a command, by stopping, by objecting; and a clock gone back opens nothing."""
    said, thread = live.listen()
    began = time.monotonic()
    match how:
        case "cut":
            (live.home / "cut").touch()
        case "stop":
            live.stop()
        case "object":
            live.book.say("objection", live.cast.people["eva"].id, on=True)
        case "clock":
            live.clock.pass_time(seconds=-60)
    thread.join(15)
    assert not thread.is_alive()
    assert time.monotonic() - began < 4  # on a loaded machine
    assert any(line.startswith("event: error") for line in said)
    with pytest.raises(openai.APIStatusError):
        live.say()


@pytest.mark.parametrize("how", ["withdraw", "release", "object", "narrow"])
def test_the_programme_ends_open_streams_at_the_developers_side(live, how):
    """Whatever ends access on the record ends what goes on at the other side too."""
    _, thread = live.listen()
    do = live.cast.do
    match how:
        case "withdraw":
            do("dora", granting.withdraw, live.engagement, RULES)
        case "release":
            do("dora", granting.record_release, live.engagement, Audience.PARTNERS)
        case "object":
            eva = live.cast.people["eva"].id
            do("dora", granting.remove_person, live.engagement, eva)
        case "narrow":
            narrowing = Narrowing(clauses_dropped=(1,))
            do("dora", negotiating.narrow, live.engagement, narrowing)
    thread.join(15)
    assert not thread.is_alive()
    deadline = time.monotonic() + 10
    while live.model.open and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live.model.open == 0


def test_a_call_is_renewed_for_as_long_as_it_goes_on(live):
    """It outlives its note by far, and ends in time once nobody renews it."""
    _, thread = live.listen()
    time.sleep(SECONDS + 2)
    assert thread.is_alive()
    assert live.model.open == 1
    live.stop()
    thread.join(15)


def test_where_the_programme_says_nothing_more_the_call_ends(live):
    """Its server hangs: the connection stays open, and no renewal comes."""
    began = time.monotonic()
    body = json.dumps(
        {
            "stream": True,
            "messages": [{"role": "user", "content": "tick"}],
            "metadata": {"chunks": 10000, "pause": 0.02},
        }
    ).encode()
    with httpx.stream(
        "POST",
        f"{live.broker_address}/assets/endpoint/v1/chat/completions",
        headers={
            NOTE: calling.as_header(calling.sign(live.notes, live.note(body))),
        },
        content=body,
        timeout=60,
    ) as answer:
        lines = list(answer.iter_lines())
    assert SECONDS - 1 < time.monotonic() - began < SECONDS + 5
    assert "did not renew" in lines[-2] + lines[-3]


def test_the_window_is_a_ceiling_at_the_developers_side_too(live):
    """However late the programme says that it ends, nothing opens past its length."""
    assert live.post(BODY, live.note(BODY)).status_code == 200
    live.clock.pass_time(days=14, seconds=1)
    late = live.clock()
    note = live.note(BODY, now=late, ends=text(late + timedelta(days=5)))
    answer = live.post(BODY, note)
    assert answer.status_code == 403
    assert {o["ground"] for o in answer.json()["error"]["obstacles"]} == {"window"}
    fresh = msgspec.structs.replace(note, call="f" * 32, opens=text(late))
    assert live.post(BODY, fresh).status_code == 403


def test_a_budget_holds_at_the_developers_side(live):
    """By its own book, whatever the programme counted."""
    terms = live.desk.agreed.terms
    first = terms.clauses[0]
    limits = msgspec.structs.replace(first.limits, calls=1)
    narrower = (msgspec.structs.replace(first, limits=limits), *terms.clauses[1:])
    live.desk.agreed = Agreed(
        terms=msgspec.structs.replace(terms, clauses=narrower),
        digest=live.desk.agreed.digest,
    )
    live.say()
    with pytest.raises(openai.PermissionDeniedError, match="1 of 1 calls are used"):
        live.say()


# --- Attacks ----------------------------------------------------------------------------


def test_without_a_note_nothing_is_let_through(live):
    """Neither a key of an evaluator nor nothing at all opens anything here."""
    for headers in ({}, {"Authorization": f"Bearer {live.key}"}, {NOTE: "!"}):
        answer = httpx.post(
            f"{live.broker_address}/v1/chat/completions", headers=headers, content=BODY
        )
        assert answer.status_code == 401
    assert live.model.calls == 0


def test_a_note_is_good_for_one_call(live):
    """The same note again is refused, after a restart too."""
    note = calling.sign(live.notes, live.note(BODY))
    assert live.post(BODY, note).status_code == 200
    again = live.post(BODY, note)
    assert again.status_code == 403
    assert "used before" in again.text
    live.stop()
    with live.broker():
        assert live.post(BODY, note).status_code == 403
    assert live.model.calls == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"engagement": "eng-another"}, 403),
        ({"terms": "0" * 64}, 403),
        ({"body": "0" * 64}, 401),
        ({"path": "/v1/models"}, 401),
        ({"asset": "helpful-only endpoint"}, 401),
        ({"purpose": "training on outputs"}, 403),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_note_for_something_else_opens_nothing(live, changed, status):
    """Another engagement, other terms, another request, a purpose that is prohibited."""
    note = msgspec.structs.replace(live.note(BODY), **changed)
    assert live.post(BODY, note).status_code == status
    assert live.model.calls == 0


def test_an_altered_note_opens_nothing(live):
    """Each byte counts, and only the key that the agreement names signs."""
    note = calling.sign(live.notes, live.note(BODY))
    for place in range(0, len(note), 7):
        altered = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]
        assert live.post(BODY, altered).status_code in {401, 403}
    other = new_signer("test/notes", secrets.token_bytes)
    assert live.post(BODY, live.note(BODY), signer=other).status_code == 401
    assert live.model.calls == 0


def test_a_note_of_another_kind_is_none(live):
    """A renewal that was signed opens no call, and a call's note renews nothing."""
    at = live.world.clock()
    renewal = Renewal(
        engagement=live.engagement,
        calls=(),
        at=text(at),
        until=text(at + timedelta(seconds=SECONDS)),
    )
    assert live.post(BODY, calling.sign(live.notes, renewal)).status_code == 401
    for path in (RENEWALS, LEDGER):
        answer = httpx.post(
            f"{live.broker_address}{path}",
            content=calling.sign(live.notes, live.note(BODY)),
        )
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-60, "ended"), (60, "ahead of this clock")],
    ids=["behind", "ahead"],
)
def test_clocks_that_differ_open_nothing_and_say_so(live, seconds, said):
    """A note from the past or the future is refused with how far it is off."""
    live.world.clock.pass_time(seconds=seconds)
    answer = live.post(BODY, live.note(BODY))
    assert answer.status_code == 403
    assert said in answer.text
    assert live.model.calls == 0


def test_a_note_does_not_hold_longer_than_was_agreed(live):
    """A server that signs for a year gets nothing for it."""
    until = text(live.world.clock() + timedelta(days=365))
    answer = live.post(BODY, live.note(BODY, until=until))
    assert "longer than was agreed" in answer.text


def test_a_partner_needs_the_developers_consent_at_its_own_side(live):
    """A note that says partner opens nothing until the developer says so here."""
    org = OrganisationId(live.cast.organisations["Partner"])
    partner = calling.Caller(
        person=live.cast.people["pat"].id,
        side=Side.PARTNER,
        organisation=org,
        roles=("partner",),
    )
    changed = {"caller": partner, "purpose": "defence"}
    refused = live.post(BODY, live.note(BODY, **changed))
    assert "has not consented to this partner here" in refused.text
    live.book.say("partner", org, on=True)
    assert live.post(BODY, live.note(BODY, **changed)).status_code == 200
    # The programme's own access is over from then on, as the terms say.
    assert live.post(BODY, live.note(BODY)).status_code == 403


@pytest.mark.parametrize("side", [Side.DEVELOPER, Side.PARTNER])
def test_a_note_cannot_take_somebody_for_another_side(live, side):
    """Who is of the programme acts for it, and nobody acts for the developer."""
    note = live.note(BODY)
    caller = msgspec.structs.replace(note.caller, side=side)
    answer = live.post(BODY, msgspec.structs.replace(note, caller=caller))
    assert answer.status_code == 403
    assert live.model.calls == 0


def test_an_evaluator_cannot_bring_a_note_through_the_programmes_server(live):
    """What it sends as a note is not passed on; the server signs its own."""
    answer = httpx.post(
        f"{live.address}/broker/v1/chat/completions",
        headers={"Authorization": f"Bearer {live.key}", NOTE: "forged"},
        json={"messages": [{"role": "user", "content": "x"}]},
    )
    assert answer.status_code == 200


def test_a_broker_that_is_away_is_said_and_hangs_nothing(live):
    """The call fails honestly, and the next one is answered when it is back."""
    live.stop()
    with pytest.raises(openai.APIStatusError) as raised:
        live.say()
    assert raised.value.status_code == 502
    # It used nothing, so there is nothing to compare.
    assert live.seen.used["endpoint"] == (1, 0, 0)
    assert live.seen.relayed == 0
    with live.broker():
        assert live.say().choices


def test_what_a_server_could_not_compare_is_compared_by_the_next(live):
    """A call stands on record uncompared; with the next call both are settled."""
    live.say()
    assert live.settled(1).compared == 1
    with live.world.store.begin() as unit:
        (use,) = (
            use
            for event in unit.engagements.history(live.engagement)
            if isinstance(event.fact, facts.AccessUsed)
            for use in event.fact.body.calls
        )
        lost = msgspec.structs.replace(use, call=secrets.token_hex(16))
        brokering.record(unit, live.engagement, [lost], at=live.world.clock())
        history = unit.engagements.history(live.engagement)
    assert [entry.call for entry in calling.unsettled(history)] == [lost.call]
    grant = next(iter(live.book.standing().grants.values()))
    live.book.begin(
        lost.call, live.terms.programme.organisation, grant, at=live.clock()
    )
    live.book.end([lost], at=live.clock())
    with served(live.world) as again:
        live.address = again.context.address
        live.say()
        seen = live.settled(3)
    assert (seen.compared, seen.differing) == (3, 0)


def test_an_amendment_needs_the_new_agreement_on_both_sides(live):
    """Until the developer's broker has it, nothing opens, and it says what to do."""
    live.cast.agree(live.engagement, broker=live.terms.broker, reply_days=7)
    with pytest.raises(openai.PermissionDeniedError, match="fairlead broker init"):
        live.say()
    live.desk.agreed = live.agreed()
    assert live.say().choices


@pytest.fixture
def client_page():
    from test_certificates import sign_in

    def page(live, name):
        with httpx.Client(base_url=live.address, follow_redirects=True) as client:
            sign_in(live.cast, client, name)
            return client.get(f"/engagements/{live.engagement}").text

    return page
