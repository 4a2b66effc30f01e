"""Published advisories: one content, kept in each format exactly as it went out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import Struct

from fairlead.base.ids import AdvisoryId, CaseId
from fairlead.errors import Refused
from fairlead.formats.advisory import Advisory
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Documents(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The advisory in each format, as published."""

    csaf: str
    osv: str
    others: dict[str, str] = {}
    """By the name of the format: `csaf-2.1`, `cve`, `openvex`."""
    signatures: dict[str, str] = {}
    """OpenPGP signatures of documents, armoured, by the name of the format."""
    not_carried: dict[str, tuple[str, ...]] = {}
    """By format: what of the content it has no place for."""
    content: Advisory | None = None
    """What the documents were written from; nothing in those of the first version."""

    def find(self, kind: str) -> str | None:
        """Return the document in the format called *kind*, if there is one."""
        return {"csaf": self.csaf, "osv": self.osv, **self.others}.get(kind)


class Published(Fact, frozen=True, tag="advisory.published@1"):
    """An advisory went out."""

    case: CaseId
    title: str
    body: Documents | None = None


class Revised(Fact, frozen=True, tag="advisory.revised@1"):
    """A new version of the advisory went out."""

    title: str
    summary: str
    """What is new, in words."""
    body: Documents | None = None


class Withdrawn(Fact, frozen=True, tag="advisory.withdrawn@1"):
    """The advisory was taken back: it says no more than why."""

    reason: str
    body: Documents | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAdvisory:
    """What the public sees of a case."""

    id: AdvisoryId
    case: CaseId
    title: str
    published_at: datetime
    documents: Documents | None
    revised_at: datetime
    """When its newest version went out."""
    withdrawn_at: datetime | None = None
    version: int = 1
    """How many times it went out."""

    @property
    def file_year(self) -> str:
        """Return the folder that its documents are in (CSAF 2.0, 7.1.11)."""
        return f"{self.published_at.year:04}"


def revised(advisory: PublishedAdvisory, title: str, summary: str) -> Revised:
    """Return what revising *advisory* means, its documents aside.

    Raises:
        Refused: it was withdrawn.

    """
    _refuse_withdrawn(advisory)
    return Revised(title=title, summary=summary)


def withdrawn(advisory: PublishedAdvisory, reason: str) -> Withdrawn:
    """Return what withdrawing *advisory* means, its documents aside.

    Raises:
        Refused: it was withdrawn already.

    """
    _refuse_withdrawn(advisory)
    return Withdrawn(reason=reason)


def _refuse_withdrawn(advisory: PublishedAdvisory) -> None:
    if advisory.withdrawn_at is not None:
        raise Refused(f"{advisory.id} was withdrawn; publish another case instead")


def _evolve(state: PublishedAdvisory | None, event: Event) -> PublishedAdvisory:
    match state, event.fact:
        case None, Published(case=case, title=title, body=body):
            return PublishedAdvisory(
                id=AdvisoryId(name_of(event)),
                case=case,
                title=title,
                published_at=event.at,
                revised_at=event.at,
                documents=body,
            )
        case PublishedAdvisory(), Revised(title=title, body=body):
            return replace(
                state,
                title=title,
                documents=body,
                revised_at=event.at,
                version=event.version,
            )
        case PublishedAdvisory(), Withdrawn(body=body):
            return replace(
                state,
                documents=body,
                revised_at=event.at,
                withdrawn_at=event.at,
                version=event.version,
            )
    raise unexpected(event)


ADVISORIES = Subject(
    "advisory", PublishedAdvisory, (Published, Revised, Withdrawn), _evolve
)
