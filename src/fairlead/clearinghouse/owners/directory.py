"""Use cases: who maintains what, how it was shown, and what an owner wishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.base.agenda import Job
from fairlead.base.ids import OrganisationId, OwnerId, new_owner_id, random_text
from fairlead.base.pages import Page
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.claims import owners as words
from fairlead.clearinghouse.claims.owners import Source
from fairlead.clearinghouse.claims.targets import Ground, Target, read
from fairlead.clearinghouse.owners import owner as rules_of
from fairlead.clearinghouse.owners import verifying
from fairlead.clearinghouse.owners.owner import Contact, Holding, Owner
from fairlead.clearinghouse.owners.ports import OwnersUnit
from fairlead.clearinghouse.owners.rules import Rules
from fairlead.clearinghouse.owners.verifying import Question, Shown
from fairlead.clearinghouse.owners.wishes import Wishes
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused, Violation
from fairlead.record.events import Fact

NONCE = 26
"""Characters of a challenge: 128 bits."""
CHECKER = Asker(actor="system/owners")

ReadCertificate = Callable[[str], tuple[str, str]]
"""Returns an OpenPGP certificate, armoured, and its fingerprint, or raises `Invalid`."""


def no_certificates(_written: str) -> tuple[str, str]:
    """Read no certificate.

    Raises:
        Invalid: always.

    """
    raise Invalid(
        "no OpenPGP here", [Violation("invalid_certificate", "certificate", "none")]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every use case about owners is given."""

    randomness: Randomness
    rules: Rules = field(default_factory=Rules)
    read_certificate: ReadCertificate = no_certificates


def enter(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: OwnersUnit,
    asker: Asker,
    name: str,
    mail: str,
    places: Sequence[Target],
    desk: Desk,
    *,
    certificate: str = "",
    organisation: OrganisationId | None = None,
    at: datetime,
) -> Owner:
    """Write down who maintains *places*, and have the challenge mailed to it.

    A coordinator does so for anybody; a member for itself.

    Raises:
        NotAllowed: it is neither.

    """
    if not asker.may(Scope.OWNER_VERIFY):
        asker.needs(Scope.OWNER_SAY)
        organisation = _home(asker)
    if organisation is not None and not unit.organisations.get(organisation).active:
        raise Refused(f"{organisation} has left")
    facts = rules_of.entered(
        organisation, name, _contact(desk, mail, certificate), places, new_nonce(desk)
    )
    named = new_owner_id(desk.randomness)
    entered = unit.owners.save(None, facts, name=named, by=asker.actor, at=at)
    unit.agenda.enqueue(Job.OWNER_LETTER, entered.id, at=at)
    return entered


def find(unit: OwnersUnit, asker: Asker, name: str) -> Owner:
    """Return an owner, to coordinators and to the member that it is.

    Raises:
        NotFound: there is none, or *asker* may not know of it; which is not said.

    """
    found = unit.owners.maybe(name)
    own = (
        found is not None
        and asker.may(Scope.OWNER_SAY)
        and asker.organisation is not None
        and found.organisation == asker.organisation
    )
    if found is None or not (own or asker.may(Scope.OWNER_VERIFY)):
        raise NotFound(f"no owner {name!r}")
    return found


def listed(unit: OwnersUnit, asker: Asker, page: Page) -> Sequence[Owner]:
    """Return owners: to coordinators all, to a member those that it is."""
    if asker.may(Scope.OWNER_VERIFY):
        return unit.owners.listed(page)
    asker.needs(Scope.OWNER_SAY)
    return unit.owners.of(_home(asker)) if asker.organisation else ()


def add_place(
    unit: OwnersUnit, asker: Asker, name: str, target: Target, *, at: datetime
) -> Owner:
    """Say that an owner maintains something more; it is to be shown like the rest."""
    found = find(unit, asker, name)
    return _save(unit, found, rules_of.place_added(found, target), asker, at)


def drop_place(  # noqa: PLR0913 - one value a thing that must be said
    unit: OwnersUnit,
    asker: Asker,
    name: str,
    number: int,
    *,
    reason: str,
    at: datetime,
) -> Owner:
    """Say that it maintains something no more, or never did."""
    found = find(unit, asker, name)
    return _save(unit, found, rules_of.place_dropped(found, number, reason), asker, at)


def change_contact(  # noqa: PLR0913 - one value a thing that must be said
    unit: OwnersUnit,
    asker: Asker,
    name: str,
    mail: str,
    desk: Desk,
    *,
    certificate: str = "",
    at: datetime,
) -> Owner:
    """Reach an owner another way: nothing is delivered until all is shown again."""
    found = find(unit, asker, name)
    reached = _contact(desk, mail, certificate)
    facts = rules_of.contact_changed(found, reached, new_nonce(desk))
    changed = _save(unit, found, facts, asker, at)
    if facts:
        unit.agenda.enqueue(Job.OWNER_LETTER, changed.id, at=at)
    return changed


def confirm(unit: OwnersUnit, found: Owner, epoch: int, *, at: datetime) -> Owner:
    """Note that a mail to the contact was read there."""
    facts = rules_of.contact_confirmed(found, epoch)
    return _settled(unit, _save(unit, found, facts, CHECKER, at), CHECKER, at)


def vouch(  # noqa: PLR0913 - one value a thing that must be said
    unit: OwnersUnit,
    asker: Asker,
    name: str,
    number: int,
    *,
    how: str,
    at: datetime,
) -> Owner:
    """Say, as a coordinator by name, that a place is the owner's; it takes two.

    Raises:
        NotVerified: *asker* is no person who was verified within ten minutes.
        NotAllowed: it is the one who vouched before, or of the owner's organisation.

    """
    found = find(unit, asker, name)
    asker.needs(Scope.OWNER_VERIFY)
    asker.needs_verified(at)
    if asker.organisation is not None and found.organisation == asker.organisation:
        raise NotAllowed("somebody of another organisation vouches for yours")
    facts = rules_of.vouched(found, number, asker.actor, how)
    return _settled(unit, _save(unit, found, facts, asker, at), asker, at)


def ask_to_check(unit: OwnersUnit, asker: Asker, name: str, *, at: datetime) -> Owner:
    """Have the worker look for the challenge in every place that is not verified."""
    found = find(unit, asker, name)
    unit.agenda.enqueue(Job.OWNER_CHECK, found.id, at=at)
    return found


def questions(found: Owner, rules: Rules, at: datetime) -> Sequence[Question]:
    """Return what is to be looked for: each place that is not shown for this contact."""
    asked = [
        verifying.question(found, one)
        for one in found.held
        if found.active and not found.proved(one, rules, at)
    ]
    return [one for one in asked if one is not None]


def take_shown(
    unit: OwnersUnit, name: OwnerId, shown: Sequence[Shown], *, at: datetime
) -> Owner:
    """Note what was seen outside; what was seen for an earlier contact is passed over."""
    found = unit.owners.get(name)
    known = {one.number for one in found.held}
    facts: list[Fact] = []
    for one in shown:
        if one.epoch == found.epoch and one.number in known and found.active:
            facts += rules_of.proved(
                found, one.number, one.proof, one.seen, epoch=one.epoch
            )
    return _settled(unit, _save(unit, found, facts, CHECKER, at), CHECKER, at)


def say_wishes(
    unit: OwnersUnit, asker: Asker, name: str, wishes: Wishes, *, at: datetime
) -> Owner:
    """Say what an owner wishes of deliveries; it counts at once."""
    found = find(unit, asker, name)
    return wish(unit, found, wishes, by=asker, at=at)


def wish(
    unit: OwnersUnit, found: Owner, wishes: Wishes, *, by: Asker, at: datetime
) -> Owner:
    """Note what an owner wishes, whoever conveyed it."""
    saved = _save(unit, found, rules_of.wishes_said(found, wishes), by, at)
    unit.agenda.enqueue(Job.OWNER_PACE, saved.id, at=at)
    return saved


def end(
    unit: OwnersUnit, asker: Asker, name: str, *, reason: str, at: datetime
) -> Owner:
    """Deliver nothing to this owner any more; what waits for it is routed anew."""
    found = find(unit, asker, name)
    asker.needs(Scope.OWNER_VERIFY)
    return _save(unit, found, rules_of.ended(found, reason), asker, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Who is said to maintain some ground, the best first."""

    owner: Owner
    place: str
    verified: bool


def owners_of(
    unit: OwnersUnit, grounds: Mapping[str, Ground], rules: Rules, *, at: datetime
) -> Mapping[str, Sequence[Match]]:
    """Return who maintains each ground: verified ones first, then the nearest place.

    Of several that are verified for one place the first one verified goes first: who
    shows it later does not take it over, but is shown to coordinators.
    """
    places = {
        place
        for ground in grounds.values()
        for place in (ground.place, *ground.containers)
    }
    about = unit.owners.about(sorted(places))
    return {
        name: _matches((ground.place, *ground.containers), about, rules, at)
        for name, ground in grounds.items()
    }


def ground_of(unit: OwnersUnit, target: Target) -> Ground:
    """Return *target* with all that contains it, as the names of projects say."""
    return read(target, unit.aliases.of)


def _matches(
    places: Sequence[str],
    about: Mapping[str, Sequence[Owner]],
    rules: Rules,
    at: datetime,
) -> Sequence[Match]:
    found: list[tuple[tuple[bool, int, datetime, str], Match]] = []
    for depth, place in enumerate(places):
        for one in about.get(place, ()):
            holding = next(h for h in one.held if h.place == place)
            verified = one.verified(holding, rules, at)
            since = (holding.proved_at if verified else None) or one.entered_at
            match = Match(owner=one, place=place, verified=verified)
            found.append(((not verified, depth, since, one.id), match))
    return [match for _, match in sorted(found, key=lambda pair: pair[0])]


def _settled(unit: OwnersUnit, found: Owner, by: Asker, at: datetime) -> Owner:
    """Do what follows from a place that is verified now.

    What its organisation said about scanning there binds; what waits may go.
    """
    if found.organisation is not None and found.confirmed:
        said = {
            word.place: word
            for word in unit.owner_words.of(found.organisation)
            if word.source is Source.SAID and not word.verified
        }
        for one in found.held:
            word = said.get(one.place)
            if word is not None and _shown_now(found, one):
                facts = words.verified(word, f"{one.proof}, in the directory of owners")
                unit.owner_words.save(word, facts, name=word.id, by=by.actor, at=at)
    unit.agenda.enqueue(Job.OWNER_PACE, found.id, at=at)
    return found


def _shown_now(found: Owner, one: Holding) -> bool:
    return one.proof is not None and one.epoch == found.epoch


def _save(
    unit: OwnersUnit, found: Owner, facts: Sequence[Fact], by: Asker, at: datetime
) -> Owner:
    if not facts:
        return found
    return unit.owners.save(found, facts, name=found.id, by=by.actor, at=at)


def _contact(desk: Desk, mail: str, certificate: str) -> Contact:
    if not certificate.strip():
        return rules_of.contact(mail)
    armoured, fingerprint = desk.read_certificate(certificate)
    return rules_of.contact(mail, armoured, fingerprint)


def new_nonce(desk: Desk) -> str:
    """Return what a new challenge is told by."""
    return random_text(desk.randomness, NONCE)


def _home(asker: Asker) -> OrganisationId:
    if asker.organisation is None:
        raise NotAllowed("only members do this")
    return asker.organisation
