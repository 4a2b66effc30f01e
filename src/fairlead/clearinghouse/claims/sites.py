"""The ground of a claim as it is looked up, and which claims overlap on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.claims import owners, targets
from fairlead.clearinghouse.claims.asking import Asked
from fairlead.clearinghouse.claims.claim import Claim, State, Visibility
from fairlead.clearinghouse.claims.owners import OwnerWord
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk, Keys
from fairlead.clearinghouse.claims.targets import Ground, Named, Names
from fairlead.errors import (
    Error,
    Invalid,
    NotAllowed,
    Refused,
    Violation,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The ground of a claim, as it is looked up; of a blind one only that."""

    keys: Keys
    ground: Ground | None
    words: Sequence[OwnerWord] = ()


def sites_of(
    unit: ClaimsUnit, asked: Sequence[Asked], desk: Desk
) -> Sequence[Site | Error]:
    """Return the grounds of *asked*; of what cannot be claimed, why."""
    first: list[Error | None] = []
    places: list[str] = []
    for one in asked:
        try:
            if one.target is not None:
                places.append(targets.place_of(one.target))
            first.append(None)
        except Invalid as error:
            first.append(error)
    names = known_names(unit, places)
    grounds = [
        targets.read(one.target, names) if one.target and not wrong else None
        for one, wrong in zip(asked, first, strict=True)
    ]
    every = {p for g in grounds if g for p in (g.place, *g.containers)}
    words = [w for w in unit.owner_words.about(sorted(every)) if w.binds]
    sites: list[Site | Error] = []
    for one, wrong, ground in zip(asked, first, grounds, strict=True):
        try:
            sites.append(wrong or _site(unit, one, ground, words, desk))
        except (Invalid, Refused) as error:
            sites.append(error)
    return sites


def _site(
    unit: ClaimsUnit,
    asked: Asked,
    ground: Ground | None,
    words: Sequence[OwnerWord],
    desk: Desk,
) -> Site:
    if asked.visibility is Visibility.BLIND:
        return _blind_site(unit, asked, desk)
    if ground is None:
        raise Invalid(
            "target: say what is scanned",
            [Violation("missing_field", "target", "only a blind claim has none")],
        )
    every = (ground.place, *ground.containers)
    tokens = asked.tokens or desk.matching.tokens(every)
    return Site(
        keys=unit.places.keys(ground.place, ground.containers, tokens),
        ground=ground,
        words=[word for word in words if owners.applies(word, ground)],
    )


def _blind_site(unit: ClaimsUnit, asked: Asked, desk: Desk) -> Site:
    if not desk.matching.holders:
        raise Refused("blind claims are not offered here")
    if asked.target is not None or not asked.tokens:
        raise Invalid(
            "a blind claim names tokens, and no target",
            [Violation("invalid_target", "tokens", "from the OPRF, own place first")],
        )
    if any(len(t) != 64 or set(t) - set("0123456789abcdef") for t in asked.tokens):  # noqa: PLR2004 - a SHA-256
        raise Invalid(
            "tokens: 64 hexadecimal digits each",
            [Violation("invalid_token", "tokens", "what the OPRF gave")],
        )
    return Site(keys=unit.places.blind_keys(asked.tokens), ground=None)


def known_names(unit: ClaimsUnit, places: Sequence[str]) -> Names:
    """Return what is said of *places*, and of what that leads to, read at once."""
    known: dict[str, Named] = {}
    ahead = sorted(set(places))
    for _ in range(targets.DEPTH):
        found = unit.aliases.of(ahead) if ahead else {}
        known |= found
        ahead = sorted({named.into for named in found.values()} - set(known))
    if not known:
        return targets.no_names

    def names(asked: Sequence[str]) -> dict[str, Named]:
        return {place: known[place] for place in asked if place in known}

    return names


def keeps_off(other: Claim, exclusive: bool, at: datetime) -> bool:  # noqa: FBT001 - of the one that asks
    """Tell whether *other* keeps one off who wants the same ground."""
    if not (exclusive or other.exclusive):
        return False
    return other.holds(at) or (other.state is State.WAITING and at < other.until)


def same_ground(ground: Ground | None, other: Claim, *, same: bool) -> bool:
    """Tell whether two whose places meet overlap; in doubt they do."""
    if not same or ground is None or other.scan is None or other.scan.target is None:
        return True
    theirs = targets.alone(other.scan.target)
    return (
        ground.versions.overlaps(theirs.versions)
        and ground.commits.overlaps(theirs.commits)
        and targets.one_in_other(ground.part, theirs.part)
    )


def refuse_foreign_host(site: Site, home: OrganisationId) -> None:
    """Raise `NotAllowed` for a host that *home* is not known to own."""
    if site.ground is None or not site.ground.place.startswith("host/"):
        return
    if not any(word.organisation == home for word in site.words):
        raise NotAllowed(
            "a host is claimed by who owns it: say so on the page of owners, and have a"
            " coordinator verify it"
        )
