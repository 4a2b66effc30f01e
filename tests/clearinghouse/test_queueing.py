"""The work queue: every page of it is what a plain filter over all cases gives."""

from __future__ import annotations

import json
import secrets
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import (
    coordinating,
    destroying,
    queueing,
    reporting,
    viewing,
)
from fairlead.clearinghouse.cases import Ground, State
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.queues import (
    WORKED_ON,
    Answer,
    Due,
    Order,
    Place,
    Severity,
    Wanted,
    facets_of,
    next_due,
    project_mark,
)
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.submissions import Outcome
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused
from fairlead.store import queue as sql
from fairlead.store import tables

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds

FEW = 3
"""So few cases are looked at for a page here, that the bound is met."""

wanted = st.builds(
    Wanted,
    states=st.sampled_from([(), (State.OPEN,), (State.TRIAGED, State.REJECTED)]),
    words=st.sampled_from(["", "parse", "parse one", "nothing"]),
    project=st.sampled_from(["", "one", "pkg:pypi/two@9", "nothing"]),
    severity=st.sampled_from([None, *Severity]),
    answer=st.sampled_from([None, *Answer]),
    due=st.sampled_from([None, *Due]),
    order=st.sampled_from(Order),
)
askers = st.sampled_from(["coordinator", "org-a", "org-b"])
FIRST = "`parse` writes past `name_buffer` when a name has 300 bytes"
SECOND = "writes past `name_buffer` in `parse` when a name has 300 bytes"
SEVERITIES = ["Critical", "high", "moderate", None]


def asker_of(name):
    if name == "coordinator":
        return worlds.COORDINATOR
    return Asker(
        actor=f"person/per-{name}",
        organisation=OrganisationId(name),
        scopes=SCOPES[Role.MEMBER],
    )


def submit(world, organisation, package, place, severity):
    """Have *organisation* hand in a report that says how severe it is."""
    sent = json.loads(worlds.report(package, place, f"`parse` {place}"))
    sent["enrichment"] = {"cwe": "CWE-787"} | (
        {"severity": severity} if severity else {}
    )
    sent["attachments"][0]["data"] += secrets.token_hex(3)
    worlds.do(world, ("submit", organisation, package, place, "?"))
    with world.store.begin() as unit:
        reporting.submit(
            unit,
            worlds.reporter(organisation),
            json.dumps(sent).encode(),
            at=world.clock(),
            randomness=secrets.token_bytes,
        )


@pytest.fixture
def filled(world):
    """Cases in many states, with many answers, and of all severities."""
    for n, severity in enumerate([*SEVERITIES, *SEVERITIES]):
        package = "one" if n % 3 else "two"
        submit(world, "org-a" if n % 2 else "org-b", package, n % 3, severity)
        world.clock.pass_time(days=11 if n % 2 else 0)
        world.work()
    for organisation, words in (("org-a", FIRST), ("org-b", SECOND)):
        worlds.do(world, ("submit", organisation, "twice", 0, words))
    world.work()
    for n, case in enumerate(everything(world)):
        if n % 2 == 0:
            worlds.do(world, ("read in", n, "org-a"))
        if n % 3 == 0:
            to = State.TRIAGED if n % 2 else State.REJECTED
            with world.store.begin() as unit:
                coordinating.move(
                    unit, worlds.COORDINATOR, case.id, to, reason="x", at=world.clock()
                )
    return world


def everything(world):
    with world.store.read() as unit:
        condition = queueing.CASES.condition(worlds.COORDINATOR)
        return unit.cases.seen(condition, Page(size=1000), states=(), words="")


def expected(world, unit, asker, what):
    """Filter and sort all cases in Python, by what their reports say."""
    found = []
    condition = queueing.CASES.condition(asker)
    for case in unit.cases.seen(condition, Page(size=99), states=(), words=what.words):
        filed = unit.submissions.of_case(case.id)
        read = [facets_in(unit, one) for one in filed if not one.destroyed]
        levels = [facets.severity for facets in read if facets.severity]
        severity = min(levels, key=list(Severity).index, default=None)
        answers = {one.outcome for one in filed}
        answer = (
            Answer.IN_REVIEW
            if Outcome.IN_REVIEW in answers
            else (Answer.KNOWN if len(filed) > 1 else Answer.NEW)
            if filed
            else None
        )
        named = {f"project {name}" for facets in read for name in facets.projects}
        until = next_due(case)
        latest = world.clock() + (what.due.within if what.due else timedelta(days=9999))
        fits = (
            (not what.states or case.state in what.states)
            and (not what.project or project_mark(what.project) in named)
            and what.severity in {None, severity}
            and what.answer in {None, answer}
            and (not by_due(what) or (case.state in WORKED_ON and until is not None))
            and (not what.due or (until is not None and until <= latest))
        )
        if fits:
            found.append(case)
    if by_due(what):
        return sorted(found, key=lambda c: (next_due(c), c.id))
    return sorted(found, key=lambda c: (c.opened_at, c.id), reverse=True)


def facets_in(unit, submission):
    return facets_of(finding_in(unit, submission.id))


def by_due(what):
    return what.order is Order.DUE or what.due is not None


def pages(world, unit, asker, what, size):
    """Turn the pages to the end, and return every case that was shown."""
    shown, start = [], None
    for _ in range(200):
        sheet = queueing.sheet(
            unit, asker, what, world.context.moment, start=start, size=size
        )
        shown += sheet.cases
        if sheet.following is None:
            return shown
        start = Place.parse(str(sheet.following))
    message = "the queue has no end"
    raise AssertionError(message)


@settings(max_examples=60)
@given(what=wanted, name=askers, size=st.integers(1, 4), few=st.booleans())
def test_turning_the_pages_shows_what_a_plain_filter_gives(
    filled, what, name, size, few
):
    asker = asker_of(name)
    with pytest.MonkeyPatch.context() as patch, filled.store.read() as unit:
        if few:
            patch.setattr(sql, "LOOKED_AT", FEW)
        shown = pages(filled, unit, asker, what, size)
        assert [c.id for c in shown] == [
            c.id for c in expected(filled, unit, asker, what)
        ]


def test_a_page_that_stops_early_says_so_and_goes_on(filled, monkeypatch):
    monkeypatch.setattr(sql, "LOOKED_AT", FEW)
    rare = Wanted(states=(State.TRIAGED, State.REJECTED))
    with filled.store.read() as unit:
        sheet = queueing.sheet(unit, worlds.COORDINATOR, rare, filled.context.moment)
    assert sheet.looked_at == FEW
    assert sheet.following is not None


def test_a_case_shows_its_highest_severity_and_its_answer(filled):
    with filled.store.read() as unit:
        sheet = queueing.sheet(
            unit, worlds.COORDINATOR, Wanted(), filled.context.moment
        )
    assert set(sheet.severities.values()) >= {Severity.CRITICAL}
    assert Answer.KNOWN in sheet.answers.values()
    merged = [case.id for case in sheet.cases if not case.findings]
    assert not set(merged) & set(sheet.answers)


def test_states_are_counted_only_as_far_as_the_asker_sees_them(filled):
    with filled.store.read() as unit:
        everyone = queueing.counts(unit, worlds.COORDINATOR)
        mine = queueing.counts(unit, asker_of("org-a"))
        none = queueing.counts(unit, asker_of("org-b"))
        condition = queueing.CASES.condition(worlds.COORDINATOR)
        some = unit.queue.count(condition, 1)
    assert sum(c.known for c in everyone.values()) == len(everything(filled))
    assert 0 < sum(c.known for c in mine.values()) < len(everything(filled))
    assert none == {}
    assert some[State.OPEN].known == 1
    assert some[State.OPEN].more


def test_a_destroyed_case_is_found_by_nothing_that_it_said(filled):
    rejected = next(c for c in everything(filled) if c.state is State.REJECTED)
    asker = Asker(
        actor=worlds.COORDINATOR.actor,
        organisation=worlds.COORDINATOR.organisation,
        scopes=worlds.COORDINATOR.scopes,
        verified_at=filled.clock(),
    )
    with filled.store.begin() as unit:
        destroying.destroy_case(unit, asker, rejected.id, Ground.LAW, at=filled.clock())
    with filled.store.read() as unit:
        for what in (
            Wanted(project="one"),
            Wanted(project="two"),
            Wanted(words="parse"),
        ):
            assert rejected.id not in {
                c.id for c in pages(filled, unit, asker, what, 9)
            }
        shown = pages(filled, unit, asker, Wanted(states=(State.REJECTED,)), 9)
    assert rejected.id in {case.id for case in shown}


def test_a_severity_is_read_from_its_vector_before_its_word():
    finding = Finding(
        receipt="SUB-x",
        severity="low",
        cvss_vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    )
    assert facets_of(finding).severity is Severity.CRITICAL
    unreadable = Finding(receipt="SUB-x", severity="Important", cvss_vector="CVSS:9/x")
    assert facets_of(unreadable).severity is Severity.HIGH


@pytest.mark.parametrize("written", ["x", "2026-08-18T14:00:00Z", "_FL-x", "x_FL-x"])
def test_a_place_that_nobody_wrote_is_refused(written):
    with pytest.raises(Invalid):
        Place.parse(written)


# --- Saved views ---------------------------------------------------------------------


def save(world, asker, name="Mine", what=Wanted(words="parse")):  # noqa: B008
    with world.store.begin() as unit:
        return viewing.save_view(
            unit, asker, name, what, at=world.clock(), randomness=secrets.token_bytes
        )


def test_a_saved_view_opens_for_its_organisation_and_nobody_else(world):
    mine = save(world, asker_of("org-a"))
    colleague = Asker(
        actor="person/per-other",
        organisation=OrganisationId("org-a"),
        scopes=SCOPES[Role.MEMBER],
    )
    with world.store.read() as unit:
        assert viewing.open_view(unit, colleague, mine.id) == mine
        assert viewing.views_of(unit, colleague) == []
        for name in (mine.id, "view-nothing"):
            with pytest.raises(NotFound) as refused:
                viewing.open_view(unit, asker_of("org-b"), name)
            assert str(refused.value) == f"no view {name!r}"
    with world.store.begin() as unit:
        with pytest.raises(NotFound):
            viewing.drop_view(unit, colleague, mine.id)
        viewing.drop_view(unit, asker_of("org-a"), mine.id)
        assert viewing.views_of(unit, asker_of("org-a")) == []


def test_what_a_view_asks_for_does_not_stand_in_the_database(world):
    save(world, asker_of("org-a"), name="Secret name", what=Wanted(project="hidden"))
    with world.store.read() as unit:
        rows = repr(unit.connection.execute(select(tables.views)).all())
    assert "hidden" not in rows
    assert "Secret" not in rows


def test_a_view_needs_a_person_a_name_and_room(world):
    me = asker_of("org-a")
    for name in ("", "  ", "x" * 81, "a\u202eb"):
        with pytest.raises(Invalid):
            save(world, me, name=name)
    program = Asker(actor="token/tok-x", organisation=me.organisation, scopes=me.scopes)
    nobody = Asker(actor="person/per-x", organisation=me.organisation)
    for asker in (program, nobody):
        with pytest.raises(NotAllowed):
            save(world, asker)
    for n in range(viewing.VIEWS):
        save(world, me, name=f"View {n}")
    with pytest.raises(Refused):
        save(world, me)
