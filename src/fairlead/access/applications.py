"""Applications: how an organisation asks to join, and what shows that it is the one.

The criteria are published and the same for all; what is verified is written on the
record. Nothing here says whether a name or domain takes part already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import ApplicationId, OrganisationId
from fairlead.errors import Invalid, NotAllowed, Refused, Violation
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected

LASTS = timedelta(days=30)
"""How long an application is open, and how long what it says is kept."""
WORDS = 2_000
"""Characters of the purpose, at most."""

_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
"""The part before the @ (RFC 5322, 3.4.1 without quoting); after it is the domain."""


class Proof(StrEnum):
    """One thing that shows that an applicant is the one."""

    DOMAIN = "domain"
    """Whoever runs the domain's DNS put a record there."""
    MAIL = "mail"
    """A mail to an address in the domain was read."""
    VOUCHER = "voucher"
    """A member vouches for the applicant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a programme asks of whoever wants to join, as published."""

    text: str
    needs: frozenset[Proof] = frozenset({Proof.DOMAIN})
    vouchers: int = 1
    """How many members must vouch, where vouchers are needed."""


class Applicant(Struct, frozen=True, kw_only=True):
    """What an applicant says of itself."""

    name: str
    domain: str
    mail: str
    """The whole address."""
    contact: str
    """The name of the person who will act for it first."""
    purpose: str


class ApplicationReceived(Fact, frozen=True, tag="application.received@1"):
    """An organisation asked to join."""

    digest: str
    """SHA-256 of the secret by which the applicant follows it, in hexadecimal."""
    challenge: str
    """What a DNS record of the domain must say."""
    body: Applicant | None = None


class Proved(Fact, frozen=True, tag="application.proved@1"):
    """Domain or mail turned out to be the applicant's."""

    proof: Proof


class Vouched(Fact, frozen=True, tag="application.vouched@1"):
    """A member vouches for the applicant."""

    organisation: OrganisationId


class Admitted(Fact, frozen=True, tag="application.admitted@1"):
    """The applicant became a member."""

    organisation: OrganisationId


class Reason(Struct, frozen=True, kw_only=True):
    """Why, in words for the applicant."""

    reason: str


class Declined(Fact, frozen=True, tag="application.declined@1"):
    """The applicant does not become a member."""

    body: Reason | None = None


class Withdrawn(Fact, frozen=True, tag="application.withdrawn@1"):
    """The applicant does not want to any more."""


class ApplicationErased(Fact, frozen=True, tag="application.erased@1"):
    """Its time is over; what it said was destroyed."""


class Stage(StrEnum):
    """Where an application stands."""

    OPEN = "open"
    ADMITTED = "admitted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.OPEN: frozenset({Stage.ADMITTED, Stage.DECLINED, Stage.WITHDRAWN}),
    Stage.ADMITTED: frozenset(),
    Stage.DECLINED: frozenset(),
    Stage.WITHDRAWN: frozenset(),
}
"""What can follow what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One organisation that asks to join."""

    id: ApplicationId
    digest: str
    challenge: str
    applicant: Applicant | None
    """Nothing once it was erased."""
    received_at: datetime
    stage: Stage = Stage.OPEN
    proved: frozenset[Proof] = frozenset()
    vouchers: tuple[OrganisationId, ...] = ()
    organisation: OrganisationId | None = None
    reason: str | None = None
    erased: bool = False
    version: int = field(default=1)

    def lacks(self, criteria: Criteria) -> dict[Proof, str]:
        """Return what is not shown yet, each with what would show it."""
        lacking: dict[Proof, str] = {}
        domain = self.applicant.domain if self.applicant else "the domain"
        if Proof.DOMAIN in criteria.needs - self.proved:
            lacking[Proof.DOMAIN] = (
                f"put a TXT record at {challenge_name(domain)}: {self.challenge}"
            )
        if Proof.MAIL in criteria.needs - self.proved:
            lacking[Proof.MAIL] = "type the code that was sent to the mail address"
        missing = criteria.vouchers - len(self.vouchers)
        if Proof.VOUCHER in criteria.needs and missing > 0:
            lacking[Proof.VOUCHER] = f"{missing} more of the members must vouch for it"
        return lacking


def challenge_name(domain: str) -> str:
    """Return the name at which the DNS record of *domain* is looked for."""
    return f"_fairlead-challenge.{domain}"


def applicant(
    *, name: str, domain: str, mail: str, contact: str, purpose: str
) -> Applicant:
    """Return what was typed, each value as it is meant.

    Raises:
        Invalid: every value that makes no sense is named.

    """
    domain = domain.strip().lower().rstrip(".")
    before, at, after = mail.strip().rpartition("@")
    wrong = [
        Violation("invalid_name", field, "1 to 200 printable characters")
        for field, value in (("name", name), ("contact", contact))
        if not _is_name(value.strip())
    ]
    if not _DOMAIN.fullmatch(domain):
        wrong.append(Violation("invalid_domain", "domain", "such as example.org"))
    if not at or not _MAIL.fullmatch(before) or after.lower() != domain:
        wrong.append(Violation("invalid_mail", "mail", "an address in that domain"))
    if not 0 < len(purpose.strip()) <= WORDS:
        wrong.append(
            Violation(
                "missing_field", "purpose", f"1 to {WORDS} characters on what for"
            )
        )
    if wrong:
        raise Invalid("wrong: " + ", ".join(v.field for v in wrong), wrong)
    return Applicant(
        name=name.strip(),
        domain=domain,
        mail=f"{before}@{domain}",
        contact=contact.strip(),
        purpose=purpose.strip(),
    )


def proved(application: Application, proof: Proof, *, at: datetime) -> Sequence[Fact]:
    """Return what it means that *proof* was shown; shown twice it means nothing."""
    refuse_closed(application, at)
    return [] if proof in application.proved else [Proved(proof=proof)]


def vouched(
    application: Application, by: OrganisationId, *, at: datetime
) -> Sequence[Fact]:
    """Return what it means that a member vouches.

    Raises:
        Refused: it did so already, or the application is closed.

    """
    refuse_closed(application, at)
    if by in application.vouchers:
        raise Refused("your organisation has vouched already")
    return [Vouched(organisation=by)]


def admitted(
    application: Application,
    organisation: OrganisationId,
    criteria: Criteria,
    *,
    at: datetime,
) -> Sequence[Fact]:
    """Return what admitting the applicant means.

    Raises:
        NotAllowed: the criteria are not met; all that is lacking is named.
        Refused: the application is closed.

    """
    refuse_closed(application, at)
    lacking = application.lacks(criteria)
    if lacking:
        raise NotAllowed("the criteria are not met yet: " + "; ".join(lacking.values()))
    return [Admitted(organisation=organisation)]


def declined(application: Application, reason: str, *, at: datetime) -> Sequence[Fact]:
    """Return what declining means; the applicant reads the *reason*."""
    refuse_closed(application, at)
    if not reason.strip():
        raise Invalid(
            "the applicant is told why",
            [Violation("missing_field", "reason", "say why, in words")],
        )
    return [Declined(body=Reason(reason=reason.strip()))]


def withdrawn(application: Application, *, at: datetime) -> Sequence[Fact]:
    """Return what it means that the applicant does not want to any more."""
    refuse_closed(application, at)
    return [Withdrawn()]


def refuse_closed(application: Application, at: datetime) -> None:
    """Raise `Refused` unless the application is open at *at*."""
    if application.stage is not Stage.OPEN:
        raise Refused(f"the application is {application.stage}")
    if at >= application.received_at + LASTS:
        raise Refused("the application is over; apply again")


def _is_name(value: str) -> bool:
    return 0 < len(value) <= 200 and value.isprintable()  # noqa: PLR2004 - said above


def _evolve(  # noqa: PLR0911 - one a fact
    state: Application | None, event: Event
) -> Application:
    if state is None:
        return _first(event)
    state = replace(state, version=event.version)
    match event.fact:
        case Proved(proof=proof):
            return replace(state, proved=state.proved | {proof})
        case Vouched(organisation=organisation):
            return replace(state, vouchers=(*state.vouchers, organisation))
        case Admitted(organisation=organisation):
            return replace(state, stage=Stage.ADMITTED, organisation=organisation)
        case Declined(body=body):
            why = body.reason if body else None
            return replace(state, stage=Stage.DECLINED, reason=why)
        case Withdrawn():
            return replace(state, stage=Stage.WITHDRAWN)
        case ApplicationErased():
            return replace(state, applicant=None, reason=None, erased=True)
    raise unexpected(event)


def _first(event: Event) -> Application:
    if not isinstance(event.fact, ApplicationReceived):
        raise unexpected(event)
    return Application(
        id=ApplicationId(name_of(event)),
        digest=event.fact.digest,
        challenge=event.fact.challenge,
        applicant=event.fact.body,
        received_at=event.at,
    )


APPLICATIONS = Subject(
    "application",
    Application,
    (
        ApplicationReceived,
        Proved,
        Vouched,
        Admitted,
        Declined,
        Withdrawn,
        ApplicationErased,
    ),
    _evolve,
)
