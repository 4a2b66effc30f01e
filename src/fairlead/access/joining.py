"""Use cases: ask to join, show who one is, vouch, admit, decline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access import applications, membership, secrets
from fairlead.access.applications import Applicant, Application, Criteria, Proof, Stage
from fairlead.access.members import Person
from fairlead.access.ports import AccessUnit
from fairlead.access.roles import Asker, Role, Scope
from fairlead.base import ids
from fairlead.base.ids import ApplicationId
from fairlead.base.letters import Letter
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, NotFound, Refused, Unavailable, Violation

OPEN_AT_MOST = 1_000
"""Applications that may be open at once: a flood ends there."""

NEWCOMER = Asker(actor="system/applicant")
CLERK = Asker(actor="system/applications", scopes=frozenset({Scope.PEOPLE_MANAGE}))

TextRecords = Callable[[str], Sequence[str]]
"""Return the TXT records at a name; `Unavailable` where DNS does not answer."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A new application, with the secret that is shown this once."""

    application: Application
    secret: str


def apply(
    unit: AccessUnit,
    applicant: Applicant,
    criteria: Criteria,
    *,
    at: datetime,
    randomness: Randomness,
) -> Applied:
    """Take an application; the secret is how the applicant follows it.

    Raises:
        Unavailable: so many are open that nobody could read another.

    """
    if unit.applications.count_open(at) >= OPEN_AT_MOST:
        raise Unavailable("too many organisations ask to join now; try again later")
    secret = secrets.new_session(randomness)
    fact = applications.ApplicationReceived(
        digest=secrets.digest(secret),
        challenge="fairlead-" + ids.random_text(randomness, 26),
        body=applicant,
    )
    name = ids.new_application_id(randomness)
    application = unit.applications.save(
        None, [fact], name=name, by=NEWCOMER.actor, at=at
    )
    if Proof.MAIL in criteria.needs:
        unit.applications.have_mailed(name, at=at)
    unit.applications.have_erased(name, at=at + applications.LASTS)
    return Applied(application, secret)


def follow(unit: AccessUnit, secret: str) -> Application:
    """Return the application whose secret this is.

    Raises:
        NotFound: there is none.

    """
    found = unit.applications.by_digest(secrets.digest(secret))
    if found is None:
        raise NotFound("no application has this address")
    return found


def prove_domain(
    unit: AccessUnit, application: Application, records: Sequence[str], *, at: datetime
) -> Application:
    """Take the TXT *records* that were found as proof of the domain.

    Raises:
        Invalid: none of them is the challenge.

    """
    if application.challenge not in {record.strip() for record in records}:
        found = f"{len(records)} other records are" if records else "nothing is"
        raise Invalid(
            f"{found} there; a new record may take an hour to be seen",
            [Violation("not_proved", "domain", "the record was not found")],
        )
    return _add(unit, application, Proof.DOMAIN, at)


def prove_mail(
    unit: AccessUnit, application: Application, code: str, *, at: datetime
) -> Application:
    """Take the code that was mailed as proof of the address.

    Raises:
        Invalid: it is another one.

    """
    if not unit.applications.is_mail_code(application.id, secrets.typed(code)):
        raise Invalid(
            "this is not the code that was mailed",
            [Violation("not_proved", "code", "type the code of the newest mail")],
        )
    return _add(unit, application, Proof.MAIL, at)


def letter(unit: AccessUnit, name: ApplicationId, programme: str) -> Letter | None:
    """Return the mail with the code; nothing once nobody waits for it."""
    application = unit.applications.get(name)
    if application.applicant is None or application.stage is not Stage.OPEN:
        return None
    code = unit.applications.mail_code(name)
    # Nothing that the applicant typed is in it: nobody sends words through this.
    return Letter(
        application.applicant.mail,
        "Code for your application",
        f"Somebody, probably you, asked to join {programme} with this address.\n\n"
        f"The code is {code}\n\nType it on the page of the application. If it was not"
        " you, do nothing.\n",
    )


def withdraw(
    unit: AccessUnit, application: Application, *, at: datetime
) -> Application:
    """Note that the applicant does not want to any more."""
    facts = applications.withdrawn(application, at=at)
    return unit.applications.save(
        application, facts, name=application.id, by=NEWCOMER.actor, at=at
    )


def list_applications(unit: AccessUnit, asker: Asker) -> Sequence[Application]:
    """Return open applications, to those who admit and to those who may vouch."""
    if not asker.may(Scope.PEOPLE_MANAGE):
        asker.needs(Scope.MEMBER_VOUCH)
    return unit.applications.newest()


def vouch(
    unit: AccessUnit, asker: Asker, name: ApplicationId, *, at: datetime
) -> Application:
    """Vouch for an applicant, once for one's organisation.

    Raises:
        Refused: it vouched already, or joined by this very application.

    """
    asker.needs(Scope.MEMBER_VOUCH)
    application = unit.applications.get(name)
    if asker.organisation is None:
        raise Refused("only members vouch")
    facts = applications.vouched(application, asker.organisation, at=at)
    return unit.applications.save(application, facts, name=name, by=asker.actor, at=at)


def admit(  # noqa: PLR0913 - one value a thing that must be said
    unit: AccessUnit,
    asker: Asker,
    name: ApplicationId,
    criteria: Criteria,
    *,
    at: datetime,
    randomness: Randomness,
) -> Application:
    """Make the applicant a member, with its contact as the first person.

    Raises:
        NotAllowed: the criteria are not met; all that is lacking is named.
        Invalid: an organisation of that name is a member already.

    """
    asker.needs(Scope.PEOPLE_MANAGE)
    application = unit.applications.get(name)
    said = application.applicant
    if said is None:
        raise Refused("what the application said was erased")
    # Before anything is made: what is lacking, if something is.
    applications.admitted(application, ids.OrganisationId(""), criteria, at=at)
    home = membership.join(unit, asker, said.name, at=at, randomness=randomness)
    membership.enrol(
        unit,
        asker,
        home.id,
        said.contact,
        (Role.ORGANISATION_ADMINISTRATOR,),
        at=at,
        randomness=randomness,
    )
    facts = applications.admitted(application, home.id, criteria, at=at)
    return unit.applications.save(application, facts, name=name, by=asker.actor, at=at)


def decline(
    unit: AccessUnit, asker: Asker, name: ApplicationId, reason: str, *, at: datetime
) -> Application:
    """Not make the applicant a member, and tell it why."""
    asker.needs(Scope.PEOPLE_MANAGE)
    application = unit.applications.get(name)
    facts = applications.declined(application, reason, at=at)
    return unit.applications.save(application, facts, name=name, by=asker.actor, at=at)


def enter(
    unit: AccessUnit, application: Application, *, at: datetime, randomness: Randomness
) -> str:
    """Return a code with which the first person of a new member signs in.

    Raises:
        Refused: it was not admitted, or that person has a way in of its own.

    """
    if application.stage is not Stage.ADMITTED or application.organisation is None:
        raise Refused(f"the application is {application.stage}")
    first = _first_person(unit, application)
    if first is None or first.passkeys or first.logins:
        raise Refused("sign in with your passkey")
    return membership.hand_out_code(unit, CLERK, first.id, at=at, randomness=randomness)


def erase(unit: AccessUnit, name: ApplicationId, *, at: datetime) -> None:
    """Destroy what an application said, once its time is over; done by the timer."""
    application = unit.applications.get(name)
    if application.erased:
        return
    facts = [applications.ApplicationErased()]
    unit.applications.save(application, facts, name=name, by=CLERK.actor, at=at)
    unit.applications.destroy(name, at=at)


def resume(unit: AccessUnit) -> None:
    """Have every application erased in time; after a rebuild of everything else."""
    for application in unit.applications.not_erased():
        end = application.received_at + applications.LASTS
        unit.applications.have_erased(application.id, at=end)


def _add(
    unit: AccessUnit, application: Application, proof: Proof, at: datetime
) -> Application:
    facts = applications.proved(application, proof, at=at)
    if not facts:
        return application
    return unit.applications.save(
        application, facts, name=application.id, by=NEWCOMER.actor, at=at
    )


def _first_person(unit: AccessUnit, application: Application) -> Person | None:
    home = application.organisation
    mine = [p for p in unit.people.all() if p.organisation == home and p.active]
    return mine[0] if len(mine) == 1 else None
