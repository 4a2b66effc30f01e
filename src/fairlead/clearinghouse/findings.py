"""Findings: what a report says, parsed and normalised; the report itself is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fairlead.base.ids import Receipt
from fairlead.formats.provenance import Provenance


class AttachmentKind(StrEnum):
    """What an attachment is, as its sender says (TAP Intake API, Attachments)."""

    PATCH = "patch"
    EXPLOIT = "exploit-proof-of-concept"
    REPRODUCER = "reproducer"
    THREAT_MODEL = "threat-model"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file that came with a report; only text is ever looked into."""

    filename: str
    kind: AttachmentKind
    text: str | None
    """The content of a text or JSON attachment; of any other, nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One vulnerability as one finder describes it.

    Values are as sent, but for surrounding space. What they mean (that two packages are
    the same one, that two paths differ only by a prefix) is for `duplicates` to judge.
    """

    receipt: Receipt
    purl: str | None = None
    """Package URL, possibly with version, qualifiers and subpath."""
    ecosystem: str | None = None
    software: str | None = None
    versions: tuple[str, ...] = ()
    code_path: str | None = None
    file: str | None = None
    function: str | None = None
    line: int | None = None
    references: tuple[str, ...] = ()
    upstream_ids: tuple[str, ...] = ()
    introduced_commit: str | None = None
    fixed_commit: str | None = None
    repository: str | None = None
    """Address of the source repository, as sent."""
    cwe: str | None = None
    severity: str | None = None
    cvss_vector: str | None = None
    discovery_method: str | None = None
    discovery_tooling: str | None = None
    attachments: tuple[Attachment, ...] = ()
    provenance: Provenance | None = None
    """Who found and who conveyed it, as sent; see `fairlead.formats.provenance`."""

    @property
    def text(self) -> str:
        """All prose and traces that came with the finding, in order."""
        return "\n\n".join(a.text for a in self.attachments if a.text)
