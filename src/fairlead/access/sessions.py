"""Sessions of people who signed in: how they did, and when they last proved it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from fairlead.access import secrets
from fairlead.access.members import Person
from fairlead.access.ports import AccessUnit, How, Session
from fairlead.access.roles import VERIFIED_FOR, Asker
from fairlead.base.ids import PersonId
from fairlead.base.ports import Randomness
from fairlead.errors import NotFound, NotVerified

SESSION_LASTS = timedelta(hours=12)
HANDLE = 16
"""Characters of a session's digest by which it is listed and ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Person):
    """A person, and the session in which it asks."""

    session: Session

    @property
    def asker(self) -> Asker:
        """Return what this person may do, and when it was last verified."""
        return replace(self.person.asker, verified_at=self.session.verified_at)

    @property
    def person(self) -> Person:
        """Return the person without the session."""
        return Person(**{f.name: getattr(self, f.name) for f in fields(Person)})


def signed_in(person: Person, session: Session) -> SignedIn:
    """Return *person* as it asks in *session*."""
    known = {f.name: getattr(person, f.name) for f in fields(Person)}
    return SignedIn(**known, session=session)


def begin(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    person: Person,
    how: How,
    *,
    at: datetime,
    randomness: Randomness,
    agent: str = "",
) -> str:
    """Begin a session of *person* and return its secret.

    Whoever signed in with a passkey is verified by that; so is, for want of anything
    better, whoever has none and signed in with a one-time code.
    """
    secret = secrets.new_session(randomness)
    unit.sessions.drop_ended(at)
    unit.sessions.put(
        Session(
            digest=secrets.digest(secret),
            person=person.id,
            ends_at=at + SESSION_LASTS,
            began_at=at,
            how=how,
            verified_at=at if how in {How.CODE, How.PASSKEY} else None,
            agent=agent[:200],
        )
    )
    return secret


def whose(unit: AccessUnit, secret: str, *, at: datetime) -> SignedIn | None:
    """Return who signed in with *secret*, if the session still lasts at *at*.

    Both the session and the person are read from the database each time, so that what
    ends a session ends it in every process at once.
    """
    found = unit.sessions.get(secrets.digest(secret))
    if found is None or at >= found.ends_at:
        return None
    person = unit.people.get(found.person)
    return signed_in(person, found) if person.may_enter else None


def verified(unit: AccessUnit, session: Session, *, at: datetime) -> None:
    """Note that the person showed anew that it is the one who signed in."""
    unit.sessions.verified(session.digest, at)


def needs_trust(me: SignedIn, at: datetime) -> None:
    """Refuse to change what opens the account, unless the session may.

    It may when the person was verified just now; when it signed in with a code and has
    no passkey yet; and after a recovery, for then no passkey is left to verify with.

    Raises:
        NotVerified: none of these.

    """
    last = me.session.verified_at
    fresh = last is not None and at - last <= VERIFIED_FOR
    enrolling = me.session.how is How.CODE and not me.passkeys
    if not (fresh or enrolling or me.session.how is How.RECOVERY):
        raise NotVerified(
            "show once more that it is you, with your passkey; this is good for"
            " 10 minutes"
        )


def handle(session: Session) -> str:
    """Return by what a session is listed and ended; it opens nothing."""
    return session.digest[:HANDLE]


def of_person(unit: AccessUnit, person: PersonId, *, at: datetime) -> Sequence[Session]:
    """Return the sessions of *person* that last, the newest first."""
    return [s for s in unit.sessions.of_person(person) if at < s.ends_at]


def end(unit: AccessUnit, me: SignedIn, name: str) -> None:
    """End one session of one's own.

    Raises:
        NotFound: one has no such session.

    """
    for session in unit.sessions.of_person(me.id):
        if handle(session) == name:
            unit.sessions.take(session.digest)
            return
    raise NotFound(f"no session {name}")


def end_all(unit: AccessUnit, me: SignedIn) -> None:
    """Sign out everywhere, here too."""
    unit.sessions.drop_person(me.id)
