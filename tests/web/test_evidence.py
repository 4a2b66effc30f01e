"""Evidence is put to a finding by those who work on its case, and shown to them."""

from __future__ import annotations

import secrets
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from litestar.testing import TestClient
from msgspec import structs

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds

from fairlead.access.roles import Role, token_scopes
from fairlead.clearinghouse.evidence import crossing as crossings
from fairlead.clearinghouse.evidence.crash import CrashState
from fairlead.clearinghouse.evidence.crossing import Cell, Crossing
from fairlead.clearinghouse.evidence.reproducing import Built, Outcome, Seen, Tried
from fairlead.clearinghouse.evidence.statements import Statement, Walls, signed
from fairlead.record.notes import new_signer
from fairlead.sandbox.levels import Level
from fairlead.sandbox.reports import Machine
from fairlead.web.app import create_app

SIGNER = new_signer("lab.example/sandbox", secrets.token_bytes)
BUILT = Built(held=True, log="", log_sha256="0", tree_sha256="0", seconds=1.0)
HTML = "<script>alert(1)</script>\u202e"


def outcome(fired: int, name: str = "poc") -> Outcome:
    kind = "heap-buffer-overflow" if fired else ""
    state = CrashState(kind=kind, access="READ 4", frames=("decode_row", HTML))
    seen = (Seen(state=state, runs=5),)
    return Outcome(input=name, fired=fired, runs=5, seen=seen, logs=(), log=HTML)


def statement(*, fixed: bool = False, name: str = "an overread") -> Statement:
    fix = Tried(fix="f" * 64, built=BUILT, outcomes=(outcome(0),), tests=True)
    machine = Machine(
        kernel="6", architecture="x", program="x", groups="v1", user="root"
    )
    walls = Walls(level=Level.L1, before="0", after="0", machine=machine, stopped=82)
    return Statement(
        recipe="0" * 64,
        name=name,
        source="0" * 64,
        at=datetime(2026, 8, 18, tzinfo=UTC),
        walls=walls,
        environment=("Linux", HTML),
        plain=Tried(fix="", built=BUILT, outcomes=(outcome(5),)),
        fixed=fix if fixed else None,
    )


@pytest.fixture
def opened(world):
    """A case, a client that trusts one machine's key, and tokens by organisation."""
    for name in ("Finder", "Owner", "Stranger", "Programme"):
        world.join(name)
    tokens = {name: world.token(name) for name in ("Finder", "Owner", "Stranger")}
    tokens["Programme"] = world.token("Programme", *token_scopes(Role.COORDINATOR))
    context = replace(world.context, evidence_keys=[SIGNER.verifier()])
    with TestClient(create_app(context)) as client:
        head = {"content-type": "application/json", **bearer(tokens["Finder"])}
        body = worlds.report("one", 0, "`parse` writes past `name_buffer`")
        receipt = client.post("/v1/reports", content=body, headers=head).json()[
            "receipt"
        ]
        world.work()
        (case,) = client.get("/v1/cases", headers=bearer(tokens["Programme"])).json()[
            "cases"
        ]
        yield world, client, tokens, case["id"], receipt


def bearer(token):
    return {"authorization": f"Bearer {token}"}


def add(client, case, token, receipt, note):
    body = {"finding": receipt, "statement": note}
    return client.post(f"/v1/cases/{case}/evidence", json=body, headers=bearer(token))


def test_a_finding_climbs_the_ladder(opened):
    """Each statement adds to the record; the finding stands on its highest rung."""
    world, client, tokens, case, receipt = opened
    token = tokens["Programme"]
    detail = client.get(f"/v1/cases/{case}", headers=bearer(token)).json()
    assert detail["evidence"][receipt]["rung"] == "claimed"
    first = add(client, case, token, receipt, signed(statement(), SIGNER))
    assert first.status_code == 201
    assert first.json()["rung"] == "reproduced"
    fixed = signed(statement(fixed=True), SIGNER)
    assert add(client, case, token, receipt, fixed).json()["rung"] == "fix verified"
    detail = client.get(f"/v1/cases/{case}", headers=bearer(token)).json()
    supports = detail["evidence"][receipt]["supports"]
    assert [(s["fired"], s["runs"], s["key"]) for s in supports] == [
        (5, 5, "lab.example/sandbox")
    ] * 2
    with world.store.read() as unit:
        kinds = [type(e.fact).__name__ for e in unit.submissions.history(receipt)]
    assert kinds[-2:] == ["EvidenceAdded"] * 2


def test_the_same_twice_is_refused(opened):
    """A statement counts once."""
    _, client, tokens, case, receipt = opened
    note = signed(statement(), SIGNER)
    assert add(client, case, tokens["Programme"], receipt, note).status_code == 201
    assert add(client, case, tokens["Programme"], receipt, note).status_code == 409


@pytest.mark.parametrize("what", ["forged", "foreign", "nonsense"])
def test_only_what_a_known_machine_signed(opened, what):
    """A changed statement, one by an unknown key, and no statement at all are refused."""
    _, client, tokens, case, receipt = opened
    other = new_signer("lab.example/sandbox", secrets.token_bytes)
    note = {
        "forged": signed(statement(), SIGNER).replace('"fired":5', '"fired":1', 1),
        "foreign": signed(statement(), other),
        "nonsense": "nonsense",
    }[what]
    answer = add(client, case, tokens["Programme"], receipt, note)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "statement"


def test_a_report_of_a_sandbox_is_no_evidence(opened):
    """What the same key signed for another purpose is no statement."""
    _, client, tokens, case, receipt = opened
    note = SIGNER.sign("fairlead-sandbox-report-v1\n{}\n")
    answer = add(client, case, tokens["Programme"], receipt, note)
    assert answer.status_code == 400


def test_strangers_learn_nothing(opened):
    """Who may not know of the case gets what everyone gets about none."""
    _, client, tokens, case, receipt = opened
    note = signed(statement(), SIGNER)
    hidden = add(client, case, tokens["Stranger"], receipt, note)
    missing = add(client, "FL-aaaaaaaaaa", tokens["Stranger"], receipt, note)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content


def test_a_finding_of_another_case(opened):
    """Evidence cannot be put to what is not filed in the case."""
    _, client, tokens, case, _ = opened
    note = signed(statement(), SIGNER)
    answer = add(client, case, tokens["Programme"], "SUB-aaaaaaaaaaaaaaaaaa", note)
    assert answer.json()["errors"][0]["field"] == "finding"


def test_the_page_shows_it_as_text(opened):
    """A person adds it by the form; what came from inside is never markup."""
    world, client, _, case, receipt = opened
    person = world.code(_programme(world), Role.COORDINATOR)
    client.post("/sign-in", data={"code": person}, follow_redirects=False)
    page = client.get(f"/cases/{case}").text
    assert "Evidence: <strong>claimed</strong>" in page
    note = signed(statement(fixed=True), SIGNER).replace("\n", "\r\n")
    form = {"finding": receipt, "statement": note}
    done = client.post(f"/cases/{case}/evidence", data=form, follow_redirects=False)
    assert done.status_code == 303, done.text
    page = client.get(f"/cases/{case}").text
    assert "Evidence: <strong>fix verified</strong>" in page
    assert "5 of 5" in page
    assert "decode_row" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    wrong = client.post(
        f"/cases/{case}/evidence", data={"finding": receipt, "statement": "x"}
    )
    assert wrong.status_code == 400
    assert "FAIRLEAD_SANDBOX_KEYS" in wrong.text


def _programme(world):
    with world.store.read() as unit:
        return next(o.id for o in unit.organisations.all() if o.name == "Programme")


# --- Crossings ----------------------------------------------------------------------------


def crossing(first, second, *, across=0, fixes=("a",)):
    """Return a signed crossing in which each fix leaves *across* of the other's runs."""
    cells = [Cell(reproducer=name, fix="", fired=5, runs=5) for name in "ab"]
    for fix in fixes:
        other = "b" if fix == "a" else "a"
        cells.append(Cell(reproducer=fix, fix=fix, fired=0, runs=5))
        cells.append(Cell(reproducer=other, fix=fix, fired=across, runs=5))
    crossed = Crossing(
        a=first.recipe,
        b=second.recipe,
        fixes=dict.fromkeys(fixes, "0" * 64),
        at=first.at,
        walls=first.walls,
        cells=tuple(cells),
    )
    return crossings.signed(crossed, SIGNER)


@pytest.fixture
def two(opened):
    """Two cases with a finding each, each with evidence of a recipe of its own."""
    world, client, tokens, case, receipt = opened
    head = {"content-type": "application/json", **bearer(tokens["Finder"])}
    body = worlds.report("another", 2, "`read_header` forgets to check `magic`")
    other = client.post("/v1/reports", content=body, headers=head).json()["receipt"]
    world.work()
    token = tokens["Programme"]
    cases = client.get("/v1/cases", headers=bearer(token)).json()["cases"]
    (other_case,) = [c["id"] for c in cases if c["id"] != case]
    first, second = (
        structs.replace(statement(), recipe="1" * 64),
        structs.replace(statement(), recipe="2" * 64),
    )
    add(client, case, token, receipt, signed(first, SIGNER))
    add(client, other_case, token, other, signed(second, SIGNER))

    def settle(note, who="Programme", place=case):
        body = {"finding": receipt, "other": other, "crossing": note}
        return client.post(
            f"/v1/cases/{place}/crossings", json=body, headers=bearer(tokens[who])
        )

    return world, client, token, (case, other_case), (first, second), settle


def test_one_fix_for_both_makes_one_case(two):
    """A fix that stops both reproducers makes one case of two, whatever reports say."""
    _, client, token, (case, other), (first, second), settle = two
    answer = settle(crossing(first, second))
    assert answer.status_code == 201, answer.text
    assert answer.json()["sameness"] == "the same bug"
    assert answer.json()["merged"]
    home = answer.json()["case"]
    gone = other if home == case else case
    detail = client.get(f"/v1/cases/{home}", headers=bearer(token)).json()
    assert detail["case"]["findings"] == 2
    assert len(detail["receipts"]) == 2
    assert all(e["crossings"] for e in detail["evidence"].values())
    left = client.get(f"/v1/cases/{gone}", headers=bearer(token)).json()
    assert left["case"]["merged_into"] == home


def test_only_its_own_leaves_two_cases(two):
    """Fixes that each stop their own leave the cases apart, on the record."""
    _, client, token, (case, _), (first, second), settle = two
    answer = settle(crossing(first, second, across=5, fixes=("a", "b")))
    assert answer.json() == {
        "sameness": "different bugs",
        "case": case,
        "merged": False,
    }
    detail = client.get(f"/v1/cases/{case}", headers=bearer(token)).json()
    assert detail["case"]["merged_into"] is None
    (shown,) = detail["evidence"].values()
    assert shown["crossings"] == []  # The other finding is of a case of its own.


def test_only_of_recipes_that_are_evidence(two):
    """A crossing of other recipes settles nothing, and neither does one twice."""
    _, _, _, _, (first, second), settle = two
    foreign = structs.replace(second, recipe="3" * 64)
    answer = settle(crossing(first, foreign))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "crossing"
    note = crossing(first, second, across=5, fixes=("a", "b"))
    assert settle(note).status_code == 201
    assert settle(note).status_code == 409
    assert settle(note, who="Stranger").status_code == 404
