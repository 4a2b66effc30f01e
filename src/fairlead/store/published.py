"""The catalogue as what findings are compared with at intake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.catalogue.records import CatalogueRecord
from fairlead.clearinghouse.public import AT_MOST, PublicRecord
from fairlead.store.catalogue import SQLCatalogue


@dataclass(frozen=True, slots=True)
class CataloguePublished:
    """Looks records up by the identifiers that a finding names.

    What is not done: a look-up by package, for which this catalogue has no index. So a
    finding that names no identifier is told nothing.
    """

    catalogue: SQLCatalogue

    def about(
        self,
        packages: Sequence[str],  # noqa: ARG002
        names: Sequence[str],
    ) -> Sequence[PublicRecord]:
        """Return records; see `fairlead.clearinghouse.public.Published`."""
        found: dict[str, CatalogueRecord] = {}
        for name in names:
            found |= {record.id: record for record in self.catalogue.find(name)}
        return [_public(record) for record in list(found.values())[:AT_MOST]]


def _public(record: CatalogueRecord) -> PublicRecord:
    package = record.packages[0] if record.packages else None
    return PublicRecord(
        id=record.id,
        names=record.aliases,
        purl=package.purl if package else None,
        ecosystem=package.ecosystem if package else None,
        software=package.name if package else None,
        text=record.title,
    )
