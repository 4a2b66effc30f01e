"""Roles, and what each may do. Deny by default: what is not listed is not allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fairlead.base.ids import OrganisationId
from fairlead.errors import NotAllowed, NotVerified

VERIFIED_FOR = timedelta(minutes=10)
"""How long a person who showed that it is the one may do what needs that."""


class Role(StrEnum):
    """What a person or token acts as."""

    REPORTER = "reporter"
    """Conveys reports for its organisation, and follows them."""
    COORDINATOR = "coordinator"
    """Works on all cases of the clearinghouse."""
    ADMINISTRATOR = "administrator"
    """Keeps organisations, people and tokens; reads no report and no case."""


class Scope(StrEnum):
    """One thing that can be done; a token carries some of its role's scopes."""

    REPORT_SUBMIT = "report:submit"
    REPORT_READ_OWN = "report:read-own"
    REPORT_READ_ALL = "report:read-all"
    CASE_READ_JOINED = "case:read-joined"
    CASE_READ_ALL = "case:read-all"
    CASE_MOVE = "case:move"
    ADVISORY_PUBLISH = "advisory:publish"
    PEOPLE_MANAGE = "people:manage"


SCOPES: dict[Role, frozenset[Scope]] = {
    Role.REPORTER: frozenset(
        {Scope.REPORT_SUBMIT, Scope.REPORT_READ_OWN, Scope.CASE_READ_JOINED}
    ),
    Role.COORDINATOR: frozenset(
        {
            Scope.REPORT_READ_ALL,
            Scope.CASE_READ_ALL,
            Scope.CASE_MOVE,
            Scope.ADVISORY_PUBLISH,
        }
    ),
    Role.ADMINISTRATOR: frozenset({Scope.PEOPLE_MANAGE}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Whoever is asking, as far as access is concerned."""

    actor: str
    """Stands in the record as the one who did it: `person/…`, `token/…`, `system/…`."""
    organisation: OrganisationId | None = None
    scopes: frozenset[Scope] = frozenset()
    verified_at: datetime | None = None
    """When a person last showed that it is the one who signed in; never of a token."""

    def may(self, scope: Scope) -> bool:
        """Tell whether the asker holds *scope*."""
        return scope in self.scopes

    def needs(self, scope: Scope) -> None:
        """Raise `NotAllowed` unless the asker holds *scope*."""
        if scope not in self.scopes:
            raise NotAllowed(
                f"this needs the scope {scope.value}; ask an administrator for it"
            )

    def needs_verified(self, at: datetime) -> None:
        """Raise `NotVerified` unless a person was verified within ten minutes."""
        if not self.actor.startswith("person/"):
            raise NotVerified(
                "this needs a person who signed in and was verified within 10 minutes;"
                " a token cannot be verified"
            )
        if self.verified_at is None or not at - self.verified_at <= VERIFIED_FOR:
            raise NotVerified(
                "show once more that it is you, with your passkey; this is good for"
                " 10 minutes"
            )


def operator(name: str) -> Asker:
    """Return whoever runs commands on the machine itself: may manage people.

    The operator of the machine reads no report and no case through Fairlead.
    """
    return Asker(actor=f"operator/{name}", scopes=SCOPES[Role.ADMINISTRATOR])


def scopes_of(roles: frozenset[Role]) -> frozenset[Scope]:
    """Return everything that *roles* together allow."""
    return frozenset().union(*(SCOPES[role] for role in roles))
