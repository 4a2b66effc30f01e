"""What every page shares: who is signed in, and what the header offers."""

from __future__ import annotations

from litestar.response import Template

from fairlead.access.members import Person
from fairlead.access.roles import Scope

ENGAGED = frozenset(
    {Scope.ENGAGEMENT_OWN, Scope.ENGAGEMENT_KEEP, Scope.ENGAGEMENT_JOINED}
)
"""Scopes of those who take part in engagements."""


def page(
    name: str, person: Person | None, *, status_code: int = 200, **values: object
) -> Template:
    """Return the page *name* as *person* sees it.

    Where *live* is among the values, it is the address that tells the page's *version*;
    a page that is open keeps itself up to date by it (`static/live.js`).
    """
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
    if person.asker.scopes & ENGAGED:
        return "/engagements"
    reads = person.asker.may(Scope.REPORT_READ_OWN)
    return "/submissions" if reads else "/people"


_LINKS: tuple[tuple[frozenset[Scope], str, str], ...] = (
    (frozenset({Scope.CASE_READ_ALL, Scope.CASE_READ_JOINED}), "/cases", "Cases"),
    (frozenset({Scope.CASE_MOVE}), "/pairs", "Pairs"),
    (
        frozenset({Scope.REPORT_READ_ALL, Scope.REPORT_READ_OWN}),
        "/submissions",
        "Submissions",
    ),
    (frozenset({Scope.CLAIM_READ}), "/claims", "Claims"),
    (frozenset({Scope.OWNER_SAY, Scope.OWNER_VERIFY}), "/owners", "Owners"),
    (frozenset({Scope.CASE_EXPORT}), "/exports", "Exports"),
    (ENGAGED, "/engagements", "Engagements"),
    (
        frozenset(
            {
                Scope.REPORT_READ_ALL,
                Scope.REPORT_READ_OWN,
                Scope.CASE_READ_ALL,
                Scope.CASE_READ_JOINED,
            }
        ),
        "/figures",
        "Figures",
    ),
    (frozenset({Scope.TRACE_READ_ALL}), "/readings", "Readings"),
    (
        frozenset({Scope.PEOPLE_MANAGE, Scope.MEMBER_VOUCH}),
        "/applications",
        "Applications",
    ),
    (frozenset({Scope.PEOPLE_MANAGE_OWN}), "/organisation", "Organisation"),
    (frozenset({Scope.PEOPLE_MANAGE}), "/people", "People"),
)
"""Whoever holds one of these scopes finds this address in the header."""


def _links(person: Person | None) -> list[tuple[str, str]]:
    scopes = person.asker.scopes if person is not None else frozenset()
    links = [(address, name) for needed, address, name in _LINKS if scopes & needed]
    return [
        *links,
        ("/advisories", "Advisories"),
        ("/catalogue", "Catalogue"),
        ("/programme", "Programme"),
    ]
