"""Use cases: people are named, assets made available, access opens and ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.access import secrets
from fairlead.access.roles import Role
from fairlead.base.agenda import Timer
from fairlead.base.ids import (
    AccessKeyId,
    EngagementId,
    PersonId,
    new_access_key_id,
)
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, NotAllowed, NotFound, Unauthenticated, Violation
from fairlead.review import entry, facts, living
from fairlead.review.engagement import Engagement, Named
from fairlead.review.entry import Visitor, Wish
from fairlead.review.facts import Audience
from fairlead.review.parties import PERSON, Party, save
from fairlead.review.ports import ReviewUnit
from fairlead.review.rules import Rules
from fairlead.review.window import Ending
from fairlead.terms.clauses import Side
from fairlead.terms.decide import Decision

SYSTEM = "system/window"
SECRET = "flk-"  # noqa: S105 - how such a key begins, not one
KEYS = 10
"""Keys of one person in one engagement."""
ROLES = frozenset({Role.EVALUATOR, Role.OFFICIAL, Role.LIAISON})
"""As what the programme's people act in an engagement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new key; the secret is shown once."""

    id: AccessKeyId
    secret: str


def name_person(
    unit: ReviewUnit,
    party: Party,
    person: PersonId,
    described: facts.Described,
    *,
    at: datetime,
) -> Engagement:
    """Name one of the programme's people, with what is attested of it.

    Raises:
        Invalid: nobody of that name, or somebody of the other side.

    """
    party.needs(Side.PROGRAMME)
    try:
        found = unit.people.get(person)
    except NotFound as error:
        raise _no_person("no such person") from error
    if found.organisation != party.asker.organisation:
        raise _no_person("must be of the programme's own organisation")
    roles = tuple(str(role) for role in found.roles if role in ROLES)
    if not roles:
        raise _no_person("must act as evaluator, official or liaison")
    named = Named(
        side=Side.PROGRAMME,
        organisation=found.organisation,
        roles=tuple(sorted(roles)),
        name=found.name or "",
        attributes=described.attributes,
        place=described.place,
    )
    return save(unit, party, living.named(party.engagement, person, named), at=at)


def remove_person(
    unit: ReviewUnit, party: Party, person: PersonId, *, at: datetime
) -> Engagement:
    """Remove a named person, as either side; the developer's objection needs no reason.

    Its keys open nothing from this moment.
    """
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    said = living.removed(party.engagement, person, party.side)
    return save(unit, party, said, at=at)


def provide(
    unit: ReviewUnit,
    party: Party,
    asset: str,
    connection: facts.Connection,
    *,
    at: datetime,
) -> Engagement:
    """Make an asset available, as the developer; its credential is never shown again."""
    party.needs(Side.DEVELOPER)
    said = living.provided(party.engagement, asset, connection)
    return save(unit, party, said, at=at)


def go_live(unit: ReviewUnit, party: Party, *, at: datetime) -> Engagement:
    """Open access, as the developer; the window ends by itself."""
    party.needs(Side.DEVELOPER)
    after = save(unit, party, living.opened(party.engagement, at=at), at=at)
    assert after.ends is not None  # noqa: S101 - what opening says
    unit.agenda.schedule(Timer.WINDOW, after.id, due=after.ends)
    return after


def ring_window(unit: ReviewUnit, name: EngagementId, *, at: datetime) -> None:
    """Note that the window ended, at its end; access had ended by itself."""
    engagement = unit.engagements.get(name)
    if engagement.ends is not None and at < engagement.ends:
        # An amendment moved the end; ring again then.
        unit.agenda.schedule(Timer.WINDOW, name, due=engagement.ends)
        return
    said = living.ended(engagement, Ending.TIME)
    if said:
        unit.engagements.save(engagement, said, name=name, by=SYSTEM, at=at)


def withdraw(
    unit: ReviewUnit, party: Party, rules: Rules, *, at: datetime
) -> Engagement:
    """Withdraw, as the developer: one action, from every state, for no reason given."""
    party.needs(Side.DEVELOPER)
    after = save(unit, party, living.withdrawn(party.engagement), at=at)
    if not after.destroyed:
        due = at + rules.destroy_after
        unit.agenda.schedule(Timer.DESTRUCTION, after.id, due=due)
    return after


def record_release(
    unit: ReviewUnit, party: Party, to: Audience, *, at: datetime
) -> Engagement:
    """Record that the model was released, as the developer; nobody is asked."""
    party.needs(Side.DEVELOPER)
    return save(unit, party, living.released(party.engagement, to), at=at)


def issue_key(
    unit: ReviewUnit, party: Party, *, at: datetime, randomness: Randomness
) -> Issued:
    """Make a key with which programs act for the named person who asks.

    Raises:
        NotAllowed: it is not a person who is named, or of a partner with access.

    """
    visitor = party.visitor
    if visitor is None:
        raise NotAllowed("keys are for the people who are named in the engagement")
    engagement = party.engagement
    own = [k for k in engagement.keys.values() if k.person == visitor.person]
    if len(own) >= KEYS:
        raise NotAllowed(f"{KEYS} keys are enough; end one first")
    secret = SECRET + secrets.new_session(randomness)
    name = new_access_key_id(randomness)
    fact = facts.KeyIssued(
        key=name, person=visitor.person, digest=secrets.digest(secret)
    )
    save(unit, party, [fact], at=at)
    return Issued(id=name, secret=secret)


def end_key(
    unit: ReviewUnit, party: Party, key: AccessKeyId, *, at: datetime
) -> Engagement:
    """Make a key open nothing any more: one's own, or as either side any.

    Raises:
        NotFound: there is no such key, or it is another's.

    """
    known = party.engagement.keys.get(key)
    own = known is not None and party.asker.actor == PERSON + known.person
    if known is None or not (own or party.keeps):
        raise NotFound(f"no key {key!r}")
    return save(unit, party, [facts.KeyEnded(key=key)], at=at)


def holder(unit: ReviewUnit, secret: str) -> tuple[Engagement, Visitor]:
    """Return in which engagement a key was issued, and to whom.

    Raises:
        Unauthenticated: it opens nothing, for whatever reason.

    """
    refused = Unauthenticated("the key is unknown, or opens nothing any more")
    if not secret.startswith(SECRET):
        raise refused
    digest = secrets.digest(secret)
    engagement = unit.engagements.by_key(digest)
    key = (
        next((k for k in engagement.keys.values() if k.digest == digest), None)
        if engagement
        else None
    )
    if engagement is None or key is None:
        raise refused
    visitor = current(unit, engagement, key.person)
    if visitor is None:
        raise refused
    return engagement, visitor


def current(unit: ReviewUnit, engagement: Engagement, name: PersonId) -> Visitor | None:
    """Return how the engagement knows a person now; nothing where it must not enter."""
    person = unit.people.get(name)
    if not person.may_enter:
        return None
    roles = frozenset(str(role) for role in person.roles)
    return entry.visitor_of(engagement, name, person.organisation, roles)


def explain(
    unit: ReviewUnit,
    party: Party,
    person: PersonId | None,
    wish: Wish,
    *,
    now: datetime,
) -> Decision:
    """Return whether a person may do something now, with every obstacle and remedy.

    Both sides may ask about everyone; others about themselves only.

    Raises:
        NotAllowed: somebody asks about another.
        Invalid: the engagement knows no such person.

    """
    visitor = party.visitor
    if person is not None and (visitor is None or visitor.person != person):
        party.needs(Side.DEVELOPER, Side.PROGRAMME)
        try:
            visitor = current(unit, party.engagement, person)
        except NotFound as error:
            raise _no_person("is not named here") from error
    if visitor is None:
        raise _no_person("is not named here")
    return entry.decide(party.engagement, visitor, wish, now=now)


def _no_person(why: str) -> Invalid:
    return Invalid(f"person: {why}", [Violation("unknown_person", "person", why)])
