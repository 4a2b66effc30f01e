"""Organisations, people and tokens: the facts about them and what follows from these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import Struct

from fairlead.access.roles import Asker, Role, Scope, scopes_of
from fairlead.base.ids import OrganisationId, PersonId, TokenId
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected

# --- Organisation --------------------------------------------------------------------


class OrganisationJoined(Fact, frozen=True, tag="organisation.joined@1"):
    """An organisation became a member."""

    name: str


class OrganisationLeft(Fact, frozen=True, tag="organisation.left@1"):
    """An organisation left; nobody acts for it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A member: whoever takes part takes part as one."""

    id: OrganisationId
    name: str
    active: bool = True
    version: int = 1


def _organisation(state: Organisation | None, event: Event) -> Organisation:
    match state, event.fact:
        case None, OrganisationJoined(name=name):
            return Organisation(id=OrganisationId(name_of(event)), name=name)
        case Organisation(), OrganisationLeft():
            return replace(state, active=False, version=event.version)
    raise unexpected(event)


ORGANISATIONS = Subject(
    "organisation", Organisation, (OrganisationJoined, OrganisationLeft), _organisation
)


# --- Person --------------------------------------------------------------------------


class Named(Struct, frozen=True, kw_only=True):
    """What is personal about a person."""

    name: str


class PersonEnrolled(Fact, frozen=True, tag="person.enrolled@1"):
    """A person may sign in and act for an organisation."""

    organisation: OrganisationId
    roles: tuple[Role, ...]
    body: Named | None = None


class PersonLeft(Fact, frozen=True, tag="person.left@1"):
    """A person acts for nobody any more."""


class PersonErased(Fact, frozen=True, tag="person.erased@1"):
    """What is personal about a person was destroyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who signs in."""

    id: PersonId
    organisation: OrganisationId
    roles: tuple[Role, ...]
    name: str | None
    """Nothing once it was erased."""
    active: bool = True
    erased: bool = False
    version: int = 1

    @property
    def asker(self) -> Asker:
        """Return what this person may do."""
        return Asker(
            actor=f"person/{self.id}",
            organisation=self.organisation,
            scopes=scopes_of(frozenset(self.roles)),
        )


def _person(state: Person | None, event: Event) -> Person:
    match state, event.fact:
        case None, PersonEnrolled(organisation=organisation, roles=roles, body=body):
            return Person(
                id=PersonId(name_of(event)),
                organisation=organisation,
                roles=roles,
                name=body.name if body else None,
            )
        case Person(), PersonLeft():
            return replace(state, active=False, version=event.version)
        case Person(), PersonErased():
            return replace(state, name=None, erased=True, version=event.version)
    raise unexpected(event)


PEOPLE = Subject("person", Person, (PersonEnrolled, PersonLeft, PersonErased), _person)


# --- Token ---------------------------------------------------------------------------


class TokenIssued(Fact, frozen=True, tag="token.issued@1"):
    """A secret was handed out with which programs act for an organisation."""

    organisation: OrganisationId
    scopes: tuple[Scope, ...]
    digest: str
    """SHA-256 of the secret, in hexadecimal; the secret itself is kept nowhere."""
    expires_at: datetime
    label: str


class TokenRevoked(Fact, frozen=True, tag="token.revoked@1"):
    """The token opens nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program shows to act for an organisation."""

    id: TokenId
    organisation: OrganisationId
    scopes: tuple[Scope, ...]
    digest: str
    expires_at: datetime
    label: str
    revoked: bool = False
    version: int = 1

    def valid(self, at: datetime) -> bool:
        """Tell whether the token opens anything at *at*."""
        return not self.revoked and at < self.expires_at

    @property
    def asker(self) -> Asker:
        """Return what a program with this token may do."""
        return Asker(
            actor=f"token/{self.id}",
            organisation=self.organisation,
            scopes=frozenset(self.scopes),
        )


def _token(state: Token | None, event: Event) -> Token:
    match state, event.fact:
        case None, TokenIssued() as issued:
            return Token(
                id=TokenId(name_of(event)),
                organisation=issued.organisation,
                scopes=issued.scopes,
                digest=issued.digest,
                expires_at=issued.expires_at,
                label=issued.label,
            )
        case Token(), TokenRevoked():
            return replace(state, revoked=True, version=event.version)
    raise unexpected(event)


TOKENS = Subject("token", Token, (TokenIssued, TokenRevoked), _token)
