"""Claims as members and owners see them: the map, one's own, who is at the door."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.access.roles import Scope
from fairlead.base.ids import ClaimId, IntroductionId, OwnerWordId
from fairlead.clearinghouse.claims import (
    asking,
    introducing,
    keeping,
    saying,
    seeing,
    taking,
)
from fairlead.clearinghouse.claims.asking import Asked
from fairlead.clearinghouse.claims.claim import (
    Coverage,
    Depth,
    Method,
    Outcome,
    Visibility,
)
from fairlead.clearinghouse.claims.introducing import Words
from fairlead.clearinghouse.claims.owners import Word
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.ports import Page
from fairlead.errors import (
    Error,
    Invalid,
    NotAllowed,
    Refused,
    TooMany,
    Unavailable,
    Violation,
)
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages import claims_map
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

SHOWN = 50
LOOK_NEXT = 10
Act = Callable[[Unit, Person], object]
_TOLD = (Invalid, Refused, NotAllowed, TooMany, Unavailable)


class TakeForm(Struct, frozen=True, kw_only=True):
    """What the form for a claim sends."""

    target: str = ""
    versions: str = ""
    part: str = ""
    method: str = Method.STATIC.value
    depth: str = Depth.STANDARD.value
    hours: float = 24
    seen_by: str = Visibility.ALL.value
    model: str = ""
    tool: str = ""
    contact: str = ""
    shared: str = ""
    wait: str = ""
    despite: str = ""
    reproducer: str = ""


class ReleaseForm(Struct, frozen=True, kw_only=True):
    """What the form for giving free sends."""

    outcome: str = ""
    depth: str = Depth.STANDARD.value
    note: str = ""


class WordForm(Struct, frozen=True, kw_only=True):
    """What the form of an owner sends."""

    target: str = ""
    scanning: str = "yes"
    not_parts: str = ""
    at_most: str = ""
    reproducer: str = ""
    ai: str = "welcome"
    hours: str = ""
    zone: str = "UTC"
    contact: str = ""
    policy: str = ""


class HowForm(Struct, frozen=True, kw_only=True):
    """How an owner was verified."""

    how: str = ""


class ShareForm(Struct, frozen=True, kw_only=True):
    """What one side tells the other."""

    words: str = ""
    contact: str = ""
    answer: str = ""


@get("/claims", sync_to_thread=True, include_in_schema=False)
def overview(
    request: AnyRequest,
    context: NamedDependency[Context],
    target: FromQuery[str] = "",
    after: FromQuery[int] = 0,
) -> Response[Any]:
    """Show who scans what, what was covered, and where to look next."""
    return _overview(request, context, target=target, after=max(0, after))


@get("/claims/mine", sync_to_thread=True, include_in_schema=False)
def mine(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show the claims of one's organisation, and offer to take one."""
    return _mine(request, context)


@post("/claims/mine", sync_to_thread=True, include_in_schema=False)
def take(
    request: AnyRequest,
    data: URLEncodedBody[TakeForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Claim a target."""

    def act(unit: Unit, me: Person) -> asking.Answer:
        asking.member(me.asker)
        asked = _asked(data)
        return taking.take(unit, me.asker, asked, context.claims, at=context.clock())

    return _act(request, context, act, "/claims/mine", typed=data)


@post("/claims/{claim_id:str}/sign", sync_to_thread=True, include_in_schema=False)
def sign(
    request: AnyRequest, claim_id: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Say that a scan goes on."""

    def act(unit: Unit, me: Person) -> object:
        name, at = ClaimId(claim_id), context.clock()
        return keeping.alive(unit, me.asker, name, context.claims, at=at)

    return _act(request, context, act, "/claims/mine")


@post("/claims/{claim_id:str}/release", sync_to_thread=True, include_in_schema=False)
def release(
    request: AnyRequest,
    claim_id: FromPath[str],
    data: URLEncodedBody[ReleaseForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Give a target free, or leave the line."""

    def act(unit: Unit, me: Person) -> object:
        claim = keeping.own(unit, me.asker, ClaimId(claim_id))
        at = context.clock()
        if data.outcome == "withdraw":
            return keeping.withdraw(unit, me.asker, claim.id, context.claims, at=at)
        coverage = Coverage(
            outcome=_one(Outcome, data.outcome, "outcome"),
            depth=_one(Depth, data.depth, "depth"),
        )
        return keeping.release(
            unit, me.asker, claim.id, coverage, data.note, context.claims, at=at
        )

    return _act(request, context, act, "/claims/mine")


@post("/claims/{claim_id:str}/share", sync_to_thread=True, include_in_schema=False)
def share(
    request: AnyRequest,
    claim_id: FromPath[str],
    data: URLEncodedBody[ShareForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Ask whoever is in the way to share."""

    def act(unit: Unit, me: Person) -> object:
        words = Words(words=data.words[:2000], contact=data.contact[:200])
        name, at = ClaimId(claim_id), context.clock()
        return introducing.ask(unit, me.asker, name, words, context.claims, at=at)

    return _act(request, context, act, "/claims/mine")


@post("/claims/introductions/{name:str}", sync_to_thread=True, include_in_schema=False)
def answer(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[ShareForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Agree to share, or decline."""

    def act(unit: Unit, me: Person) -> object:
        return introducing.answer(
            unit,
            me.asker,
            IntroductionId(name),
            Words(words=data.words[:2000], contact=data.contact[:200]),
            agree=data.answer == "agree",
            at=context.clock(),
        )

    return _act(request, context, act, "/claims/mine")


@get("/claims/door", sync_to_thread=True, include_in_schema=False)
def door(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show an owner who is at the door, and what it has said."""
    return _door(request, context)


@post("/claims/door", sync_to_thread=True, include_in_schema=False)
def say(
    request: AnyRequest,
    data: URLEncodedBody[WordForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Say, for all members, how one's code may be scanned."""

    def act(unit: Unit, me: Person) -> object:
        me.asker.needs(Scope.OWNER_SAY)
        return saying.say(
            unit,
            me.asker,
            target_of(data.target),
            _word(data),
            context.claims,
            at=context.clock(),
        )

    return _act(request, context, act, "/claims/door", said=data)


@post("/claims/door/{name:str}/withdraw", sync_to_thread=True, include_in_schema=False)
def withdraw(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Take a word back."""

    def act(unit: Unit, me: Person) -> object:
        me.asker.needs(Scope.OWNER_SAY)
        return saying.withdraw(unit, me.asker, OwnerWordId(name), at=context.clock())

    return _act(request, context, act, "/claims/door")


@post("/claims/door/{name:str}/verify", sync_to_thread=True, include_in_schema=False)
def verify(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[HowForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Say that an organisation owns what it speaks about."""

    def act(unit: Unit, me: Person) -> object:
        word, at = OwnerWordId(name), context.clock()
        return saying.verify(unit, me.asker, word, data.how, at=at)

    return _act(request, context, act, "/claims/door")


def target_of(written: str, versions: str = "", part: str = "") -> Target:
    """Return the target that somebody typed into one field."""
    text = written.strip()[:500]
    for kind in ("product", "host"):
        if text.startswith(f"{kind}:"):
            named = {kind: text.removeprefix(f"{kind}:").strip()}
            return Target(versions=versions, part=part, **named)
    kind = "purl" if text.startswith("pkg:") else "repository"
    return Target(versions=versions[:500], part=part[:500], **{kind: text})


def _asked(form: TakeForm) -> Asked:
    if not 0 < form.hours <= 1000:  # noqa: PLR2004 - of what a form may send
        raise Invalid("hours: from 1 to 336", [_wrong("hours", "from 1 to 336")])
    return Asked(
        target=target_of(form.target, form.versions, form.part),
        method=_one(Method, form.method, "method"),
        depth=_one(Depth, form.depth, "depth"),
        visibility=_one(Visibility, form.seen_by, "seen_by"),
        hours=form.hours,
        model=form.model[:200],
        tool=form.tool[:200],
        contact=form.contact[:200],
        exclusive=not form.shared,
        wait=bool(form.wait),
        despite=bool(form.despite),
        reproducer=bool(form.reproducer),
    )


def _word(form: WordForm) -> Word:
    most = form.at_most.strip()
    if most and not (most.isascii() and most.isdigit() and 1 <= int(most[:5]) <= 1000):  # noqa: PLR2004
        raise Invalid("at most: a number", [_wrong("at_most", "from 1 to 1000")])
    parts = [p.strip()[:500] for p in form.not_parts.splitlines()]
    return Word(
        scanning=form.scanning == "yes",
        not_parts=tuple(filter(None, parts))[:100],
        at_most=int(most) if most else None,
        only_with_reproducer=bool(form.reproducer),
        ai_welcome=form.ai == "welcome",
        hours=form.hours.strip()[:100],
        zone=form.zone.strip()[:100] or "UTC",
        contact=form.contact.strip()[:500],
        policy=form.policy.strip()[:500],
    )


def _one(kind: Any, written: str, field: str) -> Any:  # noqa: ANN401 - any enum
    try:
        return kind(written)
    except ValueError as error:
        raise Invalid("choose one", [_wrong(field, "choose one")]) from error


def _wrong(field: str, reason: str) -> Violation:
    return Violation("invalid_field", field, reason)


def _act(  # noqa: PLR0913 - one value a thing to show again
    request: AnyRequest,
    context: Context,
    act: Act,
    back: str,
    *,
    typed: TakeForm | None = None,
    said: WordForm | None = None,
) -> Response[Any]:
    """Do *act*; where it is refused, show the page again with what was typed."""
    error: Error | None = None
    try:
        with context.store.begin() as unit:
            me = auth.person(unit, request, context)
            done = act(unit, me)
    except _TOLD as refused:
        error = refused
    else:
        if isinstance(done, asking.Answer) and done.claim is None:
            error = taking.declined(done, me.asker)
    if error is None:
        context.wake()
        return Redirect(back, status_code=HTTP_303_SEE_OTHER)
    if back == "/claims/door":
        return _door(request, context, error=error, typed=said)
    return _mine(request, context, error=error, typed=typed)


def _overview(
    request: AnyRequest, context: Context, *, target: str, after: int
) -> Response[Any]:
    error: Error | None = None
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        moment = context.moment
        listed = seeing.listed(
            unit, me.asker, Page(after=after, size=SHOWN + 1), moment
        )
        found = None
        if target.strip():
            try:
                (found,) = seeing.check(unit, me.asker, [target_of(target)], moment)
            except Invalid as refused:
                error = refused
        following = seeing.look_next(
            unit, me.asker, context.published, moment, size=LOOK_NEXT
        )
        spots = seeing.chart(unit, me.asker, moment)
        names = {o.id: o.name for o in unit.organisations.all()}
    return page(
        "claims.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        claims=listed[:SHOWN],
        newer=max(0, after - SHOWN) if after else None,
        older=after + SHOWN if len(listed) > SHOWN else None,
        found=found,
        typed=target,
        next=following,
        spots=spots,
        maps=claims_map.drawn(spots),
        now=moment.at,
        names=names,
        may_take=me.asker.may(Scope.CLAIM_TAKE),
        error=str(error) if error else None,
    )


def _mine(
    request: AnyRequest,
    context: Context,
    *,
    error: Error | None = None,
    typed: TakeForm | None = None,
) -> Response[Any]:
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        listed = seeing.mine(unit, me.asker, Page(size=SHOWN))
        asked = introducing.listed(unit, me.asker, Page(size=SHOWN))
        held, waiting = unit.claims.held(asking.member(me.asker))
    violations = error.violations if isinstance(error, Invalid) else ()
    return page(
        "claims_mine.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        claims=listed,
        introductions=asked,
        held=held,
        waiting=waiting,
        rules=context.claims.rules,
        holders=context.claims.matching.holders,
        methods=list(Method),
        depths=list(Depth),
        outcomes=list(Outcome),
        now=context.clock(),
        typed=typed or TakeForm(),
        error=str(error) if error else None,
        wrong={v.field: v.reason for v in violations},
    )


def _door(
    request: AnyRequest,
    context: Context,
    *,
    error: Error | None = None,
    typed: WordForm | None = None,
) -> Response[Any]:
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        words = saying.words(unit, me.asker)
        owns = me.asker.may(Scope.OWNER_SAY)
        tokens = context.claims.matching.tokens
        doors = (
            seeing.at_the_door(unit, me.asker, context.moment, tokens=tokens)
            if owns
            else ()
        )
        names = {o.id: o.name for o in unit.organisations.all()}
    violations = error.violations if isinstance(error, Invalid) else ()
    return page(
        "claims_door.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        words=words,
        doors=doors,
        owns=owns,
        counts_blind=len(context.claims.matching.holders) == 1,
        names=names,
        typed=typed or WordForm(),
        error=str(error) if error else None,
        wrong={v.field: v.reason for v in violations},
    )


router = Router(
    "/",
    route_handlers=[
        overview,
        mine,
        take,
        sign,
        release,
        share,
        answer,
        door,
        say,
        withdraw,
        verify,
    ],
)
