"""What every page shares: who is signed in, and what the header offers."""

from __future__ import annotations

from typing import Any

from litestar.response import Template

from fairlead.access.members import Person
from fairlead.access.roles import Scope


def page(
    name: str, person: Person | None, *, status_code: int = 200, **values: object
) -> Template:
    """Return the page *name* as *person* sees it."""
    return Template(
        name,
        context={"person": person, "links": _links(person), **values},
        status_code=status_code,
    )


def start_of(person: Person) -> str:
    """Return where *person* begins."""
    if person.asker.may(Scope.CASE_READ_ALL):
        return "/cases"
    if person.asker.may(Scope.TRACE_READ_ALL):
        return "/readings"
    reads = person.asker.may(Scope.REPORT_READ_OWN)
    return "/submissions" if reads else "/people"


def _links(person: Person | None) -> list[tuple[str, str]]:
    links: list[tuple[str, str]] = []
    if person is not None:
        scopes: frozenset[Any] = person.asker.scopes
        if scopes & {Scope.CASE_READ_ALL, Scope.CASE_READ_JOINED}:
            links.append(("/cases", "Cases"))
        if scopes >= {Scope.CASE_READ_ALL, Scope.CASE_MOVE}:
            links.append(("/pairs", "Pairs"))
        if scopes & {Scope.REPORT_READ_ALL, Scope.REPORT_READ_OWN}:
            links.append(("/submissions", "Submissions"))
        if Scope.CASE_EXPORT in scopes:
            links.append(("/exports", "Exports"))
        if Scope.TRACE_READ_ALL in scopes:
            links.append(("/readings", "Readings"))
        if scopes & {Scope.PEOPLE_MANAGE, Scope.MEMBER_VOUCH}:
            links.append(("/applications", "Applications"))
        if Scope.PEOPLE_MANAGE_OWN in scopes:
            links.append(("/organisation", "Organisation"))
        if Scope.PEOPLE_MANAGE in scopes:
            links.append(("/people", "People"))
    return [*links, ("/advisories", "Advisories")]
