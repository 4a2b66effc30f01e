"""P6: no read path reveals an object to someone whose marking does not allow it."""

from __future__ import annotations

import re
import secrets
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.access.roles import Asker, Role, Scope, token_scopes
from fairlead.access.visibility import CASES, SUBMISSIONS, holds
from fairlead.base.ids import pair_id
from fairlead.clearinghouse.claims.claim import State
from fairlead.clearinghouse.ports import Page

sys.path.insert(0, str(Path(__file__).parent))
import worlds

askers = st.builds(
    Asker,
    actor=st.just("person/per-x"),
    organisation=st.sampled_from([None, "org-a", "org-b", "org-c", "org-d"]),
    scopes=st.frozensets(st.sampled_from(Scope)),
)
ALL = Page(size=1000)


@settings(max_examples=15)
@given(deeds=worlds.deeds, some=st.lists(askers, min_size=4, max_size=4))
def test_the_rule_says_the_same_in_python_and_in_sql(world, deeds, some):
    for deed in [*deeds, ("work",)]:
        worlds.do(world, deed)
    everything = worlds.COORDINATOR
    with world.store.read() as unit:
        cases = unit.cases.seen(CASES.condition(everything), ALL, states=(), words="")
        sent = unit.submissions.seen(SUBMISSIONS.condition(everything), ALL)
        for asker in some:
            rule = CASES.condition(asker)
            seen = unit.cases.seen(rule, ALL, states=(), words="")
            assert [c for c in cases if holds(rule, c)] == list(seen)
            assert sum(unit.cases.count(rule).values()) == len(seen)
            rule = SUBMISSIONS.condition(asker)
            mine = unit.submissions.seen(rule, ALL)
            assert [s for s in sent if holds(rule, s)] == list(mine)


# --- Every read path over HTTP -----------------------------------------------------------

PUBLIC = {
    "/",
    "/sign-in",
    "/join",
    "/advisories",
    "/advisories/{name}",
    "/advisories/{name}/{kind}",
    "/advisories.atom",
    "/feeds",
    "/products/{ecosystem}/{name}",
    "/.well-known/csaf/provider-metadata.json",
    "/.well-known/csaf/openpgp/{name}",
    "/.well-known/csaf/v2.0/provider-metadata.json",
    "/.well-known/csaf/v2.1/provider-metadata.json",
    "/.well-known/csaf/white/{name}",
    "/.well-known/csaf/v2.1/clear/{name}",
    "/.well-known/csaf/white/{year}/{name}",
    "/.well-known/csaf/v2.1/clear/{year}/{name}",
    "/v1/vulns/{name}",
    "/catalogue",
    "/catalogue/products",
    "/catalogue/records/{name}",
    "/v1/catalogue/products",
    "/v1/catalogue/records",
    "/v1/catalogue/records/{name}",
    "/log/checkpoint",
    "/log/tile/{rest}",
    "/static/{file_path}",
    "/v1/schema",
    "/sign-in/provider",
    "/sign-in/provider/done",
    "/programme",
    "/record",
    "/v1/programme/figures",
    "/v1/programme/milestones",
}
"""What anybody may read."""
BY_RECEIPT = {
    "/v1/submissions/{receipt}",
    "/join/{secret}",
    "/calendars/{secret}",
    "/owner/case/{token}",
}
"""What whoever holds the receipt may read: that it exists, and its status."""
LISTS = {
    "/cases",
    "/cases/version",
    "/submissions",
    "/exports",
    "/figures",
    "/readings",
    "/claims",
    "/claims/mine",
    "/claims/door",
    "/owners",
    "/pairs",
    "/pairs/labels",
    "/v1/cases",
    "/v1/cases/mentions",
    "/v1/cases/tasks",
    "/v1/submissions",
    "/v1/claims",
    "/v1/claims/introductions",
    "/v1/claims/owners",
    "/v1/owners",
    "/v1/routings",
}
OWN = {
    "/catalogue/match",
    "/account",
    "/verify",
    "/views/{view}",
    "/people",
    "/applications",
    "/organisation",
    "/programme/milestones",
    "/programme/consent",
}
"""What somebody who has signed in may read: their own; administrators also of people."""
REVIEW = {
    "/engagements",
    "/engagements/{engagement}",
    "/engagements/{engagement}/agreement",
    "/engagements/{engagement}/certificate",
    "/engagements/{engagement}/contract",
    "/engagements/{engagement}/terms",
    "/v1/assets/{asset}/files/{name}",
    "/v1/engagements",
    "/v1/engagements/{engagement}",
    "/v1/engagements/{engagement}/certificate",
}
"""What parties of an engagement may read; the matrix tries them as everyone."""
SHARED = {"/v1/claims/next", "/v1/claims/blind", "/v1/claims/names"}
"""What every member may read: sums, public names, who holds which key."""
CLAIM = {"/v1/claims/{claim_id}", "/v1/claims/{claim_id}/certificate"}
CASE = {
    "/cases/{case_id}",
    "/cases/{case_id}/version",
    "/cases/{case_id}/disclosed",
    "/cases/{case_id}/search",
    "/pairs/{pair}",
    "/v1/cases/{case_id}",
    "/v1/cases/{case_id}/search",
    "/v1/cases/{case_id}/work",
    "/v1/cases/{case_id}/priority",
}
"""What whoever may see the case may read; of a pair, and of what was disclosed, only
coordinators."""
OWNERS = {
    "/owners/{name}",
    "/v1/owners/{name}",
    "/v1/owners/{name}/queue",
    "/v1/owners/{name}/cases",
}
"""What an owner and coordinators may read; tests/web/test_owners.py tries it."""
SUBMISSION = {"/submissions/{receipt}", "/v1/submissions/{receipt}/proof"}


def read_paths(app):
    """Return the path of every GET route, its parameters without their types."""
    routes = [r for r in app.routes if "GET" in getattr(r, "methods", ())]
    return {re.sub(r":\w+", "", r.path_format) for r in routes}


def test_every_read_path_is_in_this_test(client):
    paths = {p.rstrip("/") or "/" for p in read_paths(client.app)}
    known = PUBLIC | BY_RECEIPT | OWN | LISTS | SHARED | CASE | SUBMISSION | CLAIM
    known |= REVIEW | OWNERS
    assert {p for p in paths if not p.startswith("/v1/schema/")} == known


@pytest.fixture
def filled(world, client):
    """Two finders with the same bug, one case, one organisation that was read in."""
    for name in ("Finder", "Second", "Owner", "Stranger", "Programme"):
        world.join(name)
    tokens = {n: world.token(n) for n in ("Finder", "Second", "Owner", "Stranger")}
    tokens["Programme"] = world.token("Programme", *token_scopes(Role.COORDINATOR))
    receipts = {}
    for name, words in (
        ("Finder", "`parse` writes past `name_buffer` when a name has 300 bytes"),
        ("Second", "writes past `name_buffer` in `parse` when a name has 300 bytes"),
    ):
        answer = client.post(
            "/v1/reports",
            content=worlds.report("one", 0, words),
            headers={"content-type": "application/json", **bearer(tokens[name])},
        )
        receipts[name] = answer.json()["receipt"]
    world.work()
    cases = client.get("/v1/cases", headers=bearer(tokens["Programme"])).json()["cases"]
    return tokens, receipts, cases[-1]["id"]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def organisation_of(client, name):
    context = client.app.dependencies["context"].dependency()
    with context.store.read() as unit:
        return next(o.id for o in unit.organisations.all() if o.name == name)


def read_in(client, tokens, case, name):
    listed = client.get("/v1/cases", headers=bearer(tokens[name]))
    assert listed.json() == {"cases": []}
    body = {"organisation": organisation_of(client, name)}
    answer = client.post(
        f"/v1/cases/{case}/participants", json=body, headers=bearer(tokens["Programme"])
    )
    assert answer.status_code == 200


def test_a_case_is_shown_to_coordinators_and_to_those_read_in(client, filled):
    tokens, _, case = filled
    address = f"/v1/cases/{case}"
    missing = client.get("/v1/cases/FL-aaaaaaaaaa", headers=bearer(tokens["Finder"]))
    for name in ("Finder", "Second", "Owner", "Stranger"):
        hidden = client.get(address, headers=bearer(tokens[name]))
        assert hidden.status_code == 404
        assert hidden.content == missing.content
        assert hidden.headers == missing.headers
    assert client.get(address, headers=bearer(tokens["Programme"])).status_code == 200
    read_in(client, tokens, case, "Owner")
    assert client.get(address, headers=bearer(tokens["Owner"])).status_code == 200
    for name in ("Finder", "Second", "Stranger"):
        assert client.get(address, headers=bearer(tokens[name])).status_code == 404


def test_who_was_read_out_sees_the_case_no_more(client, filled):
    tokens, _, case = filled
    address = f"/v1/cases/{case}"
    read_in(client, tokens, case, "Owner")
    assert client.get(address, headers=bearer(tokens["Owner"])).status_code == 200
    owner = organisation_of(client, "Owner")
    out = f"{address}/participants/{owner}"
    assert client.delete(out, headers=bearer(tokens["Owner"])).status_code == 403
    assert client.delete(out, headers=bearer(tokens["Programme"])).status_code == 200
    assert client.delete(out, headers=bearer(tokens["Programme"])).status_code == 409
    assert client.get(address, headers=bearer(tokens["Owner"])).status_code == 404


def test_a_merged_finder_sees_its_own_report_and_status_only(client, filled):
    tokens, receipts, case = filled
    for name, other in (("Finder", "Second"), ("Second", "Finder")):
        answer = client.get("/v1/submissions", headers=bearer(tokens[name]))
        listed = answer.json()["submissions"]
        assert [s["receipt"] for s in listed] == [receipts[name]]
        assert case not in answer.text
        theirs = client.get(
            f"/v1/submissions/{receipts[other]}", headers=bearer(tokens[name])
        )
        assert set(theirs.json()) == {"receipt", "status", "at"}


def test_nobody_without_the_right_moves_a_case_or_learns_that_it_is_there(
    client, filled
):
    tokens, _, case = filled
    body = {"to": "triaged", "reason": "so"}
    for name in ("Finder", "Stranger"):
        there, missing = (
            client.post(f"/v1/cases/{c}/moves", json=body, headers=bearer(tokens[name]))
            for c in (case, "FL-aaaaaaaaaa")
        )
        assert there.status_code == 404
        assert there.content == missing.content
    read_in(client, tokens, case, "Owner")
    told = client.post(
        f"/v1/cases/{case}/moves", json=body, headers=bearer(tokens["Owner"])
    )
    assert told.status_code == 403


def sign_in(client, world, organisation, role):
    answer = client.post(
        "/sign-in",
        data={"code": world.code(organisation, role)},
        follow_redirects=False,
    )
    assert answer.status_code == 303


@pytest.mark.parametrize(
    "path", sorted(OWN | LISTS | SHARED | CASE | SUBMISSION | CLAIM)
)
def test_without_signing_in_nothing_is_shown(client, filled, path):
    _, receipts, case = filled
    address = path.format(
        case_id=case,
        receipt=receipts["Finder"],
        claim_id="clm-aaaaaaaaaaaaaa",
        pair=pair_id(*receipts.values()),
        view="view-aaaaaaaaaaaaaaaa",
    )
    answer = client.get(address, follow_redirects=False)
    if path.startswith("/v1/"):
        assert answer.status_code == 401
    else:
        assert answer.headers["location"] == "/sign-in"


def test_pages_hide_what_the_api_hides(client, world, filled):
    _, receipts, case = filled
    sign_in(client, world, "Second", Role.REPORTER)
    hidden = client.get(f"/cases/{case}")
    missing = client.get("/cases/FL-aaaaaaaaaa")
    assert hidden.status_code == 404
    assert hidden.content == missing.content
    assert case not in client.get("/cases").text
    listed = client.get("/submissions").text
    assert receipts["Second"] in listed
    assert receipts["Finder"] not in listed
    hidden = client.get(f"/submissions/{receipts['Finder']}")
    missing = client.get("/submissions/SUB-aaaaaaaaaaaaaaaaaa")
    assert hidden.status_code == 404
    assert hidden.content == missing.content


@pytest.mark.usefixtures("filled")
def test_people_are_listed_to_administrators_only(client, world):
    for role in (Role.REPORTER, Role.COORDINATOR):
        sign_in(client, world, "Finder", role)
        answer = client.get("/people")
        assert answer.status_code == 403
        assert "Programme" not in answer.text
    sign_in(client, world, "Programme", Role.ADMINISTRATOR)
    assert "Ada" in client.get("/people").text


def test_an_administrator_reads_no_report_and_no_case(client, world, filled):
    _, receipts, case = filled
    sign_in(client, world, "Programme", Role.ADMINISTRATOR)
    for address in (f"/cases/{case}", f"/submissions/{receipts['Finder']}"):
        assert client.get(address).status_code == 404
    assert case not in client.get("/cases").text


# --- What one may not see changes nothing that one sees -----------------------------------

QUESTIONS = [
    "/v1/cases",
    "/v1/cases?q=one",
    "/v1/cases?q=parse",
    "/v1/cases?state=open",
    "/v1/cases?state=triaged&q=two",
    "/v1/cases?after=1",
    "/v1/submissions",
    "/v1/submissions?after=1",
    "/v1/submissions?after=50",
]
PAGES = [
    "/cases",
    "/cases?q=one",
    "/cases?state=open",
    "/cases?project=one",
    "/cases?severity=high",
    "/cases?answer=new",
    "/cases?answer=in+review&q=parse",
    "/cases?order=due",
    "/cases?due=30+days",
    "/cases?from=2026-08-18T14:03:21.000000Z_FL-aaaaaaaaaa",
    "/cases/version",
    "/cases/version?project=two",
    "/record?of=FL-aaaaaaaaaa",
    "/submissions",
    "/submissions?after=50",
]


@settings(max_examples=8)
@given(
    mine=st.lists(worlds.submit, max_size=4),
    theirs=st.lists(st.one_of(worlds.submit, worlds.move, worlds.wait), max_size=12),
)
def test_counts_searches_orders_and_pages_tell_nothing_of_what_is_hidden(
    world, client, mine, theirs
):
    """Everything that one organisation is shown stays the same, to the byte.

    Whatever others send and coordinators do, as long as it is read in to nothing.
    """
    client.cookies.clear()
    name = f"Mine {secrets.token_hex(4)}"
    home = world.join(name)
    token = world.token(name)
    for deed in mine:
        worlds.do(world, ("submit", home.id, *deed[2:]))
    worlds.do(world, ("work",))
    sign_in(client, world, name, Role.REPORTER)

    def shown():
        answers = [client.get(path, headers=bearer(token)) for path in QUESTIONS]
        answers += [client.get(path) for path in PAGES]
        return [(a.status_code, a.headers, a.content) for a in answers]

    before = shown()
    for deed in theirs:
        if deed[0] != "wait":
            worlds.do(world, deed)
    worlds.do(world, ("work",))
    assert shown() == before


CLAIMS = [
    "/v1/claims",
    "/v1/claims/next",
    "/v1/claims/introductions",
    "/v1/claims?after=1",
]
CLAIM_PAGES = ["/claims", "/claims?target=pkg:pypi/one", "/claims/mine"]


@settings(max_examples=8)
@given(
    theirs=st.lists(
        st.one_of(worlds.blind_claim, worlds.blind_claim, worlds.end_claim), max_size=8
    )
)
def test_blind_claims_of_others_change_nothing_that_one_is_shown(world, client, theirs):
    """Neither lists nor look-ups of a target tell that somebody claimed it blindly."""
    client.cookies.clear()
    name = f"Mine {secrets.token_hex(4)}"
    world.join(name)
    token = world.token(name, Scope.CLAIM_READ, Scope.CLAIM_TAKE)
    sign_in(client, world, name, Role.REPORTER)
    asked = {"targets": [{"purl": "pkg:pypi/one"}, {"purl": "pkg:pypi/two"}]}

    def shown():
        answers = [client.get(path, headers=bearer(token)) for path in CLAIMS]
        answers += [client.get(path) for path in CLAIM_PAGES]
        answers.append(
            client.post("/v1/claims/checks", json=asked, headers=bearer(token))
        )
        assert all(a.status_code == 200 for a in answers)
        return [(a.headers, a.content) for a in answers]

    before = shown()
    worlds.do(world, ("claim", "org-a", "pkg:pypi/one", "blind", True))
    with world.store.read() as unit:
        assert unit.claims.count(State.ACTIVE) + unit.claims.count(State.WAITING)
    for deed in theirs:
        worlds.do(world, deed)
    assert shown() == before
