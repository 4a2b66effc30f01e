"""Use cases: logins at other places are linked to people, and sign them in."""

from __future__ import annotations

from datetime import datetime

from fairlead.access import credentials, sessions
from fairlead.access.members import Person
from fairlead.access.ports import AccessUnit, How
from fairlead.access.sessions import SignedIn
from fairlead.base import ids
from fairlead.base.ids import LoginId
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, NotFound, Refused, Unauthenticated, Violation

SUBJECT_LENGTH = 255
"""The most characters of a subject (OpenID Connect Core 1.0, 2: `sub`)."""


def link(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    me: SignedIn,
    issuer: str,
    subject: str,
    *,
    at: datetime,
    randomness: Randomness,
) -> Person:
    """Let the person sign in from now on as who it is at *issuer*.

    Raises:
        NotVerified: the session may not change what opens the account.
        Refused: the login is linked already.

    """
    sessions.needs_trust(me, at)
    if not 0 < len(subject) <= SUBJECT_LENGTH or not subject.isprintable():
        raise Invalid(
            "the login has a name that cannot be kept",
            [Violation("invalid_name", "subject", "must be 1 to 255 characters")],
        )
    if unit.people.by_login(credentials.login_digest(issuer, subject)) is not None:
        raise Refused("this login is linked already, to you or to somebody else")
    linked = credentials.LoginLinked(
        login=ids.new_login_id(randomness),
        issuer=issuer,
        body=credentials.Subject(subject=subject),
    )
    return unit.people.save(me.person, [linked], name=me.id, by=me.asker.actor, at=at)


def unlink(unit: AccessUnit, me: SignedIn, name: str, *, at: datetime) -> Person:
    """Make a login open nothing any more.

    Raises:
        NotVerified: the session may not change what opens the account.
        NotFound: the person has no such login.

    """
    sessions.needs_trust(me, at)
    if not any(login.id == name for login in me.logins):
        raise NotFound(f"no login {name}")
    return unit.people.save(
        me.person,
        [credentials.LoginRemoved(login=LoginId(name))],
        name=me.id,
        by=me.asker.actor,
        at=at,
    )


def sign_in(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    issuer: str,
    subject: str,
    how: How,
    *,
    at: datetime,
    randomness: Randomness,
    agent: str = "",
) -> str:
    """Return the secret of a new session of whoever is *subject* at *issuer*.

    What is not checked here: that somebody is; whoever calls this has done so.

    Raises:
        Unauthenticated: nobody linked this login, or whoever did may not enter.

    """
    person = unit.people.by_login(credentials.login_digest(issuer, subject))
    if person is None or not person.may_enter:
        raise Unauthenticated(
            "this login is linked to nobody here; sign in with a code or passkey, and"
            " link it on the page of your account"
        )
    return sessions.begin(unit, person, how, at=at, randomness=randomness, agent=agent)
