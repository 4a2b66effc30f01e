"""The register, the figures and calendars, as people and programs use them."""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from icalendar import Calendar
from litestar.testing import TestClient

from fairlead.access import membership
from fairlead.access.roles import Role, operator
from fairlead.access.traces import How, Moment
from fairlead.base.ids import MilestoneId
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused
from fairlead.programme import (
    calendars,
    capacity,
    figures,
    milestones,
    pictures,
    profile,
)
from fairlead.programme.milestones import Entry
from fairlead.programme.registered import Kind
from fairlead.review import concluding, granting
from fairlead.review.facts import Audience
from fairlead.web.app import create_app

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
from acts import RULES, Cast

ORDER = profile.load("eo-14409")
ADDRESS = "https://programme.example"


@pytest.fixture
def cast(world):
    return Cast(world)


def do(cast, name, act, *given, **named):
    with cast.world.store.begin() as unit:
        return act(unit, cast.asker(name), *given, at=cast.now, **named)


def moment(cast):
    return Moment(cast.now, secrets.token_bytes)


# --- The register ------------------------------------------------------------------------


def test_the_profile_names_what_is_due_and_a_liaison_what_was_published(cast):
    """Days late count to the publication, and until then to today."""
    name = MilestoneId("clearinghouse")
    with cast.world.store.read() as unit:
        before = milestones.find(unit, ORDER, name)
    assert milestones.days_late(before, date(2026, 7, 2)) == 0
    assert milestones.days_late(before, date(2026, 7, 5)) == 3
    link = "https://example.org/gold"
    do(cast, "lia", milestones.published, ORDER, name, on="2026-07-14", link=link)
    after = do(cast, "lia", milestones.noted, ORDER, name, text="It has a name.")
    assert milestones.days_late(after, date(2027, 1, 1)) == 12
    assert [note.text for note in after.notes] == ["It has a name."]
    with cast.world.store.read() as unit:
        register = milestones.register(unit, ORDER)
    assert len(register) == len(ORDER.milestones)
    assert after in register
    corrected = do(
        cast, "lia", milestones.published, ORDER, name, on="2026-07-02", link=link
    )
    assert milestones.days_late(corrected, date(2027, 1, 1)) == 0


def test_protocols_statements_and_laws_come_after_the_duties(cast):
    """Each kind keeps its place, and what has no due date is never late."""
    for kind in reversed(Kind):
        entry = Entry(kind=kind.value, title=f"A {kind}", who="Somebody")
        made = do(cast, "lia", milestones.add, entry, randomness=secrets.token_bytes)
        assert milestones.days_late(made, date(2030, 1, 1)) == 0
    with cast.world.store.read() as unit:
        kinds = [m.kind for m in milestones.register(unit, ORDER)]
    assert kinds == [Kind.DUTY] * 8 + [Kind.PROTOCOL, Kind.STATEMENT, Kind.LAW]


@pytest.mark.parametrize("name", ["dora", "eva", "otto", "pat"])
def test_only_those_who_keep_the_programme_edit_the_register(cast, name):
    """Nobody else adds, publishes or notes."""
    entry = Entry(title="x", who="x")
    with pytest.raises(NotAllowed):
        do(cast, name, milestones.add, entry, randomness=secrets.token_bytes)
    with pytest.raises(NotAllowed):
        do(cast, name, figures.publish)


def test_what_does_not_say_what_it_must_is_refused_by_field(cast):
    """Every field is named; an address that is none never reaches a page."""
    with pytest.raises(Invalid) as raised:
        do(
            cast,
            "lia",
            milestones.add,
            Entry(kind="rumour", due="soon", section="x" * 2000),
            randomness=secrets.token_bytes,
        )
    fields = {v.field for v in raised.value.violations}
    assert fields == {"kind", "title", "who", "section", "due"}
    name = MilestoneId("framework")
    for on, link in (
        ("2026-08-01", "javascript:alert(1)"),
        ("2027-08-01", "https://example.org"),
        ("20260801", "https://example.org"),
        ("2026-08-01", "https://example.org/ onmouseover=x"),
    ):
        with pytest.raises(Invalid):
            do(cast, "lia", milestones.published, ORDER, name, on=on, link=link)
    with pytest.raises(NotFound):
        do(cast, "lia", milestones.noted, ORDER, MilestoneId("none"), text="x")


# --- Figures -----------------------------------------------------------------------------


def test_a_month_is_published_once_it_is_over_and_never_changes(cast):
    """Bands, in order; what happens later stands in later months."""
    cast.live()
    cast.ask()
    with pytest.raises(Refused):
        # July, in which nothing happened, is over; August is not.
        assert [m.id for m in do(cast, "lia", figures.publish)] == ["2026-07"]
        do(cast, "lia", figures.publish)
    cast.world.clock.pass_time(days=31)
    (august,) = do(cast, "lia", figures.publish)
    assert (august.id, str(august.shown.asked)) == ("2026-08", "1–4")
    assert str(august.shown.used) == "1–4"
    for _ in range(6):
        cast.ask()
    cast.world.clock.pass_time(days=62)
    done = do(cast, "lia", figures.publish)
    assert [(m.id, str(m.shown.asked)) for m in done] == [
        ("2026-09", "5–9"),
        ("2026-10", "none"),
    ]
    with cast.world.store.read() as unit:
        assert figures.published(unit)[1] == august


def test_figures_are_published_by_themselves_each_month(cast):
    """On the first, and at once where nothing ran then; a quiet programme tells nothing."""
    world = cast.world

    def months():
        with world.store.read() as unit:
            return [month.id for month in figures.published(unit)]

    world.runner.plan()
    world.work()
    assert months() == []
    world.clock.pass_time(days=31)
    world.work()
    assert months() == []
    cast.ask()
    world.clock.pass_time(days=31)
    world.work()
    assert months() == ["2026-09"]
    world.work()
    # Away for two months, and begun again in the middle of the third.
    world.clock.pass_time(days=62)
    world.runner.plan()
    world.work()
    assert months() == ["2026-09", "2026-10", "2026-11"]


def test_exact_only_while_everybody_who_is_counted_consents(cast):
    """One developer consents and is said exactly; with another beside it, in a band."""
    do(cast, "dora", figures.consent, given=True)
    with pytest.raises(Refused):
        do(cast, "dora", figures.consent, given=True)
    for _ in range(3):
        cast.ask()
    cast.world.clock.pass_time(days=31)
    assert str(do(cast, "lia", figures.publish)[-1].shown.asked) == "3"
    for _ in range(2):
        cast.ask()
    cast.ask(name="max")
    cast.world.clock.pass_time(days=31)
    assert str(do(cast, "lia", figures.publish)[-1].shown.asked) == "1–4"
    do(cast, "dora", figures.consent, given=False)
    with pytest.raises(NotAllowed):
        do(cast, "lia", figures.consent, given=True)


# --- Calendars ---------------------------------------------------------------------------


def follow(cast, name, engagement):
    with cast.world.store.begin() as unit:
        return calendars.follow(unit, cast.asker(name), engagement, moment(cast))


def fetch(cast, secret):
    with cast.world.store.read() as unit:
        return calendars.read(unit, secret, ADDRESS, moment(cast))


def entries(written):
    return {
        str(e["uid"]).partition("@")[0].rpartition("-")[2]: e
        for e in Calendar.from_ical(written).walk("VEVENT")
    }


def test_a_window_is_read_back_as_it_is_with_its_reminders(cast):
    """The instants are the engagement's; a reader is reminded before the end."""
    engagement = cast.live()
    state = cast.see("lia", engagement).engagement
    window = entries(fetch(cast, follow(cast, "eva", engagement)))["window"]
    assert window["dtstart"].dt == state.opens.replace(microsecond=0)
    assert window["dtend"].dt == state.ends.replace(microsecond=0)
    alarms = window.walk("VALARM")
    assert [a["trigger"].dt for a in alarms] == [-before for before in calendars.REMIND]
    assert {a["trigger"].params["related"] for a in alarms} == {"END"}


def test_it_says_neither_model_nor_developer(cast):
    """A calendar may be fetched by a service that others run."""
    engagement = cast.live()
    cast.deliver(engagement)
    written = fetch(cast, follow(cast, "lia", engagement)).decode()
    assert "Heron" not in written
    assert "Developer" not in written
    assert "Reply period ends" in written


def test_before_and_after_the_window_it_says_so(cast):
    """Until it opens, by when it must; once withdrawn, that it is over, unreminded."""
    engagement = cast.ask()
    cast.agree(engagement)
    secret = follow(cast, "dora", engagement)
    assert set(entries(fetch(cast, secret))) == {"by"}
    engagement = cast.live()
    secret = follow(cast, "dora", engagement)
    cast.world.clock.pass_time(days=2)
    cast.do("dora", granting.withdraw, engagement, RULES)
    window = entries(fetch(cast, secret))["window"]
    assert window["dtend"].dt == cast.now.replace(microsecond=0)
    assert "withdrew" in window["description"]
    assert not window.walk("VALARM")


def test_the_address_opens_what_its_person_may_see_and_nothing_else(cast):
    """Removed, locked or replaced, it leads nowhere, like one that never was."""
    engagement = cast.live()
    secret = follow(cast, "eva", engagement)
    other = follow(cast, "eva", engagement)
    with pytest.raises(NotFound):
        fetch(cast, secret)
    assert fetch(cast, other)
    cast.do("dora", granting.remove_person, engagement, cast.people["eva"].id)
    with pytest.raises(NotFound):
        fetch(cast, other)
    for stranger in ("max", "pat"):
        with pytest.raises(NotFound):
            follow(cast, stranger, engagement)
    mine = follow(cast, "lia", engagement)
    with cast.world.store.begin() as unit:
        calendars.leave(unit, cast.asker("lia"), engagement)
    with pytest.raises(NotFound):
        fetch(cast, mine)


def test_fetching_leaves_a_trace(cast):
    """The developer sees that somebody's calendar reads the engagement."""
    engagement = cast.live()
    secret = follow(cast, "eva", engagement)
    cast.world.clock.pass_time(hours=2)
    fetch(cast, secret)
    with cast.world.store.read() as unit:
        left = unit.traces.of(f"engagement/{engagement}")
    mine = [t for t in left if t.actor == f"person/{cast.people['eva'].id}"]
    assert How.LISTED in {t.how for t in mine}


def test_calendars_are_fetched_without_signing_in(cast):
    """Over HTTP: made by a person, read by any program that has the address."""
    engagement = cast.live()
    with TestClient(create_app(cast.world.context)) as client:
        with cast.world.store.begin() as unit:
            code = membership.hand_out_code(
                unit,
                operator("test"),
                cast.people["lia"].id,
                at=cast.now,
                randomness=secrets.token_bytes,
            )
        client.post("/sign-in", data={"code": code}, follow_redirects=False)
        made = client.post("/calendars", data={"engagement": engagement})
        address = made.text.partition("/calendars/")[2].partition(".ics")[0]
        client.cookies.clear()
        answer = client.get(f"/calendars/{address}.ics")
        assert answer.headers["content-type"].startswith("text/calendar")
        assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")
        assert client.get("/calendars/none.ics").status_code == 404


# --- Pictures ----------------------------------------------------------------------------


def drawn(svg):
    """Return the texts of a picture; what is not well formed raises."""
    root = ET.fromstring(str(svg))  # noqa: S314 - our own
    allowed = {"svg", "rect", "path", "text", "line", "polygon", "defs", "marker"}
    for node in root.iter():
        assert node.tag in allowed
        assert "style" not in node.attrib
        assert not any(name.startswith("on") for name in node.attrib)
    return [node.text for node in root.iter("text")]


def test_the_process_is_drawn_from_the_table_that_decides_it():
    """Every state has its box, and withdrawing follows from each of them."""
    texts = drawn(pictures.process_svg())
    rows = dict(pictures.process_rows())
    assert set(texts) == set(rows)
    assert rows["withdrawn"] == ""
    assert all("withdrawn" in after for state, after in rows.items() if after)


@pytest.mark.parametrize("when", range(6))
def test_a_timeline_is_drawn_in_every_phase(cast, when):
    """From the question to the end, whatever has happened so far."""
    name = cast.ask()
    if when >= 1:
        cast.agree(name)
    if when >= 2:
        cast.name(name, "eva")
        cast.provide(name)
        cast.world.clock.pass_time(hours=5)
        cast.do("dora", granting.go_live, name)
    if when >= 3:
        cast.world.clock.pass_time(days=3)
        cast.deliver(name)
    if when >= 4:
        cast.world.clock.pass_time(days=3)
        cast.partner(name)
        cast.do("dora", granting.record_release, name, Audience.PARTNERS)
    if when >= 5:
        cast.world.clock.pass_time(days=3)
        cast.do("dora", granting.withdraw, name, RULES)
    state = cast.see("lia", name).engagement
    texts = drawn(pictures.timeline_svg(state, cast.now))
    labels = [span.label for span in pictures.timeline(state, cast.now)]
    assert len(labels) == [1, 1, 3, 4, 6, 7][when]
    for label in labels:
        assert label[:40] in " ".join(texts)
    assert ("now" in texts) == (when < 5)
    for span in pictures.timeline(state, cast.now):
        assert span.ends is None or span.begins <= span.ends


def test_capacity_counts_windows_at_once_and_evaluators(cast):
    """Two windows, two evaluators; it is for those who keep engagements."""
    first, second = cast.live(), cast.live()
    with cast.world.store.read() as unit:
        found = capacity.capacity(unit, cast.asker("lia"), moment(cast))
        with pytest.raises(NotAllowed):
            capacity.capacity(unit, cast.asker("eva"), moment(cast))
    assert found.evaluators == 2
    assert max(week.windows for week in found.weeks) == 2
    assert "2" in drawn(pictures.capacity_svg(found.weeks, 2, cast.now))
    cast.do("dora", granting.withdraw, second, RULES)
    cast.do("dora", concluding.close, first, RULES)
    cast.world.clock.pass_time(days=10)
    with cast.world.store.read() as unit:
        later = capacity.capacity(unit, cast.asker("lia"), moment(cast))
    assert later.weeks[4].windows == 0


def test_windows_that_follow_one_another_do_not_add_up():
    """Two in one week, one after the other, need one evaluator."""
    monday = datetime(2026, 8, 17, tzinfo=UTC)
    days = [monday + timedelta(days=n) for n in range(5)]
    weeks = pictures.weeks([(days[0], days[2]), (days[2], days[4])], days[1])
    assert [w.windows for w in weeks if w.windows] == [1]


def test_people_who_left_are_no_evaluators(cast):
    """Who may not enter evaluates nothing."""
    with cast.world.store.begin() as unit:
        membership.end_person(
            unit, operator("test"), cast.people["eva"].id, at=cast.now
        )
    with cast.world.store.read() as unit:
        found = capacity.capacity(unit, cast.asker("lia"), moment(cast))
    assert found.evaluators == 1
    assert Role.EVALUATOR in cast.people["eva"].roles
