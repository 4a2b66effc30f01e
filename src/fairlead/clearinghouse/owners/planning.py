"""Use case: when owners would get a batch of reports, at the pace that each can bear.

Nothing is kept and nothing is promised: it is what `pacing` says of the queues as they are
now with the batch behind them. Of what others have handed in, a queue's length tells; so
it is for coordinators.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import OwnerId
from fairlead.clearinghouse.claims.targets import Ground, Named, Target, read
from fairlead.clearinghouse.owners import directory, pacing
from fairlead.clearinghouse.owners.directory import Desk
from fairlead.clearinghouse.owners.owner import Owner
from fairlead.clearinghouse.owners.pacing import Urgency, Waiting
from fairlead.clearinghouse.owners.ports import OwnersUnit
from fairlead.clearinghouse.owners.routing import Stage
from fairlead.clearinghouse.owners.sending import BACK, wishes_of
from fairlead.errors import Invalid, Violation

MOST = 20_000
"""Reports in one batch."""
BEHIND = timedelta(seconds=1)
"""By so much a batch comes after what waits already."""
NOBODY = "nobody"

Short = Annotated[str, Meta(max_length=500)]


class Expected(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One report that might be handed in, as far as its date depends on it."""

    purl: Short = ""
    repository: Short = ""
    part: Short = ""
    reproducer: bool = False
    urgency: Urgency = Urgency.ROUTINE

    @property
    def target(self) -> Target:
        """Return what it is about."""
        return Target(purl=self.purl, repository="" if self.purl else self.repository)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerForecast:
    """When one owner would get its part of the batch."""

    owner: OwnerId | None
    """Nothing where nobody is written down."""
    name: str
    verified: bool
    """Whether something may be delivered to it at all."""
    reports: int
    ahead: int
    """How many wait before them."""
    a_week: int
    first: date | None
    half: date | None
    """By when half of them are there."""
    last: date | None
    held: int
    """How many it wishes not to have as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When owners would get a batch."""

    owners: Sequence[OwnerForecast]
    """The one whose part takes longest first."""
    reports: int
    unreadable: int
    """Reports that name no package or repository that can be read."""
    last: date | None
    """When the last one is there, of those that get a date."""


def forecast(
    unit: OwnersUnit,
    asker: Asker,
    batch: Sequence[Expected],
    desk: Desk,
    *,
    at: datetime,
) -> Forecast:
    """Return when each owner would get its part of *batch*.

    With few statements, whatever the size of the batch.

    Raises:
        Invalid: it is too large.

    """
    asker.needs(Scope.OWNER_VERIFY)
    asker.needs(Scope.CASE_READ_ALL)
    if len(batch) > MOST:
        raise Invalid(
            f"at most {MOST} reports",
            [Violation("too_many", "reports", f"at most {MOST}")],
        )
    grounds = _grounds(unit, batch)
    matched = directory.owners_of(unit, grounds, desk.rules, at=at)
    parts: dict[OwnerId | None, list[tuple[int, Expected]]] = defaultdict(list)
    owners: dict[OwnerId, Owner] = {}
    verified: dict[OwnerId, bool] = {}
    unreadable = 0
    for number, one in enumerate(batch):
        if one.target.name not in grounds:
            unreadable += 1
            continue
        best = matched[one.target.name]
        if not best:
            parts[None].append((number, one))
            continue
        found = best[0].owner
        owners[found.id] = found
        verified[found.id] = verified.get(found.id, False) or best[0].verified
        parts[found.id].append((number, one))
    queues = unit.routings.queues(list(owners))
    sent = unit.routings.sent(list(owners), at - BACK)
    told = [
        _forecast(
            unit,
            owners[name],
            part,
            [r.waiting for r in queues.get(name, ()) if r.stage is Stage.QUEUED],
            sent.get(name, ()),
            desk,
            verified=verified[name],
            at=at,
        )
        if name is not None
        else _nobody(part)
        for name, part in parts.items()
    ]
    return Forecast(
        owners=sorted(told, key=_longest),
        reports=len(batch),
        unreadable=unreadable,
        last=max((f.last for f in told if f.last is not None), default=None),
    )


def _grounds(unit: OwnersUnit, batch: Sequence[Expected]) -> dict[str, Ground]:
    """Return what each name in *batch* means; each of them read once."""
    names = {one.target.name: one.target for one in batch}
    found: dict[str, Ground] = {}
    alone: dict[str, Target] = {}
    for name, target in names.items():
        try:
            read(target)
        except Invalid:
            continue
        alone[name] = target
    said = unit.aliases.listed()
    of = {alias.place: Named(alias.into, alias.same) for alias in said}
    for name, target in alone.items():
        found[name] = read(target, lambda places: {p: of[p] for p in places if p in of})
    return found


def _forecast(  # noqa: PLR0913, PLR0917 - one value a thing that is known
    unit: OwnersUnit,
    found: Owner,
    part: Sequence[tuple[int, Expected]],
    ahead: Sequence[Waiting],
    sent: Sequence[datetime],
    desk: Desk,
    *,
    verified: bool,
    at: datetime,
) -> OwnerForecast:
    wishes = wishes_of(unit, found)
    new = [
        Waiting(
            name=f"new {number:06}",
            urgency=one.urgency,
            since=at + BEHIND,
            part=one.part,
            reproducer=one.reproducer,
        )
        for number, one in part
    ]
    made = pacing.plan([*ahead, *new], wishes, sent, a_week=desk.rules.a_week, at=at)
    days = [slot.at.date() for slot in made.slots if slot.name.startswith("new ")]
    if not verified:
        days = []
    return OwnerForecast(
        owner=found.id,
        name=found.name,
        verified=verified,
        reports=len(part),
        ahead=len(ahead),
        a_week=wishes.a_week or desk.rules.a_week,
        first=days[0] if days else None,
        half=days[(len(days) - 1) // 2] if days else None,
        last=days[-1] if days else None,
        held=sum(name.startswith("new ") for name, _ in made.held),
    )


def _nobody(part: Sequence[tuple[int, Expected]]) -> OwnerForecast:
    return OwnerForecast(
        owner=None,
        name=NOBODY,
        verified=False,
        reports=len(part),
        ahead=0,
        a_week=0,
        first=None,
        half=None,
        last=None,
        held=0,
    )


def _longest(one: OwnerForecast) -> tuple[bool, int, str]:
    late = one.last.toordinal() if one.last is not None else 0
    return one.owner is None, -late, one.name
