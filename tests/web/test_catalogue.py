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


# --- Search ------------------------------------------------------------------------------


@pytest.fixture
def many(world, client, tmp_path):
    """A client that nobody signed in with, and a catalogue of some length."""
    of_go = feeds.osv(900)
    of_go["affected"][0]["package"] = {"ecosystem": "Go", "name": "example.org/x"}
    feeds.write(tmp_path / "a.jsonl", *(feeds.osv(n) for n in range(60)), of_go)
    feeds.write(tmp_path / "b.jsonl", *(feeds.cve(n) for n in range(1, 8)))
    (tmp_path / "kev.json").write_text(json.dumps(feeds.kev(1)))
    (tmp_path / "epss.csv").write_text(feeds.epss(("CVE-2026-0001", 0.9, 0.99)))
    world.publish(tmp_path)

    def get(path="records", **asked):
        answer = client.get(f"/v1/catalogue/{path}", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


def paged(many, **asked):
    found, onward = [], ""
    while True:
        answer = many(**asked, **({"onward": onward} if onward else {}))
        found += [(r["source"], r["id"]) for r in answer["records"]]
        onward = answer["onward"]
        if not onward:
            return found


@pytest.mark.parametrize("asked", [{}, {"words": "number"}])
def test_every_record_is_on_exactly_one_page(many, asked):
    """Listed by date or ranked by words, page after page."""
    found = paged(many, size=7, **asked)
    assert len(found) == len(set(found))
    assert len(found) == (69 if not asked else 68)


def test_facets_count_what_each_choice_would_leave(many):
    """And what was chosen leaves what they said."""
    every = many()["facets"]
    assert every["records"] == 69
    assert every["sources"] == {"osv": 61, "cve": 7, "kev": 1}
    assert every["ecosystems"] == {"PyPI": 60, "Go": 1}
    for name, count in every["sources"].items():
        assert len(paged(many, source=name, size=100)) == count
    for name, count in every["bands"].items():
        assert len(paged(many, band=name, size=100)) == count
    assert len(paged(many, ecosystem="Go")) == 1
    assert len(paged(many, exploited=True)) == every["exploited"] == 2
    narrowed = many(source="osv", words="number")["facets"]
    assert narrowed["records"] == 61


def test_a_name_gives_every_record_in_full(many):
    """In words and as values, with the newest EPSS score."""
    answer = many("records/cve-2026-0001")
    assert [r["source"] for r in answer["records"]] == ["cve", "kev"]
    assert answer["probability"] == [0.9, 0.99, "2026-07-03"]
    (one,) = answer["records"][0]["affected"]
    assert one["ranges"] == [
        {"first": "1.0", "below": "2.0", "through": "", "status": "affected"}
    ]
    assert one["said"] == ["from 1.0 before 2.0"]
    # What it is found by leads to all about it.
    for key in one["keys"]:
        ids = [r["id"] for r in many("products", key=key, size=100)["records"]]
        assert "CVE-2026-0001" in ids


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"source": "nvd"}, "source"),
        ({"band": "Critical"}, "band"),
        ({"size": 0}, "size"),
        ({"size": 101}, "size"),
        ({"onward": "x"}, "onward"),
        ({"onward": "7"}, "onward"),
        ({"onward": "2026,99999999999999999999"}, "onward"),
        ({"words": "a", "onward": "2026-07-01,7"}, "onward"),
        ({"words": "a", "onward": "10001"}, "onward"),
        ({"words": "a" * 301}, "words"),
        ({"ecosystem": "a" * 81}, "ecosystem"),
        ({"exploited": "perhaps"}, "exploited"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_name(client, asked, field):
    answer = client.get("/v1/catalogue/records", params=asked)
    assert answer.status_code == 400
    assert field in answer.text


@pytest.mark.parametrize("path", ["records/CVE-1999-1", "products?key=pkg:pypi/none"])
def test_what_nobody_published_is_not_found(client, path):
    assert client.get(f"/v1/catalogue/{path}").status_code == 404
