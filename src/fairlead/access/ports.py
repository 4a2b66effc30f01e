"""What deciding about access needs from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from fairlead.access.applications import Application
from fairlead.access.members import Organisation, Person, Token
from fairlead.base.ids import ApplicationId, PersonId
from fairlead.record.subjects import Destroyable, Subjects


class Organisations(Subjects[Organisation], Protocol):
    """All organisations."""

    def all(self) -> Sequence[Organisation]:
        """Return every organisation, by name."""


class People(Destroyable[Person], Protocol):
    """All people."""

    def all(self) -> Sequence[Person]:
        """Return every person."""

    def by_credential(self, digest: str) -> Person | None:
        """Return whose passkey this is, by the digest of its credential id."""

    def by_login(self, digest: str) -> Person | None:
        """Return whose login this is, by the digest of issuer and subject."""


class Tokens(Subjects[Token], Protocol):
    """All tokens."""

    def all(self) -> Sequence[Token]:
        """Return every token, the newest first."""

    def by_digest(self, digest: str) -> Token | None:
        """Return the token whose secret has this SHA-256, in hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A one-time code: what it opens, and until when."""

    digest: str
    """SHA-256 of the secret, in hexadecimal."""
    person: PersonId
    ends_at: datetime


class Passes(Protocol):
    """One-time codes; operational, not on the record."""

    def put(self, new: Pass) -> None:
        """Keep *new*."""

    def take(self, digest: str) -> Pass | None:
        """Return and remove it, at once: of two that try, one gets it."""

    def drop_person(self, person: PersonId) -> None:
        """Remove every pass of *person*."""

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""


class How(StrEnum):
    """How somebody signed in."""

    CODE = "code"
    """With a one-time code, having no passkey."""
    RECOVERY = "recovery"
    """With a one-time code in spite of a passkey, which is lost."""
    PASSKEY = "passkey"
    LOGIN = "login"
    """Through a provider of logins (OpenID Connect)."""
    PROXY = "proxy"
    """By the word of the trusted proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser in which somebody has signed in."""

    digest: str
    """SHA-256 of the secret, in hexadecimal."""
    person: PersonId
    ends_at: datetime
    began_at: datetime
    how: How
    verified_at: datetime | None
    """When the person last showed that it is the one, if it did."""
    agent: str = ""
    """What the browser calls itself."""


class Sessions(Protocol):
    """Browser sessions; operational, not on the record."""

    def put(self, new: Session) -> None:
        """Keep *new*."""

    def get(self, digest: str) -> Session | None:
        """Return the session whose secret has this digest."""

    def take(self, digest: str) -> Session | None:
        """Return and remove it."""

    def verified(self, digest: str, at: datetime) -> None:
        """Note that the person was verified at *at*."""

    def of_person(self, person: PersonId) -> Sequence[Session]:
        """Return the sessions of *person*, the newest first."""

    def drop_person(self, person: PersonId) -> None:
        """Remove every session of *person*."""

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""


class Purpose(StrEnum):
    """What a challenge is for; one for one thing does for no other."""

    ADD = "add"
    SIGN_IN = "sign in"
    VERIFY = "verify"
    SIGN = "sign"
    LOGIN = "login"
    LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What has to come back, once, from the browser that it was sent to."""

    bound: str
    """Digest of the secret in that browser's cookie."""
    purpose: Purpose
    content: bytes
    ends_at: datetime


class Challenges(Protocol):
    """Challenges that are out; operational, not on the record."""

    def put(self, new: Challenge) -> None:
        """Keep *new*, in place of an older one for the same browser and purpose."""

    def take(self, bound: str, purpose: Purpose) -> Challenge | None:
        """Return and remove it, at once: of two that try, one gets it."""

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""


class SignCounts(Protocol):
    """How often each passkey says it was used; operational, not on the record."""

    def get(self, credential: str) -> int:
        """Return the last count of the passkey with this digest; at first zero."""

    def put(self, credential: str, count: int, *, at: datetime) -> None:
        """Note a count."""

    def used_at(self, credential: str) -> datetime | None:
        """Return when the passkey was last used."""

    def drop(self, credential: str) -> None:
        """Forget a passkey."""


class Applications(Destroyable[Application], Protocol):
    """All applications to join."""

    def by_digest(self, digest: str) -> Application | None:
        """Return the application whose secret has this SHA-256, in hexadecimal."""

    def newest(self) -> Sequence[Application]:
        """Return the newest 200, closed ones too."""

    def not_erased(self) -> Sequence[Application]:
        """Return all whose words are still kept."""

    def count_open(self, at: datetime) -> int:
        """Count those that are open at *at*."""

    def have_mailed(self, name: ApplicationId, *, at: datetime) -> None:
        """Have a code mailed to the applicant's address, by a job."""

    def have_erased(self, name: ApplicationId, *, at: datetime) -> None:
        """Have what the application says erased at *at*, by a timer."""

    def mail_code(self, name: ApplicationId) -> str:
        """Return the code that is mailed; always the same, and kept nowhere."""

    def is_mail_code(self, name: ApplicationId, typed: str) -> bool:
        """Tell whether *typed* is that code, in constant time."""


class AccessUnit(Protocol):
    """The part of a unit of work that access needs."""

    @property
    def applications(self) -> Applications:
        """All applications to join."""

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
    def sessions(self) -> Sessions:
        """Browser sessions."""

    @property
    def challenges(self) -> Challenges:
        """Challenges that are out."""

    @property
    def sign_counts(self) -> SignCounts:
        """How often each passkey was used."""
