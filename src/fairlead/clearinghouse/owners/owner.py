"""Owners: who maintains which software, how that was shown, and how they are reached.

An owner has one contact: a mail address, and an OpenPGP certificate where it has one. What
shows that a place is the owner's shows it for that contact: the challenge that stands in a
repository, in DNS, in a `security.txt` or in a registry names the contact. So whoever
changes the contact shows everything again (nothing is delivered until then), and a
challenge that was placed for one contact is worth nothing for another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import OrganisationId, OwnerId
from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import wishes as wishing
from fairlead.clearinghouse.owners.rules import Rules
from fairlead.clearinghouse.owners.wishes import Wishes
from fairlead.errors import Invalid, NotAllowed, Refused, Violation
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected

PLACES = 500
"""Places of one owner, at most."""
CERTIFICATE = 65_536
"""Characters of a certificate, at most."""
KEPT_MAILS = 50
"""Mails that are remembered."""
SAYS = "fairlead-owner"
"""What a challenge begins with."""

_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?=.{4,253}\Z)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
"""An address (RFC 5322, 3.4.1 without quoting and comments): nothing that ends a header."""


class Proof(StrEnum):
    """One thing that shows that a place is an owner's."""

    COMMIT = "challenge commit"
    """The challenge stands in the repository, at the head of its default branch."""
    DNS = "DNS record"
    """The challenge stands in the DNS of the host."""
    SECURITY_TXT = "security.txt"
    """The challenge stands in the host's `security.txt`."""
    REGISTRY = "registry"
    """The challenge stands in what the registry tells of the package, or the registry
    itself names the contact as an account that publishes it."""
    COORDINATORS = "two coordinators"
    """Two coordinators, each by name, say so."""


class Contact(Struct, frozen=True, kw_only=True):
    """How an owner is reached."""

    mail: str
    certificate: str = ""
    """An OpenPGP certificate, armoured; empty where the owner has none."""
    fingerprint: str = ""


class Entry(Struct, frozen=True, kw_only=True):
    """Who an owner is, and what it must place to show that something is its own."""

    name: str
    contact: Contact
    nonce: str


class Named(Struct, frozen=True, kw_only=True):
    """What an owner maintains."""

    target: Target
    place: str


class Reach(Struct, frozen=True, kw_only=True):
    """A new contact, with the challenge that belongs to it."""

    contact: Contact
    nonce: str


class Seen(Struct, frozen=True, kw_only=True):
    """What was seen where."""

    seen: str


class Wished(Struct, frozen=True, kw_only=True):
    """What an owner wishes."""

    wishes: Wishes


class OwnerEntered(Fact, frozen=True, tag="ownership.entered@1"):
    """Somebody wrote down who maintains something; nothing is shown yet."""

    organisation: OrganisationId | None
    """The member that the owner is, where it is one."""
    body: Entry | None = None


class PlaceAdded(Fact, frozen=True, tag="ownership.place_added@1"):
    """The owner is said to maintain something more."""

    number: int
    body: Named | None = None


class PlaceDropped(Fact, frozen=True, tag="ownership.place_dropped@1"):
    """The owner maintains it no more, or never did."""

    number: int
    body: Seen | None = None


class ContactChanged(Fact, frozen=True, tag="ownership.contact_changed@1"):
    """The owner is reached another way; everything is to be shown again."""

    body: Reach | None = None


class ContactConfirmed(Fact, frozen=True, tag="ownership.contact_confirmed@1"):
    """A mail that was sent to the contact was read there."""

    epoch: int


class PlaceProved(Fact, frozen=True, tag="ownership.proved@1"):
    """It was shown that a place is the owner's."""

    number: int
    proof: Proof
    epoch: int
    body: Seen | None = None


class Vouched(Fact, frozen=True, tag="ownership.vouched@1"):
    """A coordinator says that a place is the owner's; it takes two."""

    number: int
    epoch: int
    body: Seen | None = None


class WishesSaid(Fact, frozen=True, tag="ownership.wishes_said@1"):
    """The owner said what it wishes."""

    body: Wished | None = None


class OwnerWrote(Fact, frozen=True, tag="ownership.wrote@1"):
    """A mail came that says nothing about a case; what it means stands beside it."""

    what: str
    mail: str
    body: Seen | None = None


class OwnerEnded(Fact, frozen=True, tag="ownership.ended@1"):
    """Nothing goes to this owner any more."""

    body: Seen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One place that an owner is said to maintain, and what shows it."""

    number: int
    target: Target | None
    """Nothing where it was erased."""
    place: str
    proof: Proof | None = None
    epoch: int = 0
    """Of the contact for which it was shown."""
    proved_at: datetime | None = None
    vouchers: tuple[str, ...] = ()
    """Coordinators who say so, for the present contact."""
    dropped: bool = False

    @property
    def name(self) -> str:
        """How the place was named."""
        return self.target.name if self.target else "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whoever maintains something."""

    id: OwnerId
    organisation: OrganisationId | None
    name: str
    contact: Contact
    nonce: str
    entered_at: datetime
    epoch: int = 1
    """Counts the contacts; what was shown for an earlier one counts no more."""
    confirmed: bool = False
    """Whether a mail to the contact was read there."""
    holdings: tuple[Holding, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)
    active: bool = True
    mails: tuple[str, ...] = ()
    """Mails that were taken, so that none is taken twice."""
    version: int = 1

    @property
    def challenge(self) -> str:
        """The one line to be placed; it says whom reports go to."""
        parts = [SAYS, self.nonce, f"mailto:{self.contact.mail}"]
        if self.contact.fingerprint:
            parts.append(f"openpgp4fpr:{self.contact.fingerprint}")
        return " ".join(parts)

    @property
    def held(self) -> tuple[Holding, ...]:
        """What it is said to maintain now."""
        return tuple(h for h in self.holdings if not h.dropped)

    def holding(self, number: int) -> Holding:
        """Return one of them.

        Raises:
            Invalid: there is none of that number.

        """
        for one in self.held:
            if one.number == number:
                return one
        raise Invalid(
            f"{self.id} has no place {number}",
            [Violation("unknown_place", "number", "one of the owner's places")],
        )

    def proved(self, one: Holding, rules: Rules, at: datetime) -> bool:
        """Tell whether it is shown, for the present contact and recently enough."""
        return (
            one.proof is not None
            and one.epoch == self.epoch
            and one.proved_at is not None
            and at < one.proved_at + rules.verified_for
        )

    def verified(self, one: Holding, rules: Rules, at: datetime) -> bool:
        """Tell whether what is about it may be delivered to this owner."""
        return (
            self.active
            and self.confirmed
            and not one.dropped
            and self.proved(one, rules, at)
        )

    def verified_places(self, rules: Rules, at: datetime) -> tuple[str, ...]:
        """Return every place that is verified."""
        return tuple(h.place for h in self.held if self.verified(h, rules, at))


def contact(mail: str, certificate: str = "", fingerprint: str = "") -> Contact:
    """Return a contact as it was typed; the certificate was read by whoever calls.

    Raises:
        Invalid: it is no mail address.

    """
    address = mail.strip()
    if not _MAIL.fullmatch(address):
        raise Invalid(
            "mail: one address, such as security@example.org",
            [Violation("invalid_mail", "mail", "an address without a name")],
        )
    if len(certificate) > CERTIFICATE:
        raise Invalid(
            "certificate: too large",
            [Violation("too_large", "certificate", f"at most {CERTIFICATE} letters")],
        )
    before, _, domain = address.rpartition("@")
    return Contact(
        mail=f"{before}@{domain.lower()}",
        certificate=certificate,
        fingerprint=fingerprint.upper(),
    )


def entered(
    organisation: OrganisationId | None,
    name: str,
    reached: Contact,
    places: Sequence[Target],
    nonce: str,
) -> Sequence[Fact]:
    """Return what writing down an owner means.

    Raises:
        Invalid: no name, no place, or one that cannot be read.

    """
    called = name.strip()
    if not called or len(called) > 200 or not called.isprintable():  # noqa: PLR2004 - said
        raise Invalid(
            "name: 1 to 200 printable characters",
            [Violation("invalid_name", "name", "1 to 200 printable characters")],
        )
    if not 0 < len(places) <= PLACES:
        raise Invalid(
            f"places: 1 to {PLACES}",
            [Violation("invalid_places", "places", f"name 1 to {PLACES}")],
        )
    facts: list[Fact] = [
        OwnerEntered(
            organisation=organisation,
            body=Entry(name=called, contact=reached, nonce=nonce),
        )
    ]
    unique = {targets.place_of(target): target for target in places}
    facts += [
        PlaceAdded(number=number, body=Named(target=target, place=place))
        for number, (place, target) in enumerate(unique.items(), 1)
    ]
    return facts


def place_added(owner: Owner, target: Target) -> Sequence[Fact]:
    """Return what maintaining one thing more means."""
    _refuse_ended(owner)
    place = targets.place_of(target)
    if any(one.place == place for one in owner.held):
        return []
    if len(owner.held) >= PLACES:
        raise Refused(f"{owner.id} has {PLACES} places already")
    number = max((one.number for one in owner.holdings), default=0) + 1
    return [PlaceAdded(number=number, body=Named(target=target, place=place))]


def place_dropped(owner: Owner, number: int, reason: str) -> Sequence[Fact]:
    """Return what maintaining it no more means."""
    _refuse_ended(owner)
    owner.holding(number)
    return [PlaceDropped(number=number, body=Seen(seen=_why(reason)))]


def contact_changed(owner: Owner, reached: Contact, nonce: str) -> Sequence[Fact]:
    """Return what reaching the owner another way means: everything is shown again."""
    _refuse_ended(owner)
    if reached == owner.contact:
        return []
    return [ContactChanged(body=Reach(contact=reached, nonce=nonce))]


def contact_confirmed(owner: Owner, epoch: int) -> Sequence[Fact]:
    """Return what it means that a mail to the contact of *epoch* was read."""
    _refuse_ended(owner)
    if epoch != owner.epoch:
        raise Refused("this was sent to an earlier contact of the owner")
    return [] if owner.confirmed else [ContactConfirmed(epoch=epoch)]


def proved(
    owner: Owner, number: int, proof: Proof, seen: str, *, epoch: int
) -> Sequence[Fact]:
    """Return what it means that the challenge of *epoch* was seen where it must be.

    Raises:
        Refused: the contact changed while it was looked for.
        Invalid: there is no such place.

    """
    _refuse_ended(owner)
    owner.holding(number)
    if epoch != owner.epoch:
        raise Refused("the contact changed meanwhile; place the new challenge")
    if proof is Proof.COORDINATORS:
        message = "coordinators vouch, one by one"
        raise ValueError(message)
    body = Seen(seen=seen[:500])
    return [PlaceProved(number=number, proof=proof, epoch=epoch, body=body)]


def vouched(owner: Owner, number: int, by: str, how: str) -> Sequence[Fact]:
    """Return what the word of the coordinator *by* means; the second one makes it proof.

    Raises:
        NotAllowed: it is no person, or the one who vouched already.
        Invalid: it does not say how it knows, or there is no such place.

    """
    _refuse_ended(owner)
    one = owner.holding(number)
    if not by.startswith("person/"):
        raise NotAllowed("a person vouches, by name; a program cannot")
    if by in one.vouchers:
        raise NotAllowed("you vouched already; it takes another coordinator")
    seen = Seen(seen=_why(how))
    facts: list[Fact] = [Vouched(number=number, epoch=owner.epoch, body=seen)]
    if len(one.vouchers) == 1:
        facts.append(
            PlaceProved(
                number=number, proof=Proof.COORDINATORS, epoch=owner.epoch, body=seen
            )
        )
    return facts


def wishes_said(owner: Owner, wishes: Wishes) -> Sequence[Fact]:
    """Return what wishing something else means."""
    _refuse_ended(owner)
    wishing.check(wishes)
    return [] if wishes == owner.wishes else [WishesSaid(body=Wished(wishes=wishes))]


def wrote(owner: Owner, what: str, words: str, mail: str) -> Sequence[Fact]:
    """Return what a mail means that says nothing about a case; taken once."""
    if mail in owner.mails:
        return []
    return [OwnerWrote(what=what, mail=mail, body=Seen(seen=words[:20_000]))]


def ended(owner: Owner, reason: str) -> Sequence[Fact]:
    """Return what it means that nothing goes to this owner any more."""
    _refuse_ended(owner)
    return [OwnerEnded(body=Seen(seen=_why(reason)))]


def lapses_at(one: Holding, rules: Rules) -> datetime | None:
    """Return when what shows it is too old, if something does."""
    return one.proved_at + rules.verified_for if one.proved_at else None


def _refuse_ended(owner: Owner) -> None:
    if not owner.active:
        raise Refused(f"{owner.id} was ended")


def _why(reason: str) -> str:
    if not reason.strip():
        raise Invalid(
            "say how you know; it stands in the record",
            [Violation("missing_field", "how", "in words")],
        )
    return reason.strip()[:500]


def _evolve(state: Owner | None, event: Event) -> Owner:  # noqa: PLR0911 - one a fact
    if state is None:
        return _first(event)
    state = replace(state, version=event.version)
    match event.fact:
        case PlaceAdded(number=number, body=body):
            new = Holding(
                number=number,
                target=body.target if body else None,
                place=body.place if body else "",
            )
            return replace(state, holdings=(*state.holdings, new))
        case ContactChanged(body=body):
            return _reached(state, body)
        case ContactConfirmed(epoch=epoch):
            return replace(state, confirmed=epoch == state.epoch)
        case WishesSaid(body=body):
            return replace(state, wishes=body.wishes if body else Wishes())
        case OwnerWrote(mail=mail):
            return replace(state, mails=(*state.mails, mail)[-KEPT_MAILS:])
        case OwnerEnded():
            return replace(state, active=False)
        case PlaceDropped() | PlaceProved() | Vouched():
            return _with(state, event)
    raise unexpected(event)


def _reached(state: Owner, body: Reach | None) -> Owner:
    """Return the owner with another contact, for which nothing was shown."""
    return replace(
        state,
        contact=body.contact if body else Contact(mail=""),
        nonce=body.nonce if body else "",
        epoch=state.epoch + 1,
        confirmed=False,
        holdings=tuple(replace(one, vouchers=()) for one in state.holdings),
    )


def _with(state: Owner, event: Event) -> Owner:
    """Return the owner with one of its places changed."""
    fact = event.fact
    assert isinstance(fact, PlaceDropped | PlaceProved | Vouched)  # noqa: S101 - as matched
    holdings = tuple(
        _changed(one, event) if one.number == fact.number else one
        for one in state.holdings
    )
    return replace(state, holdings=holdings)


def _changed(one: Holding, event: Event) -> Holding:
    match event.fact:
        case PlaceDropped():
            return replace(one, dropped=True)
        case PlaceProved(proof=proof, epoch=epoch):
            # What two said is used up: once it is too old, it takes two again.
            return replace(
                one, proof=proof, epoch=epoch, proved_at=event.at, vouchers=()
            )
        case Vouched():
            return replace(one, vouchers=(*one.vouchers, event.actor))
    raise unexpected(event)


def _first(event: Event) -> Owner:
    if not isinstance(event.fact, OwnerEntered):
        raise unexpected(event)
    said = event.fact.body
    return Owner(
        id=OwnerId(name_of(event)),
        organisation=event.fact.organisation,
        name=said.name if said else "erased",
        contact=said.contact if said else Contact(mail=""),
        nonce=said.nonce if said else "",
        entered_at=event.at,
    )


OWNERS = Subject(
    "ownership",
    Owner,
    (
        OwnerEntered,
        PlaceAdded,
        PlaceDropped,
        ContactChanged,
        ContactConfirmed,
        PlaceProved,
        Vouched,
        WishesSaid,
        OwnerWrote,
        OwnerEnded,
    ),
    _evolve,
)
