"""Intake over HTTP, as the TAP Intake API has it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.access.roles import Scope
from fairlead.record import disclosure

GOOD = b'{"purl":"pkg:pypi/example@1.0"}'
JSON = {"content-type": "application/json"}


@pytest.fixture
def send(client, world):
    world.join("Finder")
    token = world.token("Finder")

    def call(content=GOOD, **headers):
        given = {"authorization": f"Bearer {token}", **JSON, **headers}
        given = {k: v for k, v in given.items() if v is not None}
        return client.post("/v1/reports", content=content, headers=given)

    call.token = token
    return call


def stored(world):
    with world.store.read() as unit:
        return unit.connection.exec_driver_sql(
            "select count(*) from submissions"
        ).scalar()


def test_a_report_is_kept_word_for_word(send, world):
    odd = b' {"software":"x","ecosystem":"npm" ,\n"versions":["1"]} '
    receipt = send(odd).json()["receipt"]
    with world.store.read() as unit:
        assert unit.submissions.report(receipt) == odd


def test_a_deprecated_field_is_accepted_with_a_warning(send):
    report = {"purl": "pkg:npm/x", "raw": "x", "raw_content_type": "text/plain"}
    answer = send(json.dumps(report).encode())
    assert answer.status_code == 202
    assert answer.json()["warnings"][0]["field"] == "raw"
    assert "warnings" not in send().json()


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (GOOD, {"authorization": None}, 401),
        (GOOD, {"authorization": "Bearer nonsense"}, 401),
        (GOOD, {"authorization": "Basic abc"}, 401),
        (GOOD, {"tap-submission-token": "another"}, 400),
        (GOOD, {"content-type": "multipart/form-data; boundary=x"}, 415),
        (GOOD, {"content-type": "text/plain"}, 415),
        (GOOD, {"content-type": None}, 415),
        (GOOD, {"origin": "https://evil.example"}, 403),
        (GOOD, {"sec-fetch-site": "cross-site"}, 403),
        (b"{", {}, 400),
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b'{"purl":"pkg:pypi/x","purl":"pkg:pypi/y"}', {}, 400),
        (b'{"purl":"nonsense"}', {}, 400),
        (b'{"purl":"pkg:pypi/' + b"x" * 512 + b'"}', {}, 413),
        (b" " * (3 * 1024 * 1024 + 1), {}, 413),
        (b"[" * 1_000_000, {}, 400),
    ],
)
def test_what_is_refused_is_a_problem_document_and_nothing_is_stored(
    send, world, content, headers, status
):
    answer = send(content, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    assert stored(world) == 0


def test_the_old_header_is_still_taken(send):
    answer = send(authorization=None, **{"tap-submission-token": send.token})
    assert answer.status_code == 202


def test_every_violation_comes_with_code_field_and_reason(send):
    answer = send(b'{"purl":"pkg:pypi/x","references":["x"],"fixed_commit":"?"}')
    body = answer.json()
    assert body["type"] == "tag:akrites.dev,2026-07:problem/validation"
    assert [(e["code"], e["field"]) for e in body["errors"]] == [
        ("invalid_reference", "references[0]"),
        ("invalid_commit", "fixed_commit"),
    ]
    malformed = send(b'{"colour":"red"}').json()
    assert malformed["type"] == "tag:akrites.dev,2026-07:problem/malformed-json"
    assert "colour" in malformed["detail"]


def test_a_token_without_the_scope_may_not_submit(client, world):
    world.join("Reader")
    token = world.token("Reader", Scope.REPORT_READ_OWN)
    headers = {**JSON, "authorization": f"Bearer {token}"}
    answer = client.post("/v1/reports", content=GOOD, headers=headers)
    assert answer.status_code == 403
    assert "report:submit" in answer.json()["detail"]
    assert stored(world) == 0


def test_the_same_bytes_of_another_organisation_are_another_submission(
    send, client, world
):
    world.join("Other")
    headers = {**JSON, "authorization": f"Bearer {world.token('Other')}"}
    other = client.post("/v1/reports", content=GOOD, headers=headers)
    assert other.json()["receipt"] != send().json()["receipt"]


def test_the_same_bytes_at_the_same_moment_get_one_receipt(send, world):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(), range(24)))
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["receipt"] for a in answers}) == 1
    assert stored(world) == 1


def test_unknown_receipts_paths_and_methods_are_said(client):
    missing = client.get("/v1/submissions/SUB-nothing")
    assert missing.status_code == 404
    assert missing.content == client.get("/v1/nothing").content
    wrong = client.delete("/v1/reports")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["allow"]


def test_every_answer_carries_the_security_headers(client, send):
    for answer in (client.get("/"), client.get("/v1/nothing"), send(), send(b"{")):
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "'; drop table cases; --"]
)
def test_hostile_text_in_every_field_is_only_text(client, world, send, text):
    report = {
        "purl": "pkg:npm/x",
        "code_path": text,
        "versions": [text],
        "affected_symbol": {"file": text, "function": text},
        "discovery_tooling": text,
        "enrichment": {"cwe": text, "severity": text},
        "attachments": [{"filename": "a", "content_type": "text/plain", "data": text}],
    }
    receipt = send(json.dumps(report).encode()).json()["receipt"]
    world.work()
    client.post("/sign-in", data={"code": world.code("Finder", "reporter")})
    page = client.get(f"/submissions/{receipt}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_a_full_database_is_an_honest_503(send, world):
    if world.store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL cannot be told how large it may be")
    with world.store.engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar()

    from sqlalchemy import event

    @event.listens_for(world.store.engine, "connect")
    def limit(connection, _record):
        connection.execute(f"pragma max_page_count = {pages}")

    world.store.engine.dispose()
    big = json.dumps(
        {
            "purl": "pkg:npm/x",
            "attachments": [
                {"filename": "a", "content_type": "text/plain", "data": "x" * 60_000}
            ],
        }
    ).encode()
    answer = send(big)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    event.remove(world.store.engine, "connect", limit)
    world.store.engine.dispose()
    assert send(big).status_code == 202


def test_a_finder_can_prove_offline_what_it_sent_and_when(send, world, client):
    receipt = send().json()["receipt"]
    address = f"/v1/submissions/{receipt}/proof"
    mine = {"Authorization": f"Bearer {send.token}"}
    early = client.get(address, headers=mine)
    assert early.status_code == 503
    assert "Retry-After" in early.headers
    world.work()
    answer = client.get(address, headers=mine)
    (proved,) = disclosure.verify(disclosure.parse(answer.content).events, world.key)
    assert proved.stream == f"submission/{receipt}"
    assert proved.body == GOOD
    world.join("Other")
    other = {"Authorization": f"Bearer {world.token('Other')}"}
    assert client.get(address, headers=other).status_code == 404
