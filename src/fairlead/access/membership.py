"""Use cases: who joins, who may act for whom, and how they prove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.access import members, secrets
from fairlead.access.members import Organisation, Person, Token
from fairlead.access.ports import AccessUnit, Pass
from fairlead.access.roles import APART, PERSONAL, Asker, Role, Scope
from fairlead.base import ids
from fairlead.base.ids import PersonId, TokenId
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, NotFound, Refused, Unauthenticated, Violation

CODE_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
TOKEN_LASTS_AT_MOST = timedelta(days=365)
NAME_LENGTH = 200


def join(
    unit: AccessUnit, asker: Asker, name: str, *, at: datetime, randomness: Randomness
) -> Organisation:
    """Make an organisation a member.

    Raises:
        Invalid: *name* is empty, too long, or in use.

    """
    asker.needs(Scope.PEOPLE_MANAGE)
    name = _name(name)
    if any(o.name.casefold() == name.casefold() for o in unit.organisations.all()):
        raise Invalid(
            f"there is an organisation called {name!r}; choose another name",
            [Violation("name_taken", "name", "is in use")],
        )
    return unit.organisations.save(
        None,
        [members.OrganisationJoined(name=name)],
        name=ids.new_organisation_id(randomness),
        by=asker.actor,
        at=at,
    )


def find_organisation(unit: AccessUnit, asker: Asker, name: str) -> Organisation:
    """Return the organisation with this identifier or name."""
    asker.needs(Scope.PEOPLE_MANAGE)
    for organisation in unit.organisations.all():
        if name == organisation.id or name.casefold() == organisation.name.casefold():
            return organisation
    raise NotFound(f"no organisation {name!r}; see `fairlead organisation list`")


def leave(unit: AccessUnit, asker: Asker, name: str, *, at: datetime) -> Organisation:
    """End a membership: its people are signed out and its tokens open nothing."""
    organisation = find_organisation(unit, asker, name)
    if not organisation.active:
        raise Refused(f"{organisation.name} has left already")
    for person in unit.people.all():
        if person.organisation == organisation.id and person.active:
            end_person(unit, asker, person.id, at=at)
    for token in unit.tokens.all():
        if token.organisation == organisation.id and not token.revoked:
            revoke_token(unit, asker, token.id, at=at)
    return unit.organisations.save(
        organisation,
        [members.OrganisationLeft()],
        name=organisation.id,
        by=asker.actor,
        at=at,
    )


def enrol(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    asker: Asker,
    organisation: str,
    name: str,
    roles: tuple[Role, ...],
    *,
    at: datetime,
    randomness: Randomness,
) -> Person:
    """Let a person act for an organisation, in *roles*."""
    home = _active(find_organisation(unit, asker, organisation))
    if not roles:
        raise Invalid(
            "a person needs a role: " + ", ".join(Role),
            [Violation("missing_field", "roles", "name at least one role")],
        )
    apart = APART & set(roles)
    if apart and len(set(roles)) > 1:
        raise Invalid(
            f"{min(apart)} goes with no other role: whoever keeps or watches the others"
            " must not read reports; enrol two people",
            [Violation("roles_conflict", "roles", f"{min(apart)} stands alone")],
        )
    return unit.people.save(
        None,
        [
            members.PersonEnrolled(
                organisation=home.id,
                roles=tuple(sorted(set(roles))),
                body=members.Named(name=_name(name)),
            )
        ],
        name=ids.new_person_id(randomness),
        by=asker.actor,
        at=at,
    )


def end_person(
    unit: AccessUnit, asker: Asker, person_id: PersonId, *, at: datetime
) -> Person:
    """End what a person may do, everywhere and at once."""
    asker.needs(Scope.PEOPLE_MANAGE)
    person = unit.people.get(person_id)
    if not person.active:
        raise Refused(f"{person_id} has left already")
    unit.codes.drop_person(person.id)
    unit.sessions.drop_person(person.id)
    return unit.people.save(
        person, [members.PersonLeft()], name=person.id, by=asker.actor, at=at
    )


def erase_person(
    unit: AccessUnit, asker: Asker, person_id: PersonId, *, at: datetime
) -> Person:
    """Destroy what is personal about somebody who has left; what they did stays."""
    asker.needs(Scope.PEOPLE_MANAGE)
    person = unit.people.get(person_id)
    if person.active:
        raise Refused(f"{person_id} still takes part; end it first")
    if person.erased:
        raise Refused(f"{person_id} was erased already")
    facts = [members.PersonErased()]
    unit.people.save(person, facts, name=person.id, by=asker.actor, at=at)
    unit.people.destroy(person.id, at=at)
    return unit.people.get(person.id)


def hand_out_code(
    unit: AccessUnit,
    asker: Asker,
    person_id: PersonId,
    *,
    at: datetime,
    randomness: Randomness,
) -> str:
    """Return a code with which the person can sign in, once, within 15 minutes."""
    asker.needs(Scope.PEOPLE_MANAGE)
    person = unit.people.get(person_id)
    if not person.active:
        raise Refused(f"{person_id} has left; enrol the person again")
    code = secrets.new_code(randomness)
    unit.codes.drop_ended(at)
    unit.codes.put(
        Pass(digest=secrets.digest(code), person=person.id, ends_at=at + CODE_LASTS)
    )
    return code


def sign_in(
    unit: AccessUnit, code: str, *, at: datetime, randomness: Randomness
) -> str:
    """Take a one-time code and return the secret of a new session.

    Raises:
        Unauthenticated: the code is unknown, used or too old; which is not said.

    """
    taken = unit.codes.take(secrets.digest(secrets.typed(code)))
    if taken is None or at >= taken.ends_at or not unit.people.get(taken.person).active:
        raise Unauthenticated("this code opens nothing; ask for a new one")
    session = secrets.new_session(randomness)
    unit.sessions.drop_ended(at)
    unit.sessions.put(
        Pass(
            digest=secrets.digest(session),
            person=taken.person,
            ends_at=at + SESSION_LASTS,
        )
    )
    return session


def sign_out(unit: AccessUnit, session: str) -> None:
    """End a session."""
    unit.sessions.take(secrets.digest(session))


def whose_session(unit: AccessUnit, session: str, *, at: datetime) -> Person | None:
    """Return the person who signed in with *session*, if it still lasts at *at*."""
    found = unit.sessions.get(secrets.digest(session))
    if found is None or at >= found.ends_at:
        return None
    person = unit.people.get(found.person)
    return person if person.active else None


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token, with the secret that is shown this once."""

    token: Token
    secret: str


def issue_token(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    asker: Asker,
    organisation: str,
    *,
    label: str,
    scopes: frozenset[Scope],
    lasts: timedelta,
    at: datetime,
    randomness: Randomness,
) -> Issued:
    """Hand out a secret with which programs act for an organisation."""
    home = _active(find_organisation(unit, asker, organisation))
    if not timedelta(0) < lasts <= TOKEN_LASTS_AT_MOST:
        raise Invalid(
            f"a token lasts at most {TOKEN_LASTS_AT_MOST.days} days",
            [Violation("invalid_duration", "days", "must be from 1 to 365")],
        )
    if not scopes:
        raise Invalid(
            "a token needs a scope: " + ", ".join(Scope),
            [Violation("missing_field", "scopes", "name at least one scope")],
        )
    if personal := PERSONAL & scopes:
        named = ", ".join(sorted(personal))
        raise Invalid(
            f"only a person who has signed in can do this, no program: {named}",
            [Violation("personal_scope", "scopes", f"leave out {named}")],
        )
    secret = secrets.new_token(randomness)
    token = unit.tokens.save(
        None,
        [
            members.TokenIssued(
                organisation=home.id,
                scopes=tuple(sorted(scopes)),
                digest=secrets.digest(secret),
                expires_at=at + lasts,
                label=_name(label, field="label"),
            )
        ],
        name=ids.new_token_id(randomness),
        by=asker.actor,
        at=at,
    )
    return Issued(token, secret)


def revoke_token(
    unit: AccessUnit, asker: Asker, token_id: TokenId, *, at: datetime
) -> Token:
    """Make a token open nothing any more, in every process at once."""
    asker.needs(Scope.PEOPLE_MANAGE)
    token = unit.tokens.get(token_id)
    if token.revoked:
        raise Refused(f"{token_id} is revoked already")
    return unit.tokens.save(
        token, [members.TokenRevoked()], name=token.id, by=asker.actor, at=at
    )


def whose_token(unit: AccessUnit, secret: str, *, at: datetime) -> Asker:
    """Return who acts with *secret*.

    Raises:
        Unauthenticated: unknown, expired or revoked; which of these is not said.

    """
    token = unit.tokens.by_digest(secrets.digest(secret))
    if token is None or not token.valid(at):
        raise Unauthenticated("the token is missing, unknown, expired or revoked")
    return token.asker


def _active(organisation: Organisation) -> Organisation:
    if not organisation.active:
        raise Refused(f"{organisation.name} has left; it can join again")
    return organisation


def _name(name: str, *, field: str = "name") -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid(
            f"{field}: must be 1 to {NAME_LENGTH} printable characters",
            [Violation("invalid_name", field, "must be printable and not empty")],
        )
    return name
