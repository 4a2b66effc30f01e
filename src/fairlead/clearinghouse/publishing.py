"""Use cases of coordinators: make a case public as an advisory, revise it, take it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import AdvisoryId, CaseId
from fairlead.base.markings import Label
from fairlead.clearinghouse import advisories, cases, coordinating
from fairlead.clearinghouse.advisories import Documents, Published, PublishedAdvisory
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.casework.facts import AdvisoryHeld
from fairlead.clearinghouse.ports import (
    ClearinghouseUnit,
    DocumentSigner,
    Headline,
    Page,
)
from fairlead.errors import Damaged, Invalid, NotFound, Refused, Violation
from fairlead.formats import osv, osv_query, reading
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
from fairlead.formats.cve import Assigner
from fairlead.formats.rendering import FORMATS, Place

SIGNED = ("csaf", "csaf-2.1")
"""Formats whose documents are signed: those that a CSAF trusted provider serves."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """With what advisories are made: who publishes, where, and who signs."""

    publisher: Publisher
    address: str
    """What people type to get here, without a slash at its end."""
    assigner: Assigner | None = None
    signer: DocumentSigner | None = None

    @property
    def feeds(self) -> str:
        """Return the address of the CSAF feeds."""
        return f"{self.address}/.well-known/csaf"


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
    press: Press,
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
    return _go_out(unit, case, draft, press, _Going(by=asker.actor, at=at))


def go_out(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    case: Case,
    press: Press,
    *,
    by: str,
    at: datetime,
    due: datetime | None = None,
) -> Publication:
    """Publish the advisory that is held of *case*; *due* where it was scheduled.

    Whoever calls this has decided that it may go out: a person who was verified, or the
    timer for one who was.

    Raises:
        UnderEmbargo: the embargo has not ended.
        Refused: none is held, or the case cannot be published.
        Invalid: a format lacks something; every lack is named.

    """
    draft = held(unit, case)
    if draft is None:
        raise Refused("no advisory is held ready; hold one first")
    return _go_out(unit, case, draft, press, _Going(by=by, at=at, due=due))


def held(unit: ClearinghouseUnit, case: Case) -> Draft | None:
    """Return the advisory that is ready to go out, if one is."""
    if case.held is None:
        return None
    for event in unit.cases.history(case.id):
        if event.version == case.held and isinstance(event.fact, AdvisoryHeld):
            body = event.fact.body
            return None if body is None else msgspec.json.decode(body, type=Draft)
    return None


def try_out(case: Case, draft: Draft, press: Press, *, at: datetime) -> None:
    """Raise `Invalid` where *draft* could not go out; every lack of a format is named."""
    first = Revision(number=1, at=at, summary="First version.")
    _documents(_content(AdvisoryId(case.id), draft, press, (first,)), press)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Going:
    by: str
    at: datetime
    due: datetime | None = None


def _go_out(
    unit: ClearinghouseUnit, case: Case, draft: Draft, press: Press, going: _Going
) -> Publication:
    name, at = AdvisoryId(case.id), going.at
    facts = cases.published(case, name, at=at, due=going.due)
    first = Revision(number=1, at=at, summary="First version.")
    documents = _documents(_content(name, draft, press, (first,)), press)
    advisory = unit.advisories.save(
        None,
        [Published(case=case.id, title=draft.title, body=documents)],
        name=name,
        by=going.by,
        at=at,
    )
    case = unit.cases.save(case, facts, name=case.id, by=going.by, at=at)
    return Publication(advisory, case, documents.not_carried)


def revise(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    name: AdvisoryId,
    draft: Draft,
    press: Press,
    *,
    summary: str,
    at: datetime,
) -> PublishedAdvisory:
    """Publish *draft* as the next version of an advisory; *summary* says what is new.

    Raises:
        NotFound: there is no such advisory, or it was destroyed.
        NotAllowed: *asker* may not publish.
        NotVerified: *asker* is no person who was verified within ten minutes.
        Refused: it was withdrawn.
        Invalid: no summary, or a format lacks something; every lack is named.

    """
    asker.needs(Scope.ADVISORY_PUBLISH)
    asker.needs_verified(at)
    advisory = unit.advisories.get(name)
    fact = advisories.revised(advisory, draft.title, _said(summary, "summary"))
    before = _content_of(advisory)
    revisions = (*before.revisions, _next(before, at, fact.summary))
    content = _content(name, draft, press, revisions)
    body = _documents(content, press)
    return unit.advisories.save(
        advisory, [replace(fact, body=body)], name=name, by=asker.actor, at=at
    )


def withdraw(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    name: AdvisoryId,
    reason: str,
    press: Press,
    *,
    at: datetime,
) -> PublishedAdvisory:
    """Take an advisory back: from now on its documents say why, and nothing else.

    What went out stays with those who have it, and in the history.

    Raises:
        NotFound: there is no such advisory, or it was destroyed.
        NotAllowed: *asker* may not publish.
        NotVerified: *asker* is no person who was verified within ten minutes.
        Refused: it was withdrawn already.
        Invalid: no reason is given.

    """
    asker.needs(Scope.ADVISORY_PUBLISH)
    asker.needs_verified(at)
    advisory = unit.advisories.get(name)
    fact = advisories.withdrawn(advisory, _said(reason, "reason"))
    before = _content_of(advisory)
    content = replace(
        before,
        publisher=press.publisher,
        revised=at,
        revisions=(*before.revisions, _next(before, at, f"Withdrawn: {fact.reason}")),
        withdrawn=at,
        withdrawal=fact.reason,
    )
    body = _documents(content, press)
    return unit.advisories.save(
        advisory, [replace(fact, body=body)], name=name, by=asker.actor, at=at
    )


def find_advisory(unit: ClearinghouseUnit, name: AdvisoryId) -> PublishedAdvisory:
    """Return a published advisory; anybody may."""
    return unit.advisories.get(name)


def list_advisories(unit: ClearinghouseUnit, page: Page) -> Sequence[Headline]:
    """Return the headlines of published advisories, the newest first; anybody may."""
    return unit.advisories.newest(page)


def list_changes(
    unit: ClearinghouseUnit, page: Page | None = None
) -> Sequence[Headline]:
    """Return headlines, the one that changed last first; all unless *page* is given."""
    return unit.advisories.changed(page)


def list_about(
    unit: ClearinghouseUnit, ecosystem: str, package: str
) -> Sequence[Headline]:
    """Return the headlines of advisories about a package, the newest first."""
    key = osv.package_key(ecosystem, package)
    return unit.advisories.headlines_about(ecosystem, key)


def find_by_osv_id(unit: ClearinghouseUnit, name: str) -> PublishedAdvisory:
    """Return the advisory whose OSV record has this id; anybody may.

    Raises:
        NotFound: there is none.

    """
    if not name.startswith(osv.PREFIX):
        raise NotFound(f"no record {name!r}")
    return unit.advisories.get(AdvisoryId(name.removeprefix(osv.PREFIX)))


def affecting(
    unit: ClearinghouseUnit, asked: osv_query.Package, limit: int
) -> list[str]:
    """Return the OSV records of advisories about a package, the newest first.

    With a version those that affect it, or for which that cannot be said.
    """
    found = unit.advisories.about(asked.ecosystem, asked.key, limit)
    records = [one.documents.osv for one in found if one.documents is not None]
    return [record for record in records if osv_query.affects(record, asked)]


def _said(text: str, field: str) -> str:
    if not text.strip():
        raise Invalid(
            f"a {field} is needed; everybody reads it",
            [Violation("missing_field", field, "say it in words")],
        )
    return text.strip()


def _next(before: Advisory, at: datetime, summary: str) -> Revision:
    number = max(revision.number for revision in before.revisions) + 1
    return Revision(number=number, at=at, summary=summary)


def _content_of(advisory: PublishedAdvisory) -> Advisory:
    """Return what the newest documents were written from.

    Those of the first version did not keep it; it is read out of their CSAF document.
    """
    documents = advisory.documents
    if documents is None:
        raise NotFound(f"{advisory.id} was destroyed")
    if documents.content is not None:
        return documents.content
    nobody = Publisher(name="", namespace="", category="other")
    found = reading.read(documents.csaf.encode(), nobody)
    if len(found) != 1:
        raise Damaged(f"{advisory.id}: its CSAF document holds {len(found)} advisories")
    return found[0].advisory


def _documents(content: Advisory, press: Press) -> Documents:
    """Return *content* in every format that applies.

    Raises:
        Invalid: some format lacks something; every lack of every format is named.

    """
    place = Place(
        address=f"{press.address}/advisories/{content.id}", assigner=press.assigner
    )
    formats = {k: f for k, f in FORMATS.items() if f.applies(content, place)}
    written: dict[str, bytes] = {}
    faults: dict[Violation, None] = {}
    for kind, format_ in formats.items():
        try:
            written[kind] = format_.write(content, place)
        except Invalid as error:
            faults |= dict.fromkeys(error.violations)
    if faults:
        raise Invalid(f"this cannot be published: {len(faults)} faults", list(faults))
    signer = press.signer
    signatures = {kind: signer.sign(written[kind]) for kind in SIGNED} if signer else {}
    texts = {kind: document.decode() for kind, document in written.items()}
    return Documents(
        csaf=texts.pop("csaf"),
        osv=texts.pop("osv"),
        others=texts,
        signatures=signatures,
        not_carried={kind: f.not_carried(content) for kind, f in formats.items()},
        content=content,
    )


def _content(
    name: AdvisoryId, draft: Draft, press: Press, revisions: tuple[Revision, ...]
) -> Advisory:
    published = revisions[0].at
    return Advisory(
        id=name,
        title=draft.title,
        summary=draft.summary,
        description=draft.description,
        published=published,
        revised=revisions[-1].at,
        revisions=revisions,
        marking=Label.CLEAR,
        aliases=draft.aliases,
        cwe=draft.cwe,
        severities=draft.severities,
        affected=draft.affected,
        remediations=draft.remediations,
        references=draft.references,
        credits=draft.credits,
        publisher=press.publisher,
        canonical=press.feeds,
    )
