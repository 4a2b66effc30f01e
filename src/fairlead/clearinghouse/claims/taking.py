"""Use case: claim a target, atomically; and what is found out before one does.

1. The same request again gets the same answer.
2. A clock that runs behind what is recorded grants nothing.
3. The ground is locked, so that of two who come at once one comes first.
4. Budget, then what the owner says, then who else is there.
5. Granted, in line, or declined; what was learned of blind claims is counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from fairlead.access.roles import Asker
from fairlead.base.ids import ClaimId, OrganisationId, new_claim_id
from fairlead.base.instants import text
from fairlead.clearinghouse.claims import claim as rules_of
from fairlead.clearinghouse.claims import owners
from fairlead.clearinghouse.claims.asking import Answer, Asked, member
from fairlead.clearinghouse.claims.blind import spend
from fairlead.clearinghouse.claims.claim import Claim, State, Visibility, Wanted
from fairlead.clearinghouse.claims.owners import Breach, OwnerWord, Source
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk, Hit, Keys
from fairlead.clearinghouse.claims.sites import (
    Site,
    keeps_off,
    refuse_foreign_host,
    same_ground,
    sites_of,
)
from fairlead.clearinghouse.ports import Timer
from fairlead.errors import (
    AgainstOwner,
    Claimed,
    Error,
    Invalid,
    NotAllowed,
    Refused,
    TooMany,
    Unavailable,
)
from fairlead.record.events import Fact


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
        sites = sites_of(unit, asked, desk)
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
        refuse_foreign_host(site, self.home)
        breadth = site.ground.breadth if site.ground else 1
        self._refuse_beyond_budget(breadth)
        hits = [*self.hits[number], *self._hits_of_new(site.keys)]
        others = [
            self.claims[h.claim]
            for h in hits
            if keeps_off(self.claims[h.claim], asked.exclusive, self.at)
            and same_ground(site.ground, self.claims[h.claim], same=h.same)
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


def refuse_doubtful_clock(unit: ClaimsUnit, desk: Desk, at: datetime) -> None:
    """Raise `Unavailable` where now lies before what was recorded."""
    newest = unit.claims.newest_at()
    if newest is not None and at < newest - desk.rules.clock:
        raise Unavailable(
            f"the clock says {text(at)}, but a claim of {text(newest)} is on record;"
            " nothing is granted until that is set right"
        )


def _tells_of_blind(other: Claim, home: OrganisationId) -> bool:
    return other.visibility is Visibility.BLIND and other.organisation != home


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
