"""The catalogue over HTTP: what affects an SBOM, and how urgent a case is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fairlead.access.roles import Role, token_scopes

sys.path.insert(0, str(Path(__file__).parents[1] / "store" / "catalogue"))
import feeds

REPORT = {
    "purl": "pkg:pypi/example@1.5",
    "affected_symbol": {"file": "a.c", "function": "f", "line": 1},
    "attachments": [
        {"filename": "r.md", "content_type": "text/markdown", "data": "Overflows."}
    ],
}


@pytest.fixture
def asks(world, client, tmp_path):
    feeds.write(
        tmp_path / "a.jsonl", feeds.osv(1, aliases=["CVE-2026-0001"]), feeds.cve(1)
    )
    (tmp_path / "kev.json").write_text(json.dumps(feeds.kev(1)))
    world.publish(tmp_path)
    world.join("Programme")
    secret = world.token("Programme", *token_scopes(Role.COORDINATOR, Role.REPORTER))

    def ask(method, path, **more):
        return client.request(
            method, path, headers={"Authorization": f"Bearer {secret}"}, **more
        )

    return ask


def test_a_program_learns_what_affects_its_lock_file(asks):
    answer = asks(
        "POST", "/v1/catalogue/match?name=requirements.txt", content="example==1.5\n"
    )
    assert answer.status_code == 200
    (one,) = answer.json()["matches"]
    assert one["vulnerability"] == "CVE-2026-0001"
    assert one["records"][0]["reason"] == "1.5 is from 1.0 before 2.1"


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        ("<bom/>", 400, "XML"),
        ('{"bomFormat": "CycloneDX", "specVersion": "1.0"}', 400, "1.4"),
        ("{", 400, "JSON"),
        (" " * (16 * 1024 * 1024 + 1), 413, ""),
    ],
)
def test_what_cannot_be_read_is_a_problem_in_words(asks, content, status, said):
    answer = asks("POST", "/v1/catalogue/match", content=content)
    assert answer.status_code == status
    assert said in answer.text


def test_a_stranger_is_told_before_the_body_is_read(client):
    assert (
        client.post("/v1/catalogue/match", content="example==1.5\n").status_code == 401
    )


def test_a_coordinator_gives_inputs_and_takes_them_back(world, asks):
    asks("POST", "/v1/reports", json=REPORT)
    world.work()
    (case,) = asks("GET", "/v1/cases").json()["cases"]
    path = f"/v1/cases/{case['id']}/priority"
    assert asks("GET", path).json()["inputs"] == []
    given = {"cisa:PE:1.0.0": "Y", "ssvc:A:2.0.0": "Y", "ssvc:TI:1.0.0": "T"}
    body = {"values": given, "names": ["cve-2026-0001"], "reason": "It is exposed."}
    bod = asks("POST", path, json=body).json()["decisions"][0]
    assert (bod["name"], bod["outcome"]) == ("CISA BOD 26-04", "3DF")
    back = {**body, "values": {"ssvc:TI:1.0.0": ""}, "reason": "We were wrong."}
    bod = asks("POST", path, json=back).json()["decisions"][0]
    assert bod["outcome"] is None
    assert [m["point"] for m in bod["missing"]] == ["ssvc:TI:1.0.0"]
    assert (
        asks("POST", path, json={**body, "values": {"ssvc:TI:1.0.0": "X"}}).status_code
        == 400
    )
    assert asks("POST", path, json={**back, "reason": " "}).status_code == 200
    wrong = asks(
        "POST", path, json={**body, "values": {"ssvc:TI:1.0.0": "P"}, "reason": ""}
    )
    assert wrong.json()["errors"][0]["field"] == "reason"
