"""Passkeys, linked logins, locks and recovery, as rules."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest

from fairlead.access import challenges, logins, membership, passkeys, recovery, sessions
from fairlead.access.passkeys import NewKey
from fairlead.access.ports import How, Purpose
from fairlead.access.roles import Asker, Role, Scope, operator
from fairlead.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    NotVerified,
    Refused,
    Unauthenticated,
)

ME = operator("test")
KEY = NewKey(credential="Y3JlZA", public_key="cHVi", count=5)


class Keys:
    """Authenticators that answer `credential count`, and are always believed."""

    def credential_of(self, answer):
        return answer.split()[0]

    def count_of(self, answer, _challenge, public_key):
        assert public_key == KEY.public_key
        return int(answer.split()[1])


def rest(world):
    return {"at": world.clock(), "randomness": secrets.token_bytes}


def enter(world, code):
    with world.store.begin() as unit:
        return membership.sign_in(unit, code, **rest(world))


def me(world, unit, session):
    return membership.whose_session(unit, session, at=world.clock())


def add(world, session, key=KEY, label="phone"):
    with world.store.begin() as unit:
        return passkeys.add(unit, me(world, unit, session), key, label, **rest(world))


def show(world, answer):
    with world.store.begin() as unit:
        return passkeys.sign_in(unit, Keys(), answer, b"", **rest(world))


@pytest.fixture
def ada(world):
    """A session of Ada, who signed in with a code and has no passkey."""
    world.join("Finder")
    return enter(world, world.code("Finder", Role.REPORTER))


def person_of(world, name="Ada"):
    with world.store.read() as unit:
        return next(p for p in unit.people.all() if p.name == name)


def test_a_passkey_signs_in_and_its_counter_has_to_grow(world, ada):
    add(world, ada)
    session = show(world, "Y3JlZA 6")
    with world.store.read() as unit:
        assert me(world, unit, session).session.how is How.PASSKEY
    for count in (6, 5, 0):
        with pytest.raises(Unauthenticated):
            show(world, f"Y3JlZA {count}")
    assert show(world, "Y3JlZA 7")
    with pytest.raises(Unauthenticated):
        show(world, "another 8")


def test_a_device_that_counts_nothing_is_taken(world, ada):
    add(world, ada, NewKey(credential="zero", public_key="cHVi", count=0))
    assert show(world, "zero 0")
    assert show(world, "zero 0")


def test_the_same_passkey_is_added_once_and_with_a_label_that_can_be_shown(world, ada):
    with pytest.raises(Invalid, match="printable"):
        add(world, ada, label="\u202e")
    add(world, ada)
    with pytest.raises(Refused, match="before"):
        add(world, ada)


def test_an_old_sign_in_by_passkey_changes_nothing_of_the_account(world, ada):
    (key,) = add(world, ada).passkeys
    world.clock.pass_time(minutes=11)
    other = NewKey(credential="b3RoZXI", public_key="cHVi", count=0)
    for session in (ada, show(world, "Y3JlZA 6")):
        world.clock.pass_time(minutes=11)
        with pytest.raises(NotVerified):
            add(world, session, other)
        with world.store.begin() as unit, pytest.raises(NotVerified):
            passkeys.remove(unit, me(world, unit, session), key.id, at=world.clock())


def test_whoever_enrolls_may_take_its_time(world, ada):
    world.clock.pass_time(hours=2)
    assert add(world, ada).passkeys


def test_adding_a_passkey_ends_all_codes(world, ada):
    with world.store.begin() as unit:
        who = me(world, unit, ada)
        waiting = membership.hand_out_code(unit, ME, who.id, **rest(world))
    add(world, ada)
    with pytest.raises(Unauthenticated):
        enter(world, waiting)
    with (
        world.store.begin() as unit,
        pytest.raises(Refused, match="two administrators"),
    ):
        membership.hand_out_code(unit, ME, person_of(world).id, **rest(world))


def test_only_a_fresh_verification_of_a_person_counts(world, ada):
    at = world.clock()
    with world.store.read() as unit:
        asker = me(world, unit, ada).asker
    asker.needs_verified(at + timedelta(minutes=10))
    with pytest.raises(NotVerified):
        asker.needs_verified(at + timedelta(minutes=10, seconds=1))
    token = Asker(actor="token/tok-x", verified_at=at)
    with pytest.raises(NotVerified, match="token cannot be verified"):
        token.needs_verified(at)


def test_a_new_code_verifies_whoever_has_no_passkey_and_is_the_one(world, ada):
    bobs = world.code("Finder", Role.REPORTER, name="Bob")
    world.clock.pass_time(minutes=11)
    with world.store.begin() as unit:
        mine = membership.hand_out_code(
            unit, ME, me(world, unit, ada).id, **rest(world)
        )
    with world.store.begin() as unit:
        who = me(world, unit, ada)
        with pytest.raises(Unauthenticated):
            membership.verify_by_code(unit, who, bobs, at=world.clock())
        membership.verify_by_code(unit, who, mine, at=world.clock())
        me(world, unit, ada).asker.needs_verified(world.clock())


def test_a_passkey_verifies_nobody_but_its_owner(world, ada):
    add(world, ada)
    bob = enter(world, world.code("Finder", Role.REPORTER, name="Bob"))
    add(world, bob, NewKey(credential="Ym9i", public_key="cHVi", count=0))
    world.clock.pass_time(minutes=11)
    with world.store.begin() as unit:
        who = me(world, unit, ada)
        at = world.clock()
        with pytest.raises(Unauthenticated):
            passkeys.verify(unit, Keys(), who, "Ym9i 1", b"", at=at)
        with pytest.raises(NotVerified):
            me(world, unit, ada).asker.needs_verified(at)
        passkeys.verify(unit, Keys(), who, "Y3JlZA 6", b"", at=at)
        me(world, unit, ada).asker.needs_verified(at)


# --- Challenges ---------------------------------------------------------------------------


def test_a_challenge_is_good_once_for_its_browser_and_purpose_and_five_minutes(world):
    def ask():
        with world.store.begin() as unit:
            return challenges.challenge(unit, "mine", Purpose.VERIFY, **rest(world))

    def answer(browser="mine", purpose=Purpose.VERIFY):
        with world.store.begin() as unit:
            return challenges.answered(unit, browser, purpose, at=world.clock())

    sent = ask()
    for wrong in ({"browser": "theirs"}, {"purpose": Purpose.SIGN_IN}):
        with pytest.raises(Unauthenticated):
            answer(**wrong)
    assert answer() == sent
    with pytest.raises(Unauthenticated):
        answer()
    assert ask() != ask()
    world.clock.pass_time(minutes=5)
    with pytest.raises(Unauthenticated, match="too long"):
        answer()


# --- Logins at other places --------------------------------------------------------------


def test_a_linked_login_signs_in_until_it_is_removed(world, ada):
    with pytest.raises(Unauthenticated, match="linked to nobody"):
        log_in(world, "ada")
    with world.store.begin() as unit:
        linked = logins.link(
            unit, me(world, unit, ada), "https://login", "ada", **rest(world)
        )
    session = log_in(world, "ada")
    with pytest.raises(Unauthenticated):
        log_in(world, "ada", issuer="https://other")
    with world.store.begin() as unit:
        # Whoever came by a login alone is not verified, and changes nothing.
        who = me(world, unit, session)
        with pytest.raises(NotVerified):
            who.asker.needs_verified(world.clock())
        with pytest.raises(NotVerified):
            logins.unlink(unit, who, linked.logins[0].id, at=world.clock())
        mine = me(world, unit, ada)
        with pytest.raises(NotFound):
            logins.unlink(unit, mine, "log-other", at=world.clock())
        with pytest.raises(Refused, match="linked already"):
            logins.link(unit, mine, "https://login", "ada", **rest(world))
        logins.unlink(unit, mine, linked.logins[0].id, at=world.clock())
    with pytest.raises(Unauthenticated):
        log_in(world, "ada")


def test_who_enrols_anew_links_the_login_of_before(world, ada):
    with world.store.begin() as unit:
        who = me(world, unit, ada)
        logins.link(unit, who, "https://login", "ada", **rest(world))
        membership.end_person(unit, ME, who.id, at=world.clock())
    with pytest.raises(Unauthenticated):
        log_in(world, "ada")
    session = enter(world, world.code("Finder", Role.REPORTER, name="Ada again"))
    with world.store.begin() as unit:
        who = me(world, unit, session)
        logins.link(unit, who, "https://login", "ada", **rest(world))
    assert log_in(world, "ada")


def log_in(world, subject, issuer="https://login"):
    with world.store.begin() as unit:
        return logins.sign_in(unit, issuer, subject, How.LOGIN, **rest(world))


# --- Locks and recovery ----------------------------------------------------------------------


def test_nothing_opens_anything_for_somebody_who_is_locked(world, ada):
    add(world, ada)
    bob = world.code("Finder", Role.REPORTER, name="Bob")
    with world.store.begin() as unit:
        logins.link(unit, me(world, unit, ada), "https://login", "ada", **rest(world))
    session = show(world, "Y3JlZA 6")
    with world.store.begin() as unit:
        for name in ("Ada", "Bob"):
            recovery.lock(unit, ME, person_of(world, name).id, at=world.clock())
    with world.store.begin() as unit:
        assert me(world, unit, ada) is None
        assert me(world, unit, session) is None
        with pytest.raises(Refused, match="unlock"):
            membership.hand_out_code(
                unit, ME, person_of(world, "Bob").id, **rest(world)
            )
    with pytest.raises(Unauthenticated):
        enter(world, bob)
    with pytest.raises(Unauthenticated):
        show(world, "Y3JlZA 7")
    with pytest.raises(Unauthenticated):
        log_in(world, "ada")
    with world.store.begin() as unit:
        recovery.unlock(unit, ME, person_of(world).id, at=world.clock())
    assert show(world, "Y3JlZA 7")


def administrator(name):
    return Asker(actor=f"person/{name}", scopes=frozenset({Scope.PEOPLE_MANAGE}))


FIRST, SECOND = administrator("per-first"), administrator("per-second")


def propose(world, by=FIRST):
    with world.store.begin() as unit:
        recovery.propose(unit, by, person_of(world).id, at=world.clock())


def confirm(world, by=SECOND):
    with world.store.begin() as unit:
        return recovery.confirm(unit, by, person_of(world).id, **rest(world))


def test_two_administrators_let_somebody_in_who_lost_its_passkey(world, ada):
    (key,) = add(world, ada).passkeys
    with pytest.raises(Refused, match="propose it first"):
        confirm(world)
    propose(world)
    with pytest.raises(Refused, match="another administrator"):
        confirm(world, by=FIRST)
    code = confirm(world)
    with world.store.begin() as unit:
        assert me(world, unit, ada) is None
    session = enter(world, code)
    with world.store.begin() as unit:
        who = me(world, unit, session)
        assert who.session.how is How.RECOVERY
        with pytest.raises(NotVerified):
            who.asker.needs_verified(world.clock())
        passkeys.remove(unit, who, key.id, at=world.clock())
    with pytest.raises(Refused):
        confirm(world)


def test_a_proposal_lasts_a_day(world, ada):
    add(world, ada)
    propose(world)
    with pytest.raises(Refused, match="proposed already"):
        propose(world, by=SECOND)
    world.clock.pass_time(hours=24)
    with pytest.raises(Refused, match="24 hours"):
        confirm(world)
    propose(world, by=SECOND)
    assert confirm(world, by=FIRST)


def test_neither_tokens_nor_operators_nor_the_person_are_the_second_one(world, ada):
    add(world, ada)
    propose(world)
    token = Asker(actor="token/tok-x", scopes=FIRST.scopes)
    herself = administrator(person_of(world).id)
    nobody = Asker(actor="person/per-nobody")
    for asker in (token, ME, herself, nobody):
        with pytest.raises(NotAllowed):
            confirm(world, by=asker)
    with world.store.begin() as unit, pytest.raises(NotAllowed):
        recovery.by_operator(unit, FIRST, person_of(world).id, "so", **rest(world))


def test_sessions_are_listed_and_ended(world, ada):
    add(world, ada)
    other, third = show(world, "Y3JlZA 6"), show(world, "Y3JlZA 7")
    with world.store.begin() as unit:
        who = me(world, unit, ada)
        listed = sessions.of_person(unit, who.id, at=world.clock())
        assert len(listed) == 3
        sessions.end(unit, who, sessions.handle(me(world, unit, other).session))
        assert me(world, unit, other) is None
        assert me(world, unit, third)
        with pytest.raises(NotFound):
            sessions.end(unit, who, "0" * 16)
        sessions.end_all(unit, who)
        assert me(world, unit, ada) is None
        assert me(world, unit, third) is None
