"""What deciding about access needs from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fairlead.access.members import Organisation, Person, Token
from fairlead.base.ids import PersonId
from fairlead.record.subjects import Destroyable, Subjects


class Organisations(Subjects[Organisation], Protocol):
    """All organisations."""

    def all(self) -> Sequence[Organisation]:
        """Return every organisation, by name."""


class People(Destroyable[Person], Protocol):
    """All people."""

    def all(self) -> Sequence[Person]:
        """Return every person."""


class Tokens(Subjects[Token], Protocol):
    """All tokens."""

    def all(self) -> Sequence[Token]:
        """Return every token, the newest first."""

    def by_digest(self, digest: str) -> Token | None:
        """Return the token whose secret has this SHA-256, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A one-time code or a session: what it opens, and until when."""

    digest: str
    """SHA-256 of the secret, in hexadecimal."""
    person: PersonId
    ends_at: datetime


class Passes(Protocol):
    """One-time codes, or sessions; operational, not on the record."""

    def put(self, new: Pass) -> None:
        """Keep *new*."""

    def get(self, digest: str) -> Pass | None:
        """Return the pass whose secret has this digest."""

    def take(self, digest: str) -> Pass | None:
        """Return and remove it, at once: of two that try, one gets it."""

    def drop_person(self, person: PersonId) -> None:
        """Remove every pass of *person*."""

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""


class AccessUnit(Protocol):
    """The part of a unit of work that access needs."""

    @property
    def organisations(self) -> Organisations:
        """All organisations."""

    @property
    def people(self) -> People:
        """All people."""

    @property
    def tokens(self) -> Tokens:
        """All tokens."""

    @property
    def codes(self) -> Passes:
        """One-time codes by which people sign in."""

    @property
    def sessions(self) -> Passes:
        """Browser sessions."""
