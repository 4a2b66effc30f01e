"""Exports: many cases at once, which takes two people; rules only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msgspec import Struct

from fairlead.base.ids import CaseId, ExportId
from fairlead.base.instants import text
from fairlead.errors import Invalid, NotAllowed, Refused, Violation
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected

LASTS = timedelta(hours=24)
"""How long an export that was asked for can be approved and taken."""
AT_MOST = 1_000
"""Cases in one export."""


class Purpose(Struct, frozen=True, kw_only=True):
    """What an export is for, in words."""

    reason: str


class ExportAsked(Fact, frozen=True, tag="export.asked@1"):
    """Somebody wants to take cases away."""

    cases: tuple[CaseId, ...]
    body: Purpose | None = None


class ExportApproved(Fact, frozen=True, tag="export.approved@1"):
    """A second person agreed."""


class ExportTaken(Fact, frozen=True, tag="export.taken@1"):
    """It was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export."""

    id: ExportId
    cases: tuple[CaseId, ...]
    reason: str | None
    asked_by: str
    asked_at: datetime
    approved_by: str | None = None
    taken: int = 0
    version: int = 1

    @property
    def ends_at(self) -> datetime:
        """Return until when it can be approved and taken."""
        return self.asked_at + LASTS


def asked(cases: Sequence[CaseId], reason: str) -> Sequence[Fact]:
    """Return what asking for *cases* means.

    Raises:
        Invalid: no cases, too many, or no reason.

    """
    if not 0 < len(cases) <= AT_MOST:
        raise Invalid(
            f"an export has 1 to {AT_MOST} cases",
            [Violation("invalid_cases", "cases", f"name 1 to {AT_MOST} cases")],
        )
    if not reason.strip():
        raise Invalid(
            "say what the export is for; it stands in the record",
            [Violation("missing_field", "reason", "say why, in words")],
        )
    return [ExportAsked(cases=tuple(cases), body=Purpose(reason=reason.strip()))]


def approved(export: Export, by: str, *, at: datetime) -> Sequence[Fact]:
    """Return what the consent of *by* means.

    Raises:
        NotAllowed: the one who asked cannot be the second person.
        Refused: it is approved already, or its time is over.

    """
    if by == export.asked_by:
        raise NotAllowed("a second person must agree, not the one who asked")
    if export.approved_by is not None:
        raise Refused(f"{export.id} is approved already")
    _refuse_late(export, at)
    return [ExportApproved()]


def taken(export: Export, by: str, *, at: datetime) -> Sequence[Fact]:
    """Return what taking the export means.

    Raises:
        NotAllowed: only who asked for it takes it.
        Refused: nobody has agreed yet, or its time is over.

    """
    if by != export.asked_by:
        raise NotAllowed("only who asked for an export takes it")
    if export.approved_by is None:
        raise Refused(f"{export.id} waits for a second person")
    _refuse_late(export, at)
    return [ExportTaken()]


def _refuse_late(export: Export, at: datetime) -> None:
    if at >= export.ends_at:
        raise Refused(f"{export.id} ended {text(export.ends_at)}; ask again")


def _evolve(state: Export | None, event: Event) -> Export:
    match state, event.fact:
        case None, ExportAsked(cases=cases, body=body):
            return Export(
                id=ExportId(name_of(event)),
                cases=cases,
                reason=body.reason if body else None,
                asked_by=event.actor,
                asked_at=event.at,
            )
        case Export(), ExportApproved():
            return replace(state, approved_by=event.actor, version=event.version)
        case Export(), ExportTaken():
            return replace(state, taken=state.taken + 1, version=event.version)
    raise unexpected(event)


EXPORTS = Subject("export", Export, (ExportAsked, ExportApproved, ExportTaken), _evolve)
