"""Use cases: people are locked out, and let in again when they lost their passkeys."""

from __future__ import annotations

from datetime import datetime

from fairlead.access import credentials, membership
from fairlead.access.members import Person
from fairlead.access.ports import AccessUnit
from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import PersonId
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, NotAllowed, Refused, Violation

REASON_LENGTH = 500


def lock(
    unit: AccessUnit, asker: Asker, person_id: PersonId, *, at: datetime
) -> Person:
    """Sign a person out everywhere, and let nothing open anything for it."""
    asker.needs(Scope.PEOPLE_MANAGE)
    person = _active(unit, person_id)
    if person.locked:
        raise Refused(f"{person_id} is locked already")
    _forget(unit, person)
    return unit.people.save(
        person, [credentials.PersonLocked()], name=person.id, by=asker.actor, at=at
    )


def unlock(
    unit: AccessUnit, asker: Asker, person_id: PersonId, *, at: datetime
) -> Person:
    """Let a person who was locked sign in again."""
    asker.needs(Scope.PEOPLE_MANAGE)
    person = _active(unit, person_id)
    if not person.locked:
        raise Refused(f"{person_id} is not locked")
    return unit.people.save(
        person, [credentials.PersonUnlocked()], name=person.id, by=asker.actor, at=at
    )


def propose(
    unit: AccessUnit, asker: Asker, person_id: PersonId, *, at: datetime
) -> Person:
    """Say that a person lost its passkeys; another administrator has to agree.

    Raises:
        NotAllowed: *asker* is no person who is an administrator, or is the one.
        Refused: there is nothing to recover, or it was proposed already.

    """
    person = _to_recover(unit, asker, person_id)
    if person.recovery is not None and person.recovery.open(at):
        raise Refused("this was proposed already; another administrator confirms it")
    return unit.people.save(
        person, [credentials.RecoveryProposed()], name=person.id, by=asker.actor, at=at
    )


def confirm(
    unit: AccessUnit,
    asker: Asker,
    person_id: PersonId,
    *,
    at: datetime,
    randomness: Randomness,
) -> str:
    """Agree that a person lost its passkeys; return a code for it, shown this once.

    Raises:
        NotAllowed: *asker* is no person who is an administrator, or is the one.
        Refused: nobody proposed it within 24 hours, or *asker* did.

    """
    person = _to_recover(unit, asker, person_id)
    if person.recovery is None or not person.recovery.open(at):
        raise Refused("nobody proposed this within 24 hours; propose it first")
    if person.recovery.by == asker.actor:
        raise Refused("you proposed this; another administrator has to confirm it")
    # A lost device may be a stolen one.
    _forget(unit, person)
    unit.people.save(
        person, [credentials.RecoveryConfirmed()], name=person.id, by=asker.actor, at=at
    )
    return membership.new_code(unit, person, at=at, randomness=randomness)


def by_operator(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    asker: Asker,
    person_id: PersonId,
    reason: str,
    *,
    at: datetime,
    randomness: Randomness,
) -> str:
    """Return a code without a second person; it stands on the record, with *reason*."""
    asker.needs(Scope.PEOPLE_MANAGE)
    if not asker.actor.startswith("operator/"):
        raise NotAllowed("only the operator of the machine does this alone")
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH:
        raise Invalid(
            "say why nobody else can confirm it",
            [Violation("missing_field", "reason", "1 to 500 characters")],
        )
    person = _recoverable(unit, person_id)
    _forget(unit, person)
    fact = credentials.RecoveredByOperator(body=credentials.Reason(reason=reason))
    unit.people.save(person, [fact], name=person.id, by=asker.actor, at=at)
    return membership.new_code(unit, person, at=at, randomness=randomness)


def _to_recover(unit: AccessUnit, asker: Asker, person_id: PersonId) -> Person:
    asker.needs(Scope.PEOPLE_MANAGE)
    # Two tokens, or a token and its owner, are not two people.
    if not asker.actor.startswith("person/"):
        raise NotAllowed("this needs two administrators, as people who signed in")
    person = _recoverable(unit, person_id)
    if asker.actor == person.asker.actor:
        raise NotAllowed("two others have to recover your account")
    return person


def _recoverable(unit: AccessUnit, person_id: PersonId) -> Person:
    person = _active(unit, person_id)
    if person.locked:
        raise Refused(f"{person_id} is locked; unlock the person first")
    if not person.passkeys:
        raise Refused(
            f"{person_id} has no passkey; a code does: `fairlead person code`"
        )
    return person


def _active(unit: AccessUnit, person_id: PersonId) -> Person:
    person = unit.people.get(person_id)
    if not person.active:
        raise Refused(f"{person_id} has left")
    return person


def _forget(unit: AccessUnit, person: Person) -> None:
    """End every session and code of *person*."""
    unit.codes.drop_person(person.id)
    unit.sessions.drop_person(person.id)
