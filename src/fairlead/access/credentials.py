"""What a person proves with who they are: passkeys, and logins at other places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from msgspec import Struct

from fairlead.base.ids import LoginId, PasskeyId
from fairlead.record.events import Fact

PROXY = "proxy"
"""The issuer of logins that the trusted proxy in front of the server vouches for."""

RECOVERY_LASTS = timedelta(hours=24)
"""How long the second administrator has to confirm what the first one proposed."""


# --- Passkeys (W3C Web Authentication) ------------------------------------------------


class Key(Struct, frozen=True, kw_only=True):
    """What identifies somebody: which key it is, and what they call it."""

    credential: str
    """The credential id, as base64url."""
    public_key: str
    """COSE key, as base64url."""
    label: str


class PasskeyAdded(Fact, frozen=True, tag="person.passkey_added@1"):
    """The person may sign in with a passkey from now on."""

    passkey: PasskeyId
    body: Key | None = None


class PasskeyRemoved(Fact, frozen=True, tag="person.passkey_removed@1"):
    """The passkey opens nothing any more."""

    passkey: PasskeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey of a person; one whose content was destroyed opens nothing."""

    id: PasskeyId
    added_at: datetime
    credential: str | None = None
    public_key: str | None = None
    label: str | None = None


# --- Logins at other places ----------------------------------------------------------


class Subject(Struct, frozen=True, kw_only=True):
    """Who somebody is at the issuer (OpenID Connect Core, 2: `sub`)."""

    subject: str


class LoginLinked(Fact, frozen=True, tag="person.login_linked@1"):
    """The person may sign in through another place from now on."""

    login: LoginId
    issuer: str
    body: Subject | None = None


class LoginRemoved(Fact, frozen=True, tag="person.login_removed@1"):
    """The login opens nothing any more."""

    login: LoginId


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login of a person; one whose content was destroyed opens nothing."""

    id: LoginId
    issuer: str
    linked_at: datetime
    subject: str | None = None


# --- Locks and recovery -----------------------------------------------------------------


class PersonLocked(Fact, frozen=True, tag="person.locked@1"):
    """Nothing opens anything for the person until it is unlocked."""


class PersonUnlocked(Fact, frozen=True, tag="person.unlocked@1"):
    """The person may sign in again."""


class RecoveryProposed(Fact, frozen=True, tag="person.recovery_proposed@1"):
    """An administrator says that the person lost its passkeys."""


class RecoveryConfirmed(Fact, frozen=True, tag="person.recovery_confirmed@1"):
    """Another administrator agreed, and was given a code for the person."""


class Reason(Struct, frozen=True, kw_only=True):
    """Why something was done that is done by two people otherwise."""

    reason: str


class RecoveredByOperator(Fact, frozen=True, tag="person.recovered_by_operator@1"):
    """The operator of the machine made a code without a second person."""

    body: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A recovery that one administrator proposed."""

    by: str
    at: datetime

    def open(self, at: datetime) -> bool:
        """Tell whether it can still be confirmed at *at*."""
        return at < self.at + RECOVERY_LASTS


FACTS: tuple[type[Fact], ...] = (
    PasskeyAdded,
    PasskeyRemoved,
    LoginLinked,
    LoginRemoved,
    PersonLocked,
    PersonUnlocked,
    RecoveryProposed,
    RecoveryConfirmed,
    RecoveredByOperator,
)


def credential_digest(credential: str) -> str:
    """Return by what a passkey is looked up."""
    return sha256(credential.encode()).hexdigest()


def login_digest(issuer: str, subject: str) -> str:
    """Return by what a login is looked up; no issuer has a line break in its address."""
    return sha256(f"{issuer}\n{subject}".encode()).hexdigest()
