"""Who joins, signs in and acts, and how that ends."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest

from fairlead.access import membership, sessions
from fairlead.access.roles import SCOPES, Asker, Role, Scope, operator
from fairlead.access.secrets import typed
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused, Unauthenticated

ME = operator("test")
STRANGER = Asker(actor="person/per-stranger")


def sign_in(world, code):
    with world.store.begin() as unit:
        return membership.sign_in(
            unit, code, at=world.clock(), randomness=secrets.token_bytes
        )


def who(world, session):
    with world.store.read() as unit:
        return membership.whose_session(unit, session, at=world.clock())


def program(world, secret):
    with world.store.read() as unit:
        return membership.whose_token(unit, secret, at=world.clock())


def test_a_code_opens_one_session(world):
    world.join("Finder")
    code = world.code("Finder", Role.REPORTER)
    session = sign_in(world, code)
    assert who(world, session).name == "Ada"
    with pytest.raises(Unauthenticated):
        sign_in(world, code)


def test_a_code_is_taken_however_it_is_typed(world):
    world.join("Finder")
    code = world.code("Finder", Role.REPORTER)
    assert typed(f"  {code.upper().replace('-', ' ')} ") == code
    assert sign_in(world, code.upper().replace("-", ""))


def test_a_code_opens_nothing_after_fifteen_minutes(world):
    world.join("Finder")
    code = world.code("Finder", Role.REPORTER)
    world.clock.pass_time(minutes=15)
    with pytest.raises(Unauthenticated):
        sign_in(world, code)


def test_a_session_ends_by_itself_and_by_signing_out(world):
    world.join("Finder")
    first, second = (sign_in(world, world.code("Finder", Role.REPORTER)) for _ in "ab")
    with world.store.begin() as unit:
        membership.sign_out(unit, first)
    assert who(world, first) is None
    assert who(world, second)
    world.clock.pass_time(hours=12)
    assert who(world, second) is None


def test_somebody_who_left_has_no_session_and_no_code(world):
    world.join("Finder")
    session = sign_in(world, world.code("Finder", Role.REPORTER))
    waiting = world.code("Finder", Role.REPORTER)
    with world.store.begin() as unit:
        for person in unit.people.all():
            membership.end_person(unit, ME, person.id, at=world.clock())
    assert who(world, session) is None
    with pytest.raises(Unauthenticated):
        sign_in(world, waiting)


def test_a_token_acts_for_its_organisation_until_it_expires(world):
    finder = world.join("Finder")
    secret = world.token("Finder", days=2)
    asker = program(world, secret)
    assert asker.organisation == finder.id
    assert asker.scopes == SCOPES[Role.REPORTER]
    world.clock.pass_time(days=2)
    with pytest.raises(Unauthenticated):
        program(world, secret)


def test_a_revoked_token_opens_nothing(world):
    world.join("Finder")
    secret = world.token("Finder")
    with world.store.begin() as unit:
        (token,) = unit.tokens.all()
        membership.revoke_token(unit, ME, token.id, at=world.clock())
    with pytest.raises(Unauthenticated):
        program(world, secret)
    with world.store.begin() as unit, pytest.raises(Refused):
        membership.revoke_token(unit, ME, token.id, at=world.clock())


def test_neither_secrets_nor_codes_are_stored(world):
    world.join("Finder")
    secrets_ = [world.token("Finder"), world.code("Finder", Role.REPORTER)]
    secrets_.append(sign_in(world, world.code("Finder", Role.REPORTER)))
    with world.store.read() as unit:
        kept = repr([unit.tokens.all(), unit.people.all()])
        for table in ("events", "codes", "sessions", "tokens"):
            rows = unit.connection.exec_driver_sql(f"select * from {table}").all()  # noqa: S608
            kept += repr(rows)
    assert not any(secret in kept for secret in secrets_)


def test_an_organisation_that_left_has_no_people_and_no_tokens(world):
    world.join("Finder")
    secret = world.token("Finder")
    session = sign_in(world, world.code("Finder", Role.REPORTER))
    with world.store.begin() as unit:
        membership.leave(unit, ME, "finder", at=world.clock())
    assert who(world, session) is None
    with pytest.raises(Unauthenticated):
        program(world, secret)
    with pytest.raises(Refused, match="has left"):
        world.token("Finder")


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\nb", "\u202ename"])
def test_a_name_that_cannot_be_shown_is_refused(world, name):
    with pytest.raises(Invalid, match="name"):
        world.join(name)


def test_two_organisations_of_one_name_are_refused(world):
    world.join("Finder")
    with pytest.raises(Invalid, match="choose another"):
        world.join("FINDER")


def test_a_token_lasts_a_year_at_most(world):
    world.join("Finder")
    with pytest.raises(Invalid, match="365 days"):
        world.token("Finder", days=366)


def test_only_those_who_manage_people_do(world):
    with world.store.begin() as unit:
        for act in (
            lambda: membership.join(
                unit, STRANGER, "x", at=world.clock(), randomness=secrets.token_bytes
            ),
            lambda: membership.find_organisation(unit, STRANGER, "x"),
        ):
            with pytest.raises(NotAllowed, match="people:manage"):
                act()


def test_what_nobody_is_called_is_not_found(world):
    with world.store.begin() as unit, pytest.raises(NotFound):
        membership.find_organisation(unit, ME, "Nobody")


def test_no_role_of_those_who_run_the_machine_reads_reports():
    reading = {Scope.REPORT_READ_ALL, Scope.CASE_READ_ALL, Scope.REPORT_READ_OWN}
    assert not SCOPES[Role.ADMINISTRATOR] & reading
    assert not ME.scopes & reading


def test_a_session_is_not_a_code_and_a_token_is_neither(world):
    world.join("Finder")
    session = sign_in(world, world.code("Finder", Role.REPORTER))
    token = world.token("Finder")
    with pytest.raises(Unauthenticated):
        sign_in(world, session)
    assert who(world, token) is None
    with pytest.raises(Unauthenticated):
        program(world, session)
    assert timedelta(0) < membership.CODE_LASTS < sessions.SESSION_LASTS
