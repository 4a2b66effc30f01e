"""The TAP Intake API over HTTP: forms, keys, limits, and who is told what."""

from __future__ import annotations

import asyncio
import errno
import json
from dataclasses import replace
from email.message import EmailMessage

import pytest
from litestar.testing import TestClient

from fairlead.access import membership
from fairlead.access.roles import Role, operator
from fairlead.clearinghouse.submissions import Outcome
from fairlead.errors import Damaged
from fairlead.web.app import create_app
from fairlead.web.limiting import Gate, Limits

JSON = {"content-type": "application/json"}
MIXED = {"content-type": "multipart/mixed; boundary=X"}
GOOD = b'{"purl":"pkg:pypi/example@1.0"}'
PARTS = (
    b"--X\r\nContent-Disposition: attachment; name=report\r\n"
    b"Content-Type: application/json\r\n\r\n" + GOOD + b"\r\n--X\r\n"
    b'Content-Disposition: attachment; name=attachment; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\xff\x1b[31m\r\n--X--\r\n"
)


def as_json(**fields):
    return json.dumps({"purl": "pkg:pypi/example@1.0", **fields}).encode()


@pytest.fixture
def post(sqlite_world):
    """Send as a member; `post.with_context` changes the server."""
    sqlite_world.join("Finder")
    token = sqlite_world.token("Finder")

    class Post:
        world = sqlite_world
        mine = {"authorization": f"Bearer {token}"}  # noqa: RUF012

        def __init__(self, context):
            self.http = TestClient(create_app(context))

        def __call__(self, content=GOOD, **headers):
            given = {**self.mine, **JSON, **headers}
            return self.http.post("/v1/reports", content=content, headers=given)

        def changed(self, **fields):
            return Post(replace(sqlite_world.context, **fields))

    return Post(sqlite_world.context)


def kept(world):
    with world.store.read() as unit:
        query = "select count(*) from submissions"
        return unit.connection.exec_driver_sql(query).scalar()


# --- multipart/mixed -----------------------------------------------------------------------


def test_a_multipart_report_is_kept_as_it_came(post):
    answer = post(PARTS, **MIXED)
    assert answer.status_code == 202
    receipt = answer.json()["receipt"]
    assert answer.headers["link"] == f'</v1/submissions/{receipt}>; rel="monitor"'
    with post.world.store.read() as unit:
        document = unit.submissions.report(receipt)
    head, body = document.split(b"\r\n\r\n", 1)
    assert head == b'Content-Type: multipart/mixed; boundary="X"'
    assert body == PARTS
    post.world.work()
    status = post.http.get(f"/v1/submissions/{receipt}", headers=post.mine).json()
    assert status["outcome"] == "new"


def test_a_multipart_report_is_shown_to_its_sender_as_text(post):
    receipt = post(PARTS, **MIXED).json()["receipt"]
    code = post.world.code("Finder", Role.REPORTER)
    post.http.post("/sign-in", data={"code": code})
    page = post.http.get(f"/submissions/{receipt}")
    assert page.status_code == 200
    assert "Content-Disposition: attachment; name=attachment" in page.text
    assert not set("\x00\x1b") & set(page.text)


def test_a_body_that_another_library_writes_is_read(post):
    mail = EmailMessage()
    mail.make_mixed()
    mail.add_attachment(GOOD, maintype="application", subtype="json", cte="binary")
    mail.add_attachment(
        b"\xff\x00", maintype="application", subtype="zip", cte="binary"
    )
    for part, name in zip(mail.iter_parts(), ("report", "attachment"), strict=True):
        del part["Content-Disposition"]
        given = {"filename": "a.zip"} if name == "attachment" else {}
        part.add_header("Content-Disposition", "attachment", name=name, **given)
    mail.set_boundary("=_of_another")
    body = mail.as_bytes().partition(b"\n\n")[2].replace(b"\n", b"\r\n")
    answer = post(body, **{"content-type": 'multipart/mixed; boundary="=_of_another"'})
    assert answer.status_code == 202, answer.json()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("multipart/mixed", 400),
        ("multipart/mixed; boundary", 400),
        ("multipart/mixed; boundary=a; boundary=a", 400),
        ("application/json; charset", 400),
        ('application/json; a="b', 400),
        ("multipart/form-data; boundary=X", 415),
        ("multipart/related; boundary=X", 415),
        ("text/json; =", 415),
        ("", 415),
    ],
)
def test_a_content_type_is_taken_apart_strictly(post, kind, status):
    answer = post(PARTS, **{"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["type"] == "about:blank"
    assert kept(post.world) == 0


def test_a_malformed_multipart_body_is_a_blank_problem(post):
    answer = post(PARTS[:-9], **MIXED)
    assert (answer.status_code, answer.json()["type"]) == (400, "about:blank")
    assert answer.json()["code"] == "bad-envelope"


def test_a_malformed_report_part_is_malformed_json_and_a_wrong_one_validation(post):
    for content, kind in [(b"{", "malformed-json"), (b'{"purl":"x"}', "validation")]:
        answer = post(PARTS.replace(GOOD, content), **MIXED)
        assert answer.status_code == 400
        assert answer.json()["type"] == f"tag:akrites.dev,2026-07:problem/{kind}"


def test_json_may_say_its_charset(post):
    kind = {"content-type": "Application/JSON; charset=UTF-8"}
    assert post(**kind).status_code == 202


# --- Sizes and times -------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [JSON, MIXED])
def test_a_body_over_the_limit_is_a_blank_413(post, headers):
    body = GOOD if headers is JSON else PARTS
    full = body + b" " * (3 * 1024 * 1024 - len(body))
    assert post(full, **headers).status_code == 202
    answer = post(full + b" ", **headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "about:blank")


def test_an_oversize_field_is_a_413_of_validation(post):
    answer = post(as_json(versions=["1"] * 65))
    assert answer.status_code == 413
    assert answer.json()["type"] == "tag:akrites.dev,2026-07:problem/validation"
    assert answer.json()["errors"][0]["code"] == "too_many_items"


def ask(app, headers, receive):
    """Ask the application itself; return the status and the body."""
    told = []

    async def send(message):
        told.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/reports",
        "raw_path": b"/v1/reports",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
        "extensions": {},
        "asgi": {"version": "3.0"},
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join(m.get("body", b"") for m in told[1:])
    return told[0]["status"], json.loads(body)


def test_a_body_that_does_not_arrive_in_time_is_a_408(post):
    async def receive():
        await asyncio.sleep(60)

    context = replace(post.world.context, body_seconds=0.05)
    status, problem = ask(create_app(context), {**post.mine, **JSON}, receive)
    assert status == 408
    assert problem["type"] == "about:blank"
    assert "send it again" in problem["detail"]
    assert kept(post.world) == 0


def test_a_body_that_breaks_off_is_a_400(post):
    async def receive():
        return {"type": "http.disconnect"}

    app = create_app(post.world.context)
    status, problem = ask(app, {**post.mine, **JSON}, receive)
    assert (status, problem["type"]) == (400, "about:blank")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 401),
        ({"authorization": "Bearer no"}, 401),
        ({"content-type": "text/plain"}, 415),
        ({"origin": "https://evil.example"}, 403),
    ],
)
def test_the_body_is_not_read_before_it_is_known_who_sends_it_what(
    post, headers, expected
):
    async def receive():
        raise AssertionError

    given = {**JSON, "host": "testserver", **headers}
    if expected != 401:
        given |= post.mine
    status, _ = ask(create_app(post.world.context), given, receive)
    assert status == expected


def test_malformed_parts_are_refused_before_the_rest_arrives(post):
    pieces = iter([b"--X\nno line end\r\n", b"--X--"])

    async def receive():
        return {"type": "http.request", "body": next(pieces), "more_body": True}

    app = create_app(post.world.context)
    status, _ = ask(app, {**post.mine, **MIXED}, receive)
    assert status == 400
    assert next(pieces) == b"--X--"


def test_more_reports_than_an_hour_has_are_a_429_that_says_when(post):
    class Seconds:
        at = 1000.0

        def __call__(self):
            return self.at

    clock = Seconds()
    often = "1000/second"
    limits = Limits.of(
        sign_in=often,
        failed=often,
        status=often,
        requests=often,
        submissions="2/hour",
        clock=clock,
    )
    limited = post.changed(limits=limits)
    assert [limited(as_json(versions=[v])).status_code for v in "123"] == [
        202,
        202,
        429,
    ]
    clock.at += 1800
    refused = limited(as_json(versions=["4"]))
    # A fixed window: what was sent later does not push its end away.
    assert refused.headers["retry-after"] == "1800"
    assert refused.json()["type"] == "about:blank"
    clock.at += 1800
    assert limited(as_json(versions=["5"])).status_code == 202


def test_a_full_house_is_a_503_that_says_when(post):
    answer = post.changed(gate=Gate(0))()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert kept(post.world) == 0


@pytest.mark.parametrize(
    "fault", [OSError(errno.EIO, "gone"), Damaged("the block of keys is lost")]
)
def test_a_report_that_cannot_be_encrypted_is_not_stored(post, monkeypatch, fault):
    def lost(_keys, _number):
        raise fault

    keys = type(post.world.store.vault.keys)
    monkeypatch.setattr(keys, "get", lost)
    answer = post()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    monkeypatch.undo()
    assert kept(post.world) == 0
    assert post().status_code == 202


# --- The same report again -------------------------------------------------------------------


def test_the_same_content_gives_the_same_receipt_in_whatever_form(post):
    data = {"filename": "a.bin", "content_type": "application/octet-stream"}
    written = as_json(attachments=[{**data, "data": "AP8b\nWzMxbQ=="}])
    receipts = {
        post(PARTS, **MIXED).json()["receipt"],
        post(
            PARTS.replace(b"--X", b"--Y"),
            **{"content-type": "multipart/mixed; boundary=Y"},
        ).json()["receipt"],
        post(written).json()["receipt"],
        post(json.dumps(json.loads(written), indent=3).encode()).json()["receipt"],
    }
    assert len(receipts) == 1
    assert post(as_json(versions=["2"])).json()["receipt"] not in receipts


def test_an_idempotency_key_gives_the_first_answer_again(post):
    key = {"idempotency-key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
    first = post(**key)
    assert first.status_code == 202
    assert post(**key).json() == first.json()
    assert kept(post.world) == 1


def test_an_idempotency_key_with_another_report_is_refused(post):
    key = {"idempotency-key": '"k"'}
    assert post(**key).status_code == 202
    other = post(as_json(versions=["2"]), **key)
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency-key-reused"
    assert kept(post.world) == 1
    post.world.join("Other")
    theirs = {"authorization": f"Bearer {post.world.token('Other')}"}
    assert post(as_json(versions=["2"]), **key, **theirs).status_code == 202


def test_an_idempotency_key_is_forgotten_after_a_day(post):
    key = {"idempotency-key": '"k"'}
    post(**key)
    post.world.clock.pass_time(hours=23, minutes=59)
    post.mine["authorization"] = f"Bearer {post.world.token('Finder')}"
    assert post(as_json(versions=["2"]), **key).status_code == 422
    post.world.clock.pass_time(minutes=1)
    assert post(as_json(versions=["2"]), **key).status_code == 202
    assert post(as_json(versions=["3"]), **key).status_code == 422


@pytest.mark.parametrize(
    "key", ["bare", '"', '""', '"a"b"', '"é"', '"a";b', f'"{"x" * 256}"']
)
def test_an_idempotency_key_is_a_string_in_quotation_marks(post, key):
    answer = post(**{"idempotency-key": key.encode("latin-1")})
    assert answer.status_code == 400
    assert kept(post.world) == 0


def test_a_refused_report_leaves_its_key_free(post):
    key = {"idempotency-key": '"k"'}
    assert post(b"{", **key).status_code == 400
    assert post(**key).status_code == 202


# --- Who is told what ----------------------------------------------------------------------


def finding(line, words):
    return as_json(
        affected_symbol={"file": "src/parse.c", "function": "parse", "line": line},
        fixed_commit="9f8e7d6c5b4a3928",
        attachments=[
            {"filename": "r.md", "content_type": "text/markdown", "data": words}
        ],
    )


def test_the_outcome_is_for_the_receipt_with_a_token_of_its_sender(post):
    world = post.world
    words = (
        "`parse` writes past `header_len`: heap-buffer-overflow in parse src/parse.c"
    )
    first = post(finding(3, words)).json()["receipt"]
    again = post(finding(3, words + " indeed")).json()["receipt"]
    world.join("Other")
    theirs = {"authorization": f"Bearer {world.token('Other')}"}
    foreign = post(finding(3, words + " truly"), **theirs).json()["receipt"]
    world.work()
    bare = post.http.get(f"/v1/submissions/{first}").json()
    assert set(bare) == {"receipt", "status", "at"}
    assert bare["status"] == "done"
    wrong = post.http.get(f"/v1/submissions/{first}", headers=theirs).json()
    assert wrong == bare
    mine = post.http.get(f"/v1/submissions/{first}", headers=post.mine).json()
    assert mine["outcome"] == "new"
    assert "reasons" not in mine
    known = post.http.get(f"/v1/submissions/{again}", headers=post.mine).json()
    assert known["outcome"] == "already known"
    assert any(first in reason for reason in known["reasons"])
    other = post.http.get(f"/v1/submissions/{foreign}", headers=theirs).json()
    assert other["outcome"] == "already known"
    # Of other members' reports nothing is told, not even how many there are.
    assert other["reasons"] == ["the same bug as one that came before"]


def test_a_waiting_submission_is_queued_and_nothing_more(post):
    receipt = post().json()["receipt"]
    told = post.http.get(f"/v1/submissions/{receipt}", headers=post.mine).json()
    assert told == {
        "receipt": receipt,
        "status": "queued",
        "at": "2026-08-18T14:03:21Z",
    }


def test_the_words_for_an_outcome_are_these():
    words = {"new", "already known", "related", "in review", "unreadable"}
    assert {outcome.value for outcome in Outcome} == words


def test_the_address_for_notices_is_in_no_answer(post):
    address = "nobody@finder.example"
    answers = [
        post(as_json(email=address)),
        post(as_json(email=address, notify="daily")),
        post(as_json(email=address + " "), **JSON),
        post(as_json(email=address, colour="red")),
    ]
    receipt = answers[0].json()["receipt"]
    answers.append(post.http.get(f"/v1/submissions/{receipt}", headers=post.mine))
    assert [a.status_code for a in answers] == [202, 400, 400, 400, 200]
    assert not [a for a in answers if "nobody" in a.text]


def test_a_token_that_opens_nothing_gets_one_answer_whatever_the_reason(post):
    world = post.world
    world.join("Gone")
    expired = world.token("Gone", days=1)
    left = world.token("Gone", days=30)
    with world.store.begin() as unit:
        gone = next(o for o in unit.organisations.all() if o.name == "Gone")
        membership.leave(unit, operator("test"), gone.name, at=world.clock())
    world.clock.pass_time(days=2)
    headers = [
        {"authorization": ""},
        {"authorization": "Bearer nonsense"},
        {"authorization": f"Bearer {expired}"},
        {"authorization": f"Bearer {left}"},
    ]
    answers = [post(**given) for given in headers]
    assert {a.status_code for a in answers} == {401}
    assert len({a.content for a in answers}) == 1
    assert answers[0].headers["www-authenticate"] == "Bearer"


def test_a_warning_has_a_code_a_field_and_a_reason_and_nothing_else(post):
    report = as_json(exploit="x", exploit_content_type="text/plain")
    assert post(report).json()["warnings"] == [
        {
            "code": "deprecated_field",
            "field": "exploit",
            "reason": "exploit is deprecated; send it as an attachment instead",
        }
    ]
    assert "warnings" not in post().json()


def test_the_answer_to_a_report_is_the_receipt_and_the_hint(post):
    told = post().json()
    assert set(told) == {"receipt", "message"}
    assert told["receipt"].startswith("SUB-")
    assert told["message"] == "accepted; poll /v1/submissions/{receipt} for status"


def test_no_origin_is_needed_and_ones_own_is_taken(post):
    assert post().status_code == 202
    assert post(origin="http://testserver.local").status_code == 202
