"""Monthly figures on the record: published once, in order, never changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.visibility import Always
from fairlead.base.agenda import Timer
from fairlead.base.ids import OrganisationId
from fairlead.base.pages import Page
from fairlead.errors import NotAllowed, NotFound, Refused
from fairlead.programme import bands
from fairlead.programme.bands import Count
from fairlead.programme.milestones import needs_keeper
from fairlead.programme.ports import ProgrammeUnit
from fairlead.programme.published import (
    Consent,
    ConsentGiven,
    ConsentTakenBack,
    FiguresPublished,
    PublishedMonth,
)

SYSTEM = "system/figures"
EVERY_MONTH = "monthly"
"""The subject of the timer that publishes."""
AT_ONCE = 500
EARLIEST = "2026-06"
"""No month before it is published, whatever a clock once showed."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Who asked for and who used windows, by month; each entry is one window."""

    asked: dict[str, list[OrganisationId]]
    used: dict[str, list[OrganisationId]]


def published(unit: ProgrammeUnit) -> Sequence[PublishedMonth]:
    """Return everything that was published, the first month first."""
    return unit.figures.all()


def publish(
    unit: ProgrammeUnit, asker: Asker, *, at: datetime
) -> Sequence[PublishedMonth]:
    """Publish every month that is over and was not published; return those.

    Raises:
        Refused: no month is waiting.

    """
    needs_keeper(asker)
    done = _publish(unit, asker.actor, at)
    if not done:
        raise Refused("every month that is over has been published")
    return done


def plan(unit: ProgrammeUnit, *, at: datetime) -> None:
    """Have the figures published by themselves, early in each month, from now on.

    What should have been published while nothing ran is published at once.
    """
    due = at if _due(unit, at) else _next_time(at)
    unit.agenda.schedule(Timer.FIGURES, EVERY_MONTH, due=due)


def ring(unit: ProgrammeUnit, *, at: datetime) -> None:
    """Publish what waits, and have it ring again next month."""
    if _due(unit, at):
        _publish(unit, SYSTEM, at)
    unit.agenda.schedule(Timer.FIGURES, EVERY_MONTH, due=_next_time(at))


def _due(unit: ProgrammeUnit, at: datetime) -> bool:
    """Tell whether a month waits whose time has come.

    A programme in which nobody ever asked for a window has nothing to tell.
    """
    done, counted = unit.figures.all(), count(unit)
    waits = bool(_waiting(done, counted, at))
    return waits and bool(done or counted.asked) and at >= _first(at)


def _next_time(at: datetime) -> datetime:
    """Return when figures are published next: on the first of a month, at six, in UTC."""
    first = _first(at)
    if at < first:
        return first
    year, month = (int(part) for part in _next(month_of(at)).split("-"))
    return first.replace(year=year, month=month)


def _first(at: datetime) -> datetime:
    begins = at.astimezone(UTC).replace(day=1, minute=0, second=0, microsecond=0)
    return begins.replace(hour=6)


def _publish(unit: ProgrammeUnit, actor: str, at: datetime) -> Sequence[PublishedMonth]:
    counted = count(unit)
    before = [month.shown for month in unit.figures.all()]
    waiting = _waiting(unit.figures.all(), counted, at)
    agreed = {consent.id for consent in unit.consents.all() if consent.given}
    done: list[PublishedMonth] = []
    for month in waiting:
        shown = bands.publish(
            before,
            _count(counted.asked.get(month, []), agreed),
            _count(counted.used.get(month, []), agreed),
        )
        before.append(shown)
        fact = FiguresPublished(asked=shown.asked, used=shown.used)
        done.append(unit.figures.save(None, [fact], name=month, by=actor, at=at))
    return done


def consent(unit: ProgrammeUnit, asker: Asker, *, given: bool, at: datetime) -> Consent:
    """Consent, for one's organisation, to exact figures, or take that back.

    It counts for months published from now on; what was published stays.
    """
    asker.needs(Scope.ENGAGEMENT_OWN)
    if asker.organisation is None:
        raise NotAllowed("somebody of a developer's organisation consents")
    before = consented(unit, asker.organisation)
    if (before is not None and before.given) == given:
        raise Refused("that stands so already")
    fact = ConsentGiven() if given else ConsentTakenBack()
    return unit.consents.save(
        before, [fact], name=asker.organisation, by=asker.actor, at=at
    )


def consented(unit: ProgrammeUnit, organisation: OrganisationId) -> Consent | None:
    """Return what *organisation* said about exact figures, if anything."""
    try:
        return unit.consents.get(organisation)
    except NotFound:
        return None


def count(unit: ProgrammeUnit) -> Counted:
    """Count windows, by the month in which they were asked for and used."""
    found = Counted({}, {})
    after = 0
    while some := unit.engagements.seen(Always(), Page(after=after, size=AT_ONCE)):
        for engagement in some:
            who = engagement.developer
            found.asked.setdefault(month_of(engagement.began_at), []).append(who)
            if engagement.opens is not None:
                found.used.setdefault(month_of(engagement.opens), []).append(who)
        after += AT_ONCE
    return found


def month_of(at: datetime) -> str:
    """Return the month of *at*, in UTC: `2026-08`."""
    return at.astimezone(UTC).strftime("%Y-%m")


def _count(who: Sequence[OrganisationId], agreed: set[OrganisationId]) -> Count:
    everyone = bool(who) and set(who) <= agreed
    return Count(number=len(who), consented=everyone)


def _waiting(
    done: Sequence[PublishedMonth], counted: Counted, at: datetime
) -> list[str]:
    """Return the months that are over and were not published, in order."""
    now = month_of(at)
    if done:
        first = _next(done[-1].id)
    else:
        first = min([*counted.asked, *counted.used, _previous(now)])
    months: list[str] = []
    for month in _months(max(first, EARLIEST)):
        if month >= now:
            break
        months.append(month)
    return months


def _months(first: str) -> Iterator[str]:
    month = first
    while True:
        yield month
        month = _next(month)


def _next(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def _previous(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"
