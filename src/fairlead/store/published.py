"""The catalogue as what findings are compared with at intake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.catalogue.ports import Catalogue
from fairlead.catalogue.records import CatalogueRecord, Source
from fairlead.clearinghouse.public import AT_MOST, PublicRecord


@dataclass(frozen=True, slots=True)
class CataloguePublished:
    """Looks records up by the identifiers that a finding names.

    Records that were withdrawn, and entries of KEV, which say nothing of the bug itself,
    are left out. What is not done: a look-up by package, for which it was not measured
    how often it is wrong. So a finding that names no identifier is told nothing.
    """

    catalogue: Catalogue

    def about(
        self,
        packages: Sequence[str],  # noqa: ARG002
        names: Sequence[str],
    ) -> Sequence[PublicRecord]:
        """Return records; see `fairlead.clearinghouse.public.Published`."""
        if not names:
            return ()
        with self.catalogue.read() as reading:
            found = {
                record.id: record
                for record in reading.named(names)
                if record.withdrawn is None and record.source is not Source.KEV
            }
        return [_public(record) for record in list(found.values())[:AT_MOST]]


def _public(record: CatalogueRecord) -> PublicRecord:
    about = next((a for a in record.affected if a.name or a.purl or a.product), None)
    return PublicRecord(
        id=record.id,
        names=record.aliases,
        purl=(about.purl or None) if about else None,
        ecosystem=(about.ecosystem or None) if about else None,
        software=(about.name or about.product or None) if about else None,
        text=record.title,
    )
