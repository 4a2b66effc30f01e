"""Engagements: the list, and one engagement as each party sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import File, Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER

from fairlead.access import challenges
from fairlead.access.ports import Purpose as Challenged
from fairlead.access.roles import Asker, Scope
from fairlead.access.sessions import SignedIn
from fairlead.access.traces import Moment
from fairlead.base.ids import AssessmentId, EngagementId, OrganisationId, PersonId
from fairlead.base.pages import Page
from fairlead.errors import (
    Error,
    Invalid,
    Malformed,
    NotAllowed,
    NotFound,
    NotVerified,
    Refused,
    Unauthenticated,
)
from fairlead.formats.contract_pdf import Signed, contract_pdf
from fairlead.programme.pictures import timeline, timeline_svg
from fairlead.programme.unit import Unit
from fairlead.record.events import Event
from fairlead.review import (
    bundling,
    calling,
    concluding,
    granting,
    handing,
    negotiating,
    parties,
)
from fairlead.review.determination import Finding
from fairlead.review.engagement import ENGAGEMENTS, Engagement, State
from fairlead.review.entry import Wish
from fairlead.review.facts import AccessUsed, Audience, TermsSigned
from fairlead.review.handing import Opening
from fairlead.review.parties import Party
from fairlead.sealing.holders import read_holder
from fairlead.terms import agreement, difference, prose
from fairlead.terms.clauses import ENDPOINTS, Action, Purpose, Side
from fairlead.terms.decide import Decision, Ground
from fairlead.terms.standard import Profile
from fairlead.web import auth
from fairlead.web.api import assets
from fairlead.web.api.engagements import certified, perform, purpose_of
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages import verifying
from fairlead.web.pages.frame import page
from fairlead.web.parameters import After
from fairlead.web.problems import status_of

SIZE = 25
SHOWN = 60
"""Entries of the history that are shown."""
SHOWN_FILES = 40
"""Files of a sealed asset to which links are shown."""
NONCE = 32
TRACK = (
    State.INQUIRY,
    State.NEGOTIATING,
    State.SIGNED,
    State.OPEN,
    State.RESULTS,
    State.PARTNERS,
    State.CLOSING,
    State.CLOSED,
)
HOW = {
    "passkey": "with a passkey that verified its user",
    "ed25519": "with the key that these terms name",
}
"""How a side signed, as it is printed."""
EXPLAINED = (Action.CALL, Action.RUN, Action.READ, Action.OPEN)


@get("/engagements", sync_to_thread=True, include_in_schema=False)
def listed(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> Response[Any]:
    """List engagements; offer to ask, or to propose one."""
    return _list(request, context, after)


@post("/engagements", sync_to_thread=True, include_in_schema=False)
def begin(
    request: AnyRequest,
    data: URLEncodedBody[dict[str, str]],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Ask as a developer, or propose to one as the programme."""
    try:
        with context.store.begin() as unit:
            me = auth.person(unit, request, context)
            begun = _begun(unit, me.asker, data, context)
    except (Invalid, NotAllowed) as error:
        return _list(request, context, 0, typed=data, error=error)
    return Redirect(f"/engagements/{begun.id}", status_code=HTTP_303_SEE_OTHER)


@get("/engagements/{engagement:str}", sync_to_thread=True, include_in_schema=False)
def shown(
    request: AnyRequest,
    engagement: FromPath[str],
    context: NamedDependency[Context],
    person: FromQuery[str] = "",
    purpose: FromQuery[str] = "",
) -> Response[Any]:
    """Show one engagement, and why somebody may or may not do something in it now."""
    asked = {"person": person, "purpose": purpose}
    return _show(request, EngagementId(engagement), context, asked=asked)


@get(
    "/engagements/{engagement:str}/terms", sync_to_thread=True, include_in_schema=False
)
def terms(
    request: AnyRequest, engagement: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return the terms on the table, or else those that hold, exactly as signed."""
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        party, _ = parties.read(
            unit, me.asker, EngagementId(engagement), context.moment
        )
    known = party.engagement
    offered = known.offer.terms if known.offer and party.keeps else None
    found = offered or known.terms
    if found is None:
        raise NotFound(f"no terms in {engagement!r}")
    return Response(
        agreement.canonical(found),
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{engagement}-terms.json"'
        },
    )


@get(
    "/engagements/{engagement:str}/contract",
    sync_to_thread=True,
    include_in_schema=False,
)
def contract(
    request: AnyRequest, engagement: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return the contract on paper: what is on the table, or else what holds."""
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        party, history = parties.read(
            unit, me.asker, EngagementId(engagement), context.moment
        )
    known, offer = party.engagement, party.engagement.offer
    if offer is not None and offer.terms is not None and party.keeps:
        found, digest = offer.terms, offer.digest
    elif known.terms is not None:
        found, digest = known.terms, agreement.digest(known.terms)
    else:
        raise NotFound(f"no terms in {engagement!r}")
    return Response(
        contract_pdf(found, digest, _signatures(known, history, digest)),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{engagement}-contract.pdf"'
        },
    )


def _signatures(
    known: Engagement, history: Sequence[Event], digest: str
) -> Sequence[Signed]:
    """Return who signed the terms with this digest, as far as the reader may know."""
    signed = [
        Signed(
            side=event.fact.side,
            by=event.actor,
            at=event.at,
            how=HOW.get(event.fact.body.how, "") if event.fact.body else "",
        )
        for event in history
        if isinstance(event.fact, TermsSigned) and event.fact.digest == digest
    ]
    terms = known.terms
    if signed or terms is None or known.signed_at is None:
        return signed
    if known.digest == digest:
        how = ""
    elif agreement.digest(terms) == digest:
        how = f"as {known.digest}; the developer alone made it narrower since"
    else:
        return signed
    return [
        Signed(side=side, by=terms.party(side).name, at=known.signed_at, how=how)
        for side in (Side.DEVELOPER, Side.PROGRAMME)
    ]


@get(
    "/engagements/{engagement:str}/agreement",
    sync_to_thread=True,
    include_in_schema=False,
)
def agreed(
    request: AnyRequest, engagement: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return what both sides signed, with both signatures; anyone checks it offline."""
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        name = EngagementId(engagement)
        party, history = parties.read(unit, me.asker, name, context.moment)
        written = bundling.bundle(party, history, context.address).encode()
    return Response(
        written,
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{engagement}-agreement.json"'
        },
    )


@get(
    "/engagements/{engagement:str}/certificate",
    sync_to_thread=True,
    include_in_schema=False,
)
def certificate(
    request: AnyRequest, engagement: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return the certificate of destruction, once everything was destroyed."""

    def who(unit: Unit) -> Asker:
        return auth.person(unit, request, context).asker

    return certified(context, who, EngagementId(engagement))


@post(
    "/engagements/{engagement:str}/signing-options",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
def options(
    request: AnyRequest, engagement: FromPath[str], context: NamedDependency[Context]
) -> Response[str]:
    """Say what a browser needs to sign the terms on the table with a passkey."""
    nonce = context.randomness(NONCE)
    with context.store.begin() as unit:
        me = auth.person(unit, request, context)
        party = parties.find(unit, me.asker, EngagementId(engagement))
        offer = party.engagement.offer
        statement = negotiating.to_sign(party, offer.digest if offer else "")
        secret = request.cookies[auth.SESSION]
        challenges.keep(unit, secret, Challenged.SIGN, nonce, at=context.clock())
    asked = context.passkeys.asks_for_one(negotiating.challenge(statement, nonce), me)
    return Response(asked, media_type="application/json")


@post(
    "/engagements/{engagement:str}/availability",
    sync_to_thread=True,
    include_in_schema=False,
)
def available(
    request: AnyRequest,
    engagement: FromPath[str],
    data: URLEncodedBody[dict[str, str]],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Say that all files of a sealed asset have come; what has not is named."""
    name = EngagementId(engagement)
    with context.store.read() as unit:
        parties.find(unit, auth.person(unit, request, context).asker, name)
    asset = handing.address(name, data.get("asset", ""))
    try:
        sealed_by = read_holder(data.get("sealed_by", "").encode())
        assets.make_available(request, context, asset, sealed_by)
    except (Malformed, NotFound, Refused, NotAllowed) as error:
        return _show(request, name, context, typed=("availability", data), error=error)
    return Redirect(f"/engagements/{engagement}", status_code=HTTP_303_SEE_OTHER)


@post(
    "/engagements/{engagement:str}/half",
    sync_to_thread=True,
    include_in_schema=False,
)
def half(
    request: AnyRequest,
    engagement: FromPath[str],
    data: URLEncodedBody[dict[str, str]],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Hand a named person the programme's half, wrapped for the key of a session."""
    name = EngagementId(engagement)
    try:
        session = read_holder(data.get("session", "").encode())
        with context.store.begin() as unit:
            share = handing.hand_over(
                unit,
                auth.person(unit, request, context).asker,
                _opening(name, data),
                session,
                context.assets,
                at=context.clock(),
            )
    except (Malformed, Refused, NotAllowed, Unauthenticated) as error:
        return _show(request, name, context, typed=("half", data), error=error)
    return Response(
        share.encode(),
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{engagement}-half.json"'
        },
    )


@post(
    "/engagements/{engagement:str}/file",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
def file(
    request: AnyRequest,
    engagement: FromPath[str],
    data: URLEncodedBody[dict[str, str]],
    context: NamedDependency[Context],
) -> Response[Any] | File:
    """Hand a named person a sealed file, with the key of a second one if need be."""
    name = EngagementId(engagement)
    opening = _opening(name, data)
    try:
        with context.store.read() as unit:
            asker = auth.person(unit, request, context).asker
            handing.take_files(unit, asker, opening, context.moment)
        path = context.assets.file(opening.asset, data.get("name", ""))
    except (NotFound, NotAllowed, Unauthenticated) as error:
        return _show(request, name, context, typed=("half", data), error=error)
    return File(path, media_type="application/octet-stream", filename=path.name)


def _opening(name: EngagementId, data: dict[str, str]) -> Opening:
    wanted = data.get("purpose", "")
    return Opening(
        asset=handing.address(name, data.get("asset", "")),
        purpose=Purpose(wanted) if wanted in set(Purpose) else Purpose.MEASUREMENT,
        second_secret=data.get("second_key", "").strip(),
    )


@post(
    "/engagements/{engagement:str}/{act:str}",
    sync_to_thread=True,
    include_in_schema=False,
)
def do(
    request: AnyRequest,
    engagement: FromPath[str],
    act: FromPath[str],
    data: URLEncodedBody[dict[str, str]],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Do one act of a party; where it is refused, show why, with what was typed."""
    name = EngagementId(engagement)

    def who(unit: Unit) -> tuple[Asker, SignedIn]:
        me = auth.person(unit, request, context)
        return me.asker, me

    with context.store.read() as unit:
        parties.find(unit, who(unit)[0], name)
    said = {field: value for field, value in data.items() if value}
    challenge = b""
    try:
        if act == "signature" and data.get("answer"):
            challenge = auth.answered(request, context, Challenged.SIGN)
        _, done = perform(
            context, who, name, act, said, strict=False, challenge=challenge
        )
    except NotVerified:
        return verifying.ask_first(request, context, f"/engagements/{engagement}")
    except (Invalid, Refused, NotAllowed, Unauthenticated) as error:
        return _show(request, name, context, typed=(act, data), error=error)
    if done.secret:
        return _show(request, name, context, secret=done.secret)
    return Redirect(f"/engagements/{engagement}", status_code=HTTP_303_SEE_OTHER)


def _begun(
    unit: Unit, asker: Asker, data: dict[str, str], context: Context
) -> Engagement:
    at, randomness = context.clock(), context.randomness
    words = data.get("text", "")
    if data.get("developer"):
        developer = OrganisationId(data["developer"].strip())
        try:
            return parties.propose(
                unit, asker, developer, words, at=at, randomness=randomness
            )
        except NotFound as error:
            raise Invalid("developer: no such organisation") from error
    model = data.get("model", "")
    return parties.ask(unit, asker, words, model, at=at, randomness=randomness)


def _list(
    request: AnyRequest,
    context: Context,
    after: int,
    *,
    typed: dict[str, str] | None = None,
    error: Error | None = None,
) -> Response[Any]:
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        wanted = Page(after=after, size=SIZE + 1)
        found = parties.listed(unit, me.asker, wanted, context.moment)
        names = {o.id: o.name for o in unit.organisations.all()}
    return page(
        "engagements.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        engagements=found[:SIZE],
        names=names,
        newer=max(0, after - SIZE) if after else None,
        older=after + SIZE if len(found) > SIZE else None,
        asks=me.asker.may(Scope.ENGAGEMENT_OWN),
        proposes=me.asker.may(Scope.ENGAGEMENT_KEEP),
        typed=typed or {},
        error=str(error) if error else None,
    )


def _show(  # noqa: PLR0913 - one value a thing that must be said
    request: AnyRequest,
    name: EngagementId,
    context: Context,
    *,
    asked: dict[str, str] | None = None,
    typed: tuple[str, dict[str, str]] | None = None,
    error: Error | None = None,
    secret: str = "",
) -> Response[Any]:
    now = context.clock()
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        moment = Moment(now, context.randomness)
        party, history = parties.read(unit, me.asker, name, moment)
        engagement = party.engagement
        offer = engagement.offer if party.keeps else None
        values: dict[str, Any] = {
            "party": party,
            "engagement": engagement,
            "offer": offer,
            "contract": prose.contract(engagement.terms) if engagement.terms else [],
            "offered": prose.contract(offer.terms) if offer and offer.terms else [],
            "changes": list(difference.changes(engagement.before, offer.terms))
            if offer and offer.terms and engagement.before
            else [],
            "assessments": concluding.assessments(party, purpose_of(party), now=now),
            "determinations": concluding.determinations(unit, party, now=now),
            "explained": _explained(unit, party, asked or {}, context),
            "history": [e for e in history if not isinstance(e.fact, AccessUsed)][
                -SHOWN:
            ],
            "names": {o.id: o.name for o in unit.organisations.all()},
            "files": _files(party, context),
            "differences": calling.differing(history) if party.keeps else [],
            "readings": unit.traces.of(ENGAGEMENTS.stream(name)) if party.keeps else [],
        }
    drawn = _as_seen(party, frozenset(shown.id for shown in values["assessments"]))
    act, filled = typed or ("", {})
    wrong = (
        {v.field: v.reason for v in error.violations}
        if isinstance(error, Invalid)
        else {}
    )
    return page(
        "engagement.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        **values,
        me=me,
        now=now,
        track=_track(engagement.state),
        timeline=timeline_svg(drawn, now),
        spans=timeline(drawn, now),
        profiles=list(Profile),
        usual=context.profile.terms,
        rules=context.review,
        purposes=list(Purpose),
        purpose=purpose_of(party),
        shown_files=SHOWN_FILES,
        findings=list(Finding),
        audiences=list(Audience),
        Side=Side,
        State=State,
        asked=asked or {},
        act=act,
        typed=filled,
        wrong=wrong,
        error=str(error) if error else None,
        secret=secret,
        address=context.address,
        sealed_address=handing.address,
        endpoints=ENDPOINTS,
        log_key=context.log_key().text(),
        certificates_key=context.certificates.verifier().text(),
        days_left=_left(engagement, now),
        signs=me.asker.may(Scope.ENGAGEMENT_SIGN),
    )


def _files(party: Party, context: Context) -> list[tuple[str, str, Sequence[str]]]:
    """Return what a named person may take: asset, its address, names of its files."""
    if party.visitor is None or party.engagement.destroyed:
        return []
    name = party.engagement.id
    return [
        (asset, address, context.assets.names(address))
        for asset, known in party.engagement.sealed.items()
        if known.seal
        for address in [handing.address(name, asset)]
    ]


def _explained(
    unit: Unit, party: Party, asked: dict[str, str], context: Context
) -> list[tuple[str, Action, Decision]]:
    """Return, for each asset and action, whether the person who is asked about may."""
    engagement = party.engagement
    person = PersonId(asked["person"]) if asked.get("person") else None
    if engagement.terms is None or (person is None and party.visitor is None):
        return []
    known = set(Purpose)
    wanted = asked.get("purpose", "")
    purpose = Purpose(wanted) if wanted in known else purpose_of(party)
    if person is not None and not wanted:
        purpose = Purpose.MEASUREMENT
    found: list[tuple[str, Action, Decision]] = []
    for asset in engagement.terms.assets:
        for action in EXPLAINED:
            wish = Wish(action=action, purpose=purpose, asset=asset.name)
            try:
                decision = granting.explain(
                    unit, party, person, wish, now=context.clock()
                )
            except (Invalid, NotAllowed):
                return []
            if all(f.ground is not Ground.NO_CLAUSE for f in decision.failed):
                found.append((asset.name, action, decision))
    return found


def _track(state: State) -> list[tuple[State, str]]:
    """Return the track with where the engagement stands on it."""
    if state is State.WITHDRAWN:
        return [*((step, "ahead") for step in TRACK[:-1]), (State.WITHDRAWN, "current")]
    place = TRACK.index(state)
    return [
        (step, "complete" if i < place else "current" if i == place else "ahead")
        for i, step in enumerate(TRACK)
    ]


def _as_seen(party: Party, assessments: frozenset[AssessmentId]) -> Engagement:
    """Return the engagement without what *party* must not know of, to be drawn."""
    known = party.engagement
    shown = {a: k for a, k in known.assessments.items() if a in assessments}
    own = party.asker.organisation
    partners = {o: p for o, p in known.partners.items() if party.keeps or o == own}
    return replace(known, assessments=shown, partners=partners)


def _left(engagement: Engagement, now: datetime) -> float | None:
    """Return the share of the window that is over, in per cent."""
    if engagement.opens is None or engagement.ends is None:
        return None
    whole = (engagement.ends - engagement.opens).total_seconds()
    over = (now - engagement.opens).total_seconds()
    return max(0.0, min(100.0, 100 * over / whole))


router = Router(
    "/",
    route_handlers=[
        listed,
        begin,
        shown,
        terms,
        agreed,
        certificate,
        contract,
        options,
        available,
        half,
        file,
        do,
    ],
)
