"""P6 inside a case: each sees its part, nobody another's, and merging grants nothing."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.access.roles import SCOPES, Asker, Role, Scope, token_scopes
from fairlead.access.visibility import CASE_PARTS, CASES, EVERYONE, holds
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import coordinating
from fairlead.clearinghouse.cases import Part
from fairlead.clearinghouse.casework import seats, taking_part
from fairlead.clearinghouse.casework.statements import Position
from fairlead.clearinghouse.ports import Page
from fairlead.errors import NotFound

sys.path.insert(0, str(Path(__file__).parent))
import worlds

ORGANISATIONS = ["org-a", "org-b", "org-c", "org-d"]
askers = st.builds(
    Asker,
    actor=st.just("person/per-x"),
    organisation=st.sampled_from([None, *ORGANISATIONS]),
    scopes=st.frozensets(st.sampled_from(Scope)),
)
busy = st.lists(
    st.one_of(
        worlds.submit,
        worlds.read_in,
        worlds.read_in,
        worlds.part,
        worlds.part,
        worlds.part,
        worlds.move,
        worlds.work,
    ),
    min_size=10,
    max_size=30,
)


def everything(unit):
    """Return every case with all of its parts, seen by nobody's rule."""
    me = worlds.COORDINATOR
    seen = unit.cases.seen(CASES.condition(me), Page(size=500), states=(), words="")
    return [
        (case, kind, [kind.get(name) for name in kind.names_in(case.id)])
        for case in seen
        for kind in (unit.messages, unit.statements, unit.tasks)
    ]


@settings(max_examples=12)
@given(deeds=busy, some=st.lists(askers, min_size=3, max_size=3))
def test_the_rule_for_parts_says_the_same_in_python_and_in_sql(
    sqlite_world, deeds, some
):
    check_rules(sqlite_world, deeds, some)


@settings(max_examples=3)
@given(deeds=busy, some=st.lists(askers, min_size=3, max_size=3))
def test_the_rule_for_parts_says_the_same_on_both_databases(world, deeds, some):
    check_rules(world, deeds, some)


def check_rules(world, deeds, some):
    for deed in [("submit", "org-a", "one", 0, "?"), ("work",), *deeds]:
        worlds.do(world, deed)
    fixed = [worlds.COORDINATOR, *map(worlds.member, ORGANISATIONS)]
    with world.store.read() as unit:
        for case, kind, parts in everything(unit):
            for asker in [*fixed, *some]:
                mine, cases = CASE_PARTS.condition(asker), CASES.condition(asker)
                seen = kind.seen(case.id, cases, mine, None)
                allowed = [p for p in parts if holds(mine, p) and holds(cases, case)]
                assert {p.id for p in seen} == {p.id for p in allowed}
                if not asker.may(Scope.CASE_READ_ALL):
                    check_reader(asker, case, seen)


def check_reader(asker, case, seen):
    """Whoever is no coordinator takes part now, and is among those it is for."""
    for thing in seen:
        assert asker.organisation in case.participants
        assert {EVERYONE, asker.organisation} & set(thing.readers)


# --- Over HTTP ---------------------------------------------------------------------------

NAMES = ("Owner", "Finder", "Vendor", "Rival", "Stranger")
WORD = "marmalade"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def table(world, client):
    """A case with an owner, a finder and two members; each is told something alone."""
    homes = {name: world.join(name).id for name in (*NAMES, "Programme")}
    tokens = {n: world.token(n, *token_scopes(Role.MEMBER)) for n in NAMES}
    tokens["Programme"] = world.token("Programme", *token_scopes(Role.COORDINATOR))
    sent = client.post(
        "/v1/reports",
        content=worlds.report("one", 0, "`parse` writes past `name_buffer`"),
        headers={
            "content-type": "application/json",
            **bearer(world.token("Finder")),
        },
    )
    assert sent.status_code == 202
    world.work()
    me = bearer(tokens["Programme"])
    (case,) = client.get("/v1/cases", headers=me).json()["cases"]
    for name, part in (
        ("Owner", Part.OWNER),
        ("Finder", Part.FINDER),
        ("Vendor", Part.MEMBER),
        ("Rival", Part.MEMBER),
    ):
        body = {"organisation": homes[name], "part": part}
        address = f"/v1/cases/{case['id']}/participants"
        assert client.post(address, json=body, headers=me).status_code == 200
    return client, homes, tokens, case["id"]


def act(table, who, name, **form):
    client, _, tokens, case = table
    address = f"/v1/cases/{case}/{name}"
    return client.post(address, json=form, headers=bearer(tokens[who]))


def shown(table, who):
    """Return all that somebody is shown of the case, as one text."""
    client, _, tokens, case = table
    answers = [
        client.get(f"/v1/cases/{case}{path}", headers=bearer(tokens[who]))
        for path in ("", "/work", f"/search?q={WORD}")
    ]
    return answers[0].status_code, " ".join(answer.text for answer in answers)


def test_what_one_says_to_the_coordinators_nobody_else_sees_in_any_way(table):
    assert act(table, "Vendor", "message", text=f"our {WORD}").status_code == 200
    assert (
        act(
            table,
            "Vendor",
            "statement",
            product=WORD,
            position=Position.AFFECTED,
            text=f"{WORD} 4",
        ).status_code
        == 200
    )
    due = "2999-01-01T00:00:00Z"
    assert act(table, "Vendor", "task", text=f"{WORD}!", due=due).status_code == 200
    for who in ("Owner", "Finder", "Rival"):
        status, text = shown(table, who)
        assert status == 200
        assert WORD not in text
    for who in ("Vendor", "Programme"):
        assert shown(table, who)[1].count(WORD) >= 5
    assert shown(table, "Stranger")[0] == 404


def test_members_do_not_learn_of_one_another_and_owners_are_known(table):
    _, homes, _, _ = table
    for who, knows in (
        ("Vendor", {"Owner", "Vendor"}),
        ("Finder", {"Owner", "Finder"}),
        ("Owner", {"Owner", "Finder"}),
        ("Programme", {"Owner", "Finder", "Vendor", "Rival"}),
    ):
        client, _, tokens, case = table
        text = client.get(f"/v1/cases/{case}/work", headers=bearer(tokens[who])).text
        assert {n for n in NAMES if homes[n] in text} == knows, who
        text = client.get(f"/v1/cases/{case}", headers=bearer(tokens[who])).text
        assert {n for n in NAMES if homes[n] in text} == knows, who


def test_nobody_addresses_or_states_for_whom_it_may_not_know(table):
    _, homes, _, _ = table
    hidden = act(table, "Vendor", "message", text="hello", to=homes["Rival"])
    nobody = act(table, "Vendor", "message", text="hello", to="org-aaaaaaaaaaaa")
    assert hidden.status_code == nobody.status_code == 400
    assert hidden.text.replace(homes["Rival"], "org-aaaaaaaaaaaa") == nobody.text
    for whose in (homes["Rival"], homes["Owner"], "org-aaaaaaaaaaaa"):
        answer = act(table, "Vendor", "statement", position="fixed", organisation=whose)
        assert answer.status_code == 403


def test_a_statement_is_shown_to_all_by_its_owner_and_by_nobody_else(table):
    named = act(table, "Vendor", "statement", position="not affected", product=WORD)
    name = named.json()["id"]
    hidden = act(table, "Rival", "statement-shown", statement=name, to_all="yes")
    missing = act(table, "Rival", "statement-shown", statement="stm-none", to_all="yes")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content
    refused = act(table, "Programme", "statement-shown", statement=name, to_all="yes")
    assert refused.status_code == 403
    assert (
        act(
            table, "Vendor", "statement-shown", statement=name, to_all="yes"
        ).status_code
        == 200
    )
    assert WORD in shown(table, "Rival")[1]
    act(table, "Vendor", "statement-shown", statement=name, to_all="no")
    assert WORD not in shown(table, "Rival")[1]


def test_who_is_removed_while_it_reads_sees_and_says_nothing_more(table):
    client, homes, tokens, case = table
    act(table, "Programme", "message", text=WORD, to="everyone")
    assert WORD in shown(table, "Vendor")[1]
    out = f"/v1/cases/{case}/participants/{homes['Vendor']}"
    assert client.delete(out, headers=bearer(tokens["Programme"])).status_code == 200
    status, text = shown(table, "Vendor")
    assert status == 404
    assert WORD not in text
    gone = act(table, "Vendor", "message", text="still here?")
    never = client.post(
        "/v1/cases/FL-aaaaaaaaaa/message",
        json={"text": "still here?"},
        headers=bearer(tokens["Vendor"]),
    )
    assert gone.status_code == never.status_code == 404
    assert gone.content == never.content


def test_a_finder_whose_report_is_merged_into_a_case_sees_nothing_of_what_is_said(
    table, world
):
    client, _, tokens, case = table
    act(table, "Programme", "message", text=WORD, to="everyone")
    late = world.join("Late")
    sent = client.post(
        "/v1/reports",
        content=worlds.report("one", 0, "writes past `name_buffer` in `parse`"),
        headers={"content-type": "application/json", **bearer(world.token("Late"))},
    )
    world.work()
    me = bearer(tokens["Programme"])
    receipt = sent.json()["receipt"]
    filed = client.get(f"/v1/cases/{case}", headers=me).json()["receipts"]
    assert receipt in filed
    token = bearer(world.token("Late", *token_scopes(Role.FINDER)))
    for path in ("", "/work", f"/search?q={WORD}"):
        hidden = client.get(f"/v1/cases/{case}{path}", headers=token)
        missing = client.get(f"/v1/cases/FL-aaaaaaaaaa{path}", headers=token)
        assert hidden.status_code == 404
        assert hidden.content == missing.content
    assert client.get("/v1/cases/tasks", headers=token).json() == {"tasks": []}
    mine = client.get(f"/v1/submissions/{receipt}", headers=token).json()
    assert [clock["name"] for clock in mine["clocks"]] == ["holding"]
    assert case not in str(mine)
    assert late.id not in shown(table, "Vendor")[1]


def test_a_mention_reaches_only_who_may_read_the_message(world):
    worlds.do(world, ("submit", "org-a", "one", 0, "`parse` overflows"))
    worlds.do(world, ("work",))
    vendor, rival = world.join("Vendor"), world.join("Rival")
    for name in ("Vendor", "Rival"):
        world.code(name, Role.MEMBER)
    with world.store.begin() as unit:
        people = {p.organisation: p for p in unit.people.all()}
        case = unit.cases.running(Page())[0]
        deed = taking_part.Deed(
            asker=worlds.COORDINATOR, at=world.clock(), randomness=secrets.token_bytes
        )
        for home in (vendor, rival):
            coordinating.read_in(
                unit,
                worlds.COORDINATOR,
                case.id,
                home.id,
                Part.MEMBER,
                at=world.clock(),
            )
        text = " ".join(f"@{person.id}" for person in people.values())
        said = taking_part.say(unit, deed, case.id, text, [vendor.id])
    assert said.mentions == (people[vendor.id].id,)


def test_the_table_of_seats_speaks_of_every_part():
    assert set(seats.KNOWN) == set(Part)
    nobody = Asker(
        actor="person/p",
        organisation=OrganisationId("org-z"),
        scopes=SCOPES[Role.OWNER],
    )
    assert nobody.may(Scope.CASE_TAKE_PART)


def test_parts_are_counted_as_four_different_things(table, world):
    _, homes, _, case = table
    act(table, "Vendor", "statement", position="affected", product="A")
    act(table, "Vendor", "statement", position="fixed", product="B")
    act(table, "Vendor", "statement", position="not affected", product="a")
    act(
        table,
        "Programme",
        "statement",
        position="no answer",
        organisation=homes["Rival"],
    )
    client, _, tokens, _ = table
    me = bearer(tokens["Programme"])
    work = client.get(f"/v1/cases/{case}/work", headers=me).json()
    assert work["positions"] == {
        "affected": 0,
        "not affected": 1,
        "fixed": 1,
        "no answer": 2,
    }
    assert work["silent"] == [homes["Owner"]]
    with world.store.read() as unit, pytest.raises(NotFound):
        unit.statements.get("stm-none")
