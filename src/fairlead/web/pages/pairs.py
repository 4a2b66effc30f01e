"""The middle band: pairs of findings that a coordinator judges, one after another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.base.ids import CaseId, PairId, Receipt
from fairlead.clearinghouse import judging, labelling, parting
from fairlead.clearinghouse.duplicates import normal_function, normal_path, telling
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.judging import PairView
from fairlead.clearinghouse.pairs import Judgement
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.regrouping import Deed
from fairlead.errors import Error, Invalid, Refused, Violation
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

SIZE = 50
SHOWN = 20_000
"""Characters of one text that are shown beside another; the report has the rest."""

_WORD = re.compile(r"\w+")
_PAIR = re.compile(r"[a-z0-9]{1,18}\.[a-z0-9]{1,18}")


class JudgementForm(Struct, frozen=True, kw_only=True):
    """What one of the three buttons sends."""

    judgement: str = ""


class PartForm(Struct, frozen=True, kw_only=True):
    """What the form for parting a case sends."""

    findings: str | list[str] = ""
    """One or several: a form does not tell a list of one from its only entry."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that either finding says."""

    label: str
    older: str
    newer: str
    same: bool


@get("/pairs", sync_to_thread=True, include_in_schema=False)
def listed(
    request: AnyRequest,
    context: NamedDependency[Context],
    after: FromQuery[int] = 0,
) -> Response[Any]:
    """List the pairs that wait for a coordinator, the most probable first."""
    after = max(0, after)
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        moment = context.moment
        span = Page(after=after, size=SIZE)
        waiting = judging.waiting(unit, person.asker, span, moment)
        put_off = (
            judging.waiting(unit, person.asker, Page(), moment, put_off=True)
            if not after
            else ()
        )
        agreement = unit.pairs.agreement()
    return page(
        "pairs.html",
        person,
        waiting=waiting,
        put_off=put_off,
        agreement=agreement,
        newer=max(0, after - SIZE) if after else None,
        older=after + SIZE if len(waiting) == SIZE else None,
    )


@get("/pairs/labels", sync_to_thread=True, include_in_schema=False)
def labels(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Return every judgement with the signals of its pair, one a line, no text."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        found = labelling.labels(unit, person.asker, context.moment)
    return Response(
        b"".join(msgspec.json.encode(label) + b"\n" for label in found),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="labels.ndjson"'},
    )


@get("/pairs/{pair:str}", sync_to_thread=True, include_in_schema=False)
def read(
    request: AnyRequest,
    pair: FromPath[str],
    context: NamedDependency[Context],
    judged: FromQuery[str] = "",
) -> Response[Any]:
    """Show two findings side by side."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        return _show(unit, person, PairId(pair), context, before=judged)


@post("/pairs/{pair:str}/judgement", sync_to_thread=True, include_in_schema=False)
def judge(
    request: AnyRequest,
    pair: FromPath[str],
    data: URLEncodedBody[JudgementForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Judge a pair, and go on to the next that waits."""
    try:
        with context.store.begin() as unit:
            person = auth.person(unit, request, context)
            judging.judge(
                unit,
                person.asker,
                PairId(pair),
                _judgement(data),
                _deed(person, context),
            )
            following = unit.pairs.waiting(Page(size=1))
    except (Invalid, Refused) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            return _show(unit, person, PairId(pair), context, error=error)
    onward = f"/pairs/{following[0].pair}?judged={pair}" if following else "/pairs"
    return Redirect(onward, status_code=HTTP_303_SEE_OTHER)


@post("/cases/{case_id:str}/part", sync_to_thread=True, include_in_schema=False)
def part(
    request: AnyRequest,
    case_id: FromPath[str],
    data: URLEncodedBody[PartForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Say that some findings of a case are another bug than the rest."""

    def act(unit: Unit, person: Person) -> None:
        named = [data.findings] if isinstance(data.findings, str) else data.findings
        leaving = [Receipt(name) for name in named]
        judging.part(
            unit, person.asker, CaseId(case_id), leaving, _deed(person, context)
        )

    return _part(request, context, CaseId(case_id), act)


@post("/cases/{case_id:str}/undo", sync_to_thread=True, include_in_schema=False)
def undo(
    request: AnyRequest, case_id: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Undo that a case became part of another one."""

    def act(unit: Unit, person: Person) -> None:
        judging.undo(unit, person.asker, CaseId(case_id), _deed(person, context))

    return _part(request, context, CaseId(case_id), act)


@get("/cases/{case_id:str}/disclosed", sync_to_thread=True, include_in_schema=False)
def disclosed(
    request: AnyRequest, case_id: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show what the merges of a case had disclosed, as far as they were undone."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        return _disclosed(unit, person, CaseId(case_id), context)


def _part(
    request: AnyRequest,
    context: Context,
    case_id: CaseId,
    act: Callable[[Unit, Person], None],
) -> Response[Any]:
    try:
        with context.store.begin() as unit:
            person = auth.person(unit, request, context)
            # Afterwards the case may be one of its own again.
            into = judging.home_of(unit, person.asker, case_id)
            act(unit, person)
    except (Invalid, Refused) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            return _disclosed(unit, person, case_id, context, error=error)
    return Redirect(f"/cases/{into}/disclosed", status_code=HTTP_303_SEE_OTHER)


def _disclosed(
    unit: Unit,
    person: Person,
    case_id: CaseId,
    context: Context,
    *,
    error: Error | None = None,
) -> Response[Any]:
    told = parting.disclosed(unit, person.asker, case_id, context.moment)
    return page(
        "disclosed.html",
        person,
        status_code=status_of(error) if error else HTTPStatus.OK,
        case_id=case_id,
        told=told,
        names={o.id: o.name for o in unit.organisations.all()},
        error=str(error) if error else None,
    )


def _show(  # noqa: PLR0913 - one value a thing that must be said
    unit: Unit,
    person: Person,
    pair: PairId,
    context: Context,
    *,
    before: str = "",
    error: Error | None = None,
) -> Response[Any]:
    view = judging.view(unit, person.asker, pair, context.moment)
    return page(
        "pair.html",
        person,
        status_code=status_of(error) if error else HTTPStatus.OK,
        view=view,
        rows=rows(view),
        texts=texts(view),
        names={o.id: o.name for o in unit.organisations.all()},
        before=before if _PAIR.fullmatch(before) else "",
        error=str(error) if error else None,
    )


def _judgement(data: JudgementForm) -> Judgement:
    if data.judgement not in set(Judgement):
        raise Invalid(
            "choose yes, no or later",
            [Violation("missing_field", "judgement", "choose")],
        )
    return Judgement(data.judgement)


def _deed(person: Person, context: Context) -> Deed:
    return Deed(
        by=person.asker.actor,
        at=context.clock(),
        rules=context.rules,
        randomness=context.randomness,
    )


# --- What is shown side by side ----------------------------------------------------------

_FIELDS: tuple[tuple[str, Callable[[Finding], str], Callable[[str], str]], ...] = (
    ("Software", lambda f: f.purl or f.software or "", str.lower),
    ("Repository", lambda f: f.repository or "", str.lower),
    ("Versions", lambda f: ", ".join(f.versions), str.lower),
    ("File", lambda f: f.file or f.code_path or "", normal_path),
    ("Function", lambda f: f.function or "", normal_function),
    ("Line", lambda f: str(f.line or ""), str.lower),
    ("Weakness", lambda f: f.cwe or "", str.upper),
    ("Identifiers", lambda f: ", ".join(sorted(f.upstream_ids)), str.upper),
    ("Fix", lambda f: f.fixed_commit or "", str.lower),
    ("References", lambda f: "\n".join(f.references), str.lower),
    ("Found by", lambda f: f.discovery_method or "", str.lower),
    ("Found with", lambda f: f.discovery_tooling or "", str.lower),
)
"""Name, what a finding says, and what of that is compared."""


def rows(view: PairView) -> list[Row]:
    """Return what either finding says, and whether both say the same."""
    one, other = view.older.finding, view.newer.finding
    if one is None or other is None:
        return []
    found = []
    for label, said, normal in _FIELDS:
        older, newer = said(one), said(other)
        if older or newer:
            found.append(Row(label, older, newer, normal(older) == normal(newer)))
    return found


Pieces = list[tuple[str, bool]]
"""Parts of a text in order, each with whether it is marked."""


def texts(view: PairView) -> tuple[Pieces, Pieces]:
    """Return both texts; marked are the telling words that stand in the other too."""
    said = [
        side.finding.text[:SHOWN] if side.finding else ""
        for side in (view.older, view.newer)
    ]
    words = [{w.lower() for w in _WORD.findall(text)} for text in said]
    shared = {word for word in words[0] & words[1] if telling(word)}
    older, newer = (list(_marked(text, shared)) for text in said)
    return older, newer


def _marked(text: str, shared: set[str]) -> Iterator[tuple[str, bool]]:
    place = 0
    for word in _WORD.finditer(text):
        if word[0].lower() in shared:
            if word.start() > place:
                yield text[place : word.start()], False
            yield word[0], True
            place = word.end()
    if place < len(text):
        yield text[place:], False


router = Router(
    "/", route_handlers=[listed, labels, read, judge, part, undo, disclosed]
)
