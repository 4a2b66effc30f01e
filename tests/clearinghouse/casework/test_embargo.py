"""The embargo: the tightest rule that binds, cited; simulated timelines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.base.ids import AdvisoryId, PersonId, Receipt
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import CASES, MOVES, Rules, State
from fairlead.clearinghouse.casework import delivering, dues, embargo, timing
from fairlead.clearinghouse.casework.delivered import Channel, Delivery
from fairlead.clearinghouse.casework.dues import Due
from fairlead.clearinghouse.casework.embargo import RULES, Kind, Start, tightest
from fairlead.clearinghouse.casework.facts import Exposure, Limit
from fairlead.clearinghouse.casework.timing import Applies, Known
from fairlead.errors import Error, Invalid, Refused, UnderEmbargo
from fairlead.record.events import Event

NOW = datetime(2026, 10, 20, 23, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
USUAL = Rules()


def recorded(state, facts, at=NOW, by="person/per-aaaaaaaaaaaa"):
    version = state.version if state else 0
    for number, fact in enumerate(facts, version + 1):
        event = Event(stream="case/FL-x", version=number, actor=by, at=at, fact=fact)
        state = CASES.evolve(state, event)
    return state


def opened():
    return recorded(None, [cases.opened(Receipt("SUB-1"), "Title", USUAL, at=NOW)])


def triaged():
    return recorded(opened(), cases.moved(opened(), State.TRIAGED, "so"))


def with_owner(at=NOW):
    delivery = Delivery(owner="own-1", at=at, channel=Channel.PAGE, proof="DNS")
    case = triaged()
    return recorded(case, delivering.delivered(case, delivery, USUAL, at=at), at)


def applies(case, kind, at=NOW, rules=USUAL, **said):
    facts = timing.ruled(
        case, Applies(kind=kind, known_at=at, **said), "so", rules, at=at
    )
    return recorded(case, facts, at)


def days(count):
    return timedelta(days=count)


# --- Which rule wins ---------------------------------------------------------------------


def test_the_cap_of_a_list_is_tighter_than_the_programmes_default_and_is_cited():
    case = applies(with_owner(), Kind.LIST, source="linux-distros")
    assert case.embargo_until == NOW + days(14)
    assert case.embargo_rule == "cap of a coordinating list: linux-distros"


def test_a_policy_that_is_longer_is_shown_and_does_not_win():
    case = applies(with_owner(), Kind.UPSTREAM, days=120, source="project")
    assert case.embargo_until == NOW + days(90)
    assert {t.kind for t in case.embargo_terms} == {Kind.PROGRAMME, Kind.UPSTREAM}


def test_what_was_only_asked_for_never_binds():
    case = applies(with_owner(), Kind.ASKED, until=NOW + days(3), source="finder")
    assert case.embargo_until == NOW + days(90)


def test_a_collision_shortens_and_no_longer_time_can_be_said():
    case = applies(with_owner(), Kind.COLLISION, days=60)
    assert case.embargo_until == NOW + USUAL.collision


def test_a_list_that_nobody_here_knows_needs_its_days():
    with pytest.raises(Invalid, match="days"):
        applies(with_owner(), Kind.LIST, source="unheard-of")
    assert applies(
        with_owner(), Kind.LIST, source="unheard-of", days=5
    ).embargo_until == NOW + days(5)


def test_a_policy_counts_from_delivery_so_it_needs_one():
    with pytest.raises(Refused, match="not delivered"):
        applies(triaged(), Kind.UPSTREAM, days=30)


def test_a_rule_that_changes_in_the_middle_tightens_and_never_loosens():
    case = applies(with_owner(), Kind.UPSTREAM, days=60, source="project")
    later = NOW + days(10)
    tighter = applies(case, Kind.UPSTREAM, later, days=30, source="project")
    assert tighter.embargo_until == NOW + days(30)
    looser = applies(tighter, Kind.UPSTREAM, later, days=80, source="project")
    assert looser.embargo_until == NOW + days(30)


def test_a_profile_that_changes_leaves_running_cases_as_they_are():
    short = Rules(embargo=days(21), holding=days(1))
    case = triaged()
    delivery = Delivery(owner="own-1", at=NOW, channel=Channel.API, proof="DNS")
    ran = with_owner()
    fresh = recorded(case, delivering.delivered(case, delivery, short, at=NOW))
    assert ran.embargo_until == NOW + days(90)
    assert fresh.embargo_until == NOW + days(21)
    assert fresh.holding_until == NOW + days(45)


def test_a_fix_gives_its_users_time_from_then_on_and_no_other_rule_moves():
    late = NOW + days(80)
    case = with_owner()
    fixed = recorded(case, timing.fix_out(case, late, "released", USUAL, at=late), late)
    assert fixed.state is State.FIXED
    assert fixed.embargo_until == late + days(45)
    capped = applies(case, Kind.RELAYED, until=NOW + days(85))
    after = recorded(capped, timing.fix_out(capped, late, "out", USUAL, at=late), late)
    assert after.embargo_until == NOW + days(85)


# --- What puts an end off, and what never does -------------------------------------------


FAST = [k for k in Kind if RULES[k].binds and not RULES[k].extends]


@pytest.mark.parametrize("kind", FAST)
def test_what_is_never_extended_is_named_in_the_refusal(kind):
    case = with_owner()
    match kind:
        case Kind.EXPOSED:
            known = Known(at=NOW, reason="seen")
            facts = timing.exposed(case, Exposure.EXPLOITED, known, USUAL, at=NOW)
            case = recorded(case, facts)
        case _:
            case = applies(
                case, kind, until=NOW + days(9), days=9, source="linux-distros"
            )
    until = case.embargo_until + days(1)
    with pytest.raises(Refused, match="never"):
        timing.extended(case, Limit.EMBARGO, until, "please", at=NOW)


def test_an_extension_needs_a_reason_is_counted_and_ends_before_the_case_does():
    case = with_owner()
    until = case.embargo_until + days(30)
    with pytest.raises(Invalid, match="reason"):
        timing.extended(case, Limit.EMBARGO, until, " ", at=NOW)
    with pytest.raises(Refused, match="itself ends"):
        timing.extended(case, Limit.EMBARGO, case.ends_at + days(1), "so", at=NOW)
    longer = recorded(case, timing.extended(case, Limit.EMBARGO, until, "so", at=NOW))
    assert longer.embargo_until == until
    assert longer.embargo_rule.endswith("extended for a reason on record")
    assert [e.by for e in longer.extensions] == ["person/per-aaaaaaaaaaaa"]


def test_every_end_can_be_put_off_and_none_earlier_than_it_is():
    case = triaged()
    for limit, due in (
        (Limit.HOLDING, case.holding_until),
        (Limit.END, case.ends_at),
        (Limit.EMBARGO, case.embargo_until),
    ):
        with pytest.raises(Invalid, match="already"):
            timing.extended(case, limit, due, "so", at=NOW)
        facts = timing.extended(case, limit, due + days(2), "so", at=NOW)
        assert recorded(case, facts).extensions[-1].limit is limit


# --- Exploited, leaked, disclosed without an owner ---------------------------------------


def test_guidance_is_out_within_seven_days_of_exploitation_and_may_go_out_at_once():
    case = with_owner()
    known = NOW + days(2)
    facts = timing.exposed(
        case, Exposure.LEAKED, Known(at=known, reason="a post"), USUAL, at=known
    )
    case = recorded(case, facts, known)
    assert case.embargo_until == known + days(7)
    assert "leaked" in case.embargo_rule
    out = recorded(case, cases.published(case, AdvisoryId("FL-x"), at=known), known)
    assert out.state is State.PUBLISHED
    assert out.embargo_over


def test_disclosure_without_an_owner_follows_triage_and_is_not_published_at_once():
    with pytest.raises(Refused, match="follows triage"):
        timing.disclosing(opened(), "nobody answers", USUAL, at=NOW)
    case = triaged()
    with pytest.raises(Refused, match="publish what"):
        cases.published(case, AdvisoryId("FL-x"), at=case.embargo_until)
    case = recorded(case, timing.disclosing(case, "nobody answers", USUAL, at=NOW))
    with pytest.raises(UnderEmbargo, match="no owner was reached"):
        cases.published(case, AdvisoryId("FL-x"), at=NOW + days(20))
    assert cases.published(case, AdvisoryId("FL-x"), at=NOW + days(21))


# --- The holding clock -------------------------------------------------------------------


def test_what_is_critical_is_held_for_seven_days():
    case = opened()
    vectors = ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]
    rated = recorded(case, timing.rated(case, vectors, "remote", USUAL))
    assert rated.holding_until == NOW + days(7)
    assert "critical" in rated.holding_rule
    both = [*vectors, "CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"]
    milder = recorded(case, timing.rated(case, both, "4.0 goes first", USUAL))
    assert milder.holding_until == NOW + days(45)
    assert [v[:8] for v in milder.vectors] == ["CVSS:4.0", "CVSS:3.1"]


@pytest.mark.parametrize("vector", ["CVSS:3.0/AV:N", "CVSS:3.1/AV:X", "", "x" * 5000])
def test_what_is_no_vector_is_refused(vector):
    with pytest.raises(Invalid):
        timing.rated(opened(), [vector or "?"], "so", USUAL)


def test_ranges_are_kept_as_vers_writes_them():
    case = opened()
    facts = timing.ranged(case, ["vers:pypi/>=1.0|<2.0"], "from the changelog")
    assert recorded(case, facts).ranges == ("vers:pypi/>=1.0|<2.0",)
    with pytest.raises(Invalid):
        timing.ranged(case, ["1.0 to 2.0"], "so")


def test_the_ceiling_names_who_must_decide_and_is_noted_once():
    case = recorded(triaged(), timing.named(triaged(), PersonId("per-bbbbbbbbbbbb")))
    due = case.holding_until
    assert timing.held_too_long(case, at=due - timedelta(microseconds=1)) == []
    (fact,) = timing.held_too_long(case, at=due + days(2))
    assert (fact.due, fact.coordinator) == (due, "per-bbbbbbbbbbbb")
    assert timing.held_too_long(recorded(case, [fact], due), at=due + days(3)) == []


def test_a_finder_whose_report_came_second_is_not_told_when_the_first_one_came():
    later = NOW + days(20)
    (holding,) = timing.finders_clocks(triaged(), later)
    assert holding.began == later
    assert holding.due == later + USUAL.holding
    holding, closed = timing.finders_clocks(with_owner(NOW + days(3)), later)
    assert holding.stopped == closed.began == later


# --- Clocks ------------------------------------------------------------------------------


def test_an_embargo_that_crosses_the_end_of_summer_time_keeps_its_length_in_utc():
    case = applies(with_owner(), Kind.LIST, source="linux-distros")
    begins, ends = NOW.astimezone(BERLIN), case.embargo_until.astimezone(BERLIN)
    assert begins.utcoffset() - ends.utcoffset() == timedelta(hours=1)
    assert case.embargo_until - NOW == days(14)
    assert (begins.hour, ends.hour) == (1, 0)


def test_a_clock_that_shows_less_than_the_record_ends_and_publishes_nothing():
    case = with_owner()
    case = recorded(case, cases.embargo_set(case, NOW - days(1), "agreed", "so"))
    doubtful = NOW - timedelta(seconds=3)
    assert cases.embargo_ended(case, at=doubtful) == []
    with pytest.raises(UnderEmbargo, match="clock"):
        cases.published(case, AdvisoryId("FL-x"), at=doubtful)
    assert cases.embargo_ended(case, at=NOW - timedelta(seconds=2))


# --- Timelines ---------------------------------------------------------------------------

spans = st.integers(-3, 120)
steps = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 60 * 24 * 40)),
    st.tuples(st.just("back"), st.integers(1, 600)),
    st.tuples(st.just("deliver"), st.just(0)),
    st.tuples(
        st.just("rule"), st.tuples(st.sampled_from(Kind), spans, st.sampled_from("abc"))
    ),
    st.tuples(st.just("set"), spans),
    st.tuples(
        st.just("extend"), st.tuples(st.sampled_from(Limit), st.integers(-5, 500))
    ),
    st.tuples(st.just("expose"), st.sampled_from(Exposure)),
    st.tuples(st.just("disclose"), st.just(0)),
    st.tuples(st.just("fix"), st.just(0)),
    st.tuples(st.just("move"), st.sampled_from(State)),
    st.tuples(st.just("publish"), st.just(0)),
    st.tuples(st.just("profile"), st.sampled_from([21, 45, 90])),
    st.tuples(st.just("tick"), st.just(0)),
)


def facts_of(case, kind, what, rules, at):  # noqa: PLR0911 - one a step
    match kind:
        case "deliver":
            delivery = Delivery(owner="o", at=at, channel=Channel.MAIL, proof="DNS")
            return delivering.delivered(case, delivery, rules, at=at)
        case "rule":
            named, span, source = what
            said = Applies(
                kind=named,
                known_at=at,
                days=max(span, 0),
                until=at + days(span),
                source=source,
            )
            return timing.ruled(case, said, "so", rules, at=at)
        case "set":
            return cases.embargo_set(case, at + days(what), "agreed", "so")
        case "extend":
            limit, span = what
            return timing.extended(case, limit, at + days(span), "so", at=at)
        case "expose":
            return timing.exposed(case, what, Known(at=at, reason="so"), rules, at=at)
        case "disclose":
            return timing.disclosing(case, "so", rules, at=at)
        case "fix":
            return timing.fix_out(case, at, "so", rules, at=at)
        case "move":
            return cases.moved(case, what, "so")
        case "publish":
            return cases.published(case, AdvisoryId("FL-x"), at=at)
    return rung(case, at)


def rung(case, at):
    ahead = dues.dues(case)
    if not ahead or ahead[0][0] > at or case.doubts(at):
        return []
    return {
        Due.EMBARGO: cases.embargo_ended,
        Due.HOLDING: timing.held_too_long,
        Due.END: timing.ended,
    }[ahead[0][1]](case, at=at)


@given(st.lists(steps, max_size=30))
def test_no_timeline_loosens_what_binds_or_lets_anything_out_early(timeline):
    case, at, rules = opened(), NOW, USUAL
    for kind, what in timeline:
        if kind == "wait":
            at += timedelta(minutes=what)
            continue
        if kind == "back":
            at -= timedelta(seconds=what)
            continue
        if kind == "profile":
            rules = replace(USUAL, embargo=days(what))
            continue
        before = case
        try:
            facts = facts_of(case, kind, what, rules, at)
        except Error:
            continue
        case = recorded(case, facts, at)
        check(before, case, kind, at)


def check(before, after, kind, at):
    firm = [t for t in after.embargo_terms if RULES[t.kind].binds]
    # The end is the tightest of what binds, unless it ended at once because it was out.
    if not after.embargo_over:
        assert after.embargo_until == min(t.until for t in firm)
        assert after.embargo_rule == tightest(after.embargo_terms).cited
    for term in before.embargo_terms:
        if not RULES[term.kind].extends:
            now = [t for t in after.embargo_terms if t.source == term.source]
            assert min(t.until for t in now if t.kind is term.kind) <= term.until
    if kind not in {"extend", "fix"}:
        assert after.embargo_until <= before.embargo_until
    if after.embargo_until > before.embargo_until:
        fixes = [t for t in after.embargo_terms if t.kind is Kind.PROGRAMME]
        assert after.extensions != before.extensions or fixes
        never = [t for t in firm if not RULES[t.kind].extends]
        assert all(after.embargo_until <= t.until for t in never)
    if after.state is State.PUBLISHED and before.state is not State.PUBLISHED:
        assert at >= before.embargo_until or before.exposed
    if after.embargo_over and not before.embargo_over and not before.exposed:
        assert at >= before.embargo_until
    if after.state is not before.state and kind != "tick":
        assert after.state in MOVES[before.state]
    assert after.embargo_until <= after.ends_at
    assert after.touched_at >= before.touched_at


@given(st.lists(steps, max_size=20), st.integers(0, 4000))
def test_whatever_happened_a_case_that_nobody_extends_comes_to_its_end(timeline, late):
    case, at = opened(), NOW
    for kind, what in timeline:
        if kind in {"wait", "back", "profile", "extend"}:
            continue
        try:
            case = recorded(case, facts_of(case, kind, what, USUAL, at), at)
        except Error:
            continue
    at = case.ends_at + timedelta(hours=late)
    rings = []
    while dues.dues(case):
        facts = rung(case, at)
        assert facts
        rings.append(dues.dues(case)[0][0])
        case = recorded(case, facts, at, by="system/timer")
    assert rings == sorted(rings)
    assert case.state in cases.ENDED
    assert case.state in {State.REJECTED, State.MERGED} or case.embargo_over
    assert rung(case, at + days(1)) == []


def test_the_table_of_rules_speaks_of_every_kind():
    assert set(RULES) == set(Kind)
    assert {rule.start for rule in RULES.values()} == set(Start)
    assert embargo.LISTS["linux-distros"] == days(14)
