"""Working on a case at its page: clocks, rules, messages, statements, tasks, zones."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from fairlead.access.roles import Role
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.ports import Page

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds

HTML = "<script>alert(1)</script>"


@pytest.fixture
def filled(world, client):
    """A triaged case; a coordinator has signed in, an owner's organisation is read in."""
    for name in ("Programme", "Owner", "Finder"):
        world.join(name)
    sent = client.post(
        "/v1/reports",
        content=worlds.report("one", 0, "`parse` writes past `name_buffer`"),
        headers={
            "content-type": "application/json",
            "Authorization": f"Bearer {world.token('Finder')}",
        },
    )
    world.work()
    with world.store.read() as unit:
        homes = {o.name: o.id for o in unit.organisations.all()}
        (case,) = unit.cases.running(Page())
    enter(client, world, "Programme", Role.COORDINATOR)
    address = f"/cases/{case.id}"
    done(client.post(f"{address}/move", data={"to": State.TRIAGED, "reason": "so"}))
    done(
        client.post(
            f"{address}/read-in", data={"organisation": homes["Owner"], "part": "owner"}
        )
    )
    return address, homes, sent.json()["receipt"]


def enter(client, world, organisation, role):
    client.cookies.clear()
    code = world.code(organisation, role)
    client.post("/sign-in", data={"code": code}, follow_redirects=False)


def done(answer):
    assert answer.status_code == 200, re.findall(r'alert__text">([^<]*)', answer.text)
    return answer.text


def test_a_coordinator_decides_at_the_page_and_each_decision_is_told(client, filled):
    address, _, _ = filled
    for act, form, told in (
        (
            "severity",
            {"vectors": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "reason": "r"},
            "9.8 critical",
        ),
        ("ranges", {"ranges": "vers:pypi/<2.0", "reason": "log"}, "vers:pypi/&lt;2.0"),
        (
            "rule",
            {
                "kind": "cap of a coordinating list",
                "source": "linux-distros",
                "reason": "posted",
            },
            "cap of a coordinating list: linux-distros",
        ),
        (
            "extension",
            {"limit": "holding", "until": "2026-12-01 09:00", "reason": HTML},
            "Put off: holding, until 2026-12-01 09:00 UTC: &lt;script&gt;",
        ),
        ("exposure", {"how": "exploited", "reason": "seen"}, "It is out: exploited"),
    ):
        text = done(client.post(f"{address}/{act}", data=form))
        assert told in text, act
        assert HTML not in text


def test_what_is_refused_is_shown_again_with_what_was_typed(client, filled):
    address, _, _ = filled
    form = {
        "limit": "embargo",
        "until": "2026-10-25 02:30 Europe/Berlin",
        "reason": f"because {HTML}",
    }
    answer = client.post(f"{address}/extension", data=form)
    assert answer.status_code == 400
    assert "clocks show it twice that day" in answer.text
    assert "because &lt;script&gt;" in answer.text
    assert HTML not in answer.text
    assert client.post(f"{address}/rule", data={"kind": "made up"}).status_code == 400


def test_owner_and_coordinator_talk_state_and_do_what_is_to_be_done(
    client, world, filled
):
    address, homes, _ = filled
    form = {"text": f"Is it so? {HTML}", "to": homes["Owner"]}
    assert "Is it so? &lt;script&gt;" in done(
        client.post(f"{address}/message", data=form)
    )
    form = {
        "text": "Say when",
        "due": "2026-09-01 12:00",
        "organisation": homes["Owner"],
    }
    done(client.post(f"{address}/task", data=form))
    enter(client, world, "Owner", Role.OWNER)
    text = client.get(address).text
    assert "Is it so?" in text
    assert "no answer" in text
    assert "Name who answers" not in text
    (task,) = re.findall(r'name="task" value="(tsk-\w+)"', text)
    assert "done" in done(client.post(f"{address}/task-done", data={"task": task}))
    form = {"product": "Server", "position": "affected", "text": "All of them."}
    assert "All of them." in done(client.post(f"{address}/statement", data=form))
    found = client.get(f"{address}/search", params={"q": "all THEM"}).text
    assert "statement stm-" in found
    assert "They stand nowhere" in client.get(f"{address}/search?q=marmalade").text


def test_both_clocks_are_shown_to_the_finder_and_say_when_they_are_past(
    client, world, filled
):
    _, _, receipt = filled
    enter(client, world, "Finder", Role.REPORTER)
    text = client.get(f"/submissions/{receipt}").text
    assert "Holding: with its owner by" in text
    assert "45 days from the report to its owner" in text
    world.clock.pass_time(days=46)
    enter(client, world, "Finder", Role.REPORTER)
    assert "a coordinator must act" in client.get(f"/submissions/{receipt}").text


def test_instants_are_shown_in_utc_and_in_the_zone_that_the_reader_chose(
    client, world, filled
):
    address, _, _ = filled
    at = world.clock()
    assert f"{at:%Y-%m-%d %H:%M} UTC</time>" in client.get(address).text
    chosen = client.post("/account/zone", data={"zone": "Europe/Berlin"})
    assert 'value="Europe/Berlin"' in chosen.text
    there = f"{at + timedelta(hours=2):%Y-%m-%d %H:%M} +02:00 Europe/Berlin"
    assert f"{at:%Y-%m-%d %H:%M} UTC ({there})" in client.get(address).text
    assert client.post("/account/zone", data={"zone": HTML}).status_code == 400
    client.post("/account/zone", data={"zone": ""})
    assert "Europe/Berlin" not in client.get("/account").text.split("Such as")[0]
    client.cookies.set("fairlead_zone", "../../etc/passwd")
    assert client.get(address).status_code == 200


def test_an_advisory_is_held_scheduled_and_goes_out_by_itself(client, world, filled):
    address, _, _ = filled
    form = {
        "title": "Overflow in one",
        "summary": "It overflows.",
        "description": "A long name overflows a buffer.",
        "vendor": "Example",
        "product": "one",
        "purl": "pkg:pypi/one",
        "introduced": "0",
        "fixed": "2.0",
    }
    wrong = client.post(f"{address}/advisory/hold", data=form | {"purl": "nonsense"})
    assert wrong.status_code == 400
    assert "held ready" in done(client.post(f"{address}/advisory/hold", data=form))
    disclosure = {"reason": "nobody maintains it"}
    done(client.post(f"{address}/disclosure", data=disclosure))
    due = world.clock() + timedelta(days=21, hours=1)
    text = done(
        client.post(f"{address}/publication", data={"due": f"{due:%Y-%m-%d %H:%M}"})
    )
    assert "Goes out by itself" in text
    world.clock.at = due
    world.work()
    assert "Overflow in one" in client.get("/advisories").text


def test_what_was_put_off_is_counted_publicly_once_the_month_is_over(
    client, world, filled
):
    address, _, _ = filled
    for limit, until in (
        ("holding", "2026-12-01 09:00"),
        ("embargo", "2027-03-01 09:00"),
    ):
        form = {"limit": limit, "until": until, "reason": "so"}
        done(client.post(f"{address}/extension", data=form))
    client.cookies.clear()
    assert client.get("/v1/programme/figures").json()["put_off"] == []
    assert "What was put off" not in client.get("/programme").text
    world.clock.pass_time(days=20)
    counts = {"holding": 1, "embargo": 1, "end of the case": 0}
    told = client.get("/v1/programme/figures").json()["put_off"]
    assert told == [{"month": "2026-08", "counts": counts}]
    assert "What was put off" in client.get("/programme").text
