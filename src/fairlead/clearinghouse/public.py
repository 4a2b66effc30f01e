"""Whether a finding is public already: compared with what others have published.

It is the same comparison, with the same calibration and the same bars, as between two
reports. Nothing is merged by it: who handed the finding in is told the identifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from fairlead.base.ids import Receipt
from fairlead.clearinghouse import duplicates
from fairlead.clearinghouse.duplicates import Features, Verdict
from fairlead.clearinghouse.findings import Attachment, AttachmentKind, Finding

AT_MOST = 200
"""Records that one finding is compared with."""
TOLD = 3
"""Records that are told of, the most probable first."""
VERSIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRecord:
    """What somebody published about one vulnerability, as far as it can be compared."""

    id: str
    names: tuple[str, ...] = ()
    """Its aliases."""
    purl: str | None = None
    ecosystem: str | None = None
    software: str | None = None
    text: str = ""
    cwe: str | None = None
    references: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    """Affected ones; where only the first good one is known, `<2.0`."""


class Published(Protocol):
    """What others have published."""

    def about(
        self, packages: Sequence[str], names: Sequence[str]
    ) -> Sequence[PublicRecord]:
        """Return records about one of *packages*, or called one of *names*.

        Packages are given as `place/name`, such as `pypi/django`, in lower case; names
        such as `CVE-2021-44228`. At most `AT_MOST` records, those that are named first.
        """


class NothingPublished:
    """Where there is no catalogue."""

    def about(
        self,
        packages: Sequence[str],  # noqa: ARG002
        names: Sequence[str],  # noqa: ARG002
    ) -> Sequence[PublicRecord]:
        """Return no record."""
        return ()


class PublicMatch(Struct, frozen=True, kw_only=True):
    """A public record that is, or may be, the same bug as a finding."""

    id: str
    probability: float
    sure: bool
    """So sure that two reports would have been merged."""
    reasons: tuple[str, ...] = ()


def matches(features: Features, published: Published) -> tuple[PublicMatch, ...]:
    """Return the public records that may be the same bug, the most probable first."""
    if not features.packages and not features.upstream_ids:
        return ()
    found: list[PublicMatch] = []
    for record in published.about(features.packages, features.upstream_ids)[:AT_MOST]:
        comparison = duplicates.compare(features, features_of(record))
        verdict = duplicates.decide(comparison)
        if verdict is not Verdict.NEW:
            found.append(
                PublicMatch(
                    id=record.id,
                    probability=round(comparison.probability, 4),
                    sure=verdict is Verdict.MERGE,
                    reasons=tuple(reason.text for reason in comparison.reasons),
                )
            )
    found.sort(key=lambda match: (-match.sure, -match.probability, match.id))
    return tuple(found[:TOLD])


@lru_cache(maxsize=4096)
def features_of(record: PublicRecord) -> Features:
    """Return what a record says, as if it had been handed in.

    Kept for the next finding on the package: nothing of it is confidential.
    """
    text = Attachment(
        filename="record.txt", kind=AttachmentKind.OTHER, text=record.text
    )
    return duplicates.features_of(
        Finding(
            receipt=Receipt(record.id),
            purl=record.purl,
            ecosystem=record.ecosystem,
            software=record.software,
            versions=record.versions[-VERSIONS:],
            references=record.references,
            upstream_ids=(record.id, *record.names),
            cwe=record.cwe,
            attachments=(text,),
        )
    )
