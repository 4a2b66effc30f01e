"""Use cases: passkeys are added and removed, sign people in and verify them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fairlead.access import credentials, sessions
from fairlead.access.credentials import Passkey
from fairlead.access.members import Person
from fairlead.access.ports import AccessUnit, How
from fairlead.access.sessions import SignedIn
from fairlead.base import ids
from fairlead.base.ids import PasskeyId
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, NotFound, Refused, Unauthenticated, Violation

log = logging.getLogger(__name__)

AT_MOST = 20
"""Passkeys of one person."""
LABEL_LENGTH = 60

REFUSED = "this passkey opens nothing here"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What an authenticator made."""

    credential: str
    """The credential id, as base64url."""
    public_key: str
    """COSE key, as base64url."""
    count: int


class Authenticators(Protocol):
    """Reads what authenticators answer (W3C Web Authentication, 7.1 and 7.2).

    Every method wants the user to have been verified by the authenticator, and raises
    `Unauthenticated` for an answer that does not fit.
    """

    def made(self, answer: str, challenge: bytes) -> NewKey:
        """Return the new key of *answer*."""

    def credential_of(self, answer: str) -> str:
        """Return which credential *answer* says it is by; nothing is checked yet."""

    def count_of(self, answer: str, challenge: bytes, public_key: str) -> int:
        """Check that the holder of *public_key* signed; return its sign counter."""


def add(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    me: SignedIn,
    key: NewKey,
    label: str,
    *,
    at: datetime,
    randomness: Randomness,
) -> Person:
    """Let the person sign in with *key* from now on; open codes open nothing then.

    Raises:
        NotVerified: the session may not change what opens the account.
        Invalid: the label is empty, too long or cannot be shown.
        Refused: the key is somebody's already, or there are too many.

    """
    sessions.needs_trust(me, at)
    digest = credentials.credential_digest(key.credential)
    if unit.people.by_credential(digest) is not None:
        raise Refused("this passkey was added before")
    if len(me.passkeys) >= AT_MOST:
        raise Refused(f"{AT_MOST} passkeys are enough; remove one first")
    added = credentials.PasskeyAdded(
        passkey=ids.new_passkey_id(randomness),
        body=credentials.Key(
            credential=key.credential, public_key=key.public_key, label=_label(label)
        ),
    )
    unit.codes.drop_person(me.id)
    unit.sign_counts.put(digest, key.count, at=at)
    # The authenticator has just verified the person, to make the key.
    sessions.verified(unit, me.session, at=at)
    return unit.people.save(me.person, [added], name=me.id, by=me.asker.actor, at=at)


def remove(unit: AccessUnit, me: SignedIn, name: str, *, at: datetime) -> Person:
    """Make a passkey open nothing any more.

    Raises:
        NotVerified: the session may not change what opens the account.
        NotFound: the person has no such passkey.

    """
    sessions.needs_trust(me, at)
    passkey = next((key for key in me.passkeys if key.id == name), None)
    if passkey is None:
        raise NotFound(f"no passkey {name}")
    if passkey.credential is not None:
        unit.sign_counts.drop(credentials.credential_digest(passkey.credential))
    return unit.people.save(
        me.person,
        [credentials.PasskeyRemoved(passkey=PasskeyId(name))],
        name=me.id,
        by=me.asker.actor,
        at=at,
    )


def sign_in(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    authenticators: Authenticators,
    answer: str,
    challenge: bytes,
    *,
    at: datetime,
    randomness: Randomness,
    agent: str = "",
) -> str:
    """Take what a passkey answered and return the secret of a new session.

    Raises:
        Unauthenticated: it opens nothing; why is not said.

    """
    person = _whose(unit, authenticators, answer, challenge, at=at)
    return sessions.begin(
        unit, person, How.PASSKEY, at=at, randomness=randomness, agent=agent
    )


def verify(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    authenticators: Authenticators,
    me: SignedIn,
    answer: str,
    challenge: bytes,
    *,
    at: datetime,
) -> None:
    """Note that the person showed anew that it is the one who signed in.

    Raises:
        Unauthenticated: it is no passkey of this person, or opens nothing.

    """
    person = _whose(unit, authenticators, answer, challenge, at=at)
    if person.id != me.id:
        raise Unauthenticated(REFUSED)
    sessions.verified(unit, me.session, at=at)


def _whose(
    unit: AccessUnit,
    authenticators: Authenticators,
    answer: str,
    challenge: bytes,
    *,
    at: datetime,
) -> Person:
    # 1. Whose key it says it is; who may not enter is not told apart from nobody.
    credential = authenticators.credential_of(answer)
    digest = credentials.credential_digest(credential)
    person = unit.people.by_credential(digest)
    passkey = _passkey(person, credential)
    if person is None or not person.may_enter or passkey is None:
        raise Unauthenticated(REFUSED)
    # 2. The holder of that key signed this challenge, here, and was verified.
    count = authenticators.count_of(answer, challenge, passkey.public_key or "")
    # 3. A counter that does not grow is a copy of the key (W3C WebAuthn, 6.1.1); many
    #    authenticators count nothing, and say zero for ever.
    before = unit.sign_counts.get(digest)
    if (count or before) and count <= before:
        log.warning(
            "passkey.counter_went_back",
            extra={
                "person": person.id,
                "passkey": passkey.id,
                "counts": [before, count],
            },
        )
        raise Unauthenticated(REFUSED)
    unit.sign_counts.put(digest, count, at=at)
    return person


def _passkey(person: Person | None, credential: str) -> Passkey | None:
    keys = person.passkeys if person else ()
    return next((key for key in keys if key.credential == credential), None)


def _label(label: str) -> str:
    label = label.strip()
    if not label or len(label) > LABEL_LENGTH or not label.isprintable():
        raise Invalid(
            f"label: must be 1 to {LABEL_LENGTH} printable characters",
            [Violation("invalid_name", "label", "say what it is, such as: my phone")],
        )
    return label
