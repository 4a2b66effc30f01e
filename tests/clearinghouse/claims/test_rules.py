"""Pure rules: what owners say, what they publish, what coverage is worth, certificates."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.clearinghouse.claims import coverage, saying, seeing
from fairlead.clearinghouse.claims.certificates import Certifier, Expected, verify
from fairlead.clearinghouse.claims.claim import (
    Coverage,
    Depth,
    Method,
    Outcome,
    Scan,
    Visibility,
)
from fairlead.clearinghouse.claims.owners import Breach, Source, Word, breaches, within
from fairlead.clearinghouse.claims.published import read_policy
from fairlead.clearinghouse.claims.targets import Target, read
from fairlead.errors import Damaged, Invalid, Refused
from fairlead.record.notes import new_signer

AT = datetime(2026, 8, 18, 14, 3, tzinfo=UTC)
GROUND = read(Target(purl="pkg:pypi/x#src/vendored/y"))


@pytest.mark.parametrize(
    ("word", "scan", "others", "expected"),
    [
        (Word(), {}, 9, []),
        (Word(scanning=False), {}, 0, [Breach.NOT_AT_ALL]),
        (Word(not_parts=("src/vendored",)), {}, 0, [Breach.NOT_THIS_PART]),
        (Word(not_parts=("src/vend",)), {}, 0, []),
        (Word(not_parts=("src/vendored/y/z",)), {}, 0, []),
        (Word(at_most=2), {}, 1, []),
        (Word(at_most=2), {}, 2, [Breach.TOO_MANY]),
        (Word(only_with_reproducer=True), {}, 0, [Breach.REPRODUCER]),
        (Word(only_with_reproducer=True), {"reproducer": True}, 0, []),
        (Word(ai_welcome=False), {"model": "m"}, 0, [Breach.NO_AI]),
        (Word(ai_welcome=False), {}, 0, []),
        (Word(hours="22:00-06:00"), {}, 0, [Breach.HOURS]),
        (Word(hours="14:00-15:00"), {}, 0, []),
        (Word(hours="16:00-17:00", zone="Europe/Berlin"), {}, 0, []),
    ],
)
def test_each_way_to_go_against_an_owner_is_named(word, scan, others, expected):
    """And what does not is not."""
    made = Scan(method=Method.STATIC, depth=Depth.DEEP, **scan)
    assert breaches(word, made, GROUND, others=others, at=AT) == expected


@pytest.mark.parametrize("hours", ["22", "25:00-26:00", "a-b", "1-2-3"])
def test_hours_that_are_none_are_refused(hours):
    """Before they are said for all members."""
    with pytest.raises(Invalid):
        within(Word(hours=hours), AT)
    with pytest.raises(Invalid):
        within(Word(hours="10:00-11:00", zone="No/Where"), AT)


def test_a_security_txt_is_read():
    """RFC 9116: the first contact, the policy; not after it expired."""
    text = (
        "Contact: mailto:security@example.org\n"
        "Contact: https://example.org/report\n"
        "Expires: 2027-01-01T00:00:00z\n"
        "Policy: https://example.org/policy\n"
    )
    word = read_policy(Source.SECURITY_TXT, text, at=AT)
    assert word.contact == "mailto:security@example.org"
    assert word.policy == "https://example.org/policy"
    for wrong in (text.replace("2027", "2025"), "Contact: x\n", "", "x" * 70_000):
        with pytest.raises(Invalid):
            read_policy(Source.SECURITY_TXT, wrong, at=AT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to security@example.org.", {"contact": "security@example.org"}),
        ("We do not accept AI-generated reports.", {"ai_welcome": False}),
        ("Reports must include a proof of concept.", {"only_with_reproducer": True}),
        ("Please do not run automated scanners here.", {"scanning": False}),
        ("We welcome AI-found bugs.", {}),
        ("Scan as you like.", {}),
    ],
)
def test_plain_sentences_of_a_security_md_are_recognised(text, expected):
    """And nothing is made up where they are not there."""
    assert read_policy(Source.SECURITY_MD, text, at=AT) == Word(**expected)


# --- Coverage --------------------------------------------------------------------------------


@pytest.fixture
def done(sqlite_ground):
    """Return a function that scans a package and tells of it."""
    ground = sqlite_ground

    def scan(purl, depth=Depth.DEEP, outcome=Outcome.NOTHING, **rest):
        claim = ground.claim("Lab", purl=purl, **rest)
        return ground.release("Lab", claim, Coverage(outcome=outcome, depth=depth))

    return ground, scan


def test_coverage_ages_by_half_in_half_a_year(done):
    """And a second scan by the same method adds nothing to a better one."""
    ground, scan = done
    one = scan("pkg:pypi/a")
    now = ground.world.clock()
    fresh = coverage.picture([one], at=now).worth
    assert fresh == pytest.approx(0.6)
    later = now + coverage.HALF_LIFE
    assert coverage.picture([one], at=later).worth == pytest.approx(0.3)
    again = scan("pkg:pypi/a", Depth.SURFACE)
    assert coverage.picture([one, again], at=now).worth == fresh
    other = scan("pkg:pypi/a", method=Method.FUZZING)
    both = coverage.picture([one, again, other], at=now)
    assert both.worth == pytest.approx(1 - 0.4 * 0.4)
    assert [s.scans for s in both.by_method] == [2, 1]


def test_a_scan_that_stopped_early_counts_half(done):
    """As does half of the target."""
    ground, scan = done
    stopped = scan("pkg:pypi/a", outcome=Outcome.STOPPED)
    assert coverage.worth_of(stopped, at=ground.world.clock()) == pytest.approx(0.3)


def test_what_many_run_and_nobody_looked_at_comes_first(done):
    """Each with its reason; what two run is not counted."""
    ground, scan = done
    for number in range(4):
        purls = ["pkg:pypi/known@1.2", "pkg:pypi/unseen"]
        purls += ["pkg:pypi/rare"] if number < 2 else []
        purls += ["pkg:pypi/faulty"] if number < 3 else []
        ground.does(
            saying.tell_inventory, f"Runs {number}", purls, critical=number == 0
        )
    scan("pkg:pypi/known", Depth.EXHAUSTIVE)

    def published(purls):
        return {p: 40 for p in purls if "faulty" in p}

    with ground.world.store.read() as unit:
        found = seeing.look_next(
            unit,
            ground.member("Lab"),
            published,
            ground.world.context.moment,
            size=10,
        )
    assert [r.purl for r in found] == [
        "pkg:pypi/faulty",
        "pkg:pypi/unseen",
        "pkg:pypi/known",
    ]
    assert found[1].why == (
        "run by 4 organisations, 1 of them critical infrastructure; no published"
        " vulnerability; nobody has looked at it"
    )
    assert "40 published" in found[0].why
    assert "80 % seen" in found[2].why
    ground.does(saying.withdraw_inventory, "Runs 0")
    with pytest.raises(Refused):
        ground.does(saying.withdraw_inventory, "Runs 0")


# --- Certificates ------------------------------------------------------------------------------


@pytest.fixture
def issued(sqlite_ground):
    """A certificate, the ground it was made on, and the key."""
    ground = sqlite_ground
    claim = ground.claim("Lab", visibility=Visibility.SOMEONE, hours=300)
    certifier = Certifier(new_signer("test/claims", secrets.token_bytes))
    with ground.world.store.read() as unit:
        made = certifier.issue(
            unit,
            ground.member("Lab"),
            claim.id,
            "Django",
            at=ground.world.clock(),
            randomness=secrets.token_bytes,
        )
    return ground, claim, made, certifier


def shown(made, **changed):
    told = {"audience": "Django", "salt": base64.b64decode(made.salt)}
    return Expected(**told | changed)


def test_a_certificate_shows_what_was_held_and_no_more(issued):
    """Neither target nor holder stands in it, until they are disclosed with the salt."""
    ground, claim, made, certifier = issued
    at = ground.world.clock()
    envelope = bytes(made.certificate)
    payload = base64.b64decode(json.loads(envelope)["payload"])
    for hidden in (b"django", b"pypi", b"Lab", ground.homes["Lab"].encode()):
        assert hidden not in payload
    said = verify(envelope, certifier.verifier, shown(made), at=at)
    assert said.claim == claim.id
    right = shown(made, target="pkg:pypi/django", holder="Lab")
    assert verify(envelope, certifier.verifier, right, at=at) == said
    for wrong in ({"target": "pkg:pypi/flask"}, {"holder": "Other"}):
        with pytest.raises(Refused, match="not about"):
            verify(envelope, certifier.verifier, shown(made, **wrong), at=at)


def test_a_replayed_certificate_is_refused(issued):
    """For another audience, after its time, or before it."""
    ground, _, made, certifier = issued
    envelope, at = bytes(made.certificate), ground.world.clock()
    with pytest.raises(Refused, match="to be shown to"):
        verify(envelope, certifier.verifier, shown(made, audience="Flask"), at=at)
    with pytest.raises(Refused, match="its time was over"):
        later = at + timedelta(days=8)
        verify(envelope, certifier.verifier, shown(made), at=later)
    with pytest.raises(Refused, match="ahead of this clock"):
        early = at - timedelta(hours=1)
        verify(envelope, certifier.verifier, shown(made), at=early)


def test_a_changed_certificate_is_refused(issued):
    """Whatever was changed: content, type, signature, or the key."""
    ground, _, made, certifier = issued
    at = ground.world.clock()
    envelope = json.loads(bytes(made.certificate))
    other = new_signer("test/claims", secrets.token_bytes).verifier()
    payload = base64.b64decode(envelope["payload"]).replace(b"Django", b"Flask!")
    for changed in (
        envelope | {"payload": base64.b64encode(payload).decode()},
        envelope | {"payloadType": "application/json"},
        envelope | {"signatures": []},
        {"payload": "x"},
    ):
        written = json.dumps(changed).encode()
        with pytest.raises(Damaged):
            verify(written, certifier.verifier, shown(made), at=at)
    with pytest.raises(Damaged):
        verify(bytes(made.certificate), other, shown(made), at=at)
    with pytest.raises(Damaged):
        verify(b"x" * 2_000_000, other, shown(made), at=at)


def test_a_claim_that_ended_is_not_certified(issued):
    """What it covered is told by its coverage."""
    ground, claim, _, certifier = issued
    ground.release("Lab", claim)
    with pytest.raises(Refused), ground.world.store.read() as unit:
        certifier.issue(
            unit,
            ground.member("Lab"),
            claim.id,
            "Django",
            at=ground.world.clock(),
            randomness=secrets.token_bytes,
        )
