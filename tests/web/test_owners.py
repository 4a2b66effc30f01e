"""Owners over HTTP: who sees and does what, and cases by the link in a mail."""

from __future__ import annotations

import re
import secrets
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from litestar.testing import TestClient

from fairlead.access.roles import Role, token_scopes
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.owners import directory
from fairlead.clearinghouse.owners.routing import Stage
from fairlead.clearinghouse.owners.wishes import Wishes
from fairlead.web.app import create_app
from fairlead.web.server import free_port

sys.path.insert(0, str(Path(__file__).parents[1]))
from clearinghouse.owners.posts import COORDINATOR, Post, written


@pytest.fixture
def letters(sqlite_world, tmp_path):
    post = Post()
    port = free_port("127.0.0.1")
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    yield written(sqlite_world, tmp_path, post, port)
    with suppress(RuntimeError):
        server.stop()


@pytest.fixture
def web(letters):
    with TestClient(create_app(letters.world.context)) as client:
        yield client


def bearer(letters, home, *roles):
    return {
        "Authorization": f"Bearer {letters.world.token(home, *token_scopes(*roles))}"
    }


def sign_in(client, letters, home, *roles):
    code = letters.world.code(home, *roles, name=secrets.token_hex(4))
    answer = client.post("/sign-in", data={"code": code}, follow_redirects=False)
    assert answer.status_code == 303


@pytest.fixture
def homes(letters):
    for name in ("Programme", "Maintainers", "Elsewhere"):
        letters.world.join(name)
    with letters.world.store.read() as unit:
        return {o.name: o.id for o in unit.organisations.all()}


def test_a_member_enters_itself_says_wishes_and_pulls_its_queue(letters, web, homes):
    """Over the API; it sees counts and its own cases, never what others wait for."""
    mine = bearer(letters, "Maintainers", Role.OWNER)
    body = {
        "name": "Maintainers",
        "mail": "sec@example.org",
        "places": [{"purl": "pkg:pypi/example"}],
    }
    entered = web.post("/v1/owners", json=body, headers=mine)
    assert entered.status_code == 201, entered.text
    owner = entered.json()
    assert owner["organisation"] == homes["Maintainers"]
    letters.verify(owner["id"])
    wishes = {"a_week": 1, "not_parts": ["vendor"]}
    said = web.put(f"/v1/owners/{owner['id']}/wishes", json=wishes, headers=mine)
    assert said.json()["wishes"]["a_week"] == 1
    for _ in range(3):
        letters.route(letters.case())
    letters.work()
    queue = web.get(f"/v1/owners/{owner['id']}/queue", headers=mine).json()
    assert (queue["waiting"], queue["routings"], len(queue["dates"])) == (2, [], 2)
    pulled = web.post(f"/v1/owners/{owner['id']}/next", json={}, headers=mine)
    assert len(pulled.json()["routings"]) == 1
    letters.work()
    cases = web.get(f"/v1/owners/{owner['id']}/cases", headers=mine).json()["routings"]
    assert [one["stage"] for one in cases] == ["delivered", "delivered"]
    told = {"answer": "accepted", "fix_planned": "2026-12-01"}
    answered = web.post(
        f"/v1/routings/{cases[0]['id']}/answers", json=told, headers=mine
    )
    assert answered.status_code == 201, answered.text
    read = web.get(f"/v1/cases/{cases[0]['case']}", headers=mine)
    assert read.status_code == 200


def test_to_anybody_else_an_owner_is_one_that_does_not_exist(letters, web, homes):
    """To the byte, whatever is asked of it."""
    owner = letters.owner(organisation=OrganisationId(homes["Maintainers"]))
    routing = letters.route(letters.case())
    letters.work()
    other = bearer(letters, "Elsewhere", Role.OWNER)
    for method, path, body in (
        ("GET", "/v1/owners/{}", None),
        ("GET", "/v1/owners/{}/queue", None),
        ("GET", "/v1/owners/{}/cases", None),
        ("POST", "/v1/owners/{}/next", {}),
        ("PUT", "/v1/owners/{}/wishes", {}),
        ("POST", "/v1/owners/{}/contact", {"mail": "evil@example.net"}),
        ("POST", "/v1/owners/{}/places", {"target": {"purl": "pkg:pypi/x"}}),
    ):
        there = web.request(method, path.format(owner.id), json=body, headers=other)
        nowhere = web.request(
            method, path.format("onr-" + "a" * 12), json=body, headers=other
        )
        assert there.status_code == nowhere.status_code == 404
        assert there.content.replace(owner.id.encode(), b"") == nowhere.content.replace(
            b"onr-" + b"a" * 12, b""
        )
    answer = {"answer": "not security"}
    there = web.post(f"/v1/routings/{routing.id}/answers", json=answer, headers=other)
    assert there.status_code == 404
    assert web.get("/v1/owners", headers=other).json() == {"owners": []}
    assert web.get("/v1/routings", headers=other).status_code == 403


def test_a_coordinator_cannot_answer_for_an_owner_nor_vouch_by_a_program(
    letters, web, homes
):
    """The verdict is the owner's alone; a voucher has a name."""
    letters.owner(organisation=OrganisationId(homes["Maintainers"]))
    routing = letters.route(letters.case())
    letters.work()
    coordinator = bearer(letters, "Programme", Role.COORDINATOR)
    answer = web.post(
        f"/v1/routings/{routing.id}/answers",
        json={"answer": "not security"},
        headers=coordinator,
    )
    assert answer.status_code == 404


@pytest.mark.usefixtures("homes")
def test_coordinators_route_release_and_forecast(letters, web):
    """Over the API, with nothing kept of the forecast."""
    owner = letters.owner()
    letters.do(directory.say_wishes, COORDINATOR, owner.id, Wishes(a_week=5))
    mine = bearer(letters, "Programme", Role.COORDINATOR)
    case = letters.case()
    routed = web.post("/v1/routings", json={"case": case}, headers=mine)
    assert routed.status_code == 201, routed.text
    reports = [{"purl": f"pkg:pypi/example@{n}"} for n in range(20)]
    reports += [{"purl": "pkg:pypi/nobodys"}] * 3 + [{"purl": "nonsense"}]
    plan = web.post("/v1/owners/plan", json={"reports": reports}, headers=mine).json()
    known, nobody = plan["owners"]
    assert (known["owner"], known["reports"], known["ahead"]) == (owner.id, 20, 1)
    days = [known[name] for name in ("first", "half", "last")]
    assert days == ["2026-08-18", "2026-09-01", "2026-09-15"]
    assert (nobody["owner"], nobody["reports"]) == (None, 3)
    assert (plan["unreadable"], plan["last"]) == (1, "2026-09-15")
    finder = bearer(letters, "Elsewhere", Role.FINDER)
    refused = web.post("/v1/owners/plan", json={"reports": []}, headers=finder)
    assert refused.status_code == 403


# --- Pages ------------------------------------------------------------------------------------


def test_an_owner_with_an_account_does_everything_on_its_page(letters, web, homes):
    """Wishes, the next one, an answer with one click."""
    owner = letters.owner(organisation=OrganisationId(homes["Maintainers"]))
    first, second = letters.case(), letters.case()
    letters.do(directory.say_wishes, COORDINATOR, owner.id, Wishes(a_week=1))
    routing = letters.route(first)
    letters.work()
    letters.route(second)
    letters.work()
    sign_in(web, letters, "Maintainers", Role.OWNER)
    shown = web.get(f"/owners/{owner.id}").text
    assert "Send me the next" in shown
    assert first in shown
    assert second not in shown
    web.post(f"/owners/{owner.id}/acts/next", data={"count": "1"})
    assert second in web.get(f"/owners/{owner.id}").text
    form = {"answer": "not security", "words": "Root only <script>", "fix_planned": ""}
    done = web.post(f"/owners/{owner.id}/cases/{routing.id}", data=form)
    assert done.status_code == 200
    assert letters.routing(routing.id).answer == "not security"
    wished = {"a_week": "3", "not_parts": "vendor\ntests", "reproducer": "yes"}
    web.post(f"/owners/{owner.id}/wishes", data=wished)
    said = letters.see(lambda unit: unit.owners.get(owner.id)).wishes
    assert (said.a_week, said.not_parts) == (3, ("vendor", "tests"))
    wrong = web.post(f"/owners/{owner.id}/wishes", data={"a_week": "many"})
    assert wrong.status_code == 400
    assert "from 1 to 1000" in wrong.text


@pytest.mark.usefixtures("homes")
def test_a_coordinator_sees_what_is_to_do_and_enters_owners(letters, web):
    """Held back, unreachable, unmaintained: each with what can be done."""
    owner = letters.owner()
    letters.do(
        directory.say_wishes, COORDINATOR, owner.id, Wishes(only_with_reproducer=True)
    )
    routing = letters.route(letters.case())
    letters.work()
    sign_in(web, letters, "Programme", Role.COORDINATOR)
    shown = web.get("/owners").text
    assert "only with a reproducer" in shown
    web.post(f"/owners/routings/{routing.id}/release", data={"how": "plain to see"})
    assert letters.routing(routing.id).stage is Stage.QUEUED
    entered = {"name": "New", "mail": "new@example.org", "places": "host:example.com"}
    web.post("/owners", data=entered)
    assert "New" in web.get("/owners").text
    wrong = web.post("/owners", data=entered | {"mail": "x\ny@example.org"})
    assert wrong.status_code == 400
    asked = web.post(
        f"/owners/{owner.id}/acts/vouch",
        data={"number": "1", "how": "met"},
        follow_redirects=False,
    )
    assert asked.status_code in {303, 403}


def test_the_link_in_a_mail_opens_the_case_after_a_click(letters, web):
    """Looking shows nothing and leaves no trace; opening does; an answer ends silence."""
    letters.owner()
    case = letters.case()
    routing = letters.route(case)
    letters.work()
    told = next(m for m in letters.mails() if case in m["Subject"]).get_content()
    link = re.search(r"https://programme.example(/owner/case/\S+)", told)[1]
    looked = web.get(link)
    assert "overflows" not in looked.text
    assert case not in looked.text
    assert letters.routing(routing.id).opened_at is None
    opened = web.post(link)
    assert "It overflows &lt;script&gt;alert(1)&lt;/script&gt;" in opened.text
    assert letters.routing(routing.id).stage is Stage.DELIVERED
    traces = letters.see(lambda unit: unit.traces.of(f"case/{case}"))
    assert any(t.actor.startswith("owner/") for t in traces)
    done = web.post(f"{link}/answer", data={"answer": "accepted"})
    assert done.status_code == 200
    assert letters.routing(routing.id).answer == "accepted"


def test_a_link_that_is_old_changed_or_of_an_earlier_contact_opens_nothing(
    letters, web
):
    """Each is answered as one that never was."""
    owner = letters.owner()
    case = letters.case()
    letters.route(case)
    letters.work()
    told = next(m for m in letters.mails() if case in m["Subject"]).get_content()
    link = re.search(r"https://programme.example(/owner/case/\S+)", told)[1]
    never = web.post("/owner/case/l-" + "a" * 12 + "-" + "b" * 16)
    assert never.status_code == 404
    flipped = link[:-1] + ("a" if link[-1] != "a" else "b")
    assert web.post(flipped).content == never.content
    letters.world.clock.pass_time(days=15)
    assert web.post(link).content == never.content
    letters.world.clock.pass_time(days=-14)
    assert web.post(link).status_code == 200
    letters.do(
        directory.change_contact, COORDINATOR, owner.id, "new@example.org", letters.desk
    )
    assert web.post(link).content == never.content
