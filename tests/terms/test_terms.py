"""Terms: one object that is read, signed, compared, narrowed and asked."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import rfc8785
from hypothesis import given

from fairlead.errors import Invalid
from fairlead.terms import agreement, difference, prose, standard
from fairlead.terms.clauses import Action, Clause, Detail, Effect, Purpose, Side
from fairlead.terms.decide import Ground, Request, Rulebook, Used
from fairlead.terms.narrowing import Narrowing, narrowed
from fairlead.terms.standard import Profile

sys.path.insert(0, str(Path(__file__).parent))
import strategies
from strategies import BEGIN, terms_of


def standard_terms(profile=Profile.API_ONLY):
    begun = standard.draft(profile, facility="Vault 7")
    return msgspec.structs.replace(
        terms_of(), assets=begun.assets, clauses=begun.clauses
    )


def asking(**changed):
    said = {
        "person": "per-a",
        "side": Side.PROGRAMME,
        "organisation": "org-p",
        "roles": frozenset({"evaluator"}),
        "action": Action.CALL,
        "asset": "endpoint",
        "purpose": Purpose.MEASUREMENT,
        "at": BEGIN,
    }
    return Request(**said | changed)


# --- Reading and signing -----------------------------------------------------------------


@given(strategies.terms)
def test_the_signed_bytes_say_the_same_terms(terms):
    """Canonical bytes decode to the same terms, and encode to the same bytes again."""
    written = agreement.canonical(terms)
    again = msgspec.json.decode(written, type=agreement.Terms)
    assert again == terms
    assert agreement.canonical(again) == written == rfc8785.dumps(json.loads(written))


def test_one_altered_byte_is_another_agreement():
    """Whatever byte is changed, the terms are refused or have another digest."""
    terms = standard_terms()
    written, named = agreement.canonical(terms), agreement.digest(terms)
    for place in range(0, len(written), 7):
        altered = bytearray(written)
        altered[place] ^= 1
        try:
            read = agreement.read(bytes(altered))
        except Invalid:
            continue
        assert agreement.digest(read) != named


def test_a_signature_is_for_one_side_and_one_engagement():
    """What one side signs in one engagement is nothing the other side signs."""
    said = {
        agreement.statement(d, e, side)
        for d in ("0" * 64, "1" * 64)
        for e in ("eng-a", "eng-b")
        for side in Side
    }
    assert len(said) == 2 * 2 * 3


@pytest.mark.parametrize("profile", Profile)
def test_standard_profiles_can_be_signed(profile):
    """Every profile is valid as it stands."""
    agreement.check(standard_terms(profile))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"window": {"days": 31, "opens_by": "2026-08-01T00:00:00Z"}}, "window.days"),
        ({"window": {"days": 0, "opens_by": "2026-08-01T00:00:00Z"}}, "window.days"),
        ({"window": {"days": 9, "opens_by": "2026-08-01T00:00:00"}}, "window.opens_by"),
        ({"reply_days": -1}, "reply_days"),
        ({"programme": {"organisation": "org-d", "name": "x"}}, "programme"),
        ({"format": "fairlead-terms@2"}, "format"),
        ({"assets": [{"name": "a", "kind": "logs"}] * 2}, "assets"),
    ],
)
def test_a_broken_rule_is_named_by_its_field(changed, field):
    """The violation says where it is."""
    written = msgspec.to_builtins(terms_of()) | changed
    with pytest.raises(Invalid) as raised:
        agreement.read(json.dumps(written).encode())
    assert field in [violation.field for violation in raised.value.violations]


@pytest.mark.parametrize(
    ("clause", "field"),
    [
        ({"actions": ["call"], "purposes": ["offence"]}, "clauses[0].purposes"),
        ({"actions": ["call"], "purposes": []}, "clauses[0].purposes"),
        ({"actions": [], "purposes": ["defence"]}, "clauses[0].actions"),
        (
            {"actions": ["call"], "purposes": ["defence"], "assets": ["none"]},
            "clauses[0].assets",
        ),
        (
            {"actions": ["call"], "purposes": ["defence"], "assets": ["weights"]},
            "clauses[0].assets",
        ),
        (
            {"actions": ["call"], "purposes": ["defence"], "people_needed": 3},
            "clauses[0].people_needed",
        ),
        (
            {"actions": ["call"], "purposes": ["defence"], "limits": {"calls": -1}},
            "clauses[0].limits.calls",
        ),
        (
            {"actions": ["call"], "purposes": ["defence"], "not_after": "soon"},
            "clauses[0].not_after",
        ),
        ({"actions": ["call"], "purposes": ["defence"], "number": 2}, "clauses"),
    ],
)
def test_a_broken_clause_is_named_by_its_field(clause, field):
    """A clause that refers to nothing, or opens what none can open, is refused."""
    written = msgspec.to_builtins(terms_of())
    written["clauses"] = [{"number": 1, "title": "x", "effect": "may"} | clause]
    with pytest.raises(Invalid) as raised:
        agreement.read(json.dumps(written).encode())
    assert field in [violation.field for violation in raised.value.violations]


@pytest.mark.parametrize("written", [b"", b"[]", b"\xff", b"[" * 9000, b'{"format":1}'])
def test_what_is_no_terms_is_refused(written):
    """Garbage is an error that says so."""
    with pytest.raises(Invalid):
        agreement.read(written)


# --- Deciding ----------------------------------------------------------------------------


def test_what_no_clause_opens_is_closed():
    """Empty terms open nothing, and say what would."""
    decision = Rulebook(terms_of()).decide(asking())
    assert [f.ground for f in decision.failed] == [Ground.NO_CLAUSE]
    assert "amendment" in decision.failed[0].remedy


def test_a_clause_opens_what_it_says_with_its_duties():
    """The clause is named, with what comes with it."""
    decision = Rulebook(standard_terms()).decide(asking())
    assert decision.allowed
    assert decision.clause == 1
    assert [duty.kind for duty in decision.duties] == ["log each use on the record"]


def test_every_failed_clause_is_told_with_what_would_satisfy_it():
    """All obstacles come at once, each with its remedy."""
    terms = standard_terms(Profile.SEALED_WEIGHTS)
    decision = Rulebook(terms).decide(
        asking(action=Action.OPEN, asset="weights", purpose=Purpose.DEFENCE)
    )
    grounds = {failed.ground for failed in decision.failed}
    assert grounds == {
        Ground.ATTRIBUTE,
        Ground.PURPOSE,
        Ground.PLACE,
        Ground.SECOND_PERSON,
    }
    assert all(failed.clause == 1 and failed.remedy for failed in decision.failed)


def test_a_prohibited_use_is_refused_whatever_opens_it():
    """A clause that forbids goes before those that open."""
    decision = Rulebook(standard_terms()).decide(asking(purpose=Purpose.TRAINING))
    assert Ground.FORBIDDEN in {failed.ground for failed in decision.failed}


@pytest.mark.parametrize(
    ("used", "open_"),
    [
        (Used(calls=999_999), True),
        (Used(calls=1_000_000), False),
        (Used(cents=5_000_000), False),
    ],
)
def test_a_budget_is_a_ceiling(used, open_):
    """The last call within the budget is open, the next is not."""
    assert Rulebook(standard_terms()).decide(asking(used=used)).allowed is open_


@given(strategies.terms, strategies.requests)
def test_nothing_is_open_but_through_a_clause(terms, request_):
    """P3: with the clause taken away that opened it, it is closed or another opens it."""
    decision = Rulebook(terms).decide(request_)
    assert decision.allowed == (decision.clause is not None)
    if not decision.allowed:
        assert all(failed.remedy for failed in decision.failed)
        return
    opened = terms.clauses[decision.clause - 1]
    assert opened.effect is Effect.MAY
    assert request_.action in (opened.actions or tuple(Action))
    rest = tuple(c for c in terms.clauses if c.effect is not Effect.MAY)
    closed = msgspec.structs.replace(terms, clauses=rest)
    assert not Rulebook(closed).decide(request_).allowed


@given(strategies.terms, strategies.requests)
def test_doing_what_the_remedies_say_helps_unless_it_is_forbidden(terms, request_):
    """A second person who takes part removes the obstacle that asked for one."""
    before = Rulebook(terms).decide(request_)
    if Ground.SECOND_PERSON in {f.ground for f in before.failed}:
        helped = replace(request_, second="per-z")
        after = Rulebook(terms).decide(helped)
        assert Ground.SECOND_PERSON not in {f.ground for f in after.failed}
        assert len(after.failed) < len(before.failed) or after.allowed


# --- Narrowing ---------------------------------------------------------------------------


@given(strategies.terms, strategies.requests, strategies.instants)
def test_narrower_terms_open_nothing_new(terms, request_, at):
    """P1, P3: what the developer changes alone never opens anything."""
    grants = tuple(c.number for c in terms.clauses if c.effect is Effect.MAY)
    narrowing = Narrowing(
        clauses_dropped=grants[:1],
        not_after=agreement.instants.text(at),
        calls=1,
    )
    try:
        after = narrowed(terms, narrowing)
    except Invalid:
        return
    if Rulebook(after).decide(request_).allowed:
        assert Rulebook(terms).decide(request_).allowed


def test_narrowing_must_say_something():
    """An empty narrowing, or one of a clause that opens nothing, is refused."""
    for narrowing in (
        Narrowing(),
        Narrowing(clauses_dropped=(99,)),
        Narrowing(calls=-1),
    ):
        with pytest.raises(Invalid):
            narrowed(standard_terms(), narrowing)


# --- Prose and differences ---------------------------------------------------------------


@given(strategies.terms)
def test_every_clause_is_in_the_contract(terms):
    """The contract has one section for each clause, and says its purposes."""
    sections = prose.contract(terms)
    assert len(sections) == 3 + len(terms.clauses)
    for clause, section in zip(terms.clauses, sections[3:], strict=True):
        assert section.heading.startswith(f"{clause.number}. ")
        if clause.effect is not Effect.MUST:
            assert all(str(purpose) in section.text for purpose in clause.purposes)


@given(strategies.clauses, strategies.clauses)
def test_clauses_that_differ_read_differently(one, other):
    """P3: two rules that decide differently are not the same sentence."""
    if Effect.MUST in (one.effect, other.effect):
        return
    if prose.sentence(one) == prose.sentence(other):
        assert _as_rule(one) == _as_rule(other)


def _as_rule(clause):
    who = msgspec.structs.replace(clause.who)
    unordered = {
        field: frozenset(getattr(clause, field))
        for field in ("actions", "assets", "purposes", "suites", "places")
    }
    people = {
        field: frozenset(getattr(who, field))
        for field in ("sides", "roles", "organisations", "people", "attributes")
    }
    if not unordered["actions"] or not unordered["actions"] - set(prose.WITHOUT_ASSET):
        unordered.pop("assets")
    rest = (clause.effect, clause.detail, clause.not_before, clause.not_after)
    return unordered, people, rest, clause.limits, clause.people_needed


def test_a_difference_is_told_clause_by_clause():
    """A clause put in first is the only one that is told as added."""
    before = standard_terms()
    added = Clause(
        number=0,
        title="Transcripts stay",
        effect=Effect.MAY_NOT,
        actions=(Action.SHARE,),
        detail=Detail.TRANSCRIPTS,
    )
    clauses = standard.numbered([added, *before.clauses])
    after = msgspec.structs.replace(before, clauses=clauses, reply_days=9)
    found = list(difference.changes(before, after))
    assert [(c.kind, c.heading) for c in found] == [
        ("changed", "Results"),
        ("added", "1. Transcripts stay"),
    ]
    back = list(difference.changes(after, before))
    assert {c.kind for c in back} == {"changed", "removed"}
    assert list(difference.changes(before, before)) == []
