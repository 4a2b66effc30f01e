"""Imports into the catalogue: each is one event with the digest of what was taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fairlead.access.roles import Asker, Scope
from fairlead.errors import NotFound
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, Subjects, name_of, unexpected


class CatalogueImported(Fact, frozen=True, tag="import.done@1"):
    """Documents were taken into the catalogue."""

    digest: str
    """A chain over the documents in order, in hexadecimal: each link is SHA-256 over the
    link before, which is nothing at first, and SHA-256 of the document."""
    taken: int
    unchanged: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import, as the record has it."""

    id: str
    at: datetime
    digest: str
    taken: int
    version: int = 1


def _evolve(state: Import | None, event: Event) -> Import:
    match state, event.fact:
        case None, CatalogueImported(digest=digest, taken=taken):
            return Import(id=name_of(event), at=event.at, digest=digest, taken=taken)
    raise unexpected(event)


IMPORTS = Subject("import", Import, (CatalogueImported,), _evolve)


class ImportsUnit(Protocol):
    """The part of a unit of work that imports need."""

    @property
    def imports(self) -> Subjects[Import]:
        """All imports."""


def note(
    unit: ImportsUnit,
    asker: Asker,
    fact: CatalogueImported,
    *,
    name: str,
    at: datetime,
) -> Import:
    """Put an import called *name* on the record; one that is there stays as it is."""
    asker.needs(Scope.PEOPLE_MANAGE)
    try:
        return unit.imports.get(name)
    except NotFound:
        return unit.imports.save(None, [fact], name=name, by=asker.actor, at=at)
