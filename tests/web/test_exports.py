"""Many cases at once take two people, and leave a trace on each."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fairlead.access.roles import Role

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds


@pytest.fixture
def people(world, client):
    """Cookies of two coordinators and an auditor, with one case to export."""
    worlds.do(world, ("submit", "org-a", "one", 0, "`parse` overflows"))
    worlds.do(world, ("work",))
    world.join("Programme")
    return {
        name: signed_in(client, world, role, name)
        for name, role in (
            ("Ada", Role.COORDINATOR),
            ("Bob", Role.COORDINATOR),
            ("Eve", Role.AUDITOR),
            ("Rob", Role.REPORTER),
        )
    }


def signed_in(client, world, role, name):
    client.cookies.clear()
    code = world.code("Programme", role, name=name)
    client.post("/sign-in", data={"code": code}, follow_redirects=False)
    return client.cookies["fairlead_session"]


def as_(client, cookie):
    client.cookies.clear()
    client.cookies.set("fairlead_session", cookie)
    return client


def ask(client, people, **form):
    form = {"reason": "moving to another system", **form}
    return as_(client, people["Ada"]).post(
        "/exports", data=form, follow_redirects=False
    )


def name_of(client, people):
    text = as_(client, people["Ada"]).get("/exports").text
    return text.partition('aria-label="Export ')[2].partition('"')[0]


def test_one_asks_another_agrees_and_the_first_takes(world, client, people):
    assert ask(client, people).status_code == 303
    name = name_of(client, people)
    content = f"/exports/{name}/content"
    assert as_(client, people["Ada"]).post(content).status_code == 409
    own = as_(client, people["Ada"]).post(f"/exports/{name}/approval")
    assert own.status_code == 403
    assert "second person" in own.text
    agreed = as_(client, people["Bob"]).post(
        f"/exports/{name}/approval", follow_redirects=False
    )
    assert agreed.status_code == 303
    assert as_(client, people["Bob"]).post(content).status_code == 403
    taken = as_(client, people["Ada"]).post(content)
    (line,) = taken.text.splitlines()
    line = json.loads(line)
    assert "overflows" in line["reports"][0]["report"]
    with world.store.read() as unit:
        for thing in (
            f"case/{line['case']['id']}",
            f"submission/{line['reports'][0]['receipt']}",
        ):
            assert unit.traces.of(thing)[0].how == "exported"


def test_a_day_later_it_is_over(world, client, people):
    ask(client, people)
    name = name_of(client, people)
    as_(client, people["Bob"]).post(f"/exports/{name}/approval")
    world.clock.pass_time(hours=11)
    assert (
        as_(client, people["Ada"]).post(f"/exports/{name}/content").status_code == 200
    )
    world.clock.pass_time(hours=14)
    ada = signed_in(client, world, Role.COORDINATOR, "Ada again")
    late = as_(client, ada).post(f"/exports/{name}/content")
    assert late.status_code in {403, 409}


def test_it_needs_a_reason_and_cases(client, people):
    without = ask(client, people, reason=" ")
    assert without.status_code == 400
    assert "say why" in without.text
    none = ask(client, people, q="nosuchword")
    assert none.status_code == 400
    assert "nosuchword" in none.text


def test_who_may_not_export_learns_nothing_of_exports(client, people):
    ask(client, people)
    name = name_of(client, people)
    for who in ("Eve", "Rob"):
        assert as_(client, people[who]).get("/exports").status_code == 403
        for path in ("approval", "content"):
            known, unknown = (
                as_(client, people[who]).post(f"/exports/{n}/{path}")
                for n in (name, "exp-none")
            )
            assert known.status_code == unknown.status_code == 403
            assert known.content == unknown.content


def test_an_auditor_sees_who_read_what_and_nothing_else(client, people):
    as_(client, people["Ada"]).get("/cases")
    seen = as_(client, people["Eve"]).get("/readings").text
    assert "case/FL-" in seen
    case = seen.partition("case/")[2][:13]
    assert as_(client, people["Eve"]).get(f"/cases/{case}").status_code == 404
    assert as_(client, people["Rob"]).get("/readings").status_code == 403
