"""What parties can do in an engagement, as one table: pages and the API both use it.

Each act has a form. Over the API it comes as JSON, from a page as fields; either way it
is read once into the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from fairlead.access.sessions import SignedIn
from fairlead.base import ids
from fairlead.base.instants import text
from fairlead.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    Refused,
    Unauthenticated,
    Violation,
)
from fairlead.programme.unit import Unit
from fairlead.review import concluding, facts, granting, handing, negotiating
from fairlead.review.determination import Finding
from fairlead.review.facts import Audience
from fairlead.review.parties import Party
from fairlead.terms import agreement, standard
from fairlead.terms.agreement import BrokerTerm, Terms, WindowTerm
from fairlead.terms.agreement import Party as Contractor
from fairlead.terms.clauses import ENDPOINTS, Side
from fairlead.terms.narrowing import Narrowing
from fairlead.terms.standard import Profile
from fairlead.web.context import Context

OPENS_WITHIN = timedelta(days=90)
"""By when access opens that nobody said otherwise about."""


class Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all forms."""


class Nothing(Form, frozen=True):
    """An act that needs no words: one click."""


class Words(Form, frozen=True):
    """Something said."""

    text: str = ""


class Offer(Form, frozen=True):
    """Terms to offer: whole, as JSON, or begun from a standard profile."""

    terms: str = ""
    profile: Profile = Profile.API_ONLY
    model: str = ""
    days: int = 30
    reply_days: int = 5
    opens_by: str = ""
    facility: str = ""
    key: str = ""
    """Verifier key of this side, if it signs from the command line."""


class Signature(Form, frozen=True):
    """A signature over the terms on the table: a passkey's answer, or a signed note."""

    digest: str
    answer: str = ""
    note: str = ""


class Narrower(Form, frozen=True):
    """What becomes narrower."""

    clauses: str = ""
    """Numbers, separated by commas."""
    not_after: str = ""
    calls: str = ""
    tokens: str = ""
    cents: str = ""


class PersonForm(Form, frozen=True):
    """Somebody, and what is attested."""

    person: str
    attributes: str = ""
    """Separated by commas: `citizenship:US, cleared:facility-7`."""
    place: str = ""


class AssetForm(Form, frozen=True):
    """How an asset is reached."""

    asset: str
    url: str = ""
    credential: str = ""
    dialect: str = "openai"
    model: str = ""
    cents_per_million_in: int = 0
    cents_per_million_out: int = 0
    key: str = ""
    """Of the developer's broker, where it runs that itself."""


class SealedForm(Form, frozen=True):
    """An asset that is handed over sealed."""

    asset: str


class KeyForm(Form, frozen=True):
    """A key to end."""

    key: str


class AssessmentForm(Form, frozen=True):
    """What was measured, at three levels of detail."""

    title: str
    outcome: str
    scores: str = ""
    transcripts: str = ""


class Reply(Form, frozen=True):
    """The developer's answer to an assessment."""

    assessment: str
    text: str = ""
    passes_on: bool = False


class DeterminationForm(Form, frozen=True):
    """An official's decision."""

    finding: Finding
    reasons: str = ""
    cites: str = ""
    """Assessments, separated by commas; all where nothing is said."""
    determination: str = ""
    """The one that is reconsidered, if it is one."""


class Nomination(Form, frozen=True):
    """A trusted partner that is proposed."""

    partner: str
    why: str = ""
    small_operator: bool = False


class PartnerForm(Form, frozen=True):
    """A trusted partner."""

    partner: str


class Release(Form, frozen=True):
    """To whom the model was released."""

    to: Audience


@dataclass(frozen=True, slots=True)
class Done:
    """What follows from an act besides the engagement's new state."""

    secret: str = ""
    """A new key, which is shown once."""


@dataclass(frozen=True, slots=True)
class At:
    """Where and as whom an act is done."""

    unit: Unit
    party: Party
    context: Context
    me: SignedIn | None
    challenge: bytes = b""
    """The nonce of the challenge that a passkey was sent, where one signs."""

    @property
    def now(self) -> datetime:
        """Return the present instant."""
        return self.context.clock()


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its form, and what is done."""

    form: type[Form]
    do: Callable[[At, Any], Done | None]


def _answer(at: At, form: Words) -> None:
    negotiating.answer(at.unit, at.party, form.text, at=at.now)


def _offer(at: At, form: Offer) -> None:
    terms = agreement.read(form.terms.encode()) if form.terms.strip() else None
    if terms is not None and not isinstance(terms.broker, UnsetType):
        own = _notes_key(at)
        if terms.broker.key != own:
            why = f"this server signs notes with {own}"
            raise Invalid(f"broker.key: {why}", [Violation("wrong_key", "terms", why)])
    negotiating.offer(at.unit, at.party, terms or _begun(at, form), at=at.now)


def _notes_key(at: At) -> str:
    return at.context.notes.verifier().text()


def _begun(at: At, form: Offer) -> Terms:
    """Return terms that begin with a standard profile, between these two parties."""
    engagement = at.party.engagement
    before = engagement.offer.terms if engagement.offer else engagement.terms
    if before is None and at.party.side is Side.DEVELOPER:
        raise Invalid(
            "terms: the programme begins from a profile; or give whole terms as JSON",
            [Violation("missing_field", "terms", "give whole terms as JSON")],
        )
    draft = standard.draft(form.profile, facility=form.facility)
    return Terms(
        engagement=engagement.id,
        model=form.model.strip() or engagement.model or "the model",
        developer=before.developer
        if before
        else _contractor(at, engagement.developer, ""),
        programme=before.programme
        if before
        else _contractor(at, at.party.asker.organisation, form.key.strip()),
        window=WindowTerm(
            days=form.days, opens_by=form.opens_by or text(at.now + OPENS_WITHIN)
        ),
        reply_days=form.reply_days,
        profile=str(form.profile),
        broker=BrokerTerm(key=_notes_key(at))
        if form.profile is Profile.DEVELOPERS_BROKER
        else UNSET,
        assets=draft.assets,
        clauses=draft.clauses,
    )


def _contractor(
    at: At, organisation: ids.OrganisationId | None, key: str
) -> Contractor:
    if organisation is None:
        raise NotAllowed("somebody of an organisation offers terms in its name")
    name = at.unit.organisations.get(organisation).name
    return Contractor(organisation=organisation, name=name, key=key)


def _sign(at: At, form: Signature) -> None:
    if form.note.strip():
        note = form.note.replace("\r\n", "\n")
        note = note if note.endswith("\n") else note + "\n"
        negotiating.sign_with_key(at.unit, at.party, form.digest, note, at=at.now)
        return
    if at.me is None or not form.answer:
        raise Unauthenticated(
            "sign with your passkey on the page, or send a signed note"
        )
    negotiating.sign_with_passkey(
        at.unit,
        at.context.passkeys,
        at.me,
        at.party,
        digest=form.digest,
        answered=form.answer,
        nonce=at.challenge,
        at=at.now,
    )


def _narrow(at: At, form: Narrower) -> None:
    narrowing = Narrowing(
        clauses_dropped=tuple(_number(n, "clauses") for n in _parts(form.clauses)),
        not_after=form.not_after.strip() or None,
        calls=_amount(form.calls, "calls"),
        tokens=_amount(form.tokens, "tokens"),
        cents=_amount(form.cents, "cents"),
    )
    negotiating.narrow(at.unit, at.party, narrowing, at=at.now)


def _name(at: At, form: PersonForm) -> None:
    described = facts.Described(
        name="", attributes=tuple(_parts(form.attributes)), place=form.place.strip()
    )
    person = ids.PersonId(form.person.strip())
    granting.name_person(at.unit, at.party, person, described, at=at.now)


def _remove(at: At, form: PersonForm) -> None:
    granting.remove_person(at.unit, at.party, ids.PersonId(form.person), at=at.now)


def _give_out(at: At, form: SealedForm) -> None:
    handing.give_out(at.unit, at.party, form.asset, at.context.programme, at=at.now)


def _provide(at: At, form: AssetForm) -> None:
    terms = at.party.engagement.terms
    term = terms.asset(form.asset) if terms else None
    if term is not None and term.kind not in ENDPOINTS and not form.url:
        raise Refused(
            f"{form.asset!r} is handed over sealed: take the keys for it, seal, send,"
            " and say that all has come"
        )
    if form.url:
        at.context.check_endpoint(form.url)
    if form.dialect not in {"openai", "anthropic"}:
        raise Invalid(
            "dialect: openai or anthropic",
            [Violation("invalid_dialect", "dialect", "openai or anthropic")],
        )
    connection = facts.Connection(
        url=form.url.strip(),
        credential=form.credential.strip(),
        dialect=form.dialect,
        model=form.model.strip(),
        cents_per_million_in=form.cents_per_million_in,
        cents_per_million_out=form.cents_per_million_out,
        key=form.key.strip(),
    )
    granting.provide(at.unit, at.party, form.asset, connection, at=at.now)


def _open(at: At, _: Nothing) -> None:
    granting.go_live(at.unit, at.party, at=at.now)


def _key(at: At, _: Nothing) -> Done:
    issued = granting.issue_key(
        at.unit, at.party, at=at.now, randomness=at.context.randomness
    )
    return Done(secret=issued.secret)


def _end_key(at: At, form: KeyForm) -> None:
    granting.end_key(at.unit, at.party, ids.AccessKeyId(form.key), at=at.now)


def _deliver(at: At, form: AssessmentForm) -> None:
    measured = facts.Measured(
        title=form.title,
        outcome=form.outcome,
        scores=form.scores,
        transcripts=form.transcripts,
    )
    concluding.deliver(
        at.unit, at.party, measured, at=at.now, randomness=at.context.randomness
    )


def _reply(at: At, form: Reply) -> None:
    concluding.reply(
        at.unit,
        at.party,
        ids.AssessmentId(form.assessment),
        form.text,
        passes_on=form.passes_on,
        at=at.now,
    )


def _determine(at: At, form: DeterminationForm) -> None:
    if form.determination:
        concluding.reconsider(
            at.unit,
            at.party,
            ids.DeterminationId(form.determination),
            form.finding,
            form.reasons,
            rules=at.context.review,
            at=at.now,
        )
        return
    cites = [ids.AssessmentId(name) for name in _parts(form.cites)]
    concluding.determine(
        at.unit,
        at.party,
        form.finding,
        form.reasons,
        cites=cites or tuple(at.party.engagement.assessments),
        rules=at.context.review,
        at=at.now,
        randomness=at.context.randomness,
    )


def _nominate(at: At, form: Nomination) -> None:
    partner = ids.OrganisationId(form.partner.strip())
    try:
        concluding.nominate(
            at.unit,
            at.party,
            partner,
            form.why,
            at.context.review,
            small_operator=form.small_operator,
            at=at.now,
        )
    except NotFound as error:
        raise Invalid(
            "partner: no such organisation",
            [Violation("unknown_organisation", "partner", "no such organisation")],
        ) from error


def _consent(at: At, form: PartnerForm) -> None:
    concluding.consent(at.unit, at.party, ids.OrganisationId(form.partner), at=at.now)


def _let_in(at: At, form: PartnerForm) -> None:
    concluding.let_in(at.unit, at.party, ids.OrganisationId(form.partner), at=at.now)


def _remove_partner(at: At, form: PartnerForm) -> None:
    concluding.remove_partner(
        at.unit, at.party, ids.OrganisationId(form.partner), at=at.now
    )


def _close(at: At, _: Nothing) -> None:
    concluding.close(at.unit, at.party, at.context.review, at=at.now)


def _state(at: At, form: Words) -> None:
    concluding.state_destroyed(at.unit, at.party, form.text, at=at.now)


def _destroy(at: At, _: Nothing) -> None:
    concluding.destroy(at.unit, at.party, at=at.now)


def _release(at: At, form: Release) -> None:
    granting.record_release(at.unit, at.party, form.to, at=at.now)


def _withdraw(at: At, _: Nothing) -> None:
    granting.withdraw(at.unit, at.party, at.context.review, at=at.now)


ACTS: Mapping[str, Act] = {
    "answer": Act(Words, _answer),
    "offer": Act(Offer, _offer),
    "signature": Act(Signature, _sign),
    "narrowing": Act(Narrower, _narrow),
    "person": Act(PersonForm, _name),
    "objection": Act(PersonForm, _remove),
    "asset": Act(AssetForm, _provide),
    "sealing-key": Act(SealedForm, _give_out),
    "opening": Act(Nothing, _open),
    "key": Act(Nothing, _key),
    "key-end": Act(KeyForm, _end_key),
    "assessment": Act(AssessmentForm, _deliver),
    "reply": Act(Reply, _reply),
    "determination": Act(DeterminationForm, _determine),
    "nomination": Act(Nomination, _nominate),
    "consent": Act(PartnerForm, _consent),
    "admission": Act(PartnerForm, _let_in),
    "removal": Act(PartnerForm, _remove_partner),
    "closing": Act(Nothing, _close),
    "statement": Act(Words, _state),
    "destruction": Act(Nothing, _destroy),
    "release": Act(Release, _release),
    "withdrawal": Act(Nothing, _withdraw),
}
"""Every act by its name in addresses."""


def read(act: Act, said: object, *, strict: bool) -> Form:
    """Return the form that *said* fills; fields of a page are text, so not strict.

    Raises:
        Invalid: a field is missing, unknown or of the wrong kind; it is named.

    """
    try:
        return msgspec.convert(said, act.form, strict=strict)
    except msgspec.ValidationError as error:
        told = str(error)
        field = told.rpartition("`$.")[2].rstrip("`") if "`$." in told else ""
        raise Invalid(told, [Violation("invalid_field", field, told)]) from error


def _parts(written: str) -> list[str]:
    return [part.strip() for part in written.split(",") if part.strip()]


def _amount(written: str, field: str) -> int | None:
    return _number(written, field) if written.strip() else None


def _number(written: str, field: str) -> int:
    try:
        return int(written)
    except ValueError as error:
        raise Invalid(
            f"{field}: {written!r} is no whole number",
            [Violation("invalid_number", field, "must be a whole number")],
        ) from error
