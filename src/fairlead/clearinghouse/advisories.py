"""Published advisories: one content, kept in each format exactly as it went out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from fairlead.base.ids import AdvisoryId, CaseId
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Documents(Struct, frozen=True, kw_only=True):
    """The advisory in each format, as published."""

    csaf: str
    osv: str


class Published(Fact, frozen=True, tag="advisory.published@1"):
    """An advisory went out."""

    case: CaseId
    title: str
    body: Documents | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedAdvisory:
    """What the public sees of a case."""

    id: AdvisoryId
    case: CaseId
    title: str
    published_at: datetime
    documents: Documents | None
    version: int = 1


def _evolve(state: PublishedAdvisory | None, event: Event) -> PublishedAdvisory:
    match state, event.fact:
        case None, Published(case=case, title=title, body=body):
            return PublishedAdvisory(
                id=AdvisoryId(name_of(event)),
                case=case,
                title=title,
                published_at=event.at,
                documents=body,
            )
    raise unexpected(event)


ADVISORIES = Subject("advisory", PublishedAdvisory, (Published,), _evolve)
