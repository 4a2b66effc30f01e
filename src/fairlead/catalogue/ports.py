"""What a catalogue can be asked; implemented by the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from fairlead.catalogue.records import Band, Brief, CatalogueRecord, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is searched for."""

    words: str = ""
    source: str = ""
    band: str = ""
    ecosystem: str = ""
    exploited: bool = False
    size: int = 25
    before: tuple[str, int] | None = None
    """Where the page before ended, of what is listed by its date."""
    after: int = 0
    """How many are left out, of what is ranked by words."""


class Listed(Struct, frozen=True, kw_only=True):
    """One record in a list."""

    source: Source
    id: str
    title: str
    band: Band
    score: float | None
    modified: datetime | None
    withdrawn: bool
    exploited: bool


class Found(Struct, frozen=True, kw_only=True):
    """One page of an answer."""

    listed: tuple[Listed, ...] = ()
    before: tuple[str, int] | None = None
    after: int | None = None
    matching: int | None = None
    """How many fit; of a search by words only."""
    capped: bool = False
    """More matched the words than were ranked."""


@dataclass(slots=True)
class Facets:
    """How many records each choice leaves."""

    count: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    bands: dict[str, int] = field(default_factory=dict)
    ecosystems: dict[str, int] = field(default_factory=dict)
    exploited: int = 0


class Placed(NamedTuple):
    """Where something affected stands."""

    key: str
    number: int
    place: int


class Probability(NamedTuple):
    """An EPSS score."""

    probability: float
    percentile: float
    at: str


class Known(NamedTuple):
    """How much is known to be exploited."""

    entries: int
    newest: datetime | None


class Aside(NamedTuple):
    """Something that an import put aside."""

    place: str
    pointer: str
    reason: str
    at: datetime


class Reading(Protocol):
    """One instant's view of the catalogue."""

    def named(self, wanted: Sequence[str]) -> Sequence[CatalogueRecord]:
        """Return the records with these identifiers or aliases."""

    def briefs(self, wanted: Sequence[str]) -> Sequence[Brief]:
        """Return the same in short, in any order."""

    def records(self, numbers: Sequence[int]) -> dict[int, CatalogueRecord]:
        """Return records by their numbers."""

    def affecting(self, keys: Sequence[str]) -> Sequence[Placed]:
        """Return where in which record anything with these keys stands."""

    def product(self, key: str, size: int) -> Sequence[CatalogueRecord]:
        """Return the newest records about one product or package."""

    def probabilities(self, cves: Sequence[str]) -> dict[str, Probability]:
        """Return the newest EPSS score of each."""

    def exploited(self) -> Known:
        """Return how many entries of KEV there are; none if it was never imported."""

    def search(self, query: Query) -> Found:
        """Return a page of what fits."""

    def facets(self, query: Query) -> Facets:
        """Return how many records each choice leaves."""


class Catalogue(Protocol):
    """What others have published."""

    def read(self) -> AbstractContextManager[Reading]:
        """Open one instant's view."""


class NullCatalogue:
    """A catalogue in which nothing is."""

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """Open one instant's view."""
        yield _Nothing()


class _Nothing:
    def named(self, wanted: Sequence[str]) -> Sequence[CatalogueRecord]:  # noqa: ARG002
        return ()

    def briefs(self, wanted: Sequence[str]) -> Sequence[Brief]:  # noqa: ARG002
        return ()

    def records(self, numbers: Sequence[int]) -> dict[int, CatalogueRecord]:  # noqa: ARG002
        return {}

    def affecting(self, keys: Sequence[str]) -> Sequence[Placed]:  # noqa: ARG002
        return ()

    def product(self, key: str, size: int) -> Sequence[CatalogueRecord]:  # noqa: ARG002
        return ()

    def probabilities(self, cves: Sequence[str]) -> dict[str, Probability]:  # noqa: ARG002
        return {}

    def exploited(self) -> Known:
        return Known(0, None)

    def search(self, query: Query) -> Found:  # noqa: ARG002
        return Found()

    def facets(self, query: Query) -> Facets:  # noqa: ARG002
        return Facets()
