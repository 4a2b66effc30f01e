"""Use case: claim a target, atomically; and what is found out before one does.

1. The same request again gets the same answer.
2. A clock that runs behind what is recorded grants nothing.
3. The ground is locked, so that of two who come at once one comes first.
4. Budget, then what the owner says, then who else is there.
5. Granted, in line, or declined; what was learned of blind claims is counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Self

from msgspec import Meta, Struct

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import ClaimId, OrganisationId, new_claim_id
from fairlead.base.instants import text
from fairlead.clearinghouse.claims import claim as rules_of
from fairlead.clearinghouse.claims import owners, targets
from fairlead.clearinghouse.claims.blind import spend
from fairlead.clearinghouse.claims.claim import (
    Claim,
    Depth,
    Line,
    Method,
    Scan,
    State,
    Visibility,
    Wanted,
)
from fairlead.clearinghouse.claims.owners import Breach, OwnerWord, Source
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk, Hit, Keys
from fairlead.clearinghouse.claims.targets import Ground, Named, Names, Target
from fairlead.clearinghouse.ports import Job, Timer
from fairlead.errors import (
    AgainstOwner,
    Claimed,
    Error,
    Invalid,
    NotAllowed,
    Refused,
    TooMany,
    Unavailable,
    Violation,
)
from fairlead.record.events import Fact

Tokens = Callable[[Sequence[str]], tuple[str, ...]]
"""Returns the tokens of places; none where this server alone cannot."""

BLIND_TOKENS = 8
"""Places and containers that a blind claim may name."""


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member asks for."""

    target: Target | None = None
    """Not told of a blind claim."""
    tokens: Annotated[tuple[str, ...], Meta(max_length=BLIND_TOKENS)] = ()
    """Of a blind claim: what the OPRF made of the place, then of what contains it."""
    exclusive: bool = True
    visibility: Visibility = Visibility.ALL
    method: Method
    depth: Depth = Depth.STANDARD
    model: Line = ""
    tool: Line = ""
    contact: Line = ""
    hours: Annotated[float, Meta(gt=0, le=1000)] = 24
    reproducer: bool = False
    wait: bool = False
    """Whether to stand in line where the way is not free."""
    despite: bool = False
    """Whether to go against the owner's word; everyone who sees the claim sees that."""

    @property
    def scan(self) -> Scan:
        """Return what is confidential of it."""
        return Scan(
            target=self.target,
            tokens=self.tokens,
            method=self.method,
            depth=self.depth,
            model=self.model,
            tool=self.tool,
            contact=self.contact,
            reproducer=self.reproducer,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The ground of a claim, as it is looked up; of a blind one only that."""

    keys: Keys
    ground: Ground | None
    words: Sequence[OwnerWord] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of asking for a claim."""

    claim: Claim | None
    """Nothing where it was declined."""
    others: Sequence[Claim] = field(default_factory=tuple)
    """Who stands in the way."""
    new: bool = True
    said: str = ""
    """Why it was declined, where nobody stands in the way."""


def take(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    asked: Asked,
    desk: Desk,
    *,
    at: datetime,
    request: str = "",
) -> Answer:
    """Claim a target: at once, in line, or not at all.

    *request* is a word of the asker's own, by which the same request is recognised.
    Raise what `declined` returns only after the unit was left: what the asker learned by
    being declined is on the record.

    Raises:
        NotAllowed: *asker* may not claim, or not this host.
        Invalid: the target cannot be claimed.
        AgainstOwner: it goes against the owner's word, and does not say so.
        TooMany: the asker holds or waits for as much as a member may.
        Unavailable: the clock is in doubt.

    """
    home = member(asker)
    request = _request(home, request)
    known = _known(unit, home, request)
    if known is not None:
        return Answer(claim=known, new=False)
    refuse_doubtful_clock(unit, desk, at)
    table = Table.laid(unit, asker, [asked], desk, at)
    # Whoever sent it twice at once may have waited for itself.
    known = _known(unit, home, request)
    if known is not None:
        return Answer(claim=known, new=False)
    decided = table.decide(0, request)
    table.keep()
    return table.answer(decided)


def take_many(
    unit: ClaimsUnit,
    asker: Asker,
    asked: Sequence[Asked],
    desk: Desk,
    *,
    at: datetime,
) -> Sequence[Answer]:
    """Claim several targets in one step, with few statements.

    Each is decided after the one before it; one that is refused leaves the others be.
    """
    member(asker)
    if not asked:
        return []
    refuse_doubtful_clock(unit, desk, at)
    table = Table.laid(unit, asker, asked, desk, at)
    decided: list[Decided | str] = []
    for number in range(len(asked)):
        try:
            decided.append(table.decide(number))
        except (Invalid, NotAllowed, Refused, TooMany) as error:
            decided.append(str(error))
    table.keep()
    return [
        Answer(claim=None, said=one) if isinstance(one, str) else table.answer(one)
        for one in decided
    ]


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about one target."""

    name: ClaimId | None
    others: Sequence[Claim]


@dataclass(slots=True)
class Table:
    """Everything that is needed to decide about some targets, read at once."""

    unit: ClaimsUnit
    asker: Asker
    home: OrganisationId
    asked: Sequence[Asked]
    desk: Desk
    at: datetime
    sites: Sequence[Site | Error]
    hits: Sequence[Sequence[Hit]]
    claims: dict[ClaimId, Claim]
    held: int
    in_line: int
    _new: dict[ClaimId, tuple[Wanted, bool, Keys]] = field(default_factory=dict)
    _owns: dict[bytes, list[ClaimId]] = field(default_factory=dict)
    _above: dict[bytes, list[ClaimId]] = field(default_factory=dict)

    @classmethod
    def laid(
        cls,
        unit: ClaimsUnit,
        asker: Asker,
        asked: Sequence[Asked],
        desk: Desk,
        at: datetime,
    ) -> Self:
        """Lock the grounds of *asked*, and read who is on them."""
        home = member(asker)
        sites = _sites(unit, asked, desk)
        keys = [Keys(()) if isinstance(s, Error) else s.keys for s in sites]
        unit.places.lock(
            Keys(
                tuple(k for one in keys for k in one.own),
                tuple(k for one in keys for k in one.containers),
            )
        )
        hits = unit.places.hits_of_many(keys, (State.ACTIVE, State.WAITING), after=at)
        named = {hit.claim for one in hits for hit in one}
        held, in_line = unit.claims.held(home)
        return cls(
            unit=unit,
            asker=asker,
            home=home,
            asked=asked,
            desk=desk,
            at=at,
            sites=sites,
            hits=hits,
            claims=dict(unit.claims.many(sorted(named))),
            held=held,
            in_line=in_line,
        )

    def decide(self, number: int, request: str = "") -> Decided:
        """Decide about one target, after those decided before it; see `take`."""
        site, asked = self.sites[number], self.asked[number]
        if isinstance(site, Error):
            raise site
        _refuse_foreign_host(site, self.home)
        breadth = site.ground.breadth if site.ground else 1
        self._refuse_beyond_budget(breadth)
        hits = [*self.hits[number], *self._hits_of_new(site.keys)]
        others = [
            self.claims[h.claim]
            for h in hits
            if _keeps_off(self.claims[h.claim], asked.exclusive, self.at)
            and _same_ground(site.ground, self.claims[h.claim], same=h.same)
        ]
        scanners = sum(self.claims[h.claim].holds(self.at) for h in hits)
        broken = _breaches(site, asked, self.home, scanners, self.at)
        queue = Breach.TOO_MANY in broken and not asked.despite
        if any(_tells_of_blind(other, self.home) for other in others):
            spend(self.unit, self.asker, 1, self.desk, at=self.at)
        if (others or queue) and not asked.wait:
            if not others:
                raise _against(site.words, broken)
            return Decided(None, others)
        waits = bool(others) or queue
        ignored = [b for b in broken if b is not Breach.TOO_MANY or not waits]
        if ignored and not asked.despite:
            raise _against(site.words, ignored)
        wanted = Wanted(
            organisation=self.home,
            scan=asked.scan,
            exclusive=asked.exclusive,
            visibility=asked.visibility,
            lasts=timedelta(hours=asked.hours),
            breadth=breadth,
            ignored=tuple(ignored),
            request=request,
        )
        return Decided(self._lay(wanted, site.keys, waits=waits), others)

    def keep(self) -> None:
        """Put on record what was decided, with one statement a table."""
        if not self._new:
            return
        rules, at = self.desk.rules, self.at
        facts: dict[str, Sequence[Fact]] = {
            name: [rules_of.taken(wanted, rules, waits=waits, at=at)]
            for name, (wanted, waits, _) in self._new.items()
        }
        kept = self.unit.claims.add_many(facts, by=self.asker.actor, at=at)
        self.claims |= {claim.id: claim for claim in kept}
        self.unit.places.put_many([(c, self._new[c.id][2]) for c in kept])
        due: dict[str, datetime] = {claim.id: claim.ends_at for claim in kept}
        self.unit.agenda.schedule_new(Timer.CLAIM, due)

    def answer(self, decided: Decided) -> Answer:
        """Return what came of it, once it is kept."""
        claim = self.claims[decided.name] if decided.name else None
        return Answer(claim=claim, others=decided.others)

    def _refuse_beyond_budget(self, breadth: int) -> None:
        most = self.desk.rules.budget
        if self.held + breadth > most:
            raise TooMany(
                f"you hold {self.held} of {most}, and this takes {breadth}; release"
                " what you are done with",
                retry_after=3600,
            )

    def _lay(self, wanted: Wanted, keys: Keys, *, waits: bool) -> ClaimId:
        """Have the claim stand in the way of those decided after it."""
        if waits and self.in_line >= self.desk.rules.waiting:
            raise TooMany(
                f"you wait in {self.in_line} lines; leave one first", retry_after=3600
            )
        fact = rules_of.taken(wanted, self.desk.rules, waits=waits, at=self.at)
        name = new_claim_id(self.desk.randomness)
        self.claims[name] = rules_of.begun(name, fact, at=self.at)
        self._new[name] = wanted, waits, keys
        self.in_line += waits
        self.held += 0 if waits else wanted.breadth
        for key in keys.own:
            self._owns.setdefault(key, []).append(name)
        for key in keys.containers:
            self._above.setdefault(key, []).append(name)
        return name

    def _hits_of_new(self, keys: Keys) -> list[Hit]:
        if not self._new:
            return []
        same = {c for key in keys.own for c in self._owns.get(key, ())}
        other = {c for key in keys.containers for c in self._owns.get(key, ())}
        other |= {c for key in keys.own for c in self._above.get(key, ())}
        return [
            *(Hit(claim, same=True) for claim in sorted(same)),
            *(Hit(claim, same=False) for claim in sorted(other - same)),
        ]


def declined(answer: Answer, asker: Asker) -> Claimed:
    """Return the error that says who stands in the way, as far as each allows."""
    said = "; ".join(dict.fromkeys(_presence(o, asker) for o in answer.others[:5]))
    return Claimed(f"somebody is there: {said}. Wait in line, or claim something else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to know about a target before claiming it."""

    target: Target
    active: Sequence[Claim] = ()
    """Claims that overlap, but for blind ones."""
    waiting: int = 0
    covered: Sequence[Claim] = ()
    """What was scanned before, the newest first."""
    words: Sequence[OwnerWord] = ()


def check(
    unit: ClaimsUnit, asker: Asker, asked: Sequence[Target], *, at: datetime
) -> Sequence[Found]:
    """Return what there is to know about many targets, with few statements.

    Nothing is said of blind claims here: asking about them is counted (`blind.ask`).
    """
    asker.needs(Scope.CLAIM_READ)
    names = known_names(unit, [targets.place_of(target) for target in asked])
    grounds = [targets.read(target, names) for target in asked]
    keys = [unit.places.keys(g.place, g.containers) for g in grounds]
    open_states = (State.ACTIVE, State.WAITING)
    now = unit.places.hits_of_many(keys, open_states, after=at)
    epoch = at - COVERAGE_LASTS
    before = unit.places.hits_of_many(keys, (State.RELEASED,), after=epoch)
    named = {hit.claim for hits in (*now, *before) for hit in hits}
    claims = unit.claims.many(sorted(named))
    every = sorted({p for g in grounds for p in (g.place, *g.containers)})
    words = unit.owner_words.about(every) if every else ()
    found = []
    for target, ground, hits, past in zip(asked, grounds, now, before, strict=True):
        there = [
            claims[h.claim]
            for h in hits
            if _same_ground(ground, claims[h.claim], same=h.same)
        ]
        there = [c for c in there if c.visibility is not Visibility.BLIND]
        seen = [claims[h.claim] for h in past if h.same]
        seen = [c for c in seen if c.visibility is not Visibility.BLIND]
        found.append(
            Found(
                target=target,
                active=[c for c in there if c.holds(at)],
                waiting=sum(c.state is State.WAITING for c in there),
                covered=sorted(seen, key=_ended, reverse=True),
                words=[w for w in words if owners.applies(w, ground)],
            )
        )
    return found


COVERAGE_LASTS = timedelta(days=3 * 365)
"""Older coverage is worth nothing any more, and is not shown."""


def member(asker: Asker) -> OrganisationId:
    """Return for whom *asker* claims."""
    asker.needs(Scope.CLAIM_TAKE)
    if asker.organisation is None:
        raise NotAllowed("only members claim")
    return asker.organisation


def refuse_doubtful_clock(unit: ClaimsUnit, desk: Desk, at: datetime) -> None:
    """Raise `Unavailable` where now lies before what was recorded."""
    newest = unit.claims.newest_at()
    if newest is not None and at < newest - desk.rules.clock:
        raise Unavailable(
            f"the clock says {text(at)}, but a claim of {text(newest)} is on record;"
            " nothing is granted until that is set right"
        )


def in_the_way(
    unit: ClaimsUnit, claim: Claim, hits: Sequence[Hit], *, at: datetime
) -> Sequence[Claim]:
    """Return which of *hits* keep *claim* off."""
    ground = (
        targets.read(claim.scan.target) if claim.scan and claim.scan.target else None
    )
    others = unit.claims.many([h.claim for h in hits if h.claim != claim.id])
    return [
        others[h.claim]
        for h in hits
        if h.claim in others
        and _keeps_off(others[h.claim], claim.exclusive, at)
        and h.claim not in claim.agreed
        and _same_ground(ground, others[h.claim], same=h.same)
    ]


def known_names(unit: ClaimsUnit, places: Sequence[str]) -> Names:
    """Return what is said of *places*, and of what that leads to, read at once."""
    known: dict[str, Named] = {}
    ahead = sorted(set(places))
    for _ in range(targets.DEPTH):
        found = unit.aliases.of(ahead) if ahead else {}
        known |= found
        ahead = sorted({named.into for named in found.values()} - set(known))

    def names(asked: Sequence[str]) -> dict[str, Named]:
        return {place: known[place] for place in asked if place in known}

    return names


def _sites(
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


def _refuse_foreign_host(site: Site, home: OrganisationId) -> None:
    if site.ground is None or not site.ground.place.startswith("host/"):
        return
    if not any(word.organisation == home for word in site.words):
        raise NotAllowed(
            "a host is claimed by who owns it: say so on the page of owners, and have a"
            " coordinator verify it"
        )


def _tells_of_blind(other: Claim, home: OrganisationId) -> bool:
    return other.visibility is Visibility.BLIND and other.organisation != home


def _keeps_off(other: Claim, exclusive: bool, at: datetime) -> bool:  # noqa: FBT001 - of the one that asks
    if not (exclusive or other.exclusive):
        return False
    return other.holds(at) or (other.state is State.WAITING and at < other.until)


def _same_ground(ground: Ground | None, other: Claim, *, same: bool) -> bool:
    """Tell whether two whose places meet overlap; in doubt they do."""
    if not same or ground is None or other.scan is None or other.scan.target is None:
        return True
    theirs = targets.read(other.scan.target)
    return (
        ground.versions.overlaps(theirs.versions)
        and ground.commits.overlaps(theirs.commits)
        and targets.one_in_other(ground.part, theirs.part)
    )


def _breaches(
    site: Site, asked: Asked, home: OrganisationId, others: int, at: datetime
) -> Sequence[Breach]:
    found: dict[Breach, None] = {}
    for word in site.words:
        if word.organisation == home or word.source is not Source.SAID:
            continue
        said = owners.breaches(word.word, asked.scan, site.ground, others=others, at=at)
        found |= dict.fromkeys(said)
    return list(found)


def _against(words: Sequence[OwnerWord], broken: Sequence[Breach]) -> AgainstOwner:
    said = "; ".join(f"{b.value} ({owners.REMEDY[b]})" for b in broken)
    contact = next((w.word.contact for w in words if w.word.contact), "")
    reach = f" The owner's contact: {contact}." if contact else ""
    return AgainstOwner(f"the owner says: {said}.{reach} To go against it, say despite")


def _presence(other: Claim, asker: Asker) -> str:
    until = other.ends_at.strftime("%Y-%m-%d %H:%M UTC")
    if other.organisation == asker.organisation:
        return f"you yourself, {other.id}, until {until}"
    if other.visibility is Visibility.BLIND:
        return "someone"
    if other.visibility is Visibility.SOMEONE:
        return f"someone, until {until}"
    return f"{other.organisation}, {other.id}, until {until}"


def _known(unit: ClaimsUnit, home: OrganisationId, request: str) -> Claim | None:
    return unit.claims.by_request(home, request) if request else None


def _request(home: OrganisationId, request: str) -> str:
    if not request:
        return ""
    return hashlib.sha256(f"{home}\0{request}".encode()).hexdigest()


def _ended(claim: Claim) -> datetime:
    return claim.ended_at or claim.taken_at


def enqueue_line(
    unit: ClaimsUnit, freed: Claim, desk: Desk, *, at: datetime
) -> Sequence[ClaimId]:
    """Have those tried who wait for ground that is free now, in fair order.

    Who held the same within the last weeks stands behind who did not; then the first
    comes first.
    """
    keys = unit.places.keys_of(freed.id)
    hits = unit.places.hits(keys, (State.WAITING,), after=at)
    waiting = list(unit.claims.many([hit.claim for hit in hits]).values())
    if not waiting:
        return []
    since = at - desk.rules.fair_within
    states = (State.RELEASED, State.EXPIRED, State.ACTIVE)
    past = unit.places.hits(keys, states, after=since)
    holders = [
        c.organisation for c in unit.claims.many([h.claim for h in past]).values()
    ]
    waiting.sort(key=lambda c: (holders.count(c.organisation), c.taken_at, c.id))
    for claim in waiting:
        unit.agenda.enqueue(Job.CLAIM_LINE, claim.id, at=at)
    return [claim.id for claim in waiting]
