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

    FINDER = "finder"
    """Finds vulnerabilities; hands them in and follows them."""
    REPORTER = "reporter"
    """Conveys reports for its organisation, and follows them."""
    OWNER = "owner"
    """Maintains software; sees the cases that its organisation was read in to."""
    MEMBER = "member"
    """Takes part; sees the cases that its organisation was read in to."""
    COORDINATOR = "coordinator"
    """Works on all cases of the clearinghouse."""
    DEVELOPER = "developer"
    """Makes models; asks, agrees, and ends engagements for its organisation."""
    LIAISON = "liaison"
    """Keeps engagements for the programme; has nothing to do with cases."""
    OFFICIAL = "official"
    """Makes determinations about models; has nothing to do with cases."""
    EVALUATOR = "evaluator"
    """Measures models in an engagement; has nothing to do with cases."""
    PARTNER = "partner"
    """Gets access to models after the programme; has nothing to do with cases."""
    ADMINISTRATOR = "administrator"
    """Keeps organisations, people and tokens; reads no report and no case."""
    ORGANISATION_ADMINISTRATOR = "organisation-administrator"
    """Keeps the people and tokens of its own organisation, and reports for it."""
    AUDITOR = "auditor"
    """Sees who read what; reads no report and no case itself."""


class Scope(StrEnum):
    """One thing that can be done; a token carries some of its role's scopes."""

    REPORT_SUBMIT = "report:submit"
    REPORT_READ_OWN = "report:read-own"
    REPORT_READ_ALL = "report:read-all"
    CASE_READ_JOINED = "case:read-joined"
    CASE_READ_ALL = "case:read-all"
    CASE_TAKE_PART = "case:take-part"
    CASE_MOVE = "case:move"
    CASE_DESTROY = "case:destroy"
    CASE_EXPORT = "case:export"
    EVIDENCE_ADD = "evidence:add"
    ADVISORY_PUBLISH = "advisory:publish"
    ENGAGEMENT_OWN = "engagement:own"
    ENGAGEMENT_KEEP = "engagement:keep"
    ENGAGEMENT_JOINED = "engagement:joined"
    ENGAGEMENT_SIGN = "engagement:sign"
    ASSESSMENT_DELIVER = "assessment:deliver"
    DETERMINATION_MAKE = "determination:make"
    PEOPLE_MANAGE = "people:manage"
    PEOPLE_MANAGE_OWN = "people:manage-own"
    MEMBER_VOUCH = "member:vouch"
    TRACE_READ_ALL = "trace:read-all"
    CLAIM_READ = "claim:read"
    CLAIM_TAKE = "claim:take"
    CLAIM_READ_ALL = "claim:read-all"
    OWNER_SAY = "owner:say"
    OWNER_VERIFY = "owner:verify"
    INVENTORY_TELL = "inventory:tell"


PERSONAL = frozenset(
    {
        Scope.CASE_DESTROY,
        Scope.CASE_EXPORT,
        Scope.ADVISORY_PUBLISH,
        Scope.ENGAGEMENT_SIGN,
        Scope.DETERMINATION_MAKE,
        Scope.PEOPLE_MANAGE_OWN,
        Scope.MEMBER_VOUCH,
    }
)
"""What only a person can do, never a program with a token."""

_TAKING_PART = frozenset(
    {Scope.CASE_READ_JOINED, Scope.CASE_TAKE_PART, Scope.EVIDENCE_ADD}
)
_REPORTING = _TAKING_PART | {Scope.REPORT_SUBMIT, Scope.REPORT_READ_OWN}
_CLAIMING = frozenset({Scope.CLAIM_READ, Scope.CLAIM_TAKE, Scope.INVENTORY_TELL})

SCOPES: dict[Role, frozenset[Scope]] = {
    Role.FINDER: _REPORTING | _CLAIMING,
    Role.REPORTER: _REPORTING | _CLAIMING,
    Role.OWNER: _TAKING_PART | {Scope.CLAIM_READ, Scope.OWNER_SAY},
    Role.MEMBER: _TAKING_PART | _CLAIMING,
    Role.COORDINATOR: frozenset(
        {
            Scope.REPORT_READ_ALL,
            Scope.CASE_READ_ALL,
            Scope.CASE_TAKE_PART,
            Scope.CASE_MOVE,
            Scope.CASE_DESTROY,
            Scope.CASE_EXPORT,
            Scope.EVIDENCE_ADD,
            Scope.ADVISORY_PUBLISH,
            Scope.CLAIM_READ,
            Scope.CLAIM_READ_ALL,
            Scope.OWNER_VERIFY,
        }
    ),
    Role.DEVELOPER: frozenset({Scope.ENGAGEMENT_OWN, Scope.ENGAGEMENT_SIGN}),
    Role.LIAISON: frozenset({Scope.ENGAGEMENT_KEEP, Scope.ENGAGEMENT_SIGN}),
    Role.OFFICIAL: frozenset({Scope.ENGAGEMENT_JOINED, Scope.DETERMINATION_MAKE}),
    Role.EVALUATOR: frozenset({Scope.ENGAGEMENT_JOINED, Scope.ASSESSMENT_DELIVER}),
    Role.PARTNER: frozenset({Scope.ENGAGEMENT_JOINED}),
    Role.ADMINISTRATOR: frozenset({Scope.PEOPLE_MANAGE}),
    Role.ORGANISATION_ADMINISTRATOR: _REPORTING
    | _CLAIMING
    | {Scope.OWNER_SAY, Scope.PEOPLE_MANAGE_OWN, Scope.MEMBER_VOUCH},
    Role.AUDITOR: frozenset({Scope.TRACE_READ_ALL}),
}

APART = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
"""Roles that nobody holds together with another: they watch, or are watched."""


_FOR_PEOPLE = (
    "this needs a person who signed in and was verified within 10 minutes; a token"
    " cannot be verified"
)


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
        """Raise `NotAllowed` unless the asker holds *scope*.

        A program is told at once where no token will ever do.
        """
        if scope in PERSONAL and self.actor.startswith("token/"):
            raise NotVerified(_FOR_PEOPLE)
        if scope not in self.scopes:
            raise NotAllowed(
                f"this needs the scope {scope.value}; ask an administrator for it"
            )

    def needs_verified(self, at: datetime) -> None:
        """Raise `NotVerified` unless a person was verified within ten minutes."""
        if not self.actor.startswith("person/"):
            raise NotVerified(_FOR_PEOPLE)
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


def token_scopes(*roles: Role) -> frozenset[Scope]:
    """Return what a program that acts in *roles* may do: never what is personal."""
    return scopes_of(frozenset(roles)) - PERSONAL
