"""Use cases of organisation administrators: their own people, tokens, and leaving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.access import membership
from fairlead.access.members import Organisation, Person, Token
from fairlead.access.membership import Issued
from fairlead.access.ports import AccessUnit
from fairlead.access.roles import Asker, Role, Scope, token_scopes
from fairlead.base.ids import OrganisationId, PersonId, TokenId
from fairlead.base.ports import Randomness
from fairlead.errors import NotAllowed, NotFound

ROLES = (
    Role.FINDER,
    Role.REPORTER,
    Role.OWNER,
    Role.MEMBER,
    Role.ORGANISATION_ADMINISTRATOR,
)
"""Roles that an organisation gives its people by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An organisation as its administrators see it."""

    organisation: Organisation
    people: Sequence[Person]
    tokens: Sequence[Token]


def look(unit: AccessUnit, asker: Asker, *, at: datetime) -> Home:
    """Return the asker's organisation with who and what acts for it now."""
    home = _home(asker)
    return Home(
        organisation=unit.organisations.get(home),
        people=[p for p in unit.people.all() if p.organisation == home and p.active],
        tokens=[t for t in unit.tokens.all() if t.organisation == home and t.valid(at)],
    )


def enrol(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    asker: Asker,
    name: str,
    role: Role,
    *,
    at: datetime,
    randomness: Randomness,
) -> str:
    """Let a person act for one's organisation; return a code to sign in with.

    Raises:
        NotAllowed: the role is not one that an organisation gives.

    """
    home = _home(asker)
    if role not in ROLES:
        raise NotAllowed(f"an organisation gives these roles: {', '.join(ROLES)}")
    clerk = _clerk(asker)
    person = membership.enrol(
        unit, clerk, home, name, (role,), at=at, randomness=randomness
    )
    return membership.hand_out_code(
        unit, clerk, person.id, at=at, randomness=randomness
    )


def end_person(
    unit: AccessUnit, asker: Asker, name: PersonId, *, at: datetime
) -> Person:
    """End what a person of one's organisation may do, everywhere and at once.

    Raises:
        NotFound: there is no such person in it; of others nothing is said.

    """
    home = _home(asker)
    mine = {person.id for person in unit.people.all() if person.organisation == home}
    if name not in mine:
        raise NotFound(f"no person {name!r}")
    return membership.end_person(unit, _clerk(asker), name, at=at)


def issue_token(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    asker: Asker,
    label: str,
    days: int,
    *,
    at: datetime,
    randomness: Randomness,
) -> Issued:
    """Hand out a token with which programs report for one's organisation."""
    home = _home(asker)
    return membership.issue_token(
        unit,
        _clerk(asker),
        home,
        label=label,
        scopes=token_scopes(Role.REPORTER),
        lasts=timedelta(days=days),
        at=at,
        randomness=randomness,
    )


def revoke_token(
    unit: AccessUnit, asker: Asker, name: TokenId, *, at: datetime
) -> Token:
    """Make a token of one's organisation open nothing any more.

    Raises:
        NotFound: it has no such token; of others nothing is said.

    """
    home = _home(asker)
    mine = {token.id for token in unit.tokens.all() if token.organisation == home}
    if name not in mine:
        raise NotFound(f"no token {name!r}")
    return membership.revoke_token(unit, _clerk(asker), name, at=at)


def leave(unit: AccessUnit, asker: Asker, *, at: datetime) -> Organisation:
    """Leave with one's whole organisation, at once; nobody can refuse it."""
    return membership.leave(unit, _clerk(asker), _home(asker), at=at)


def _home(asker: Asker) -> OrganisationId:
    asker.needs(Scope.PEOPLE_MANAGE_OWN)
    if asker.organisation is None:
        raise NotFound("only members have an organisation")
    return asker.organisation


def _clerk(asker: Asker) -> Asker:
    """Return the asker as who keeps people; what of them is checked before."""
    return Asker(actor=asker.actor, scopes=frozenset({Scope.PEOPLE_MANAGE}))
