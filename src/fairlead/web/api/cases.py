"""Cases for programs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from fairlead.base import instants
from fairlead.base.ids import AdvisoryId, CaseId, OrganisationId, Receipt
from fairlead.base.markings import Label
from fairlead.clearinghouse import coordinating, publishing
from fairlead.clearinghouse.cases import Case, Part, State
from fairlead.clearinghouse.casework import seats
from fairlead.clearinghouse.evidence import attaching, settling
from fairlead.clearinghouse.evidence.ladder import Crossed, Rung, Sameness, Support
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.publishing import Draft
from fairlead.clearinghouse.regrouping import Deed
from fairlead.clearinghouse.submissions import Submission
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS
from fairlead.web.parameters import After


class CaseAnswer(Struct, frozen=True, kw_only=True):
    """A case as the API shows it; the rules may change without this."""

    id: CaseId
    title: str | None
    state: State
    next_states: tuple[State, ...]
    marking: Label
    findings: int
    opened_at: datetime
    embargo_until: datetime
    embargo_rule: str
    ends_at: datetime
    merged_into: CaseId | None
    advisory: AdvisoryId | None

    @classmethod
    def of(cls, case: Case) -> CaseAnswer:
        """Return what the API shows of *case*."""
        return cls(
            id=case.id,
            title=case.title,
            state=case.state,
            next_states=case.next_states,
            marking=case.marking,
            findings=case.findings,
            opened_at=case.opened_at,
            embargo_until=case.embargo_until,
            embargo_rule=case.embargo_rule,
            ends_at=case.ends_at,
            merged_into=case.merged_into,
            advisory=case.advisory,
        )


class CaseList(Struct, frozen=True, kw_only=True):
    """Cases that the asker may see, the newest first."""

    cases: Sequence[CaseAnswer]


class EvidenceAnswer(Struct, frozen=True, kw_only=True):
    """How far the evidence for a finding goes."""

    rung: Rung
    supports: tuple[Support, ...]
    crossings: tuple[Crossed, ...]

    @classmethod
    def of(cls, submission: Submission, known: Collection[Receipt]) -> EvidenceAnswer:
        """Return what the API shows of the evidence for *submission*.

        Of crossings only those with findings that are *known* to the asker.
        """
        return cls(
            rung=submission.rung,
            supports=submission.evidence,
            crossings=tuple(
                crossed for crossed in submission.crossings if crossed.other in known
            ),
        )


class Evidence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed statement, and the finding of the case that it is about."""

    finding: Receipt
    statement: Annotated[str, Meta(max_length=1_048_576)]


class CrossingGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed crossing, and the two findings that it is about."""

    finding: Receipt
    other: Receipt
    crossing: Annotated[str, Meta(max_length=1_048_576)]


class SettledAnswer(Struct, frozen=True, kw_only=True):
    """What a crossing led to."""

    sameness: Sameness
    case: CaseId
    """Where the first finding is filed now."""
    merged: bool


class CaseDetail(Struct, frozen=True, kw_only=True):
    """A case with the receipts filed in it."""

    case: CaseAnswer
    receipts: Sequence[Receipt]
    evidence: dict[Receipt, EvidenceAnswer]
    participants: dict[OrganisationId, Part]


class Move(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to move a case, and why."""

    to: State
    reason: str


class Embargo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when a case stays closed, by which rule, and why."""

    until: Annotated[datetime, Meta(tz=True)]
    rule: Annotated[str, Meta(min_length=1, max_length=500)]
    reason: str


class ReadIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may see a case from now on, and as what."""

    organisation: OrganisationId
    part: Part = Part.MEMBER


class Published(Struct, frozen=True, kw_only=True):
    """An advisory that has just gone out."""

    advisory: AdvisoryId
    address: str
    not_carried: dict[str, tuple[str, ...]]
    """By format: what of the draft it has no place for."""


@get("/", sync_to_thread=True, summary="List cases", responses=PROBLEMS)
def listed(
    request: AnyRequest,
    context: NamedDependency[Context],
    wanted: Annotated[State | None, QueryParameter(name="state")] = None,
    q: FromQuery[str] = "",
    after: After = 0,
) -> CaseList:
    """Return the cases that the asker may see, the newest first, 50 at a time."""
    with context.store.read() as unit:
        found = coordinating.queue(
            unit,
            auth.asker(unit, request, context),
            Page(after=after),
            context.moment,
            states=[wanted] if wanted else [],
            words=q,
        )
        return CaseList(cases=[CaseAnswer.of(case) for case in found])


@get("/{case_id:str}", sync_to_thread=True, summary="Read a case", responses=PROBLEMS)
def read(
    request: AnyRequest, case_id: FromPath[str], context: NamedDependency[Context]
) -> CaseDetail:
    """Return a case with what is filed in it."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        view = coordinating.view(unit, asker, CaseId(case_id), context.moment)
        return CaseDetail(
            case=CaseAnswer.of(view.case),
            receipts=[filed.submission.id for filed in view.filed],
            participants=seats.known(view.case, seats.seat_of(view.case, asker)),
            evidence={
                filed.submission.id: EvidenceAnswer.of(
                    filed.submission, [other.submission.id for other in view.filed]
                )
                for filed in view.filed
            },
        )


@post(
    "/{case_id:str}/moves",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Move a case",
    responses=PROBLEMS,
)
def move(
    request: AnyRequest,
    case_id: FromPath[str],
    data: JSONBody[Move],
    context: NamedDependency[Context],
) -> CaseAnswer:
    """Move a case to another state."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        case = coordinating.move(
            unit,
            asker,
            CaseId(case_id),
            data.to,
            reason=data.reason,
            at=context.clock(),
        )
    return CaseAnswer.of(case)


@post(
    "/{case_id:str}/embargo",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Shorten an embargo",
    responses=PROBLEMS,
)
def shorten(
    request: AnyRequest,
    case_id: FromPath[str],
    data: JSONBody[Embargo],
    context: NamedDependency[Context],
) -> CaseAnswer:
    """Let the embargo of a case end earlier."""
    with context.store.begin() as unit:
        case = coordinating.shorten_embargo(
            unit,
            auth.asker(unit, request, context),
            CaseId(case_id),
            instants.in_utc(data.until),
            rule=data.rule,
            reason=data.reason,
            at=context.clock(),
        )
    context.wake()
    return CaseAnswer.of(case)


@post(
    "/{case_id:str}/participants",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Read an organisation in",
    responses=PROBLEMS,
)
def read_in(
    request: AnyRequest,
    case_id: FromPath[str],
    data: JSONBody[ReadIn],
    context: NamedDependency[Context],
) -> CaseAnswer:
    """Let an organisation see a case from now on."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        case = coordinating.read_in(
            unit,
            asker,
            CaseId(case_id),
            data.organisation,
            data.part,
            at=context.clock(),
        )
    return CaseAnswer.of(case)


@delete(
    "/{case_id:str}/participants/{organisation:str}",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Read an organisation out",
    responses=PROBLEMS,
)
def read_out(
    request: AnyRequest,
    case_id: FromPath[str],
    organisation: FromPath[str],
    context: NamedDependency[Context],
) -> CaseAnswer:
    """Let an organisation not see a case any more."""
    with context.store.begin() as unit:
        case = coordinating.read_out(
            unit,
            auth.asker(unit, request, context),
            CaseId(case_id),
            OrganisationId(organisation),
            at=context.clock(),
        )
    return CaseAnswer.of(case)


@post(
    "/{case_id:str}/evidence",
    sync_to_thread=True,
    summary="Add evidence",
    responses=PROBLEMS,
)
def add_evidence(
    request: AnyRequest,
    case_id: FromPath[str],
    data: JSONBody[Evidence],
    context: NamedDependency[Context],
) -> EvidenceAnswer:
    """Put what `fairlead evidence run` showed to a finding of a case."""
    with context.store.begin() as unit:
        submission = attaching.attach(
            unit,
            auth.asker(unit, request, context),
            CaseId(case_id),
            data.finding,
            data.statement,
            context.evidence_keys,
            at=context.clock(),
        )
    return EvidenceAnswer.of(submission, ())


@post(
    "/{case_id:str}/crossings",
    sync_to_thread=True,
    summary="Settle whether two findings are one bug",
    responses=PROBLEMS,
)
def settle(
    request: AnyRequest,
    case_id: FromPath[str],
    data: JSONBody[CrossingGiven],
    context: NamedDependency[Context],
) -> SettledAnswer:
    """Record what `fairlead evidence cross` showed, and decide about the two anew."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        deed = Deed(
            by=asker.actor,
            at=context.clock(),
            rules=context.rules,
            randomness=context.randomness,
        )
        settled = settling.settle(
            unit,
            asker,
            CaseId(case_id),
            (data.finding, data.other),
            data.crossing,
            context.evidence_keys,
            deed,
        )
    return SettledAnswer(
        sameness=settled.sameness, case=settled.case, merged=settled.merged
    )


@post(
    "/{case_id:str}/advisory",
    sync_to_thread=True,
    summary="Publish an advisory",
    responses=PROBLEMS,
)
def publish(
    request: AnyRequest,
    case_id: FromPath[str],
    data: JSONBody[Draft],
    context: NamedDependency[Context],
) -> Published:
    """Make a case public as an advisory in every format."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        publication = publishing.publish(
            unit, asker, CaseId(case_id), data, context.press, at=context.clock()
        )
    name = publication.advisory.id
    return Published(
        advisory=name,
        address=f"/advisories/{name}",
        not_carried=publication.not_carried,
    )


router = Router(
    "/v1/cases",
    route_handlers=[
        listed,
        read,
        move,
        shorten,
        read_in,
        read_out,
        add_evidence,
        settle,
        publish,
    ],
    tags=["cases"],
)
