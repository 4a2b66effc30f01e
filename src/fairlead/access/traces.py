"""Traces: who read what that is not public, on the record, shown to those concerned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import OrganisationId, TraceId, new_trace_id
from fairlead.base.ports import Randomness
from fairlead.errors import NotAllowed
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected

LISTED_LASTS = timedelta(hours=1)
"""A list that shows the same again within this time leaves no second trace."""
BULK = 100
"""So many objects may one actor open within an hour; beyond, it is an export."""
BULK_WITHIN = timedelta(hours=1)


class How(StrEnum):
    """In what way somebody read."""

    READ = "read"
    """Opened it, with all that it holds."""
    LISTED = "listed"
    """Saw its title or state among others."""
    EXPORTED = "exported"
    """Took it away, with a second person's consent."""


class TraceLeft(Fact, frozen=True, tag="trace.left@1"):
    """Somebody read objects that are not public."""

    objects: tuple[str, ...]
    """Streams, such as `case/FL-…` and `submission/SUB-…`."""
    how: How
    organisation: OrganisationId | None = None
    """For whom the reader acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One reading."""

    id: TraceId
    objects: tuple[str, ...]
    how: How
    actor: str
    organisation: OrganisationId | None
    at: datetime
    version: int = 1


def _evolve(state: Trace | None, event: Event) -> Trace:
    match state, event.fact:
        case None, TraceLeft(objects=objects, how=how, organisation=organisation):
            return Trace(
                id=TraceId(name_of(event)),
                objects=objects,
                how=how,
                actor=event.actor,
                organisation=organisation,
                at=event.at,
            )
    raise unexpected(event)


TRACES = Subject("trace", Trace, (TraceLeft,), _evolve)


class Traces(Protocol):
    """All traces."""

    def leave(self, fact: TraceLeft, *, name: TraceId, by: str, at: datetime) -> None:
        """Put a trace on the record, in a unit that only reads too.

        It is durable before the unit is left; where it cannot be kept, leaving raises
        and nothing was shown.
        """

    def of(self, thing: str) -> Sequence[Trace]:
        """Return the traces on one object, the newest first, at most 200."""

    def left_by(self, actor: str, how: How, *, since: datetime) -> frozenset[str]:
        """Return the objects on which *actor* left a trace of this kind since then."""

    def newest(self, *, after: int, size: int) -> Sequence[Trace]:
        """Return all traces, the newest first."""


class TracedUnit(Protocol):
    """The part of a unit of work that leaving traces needs."""

    @property
    def traces(self) -> Traces:
        """All traces."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When somebody reads, and from where the name of the trace is drawn."""

    at: datetime
    randomness: Randomness


def leave_trace(
    unit: TracedUnit, asker: Asker, objects: Sequence[str], how: How, moment: Moment
) -> None:
    """Note that *asker* reads *objects*; call it in the unit that shows them.

    A list leaves a trace on an object only once an hour, so that a page which renews
    itself does not bury the readings that count.
    """
    if how is How.LISTED:
        since = moment.at - LISTED_LASTS
        shown = unit.traces.left_by(asker.actor, How.LISTED, since=since)
        objects = [thing for thing in objects if thing not in shown]
    if not objects:
        return
    fact = TraceLeft(
        objects=tuple(sorted(set(objects))), how=how, organisation=asker.organisation
    )
    name = new_trace_id(moment.randomness)
    unit.traces.leave(fact, name=name, by=asker.actor, at=moment.at)


def list_traces(
    unit: TracedUnit, asker: Asker, *, after: int, size: int
) -> Sequence[Trace]:
    """Return every trace, the newest first; for those who watch the others."""
    asker.needs(Scope.TRACE_READ_ALL)
    return unit.traces.newest(after=after, size=size)


def refuse_bulk(
    unit: TracedUnit, asker: Asker, case: str, scope: Scope, moment: Moment
) -> None:
    """Refuse to open one more *case* than a person works on in an hour.

    It concerns those who hold *scope*, with which one may open all cases.

    Raises:
        NotAllowed: it would be the hundred-and-first; that is an export.

    """
    if not asker.may(scope):
        return
    since = moment.at - BULK_WITHIN
    opened = unit.traces.left_by(asker.actor, How.READ, since=since)
    cases = {thing for thing in opened if thing.startswith("case/")}
    if len(cases) >= BULK and case not in cases:
        raise NotAllowed(
            f"you have opened {BULK} cases within an hour; more is an export, to which"
            " a second person agrees"
        )
