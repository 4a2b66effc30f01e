"""Use cases: sealed assets are handed over, opened by named people, and gone after.

A sealed asset is named in addresses by its engagement and its own name, see `address`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.base.ids import EngagementId
from fairlead.errors import NotAllowed, NotFound, Refused
from fairlead.review import agreeing, entry, facts, granting
from fairlead.review.brokering import NotOpen
from fairlead.review.engagement import ENGAGEMENTS, Engagement, SealedAsset
from fairlead.review.entry import Visitor, Wish
from fairlead.review.parties import Party, find, save
from fairlead.review.ports import ReviewUnit, SealedFiles
from fairlead.sealing import halves
from fairlead.sealing.halves import Share
from fairlead.sealing.holders import Holder, Part, read_holder
from fairlead.sealing.opening import FailedOpening
from fairlead.terms.clauses import ENDPOINTS, Action, AssetKind, Purpose, Side

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a named person wants to open."""

    asset: str
    purpose: Purpose = Purpose.MEASUREMENT
    second_secret: str = ""
    """The key of a second named person, where two are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An opening that the terms allow now."""

    engagement: Engagement
    visitor: Visitor
    wish: Wish
    clause: int
    sealed: SealedAsset


def address(engagement: EngagementId, asset: str) -> str:
    """Return what names an asset in addresses and in the folder of uploads."""
    if _PLAIN.fullmatch(asset):
        return f"{engagement}.{asset}"
    fixed = hashlib.sha256(asset.encode()).hexdigest()[:16]
    return f"{engagement}.{fixed}"


def give_out(
    unit: ReviewUnit, party: Party, asset: str, programme: str, *, at: datetime
) -> Holder:
    """Give the developer the keys that it is to seal *asset* for; once more the same.

    Raises:
        Refused: no terms hold, or they name no such sealed asset.

    """
    party.needs(Side.DEVELOPER)
    engagement = party.engagement
    agreeing.needs_alive(engagement)
    term = engagement.terms.asset(asset) if engagement.terms else None
    if term is None or term.kind in ENDPOINTS:
        raise Refused(f"the signed terms name no asset {asset!r} that is sealed")
    if known := engagement.sealed.get(asset):
        return read_holder(known.holder.encode())
    holder = unit.halves.give_out(address(engagement.id, asset), programme)
    keyed = facts.AssetKeyed(asset=asset, holder=holder.encode().decode())
    save(unit, party, [keyed], at=at)
    return holder


def of_developer(unit: ReviewUnit, asker: Asker, name: str) -> tuple[Party, str]:
    """Return the engagement and the asset that an address names, to its developer.

    Raises:
        NotFound: there is none, or not for *asker*.
        NotAllowed: it is for the developer.
        Refused: the engagement is over.

    """
    party, asset = _found(unit, asker, name)
    party.needs(Side.DEVELOPER)
    agreeing.needs_alive(party.engagement)
    return party, asset


def provide(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    asker: Asker,
    name: str,
    *,
    sealed_by: Holder,
    seal: str,
    digest: str,
    at: datetime,
) -> Engagement:
    """Make a sealed asset available, whose files have all come as they were signed."""
    party, asset = of_developer(unit, asker, name)
    term = party.engagement.terms.asset(asset) if party.engagement.terms else None
    if term is None:
        raise Refused(f"the signed terms name no asset {asset!r} any more")
    said = [
        facts.AssetProvided(asset=asset, kind=term.kind, body=facts.Connection()),
        facts.AssetSealed(
            asset=asset,
            seal=seal,
            digest=digest,
            sealed_by=sealed_by.encode().decode(),
        ),
    ]
    return save(unit, party, said, at=at)


def admit(
    unit: ReviewUnit, asker: Asker, name: str, opening: Opening, *, now: datetime
) -> Admitted:
    """Let a named person at a sealed asset, or say everything that stands in the way.

    Raises:
        NotFound: there is no such asset for *asker*.
        NotAllowed: *asker* is not named in the engagement.
        NotOpen: the terms do not open it now.

    """
    party, asset = _found(unit, asker, name)
    engagement, visitor = party.engagement, party.visitor
    if visitor is None:
        raise NotAllowed("people who are named in the engagement open its assets")
    weights = (
        engagement.terms is not None
        and (term := engagement.terms.asset(asset)) is not None
        and term.kind is AssetKind.WEIGHTS
    )
    second = None
    if opening.second_secret:
        other, with_it = granting.holder(unit, opening.second_secret)
        second = with_it.person if other.id == engagement.id else None
    wish = Wish(
        action=Action.OPEN if weights else Action.READ,
        purpose=opening.purpose,
        asset=asset,
        second=second,
    )
    decision = entry.decide(engagement, visitor, wish, now=now)
    if not decision.allowed:
        raise NotOpen(decision.failed)
    sealed = engagement.sealed[asset]
    if not sealed.seal or decision.clause is None:
        raise NotFound(f"the developer has not made {asset!r} available")
    return Admitted(
        engagement=engagement,
        visitor=visitor,
        wish=wish,
        clause=decision.clause,
        sealed=sealed,
    )


def take_files(
    unit: ReviewUnit, asker: Asker, opening: Opening, moment: Moment
) -> None:
    """Let a named person take sealed files; it leaves a trace that both sides see.

    Raises:
        NotOpen: the terms do not open the asset now; every obstacle is told.

    """
    admitted = admit(unit, asker, opening.asset, opening, now=moment.at)
    stream = ENGAGEMENTS.stream(admitted.engagement.id)
    leave_trace(unit, asker, [stream], How.READ, moment)


def hand_over(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    asker: Asker,
    opening: Opening,
    session: Holder,
    files: SealedFiles,
    *,
    at: datetime,
) -> Share:
    """Return the programme's half for the key of one session; it is on the record.

    Raises:
        NotOpen: the terms do not open it now; every obstacle is told.
        Destroyed: the half was destroyed.

    """
    admitted = admit(unit, asker, opening.asset, opening, now=at)
    sealed = admitted.sealed
    seal = files.seal(opening.asset, read_holder(sealed.sealed_by.encode()))
    if seal is None or seal.id != sealed.seal:
        raise Refused("the sealed files are not those that were made available")
    holder = read_holder(sealed.holder.encode())
    half = unit.halves.open(opening.asset, holder, seal).half
    opened = facts.AssetOpened(
        asset=admitted.wish.asset,
        person=admitted.visitor.person,
        second=admitted.wish.second,
        purpose=admitted.wish.purpose,
        clause=admitted.clause,
        session=session.id,
    )
    engagement = admitted.engagement
    unit.engagements.save(
        engagement, [opened], name=engagement.id, by=asker.actor, at=at
    )
    wrapped = halves.wrap(half, Part.PROGRAMME, session, seal.id)
    return Share(seal=seal.id, half=wrapped)


def destroy(unit: ReviewUnit, engagement: Engagement, *, at: datetime) -> None:
    """Have the programme's half of every asset of *engagement* destroyed."""
    for asset in engagement.sealed:
        unit.halves.destroy(address(engagement.id, asset), at=at)


def attempts(
    unit: ReviewUnit, engagement: Engagement, files: SealedFiles
) -> Iterator[tuple[str, bool]]:
    """Try to open each sealed asset after its half was destroyed; yield what opened."""
    for asset, sealed in engagement.sealed.items():
        name = address(engagement.id, asset)
        if not sealed.seal:
            continue
        seal = files.seal(name, read_holder(sealed.sealed_by.encode()))
        holder = read_holder(sealed.holder.encode())
        if seal is not None:
            found = unit.halves.attempt(name, holder, seal)
            yield asset, not isinstance(found, FailedOpening)


def _found(unit: ReviewUnit, asker: Asker, name: str) -> tuple[Party, str]:
    party = find(unit, asker, EngagementId(name.partition(".")[0]))
    for asset in party.engagement.sealed:
        if address(party.engagement.id, asset) == name:
            return party, asset
    raise NotFound(f"no asset {name!r}")
