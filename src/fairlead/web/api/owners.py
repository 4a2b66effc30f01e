"""What owners say, names of projects, and inventories, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from fairlead.base.ids import AliasId, OrganisationId, OwnerWordId
from fairlead.clearinghouse.claims import placing, saying
from fairlead.clearinghouse.claims.owners import OwnerWord, Source, Word
from fairlead.clearinghouse.claims.subjects import Alias
from fairlead.clearinghouse.claims.targets import Target
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS


class Saying(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an owner says about a target."""

    target: Target
    word: Word


class Conveying(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in a file of an owner's."""

    target: Target
    source: Source
    text: Annotated[str, Meta(max_length=65536)]


class Verifying(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it was verified that an organisation owns what it speaks about."""

    how: Annotated[str, Meta(max_length=500)]


class WordDetail(Struct, frozen=True, kw_only=True):
    """One organisation's word about one place."""

    id: OwnerWordId
    organisation: OrganisationId
    name: str
    word: Word
    source: Source
    verified: bool
    active: bool
    said_at: datetime

    @classmethod
    def of(cls, word: OwnerWord) -> WordDetail:
        """Return what the API shows."""
        return cls(
            id=word.id,
            organisation=word.organisation,
            name=word.name,
            word=word.word,
            source=word.source,
            verified=word.verified,
            active=word.active,
            said_at=word.said_at,
        )


class WordList(Struct, frozen=True, kw_only=True):
    """One's own words, and for coordinators those to verify."""

    own: Sequence[WordDetail]
    to_verify: Sequence[WordDetail]


class Naming(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more name of a project, or what it is built from."""

    target: Target
    into: Target
    same: bool = False


class NameAnswer(Struct, frozen=True, kw_only=True):
    """What is said of a place."""

    id: AliasId
    place: str
    into: str
    same: bool

    @classmethod
    def of(cls, alias: Alias) -> NameAnswer:
        """Return what the API shows."""
        return cls(id=alias.id, place=alias.place, into=alias.into, same=alias.same)


class NameList(Struct, frozen=True, kw_only=True):
    """All names."""

    names: Sequence[NameAnswer]


class Telling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation runs."""

    purls: Annotated[tuple[str, ...], Meta(max_length=saying.MOST)]
    critical: bool = False


class Counted(Struct, frozen=True, kw_only=True):
    """What is kept of it."""

    packages: int
    critical: bool
    active: bool


@get("/owners", sync_to_thread=True, summary="List owners' words", responses=PROBLEMS)
def listed(request: AnyRequest, context: NamedDependency[Context]) -> WordList:
    """Return one's own words, and for coordinators those to verify."""
    with context.store.read() as unit:
        found = saying.words(unit, auth.asker(unit, request, context))
        return WordList(
            own=[WordDetail.of(word) for word in found.own],
            to_verify=[WordDetail.of(word) for word in found.to_verify],
        )


@post("/owners", sync_to_thread=True, summary="Say for all members", responses=PROBLEMS)
def say(
    request: AnyRequest, data: JSONBody[Saying], context: NamedDependency[Context]
) -> WordDetail:
    """Say how one's code may be scanned; said again, it is changed."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        return WordDetail.of(
            saying.say(
                unit,
                asker,
                data.target,
                data.word,
                context.claims,
                at=context.clock(),
            )
        )


@post(
    "/owners/published",
    sync_to_thread=True,
    summary="Convey what an owner published",
    responses=PROBLEMS,
)
def convey(
    request: AnyRequest, data: JSONBody[Conveying], context: NamedDependency[Context]
) -> WordDetail:
    """Read a `security.txt` or `SECURITY.md` for all members."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        return WordDetail.of(
            saying.convey(
                unit,
                asker,
                data.target,
                data.source,
                data.text,
                context.claims,
                at=context.clock(),
            )
        )


@post(
    "/owners/{name:str}/verification",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Verify an owner",
    responses=PROBLEMS,
)
def verify(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Verifying],
    context: NamedDependency[Context],
) -> WordDetail:
    """Say that an organisation owns what it speaks about."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        return WordDetail.of(
            saying.verify(unit, asker, OwnerWordId(name), data.how, at=context.clock())
        )


@delete(
    "/owners/{name:str}",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Take a word back",
    responses=PROBLEMS,
)
def withdraw(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> WordDetail:
    """Have one's word count no more."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        return WordDetail.of(
            saying.withdraw(unit, asker, OwnerWordId(name), at=context.clock())
        )


@get("/names", sync_to_thread=True, summary="List names", responses=PROBLEMS)
def names(request: AnyRequest, context: NamedDependency[Context]) -> NameList:
    """Return every name of a project that is known; clients of blind claims need them."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = placing.names(unit, asker)
        return NameList(names=[NameAnswer.of(alias) for alias in found])


@post("/names", sync_to_thread=True, summary="Name a project", responses=PROBLEMS)
def name_it(
    request: AnyRequest, data: JSONBody[Naming], context: NamedDependency[Context]
) -> NameAnswer:
    """Say that a target is another name of a project, or built from it."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        return NameAnswer.of(
            placing.name(
                unit,
                asker,
                data.target,
                data.into,
                same=data.same,
                desk=context.claims,
                at=context.clock(),
            )
        )


@delete(
    "/names/{name:str}",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Take a name back",
    responses=PROBLEMS,
)
def forget(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> NameAnswer:
    """Have a name count no more."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        return NameAnswer.of(
            placing.forget_name(
                unit, asker, AliasId(name), context.claims, at=context.clock()
            )
        )


@put(
    "/inventory", sync_to_thread=True, summary="Tell what one runs", responses=PROBLEMS
)
def tell(
    request: AnyRequest, data: JSONBody[Telling], context: NamedDependency[Context]
) -> Counted:
    """Have what one's organisation runs counted; only sums of several are ever shown."""
    with context.store.begin() as unit:
        kept = saying.tell_inventory(
            unit,
            auth.asker(unit, request, context),
            data.purls,
            critical=data.critical,
            at=context.clock(),
        )
    return Counted(packages=len(kept.purls), critical=kept.critical, active=kept.active)


@delete(
    "/inventory",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Tell no more",
    responses=PROBLEMS,
)
def tell_no_more(request: AnyRequest, context: NamedDependency[Context]) -> Counted:
    """Have what one's organisation runs counted no more."""
    with context.store.begin() as unit:
        kept = saying.withdraw_inventory(
            unit, auth.asker(unit, request, context), at=context.clock()
        )
    return Counted(packages=0, critical=kept.critical, active=kept.active)


router = Router(
    "/v1/claims",
    route_handlers=[
        listed,
        say,
        convey,
        verify,
        withdraw,
        names,
        name_it,
        forget,
        tell,
        tell_no_more,
    ],
    tags=["claims"],
)
