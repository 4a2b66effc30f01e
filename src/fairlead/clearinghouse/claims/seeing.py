"""Use cases: who sees which claims, and how much of each.

Who holds a claim is shown to its holder, to coordinators, and to members where the holder
chose `all`. A blind claim is shown to its holder and, without a target, to coordinators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.access.visibility import CLAIMS as VISIBLE
from fairlead.base.ids import ClaimId, OrganisationId
from fairlead.clearinghouse.claims import asking, checking, coverage
from fairlead.clearinghouse.claims.claim import (
    CLAIMS,
    COVERAGE_LASTS,
    Claim,
    Scan,
    State,
    Visibility,
)
from fairlead.clearinghouse.claims.coverage import Picture, Ranked
from fairlead.clearinghouse.claims.owners import OwnerWord
from fairlead.clearinghouse.claims.ports import ClaimsUnit
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.ports import Page
from fairlead.errors import NotFound

Published = Callable[[Sequence[str]], Mapping[str, int]]
"""Counts what others have published about packages, by purl without version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A claim as one asker may see it."""

    claim: Claim
    organisation: OrganisationId | None
    """Nothing where the holder stays unnamed."""
    scan: Scan | None
    """Without contact and tokens where the holder stays unnamed."""
    mine: bool


def shown(claim: Claim, asker: Asker) -> Shown:
    """Return what *asker* may see of a claim that it may see."""
    mine = asker.organisation is not None and claim.organisation == asker.organisation
    named = (
        mine or claim.visibility is Visibility.ALL or asker.may(Scope.CLAIM_READ_ALL)
    )
    scan = claim.scan
    if scan is not None and not mine:
        scan = Scan(
            target=scan.target,
            method=scan.method,
            depth=scan.depth,
            model=scan.model if named else "",
            tool=scan.tool if named else "",
            contact=scan.contact if named else "",
            reproducer=scan.reproducer,
        )
    return Shown(
        claim=claim,
        organisation=claim.organisation if named else None,
        scan=scan,
        mine=mine,
    )


def look(unit: ClaimsUnit, asker: Asker, name: ClaimId, moment: Moment) -> Shown:
    """Return one claim, as far as *asker* may see it.

    Raises:
        NotFound: there is none, or *asker* may not know of it.

    """
    claim = unit.claims.find(name, VISIBLE.condition(asker))
    _trace(unit, asker, [claim], moment)
    return shown(claim, asker)


def listed(
    unit: ClaimsUnit, asker: Asker, page: Page, moment: Moment
) -> Sequence[Shown]:
    """Return claims that hold now, the newest first, as far as *asker* may see them."""
    asker.needs(Scope.CLAIM_READ)
    rule = VISIBLE.condition(asker)
    found = unit.claims.seen(rule, page, states=(State.ACTIVE,))
    found = [claim for claim in found if claim.holds(moment.at)]
    _trace(unit, asker, found, moment)
    return [shown(claim, asker) for claim in found]


def mine(unit: ClaimsUnit, asker: Asker, page: Page) -> Sequence[Shown]:
    """Return the claims of the asker's organisation, the newest first."""
    home = asking.member(asker)
    found = unit.claims.of(home, page, states=list(State))
    return [shown(claim, asker) for claim in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a member is told about a target."""

    target: Target
    active: Sequence[Shown]
    waiting: int
    picture: Picture
    words: Sequence[OwnerWord]


def check(
    unit: ClaimsUnit, asker: Asker, asked: Sequence[Target], moment: Moment
) -> Sequence[Told]:
    """Return who scans what, what was covered, and what the owners say."""
    found = checking.check(unit, asker, asked, at=moment.at)
    _trace(unit, asker, [c for f in found for c in f.active], moment)
    return [
        Told(
            target=one.target,
            active=[shown(claim, asker) for claim in one.active],
            waiting=one.waiting,
            picture=coverage.picture(one.covered, at=moment.at),
            words=one.words,
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One target on the map: what was seen of it, and who is at it now."""

    name: str
    worth: float
    """What is left of all scans together, from 0 to 1."""
    scans: int
    found: int
    """In how many of them something was found."""
    last: datetime | None
    """When the last of them ended."""
    active: int

    @property
    def weight(self) -> int:
        """Return how much room it takes on the map."""
        return 1 + self.scans + self.active


CHARTED = 2_000
"""Claims that the map is drawn from, at most, the newest first."""


def chart(
    unit: ClaimsUnit, asker: Asker, moment: Moment, *, size: int = 60
) -> Sequence[Spot]:
    """Return the targets that members scan or have scanned, the most scanned first.

    It is drawn from claims that *asker* may see, and never from blind ones.
    """
    asker.needs(Scope.CLAIM_READ)
    rule = VISIBLE.condition(asker)
    states = (State.ACTIVE, State.RELEASED)
    claims = unit.claims.seen(rule, Page(size=CHARTED), states=states)
    _trace(unit, asker, [c for c in claims if c.state is State.ACTIVE], moment)
    by_name: dict[str, list[Claim]] = {}
    for claim in claims:
        blind = claim.visibility is Visibility.BLIND
        if claim.scan is not None and claim.scan.target is not None and not blind:
            by_name.setdefault(claim.scan.target.name, []).append(claim)
    spots = [_spot(name, found, moment.at) for name, found in by_name.items()]
    known = [spot for spot in spots if spot.scans or spot.active]
    return sorted(known, key=lambda spot: (-spot.weight, spot.name))[:size]


def _spot(name: str, claims: Sequence[Claim], at: datetime) -> Spot:
    since = at - COVERAGE_LASTS
    covered = [
        claim
        for claim in claims
        if claim.coverage is not None and (claim.ended_at or claim.taken_at) > since
    ]
    seen = coverage.picture(covered, at=at)
    return Spot(
        name=name,
        worth=seen.worth,
        scans=len(covered),
        found=sum(method.found for method in seen.by_method),
        last=max((method.at for method in seen.by_method), default=None),
        active=sum(claim.holds(at) for claim in claims),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who is at an owner's door."""

    word: OwnerWord
    active: Sequence[Shown]
    blind: int
    """How many more there are whose holders and targets nobody is told."""
    picture: Picture


def at_the_door(
    unit: ClaimsUnit, asker: Asker, moment: Moment, *, tokens: asking.Tokens
) -> Sequence[Door]:
    """Return who scans what the asker's organisation was verified to own.

    *tokens* returns those of places, where blind claims can be counted here.
    """
    asker.needs(Scope.OWNER_SAY)
    if asker.organisation is None:
        raise NotFound("only members own")
    doors = []
    for word in unit.owner_words.of(asker.organisation):
        if not word.verified:
            continue
        doors.append(_door(unit, asker, word, moment, tokens))
    return doors


def _door(
    unit: ClaimsUnit,
    asker: Asker,
    word: OwnerWord,
    moment: Moment,
    tokens: asking.Tokens,
) -> Door:
    keys = unit.places.keys(word.place, [], tokens([word.place])[:1])
    hits = unit.places.hits(keys, (State.ACTIVE,), after=moment.at)
    claims = unit.claims.many([hit.claim for hit in hits]).values()
    there = [c for c in claims if c.holds(moment.at)]
    seen = [c for c in there if c.visibility is not Visibility.BLIND]
    _trace(unit, asker, seen, moment)
    past = unit.places.hits(keys, (State.RELEASED,), after=moment.at - COVERAGE_LASTS)
    covered = unit.claims.many([hit.claim for hit in past]).values()
    return Door(
        word=word,
        active=[shown(claim, asker) for claim in seen],
        blind=len(there) - len(seen),
        picture=coverage.picture(
            [c for c in covered if c.visibility is not Visibility.BLIND], at=moment.at
        ),
    )


def look_next(
    unit: ClaimsUnit, asker: Asker, published: Published, moment: Moment, *, size: int
) -> Sequence[Ranked]:
    """Return what many run and few have looked at, ranked, each with its reason."""
    asker.needs(Scope.CLAIM_READ)
    told = [(i.critical, i.purls) for i in unit.inventories.listed()]
    counts = coverage.counted(told)
    # The most run are looked at closely; the rest could not come first.
    most = sorted(counts, key=lambda p: (-sum(counts[p]), p))[: max(size * 5, 200)]
    known = published(most)
    wanted = [Target(purl=purl) for purl in most]
    ranked = []
    for found in checking.check(unit, asker, wanted, at=moment.at):
        run_by, critical = counts[found.target.purl]
        faults = known.get(found.target.purl, 0)
        worth = coverage.picture(found.covered, at=moment.at).worth
        value = coverage.score(
            run_by=run_by,
            critical=critical,
            published=faults,
            worth=worth,
            scanning=len(found.active),
        )
        ranked.append(
            Ranked(
                purl=found.target.purl,
                score=value,
                run_by=run_by,
                critical=critical,
                published=faults,
                worth=worth,
                scanning=len(found.active),
            )
        )
    return sorted(ranked, key=lambda r: (-r.score, r.purl))[:size]


def _trace(
    unit: ClaimsUnit, asker: Asker, claims: Sequence[Claim], moment: Moment
) -> None:
    """Leave a trace on claims of others that are not for every member."""
    private = [
        CLAIMS.stream(claim.id)
        for claim in claims
        if claim.organisation != asker.organisation
        and claim.visibility is not Visibility.ALL
        and asker.may(Scope.CLAIM_READ_ALL)
    ]
    leave_trace(unit, asker, private, How.LISTED, moment)
