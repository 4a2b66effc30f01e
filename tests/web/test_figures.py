"""Figures in three cuts: they count what one may see, and nothing else."""

from __future__ import annotations

import re
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.clearinghouse import tallying
from fairlead.clearinghouse.tallying import LEAST, MONTHS, Kind, months_until
from fairlead.errors import NotAllowed

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds


def counted(world, asker):
    with world.store.read() as unit:
        return tallying.figures(unit, asker, at=world.clock())


@settings(max_examples=12)
@given(deeds=worlds.deeds)
def test_the_cuts_agree_with_one_another_and_with_the_findings(world, deeds):
    for deed in [*deeds, ("work",)]:
        worlds.do(world, deed)
    everything = counted(world, worlds.COORDINATOR)
    with world.store.read() as unit:
        held = worlds.reporting.list_submissions(
            unit, worlds.COORDINATOR, worlds.Page(size=999), world.context.moment
        )
    total = sum(row.total for row in everything.finders)
    assert total == sum(row.total for row in everything.months)
    since = months_until(world.clock())[0]
    recent = [s for s in held if s.received_at.strftime("%Y-%m") >= since]
    assert total == len(recent)
    kept = [s for s in held if not s.destroyed and s.case is not None]
    assert sum(n for _, n in everything.ecosystems) == len(kept)
    for organisation in ("org-a", "org-b"):
        own = counted(world, worlds.reporter(organisation))
        mine = [s for s in recent if s.organisation == organisation]
        assert sum(row.total for row in own.finders) == len(mine)
        assert len(own.finders) <= 1
        assert own.owners == []


def test_what_others_send_changes_no_figure_that_one_is_shown(world):
    worlds.do(world, ("submit", "org-a", "one", 0, "`parse` overflows"))
    worlds.do(world, ("work",))
    before = counted(world, worlds.reporter("org-a"))
    for n in range(3):
        worlds.do(world, ("submit", "org-b", "two", n, f"`lex` {n}"))
    worlds.do(world, ("work",))
    worlds.do(world, ("read in", 0, "org-b"))
    assert counted(world, worlds.reporter("org-a")) == before
    owners = counted(world, worlds.COORDINATOR).owners
    assert [count for _, count in owners] == [1]


def test_whoever_sees_no_finding_gets_no_figures(world):
    for role in (Role.AUDITOR, Role.ADMINISTRATOR, Role.DEVELOPER):
        with pytest.raises(NotAllowed):
            counted(world, Asker(actor="person/x", scopes=SCOPES[role]))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_months_follow_one_another_up_to_the_present_one(at):
    months = months_until(at.replace(tzinfo=UTC))
    assert len(months) == len(set(months)) == MONTHS
    assert sorted(months) == list(months)
    assert months[-1] == at.strftime("%Y-%m")


def test_the_page_has_a_table_for_every_picture(world, client):
    world.join("Programme")
    code = world.code("Programme", Role.COORDINATOR)
    client.post("/sign-in", data={"code": code})
    assert "nothing to count yet" in client.get("/figures").text
    home = world.join(f"<b>{secrets.token_hex(4)}</b>")
    worlds.do(world, ("submit", home.id, "one", 0, "`parse` overflows"))
    world.work()
    worlds.do(world, ("read in", 0, home.id))
    page = client.get("/figures").text
    pictures = re.findall(r'data-chart="(\w+)"', page)
    assert pictures == ["months", "ecosystems", "owners", "finders"]
    for name in pictures:
        assert f'id="{name}"' in page
    assert f"&lt;b&gt;{home.name[3:-4]}" in page
    assert len(re.findall(r"<tr><th scope=\"row\">20\d\d-", page)) == LEAST
    assert all(kind in page for kind in Kind)
