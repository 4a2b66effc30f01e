"""Use case of coordinators: make a case public as an advisory in every format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import AdvisoryId, CaseId
from fairlead.base.markings import Label
from fairlead.clearinghouse import cases, coordinating
from fairlead.clearinghouse.advisories import Documents, Published, PublishedAdvisory
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page
from fairlead.formats import csaf, osv
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    Credit,
    Publisher,
    Reference,
    Remediation,
    Revision,
    Weakness,
)


class Draft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a coordinator writes; identifiers, instants and publisher are added."""

    title: str
    summary: str
    description: str
    affected: tuple[Affected, ...]
    aliases: tuple[str, ...] = ()
    cwe: Weakness | None = None
    severities: tuple[str, ...] = ()
    """CVSS vectors."""
    remediations: tuple[Remediation, ...] = ()
    references: tuple[Reference, ...] = ()
    credits: tuple[Credit, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """An advisory that has just gone out."""

    advisory: PublishedAdvisory
    case: Case
    not_carried: dict[str, tuple[str, ...]]
    """By format: what of the draft it has no place for."""


def publish(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    draft: Draft,
    publisher: Publisher,
    *,
    at: datetime,
) -> Publication:
    """Publish *draft* as the advisory of a case.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.
        NotAllowed: *asker* may not publish.
        NotVerified: *asker* is no person who was verified within ten minutes.
        UnderEmbargo: the embargo has not ended.
        Refused: the case has not been with its owner, or is public already.
        Invalid: a format lacks something; every lack is named.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.ADVISORY_PUBLISH)
    asker.needs_verified(at)
    name = AdvisoryId(case.id)
    facts = cases.published(case, name, at=at)
    content = _content(name, draft, publisher, at)
    documents = Documents(
        csaf=csaf.csaf_document(content).decode(),
        osv=osv.osv_document(content).decode(),
    )
    advisory = unit.advisories.save(
        None,
        [Published(case=case.id, title=draft.title, body=documents)],
        name=name,
        by=asker.actor,
        at=at,
    )
    case = unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)
    return Publication(
        advisory,
        case,
        {"csaf": csaf.not_carried(content), "osv": osv.not_carried(content)},
    )


def find_advisory(unit: ClearinghouseUnit, name: AdvisoryId) -> PublishedAdvisory:
    """Return a published advisory; anybody may."""
    return unit.advisories.get(name)


def list_advisories(unit: ClearinghouseUnit, page: Page) -> Sequence[PublishedAdvisory]:
    """Return published advisories, the newest first; anybody may."""
    return unit.advisories.newest(page)


def _content(
    name: AdvisoryId, draft: Draft, publisher: Publisher, at: datetime
) -> Advisory:
    return Advisory(
        id=name,
        title=draft.title,
        summary=draft.summary,
        description=draft.description,
        published=at,
        revised=at,
        revisions=(Revision(number=1, at=at, summary="First version."),),
        marking=Label.CLEAR,
        aliases=draft.aliases,
        cwe=draft.cwe,
        severities=draft.severities,
        affected=draft.affected,
        remediations=draft.remediations,
        references=draft.references,
        credits=draft.credits,
        publisher=publisher,
    )
