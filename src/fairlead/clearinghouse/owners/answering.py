"""Use cases: take what an owner says, by mail or on a page.

Mail decides something only when everything holds:

1. A person wrote it: what programs send, and what comes from ourselves, is passed over.
2. An address in it holds a token that only this clearinghouse makes, for the contact that
   the owner has now.
3. It says to come from that contact.
4. Where the owner has an OpenPGP certificate, that key signed it, if it says a verdict,
   changes the contact or the pace.
5. Its first line is exactly one of the commands.

Whatever fails one of the last four, once the token is genuine, is kept for a coordinator,
never thrown away. Without a token it is nobody's answer. The same mail is taken once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Protocol

from fairlead.access.roles import Asker, Scope
from fairlead.base.agenda import Job, Timer
from fairlead.clearinghouse.casework import delivering
from fairlead.clearinghouse.casework.delivered import VERDICTS, Answer, Channel
from fairlead.clearinghouse.casework.delivering import Said as OwnerSaid
from fairlead.clearinghouse.owners import directory, routing, said, sending, tokens
from fairlead.clearinghouse.owners import owner as rules_of
from fairlead.clearinghouse.owners.directory import CHECKER, Desk
from fairlead.clearinghouse.owners.owner import Owner
from fairlead.clearinghouse.owners.ports import OwnersUnit
from fairlead.clearinghouse.owners.routing import Routing
from fairlead.clearinghouse.owners.said import (
    Answered,
    Confirmed,
    Key,
    Next,
    Placed,
    Unclear,
    Wished,
)
from fairlead.clearinghouse.owners.tokens import About, Token
from fairlead.errors import Error, NotFound, Refused
from fairlead.formats import mail as mails
from fairlead.formats.mail import Kind, Mail


class OpenPGP(Protocol):
    """Opens what was encrypted for this clearinghouse, and checks signatures."""

    def unseal(self, sealed: bytes, certificate: str) -> tuple[bytes, bool] | None:
        """Return what was encrypted, and whether *certificate* signed it."""

    def signed(self, content: bytes, signature: str, certificate: str) -> bool:
        """Tell whether *certificate* made *signature* over *content*."""


class Outcome(StrEnum):
    """What became of a mail."""

    ANSWER = "answer"
    PULLED = "next ones sent"
    WISHES = "wishes noted"
    CONFIRMED = "contact confirmed"
    LOOKING = "looking for the challenge"
    KEY = "contact changed"
    FOR_A_PERSON = "for a coordinator"
    RETURNED = "came back"
    AGAIN = "was taken before"
    PASSED_OVER = "passed over"
    NO_ANSWER = "answers nothing"
    """It holds no token of ours; it may be a new report."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail, and what it was about."""

    outcome: Outcome
    about: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mail with what is known of it: opened, whose, and how far it is believed."""

    mail: Mail
    signed: bool
    doubt: str
    """Why it cannot decide anything; empty where it can."""


def take(  # noqa: PLR0911, PLR0913 - one an outcome; one value a thing that is known
    unit: OwnersUnit, came: Mail, desk: Desk, keys: OpenPGP, ours: str, *, at: datetime
) -> Taken:
    """Take one mail; *ours* is the address from which we send."""
    token = _token(came)
    if came.sender == ours.lower():
        return Taken(Outcome.PASSED_OVER, why="it is our own")
    if token is None:
        nobody = came.kind is Kind.WRITTEN
        return Taken(Outcome.NO_ANSWER if nobody else Outcome.PASSED_OVER)
    one = unit.routings.maybe(token.name) if token.about is not About.OWNER else None
    found = unit.owners.maybe(one.owner if one else token.name)
    epoch = one.epoch if one else found.epoch if found else 0
    if found is None or not unit.owners.genuine(token, epoch):
        return Taken(Outcome.NO_ANSWER, why="its token is not ours")
    if came.kind is Kind.AUTOMATIC:
        return Taken(Outcome.PASSED_OVER, token.name, "a program sent it")
    if came.name in (one.mails if one else found.mails):
        return Taken(Outcome.AGAIN, token.name)
    if came.kind is Kind.RETURNED:
        return _returned(unit, one, came, desk, at)
    letter = _opened(came, found, one, keys)
    if one is None:
        return _about_owner(unit, found, letter, desk, at)
    return _about_case(unit, found, one, letter, desk, at)


def answer(  # noqa: PLR0913 - one value a thing that is said
    unit: OwnersUnit,
    one: Routing,
    what: Answer,
    words: str,
    *,
    by: str,
    channel: Channel,
    fix_planned: date | None = None,
    signed: bool = False,
    sender: str = "",
    mail: str = "",
    at: datetime,
) -> Routing:
    """Note what an owner says about a case, on its way and on the case's own record.

    Raises:
        Refused: the owner does not have the case.

    """
    facts = routing.answered(
        one,
        what,
        words,
        by=sender,
        fix_planned=fix_planned,
        signed=signed,
        mail=mail,
    )
    if not facts:
        return one
    saved = unit.routings.save(one, facts, name=one.id, by=by, at=at)
    unit.agenda.cancel(Timer.ROUTING, one.id)
    told = OwnerSaid(
        owner=one.owner,
        channel=channel,
        answer=what,
        fix_planned=datetime.combine(fix_planned, time(), UTC) if fix_planned else None,
        text=words,
    )
    delivering.owner_answers(unit, one.case, told, by=by, at=at)
    return saved


def answer_own(  # noqa: PLR0913 - one value a thing that is said
    unit: OwnersUnit,
    asker: Asker,
    name: str,
    what: Answer,
    words: str,
    *,
    fix_planned: date | None = None,
    at: datetime,
) -> Routing:
    """Let a member that is the owner answer on its own page, or by a program.

    Raises:
        NotFound: there is no such case of this owner's.

    """
    one = own(unit, asker, name)
    channel = Channel.PAGE if asker.actor.startswith("person/") else Channel.API
    return answer(
        unit,
        one,
        what,
        words,
        by=asker.actor,
        channel=channel,
        fix_planned=fix_planned,
        at=at,
    )


def own(unit: OwnersUnit, asker: Asker, name: str) -> Routing:
    """Return what went to an owner that is the asker's organisation.

    Raises:
        NotFound: there is none, or it is another one's; which is not said.

    """
    one = unit.routings.maybe(name)
    found = unit.owners.maybe(one.owner) if one is not None else None
    mine = (
        found is not None
        and asker.may(Scope.OWNER_SAY)
        and asker.organisation is not None
        and found.organisation == asker.organisation
    )
    if one is None or not mine or not one.with_owner:
        raise NotFound(f"no routing {name!r}")
    return one


def by_link(
    unit: OwnersUnit, written: str, desk: Desk, *, at: datetime
) -> tuple[Owner, Routing]:
    """Return whom and what the link in a mail is about.

    Raises:
        NotFound: it was not made here, is too old, or was for an earlier contact.

    """
    token = tokens.read(written)
    if token is not None and token.about is About.LINK:
        one = unit.routings.maybe(token.name)
        found = unit.owners.maybe(one.owner) if one else None
        if (
            one is not None
            and found is not None
            and one.turn_at is not None
            and found.active
            and one.with_owner
            and one.epoch == found.epoch
            and unit.owners.genuine(token, one.epoch, one.turn_at.isoformat())
            and at < one.turn_at + desk.rules.link_lasts
        ):
            return found, one
    raise NotFound("this link opens nothing; it may be too old")


def opened_by_link(unit: OwnersUnit, one: Routing, *, at: datetime) -> Routing:
    """Note that a case was opened by its link; that is no answer."""
    if one.opened_at is not None:
        return one
    fact = routing.LinkOpened()
    return unit.routings.save(one, [fact], name=one.id, by=f"owner/{one.owner}", at=at)


def _token(came: Mail) -> Token | None:
    """Return the token in one of the addresses, or in the name of a mail of ours."""
    for receiver in came.receivers:
        found = tokens.in_address(receiver) or tokens.read(receiver.partition(".")[0])
        if found is not None and found.about is not About.LINK:
            return found
    return None


def _opened(came: Mail, found: Owner, one: Routing | None, keys: OpenPGP) -> _Letter:
    certificate = found.contact.certificate
    mail, signed = came, False
    if came.sealed:
        inside = keys.unseal(came.sealed, certificate)
        if inside is None:
            return _Letter(came, signed=False, doubt="it cannot be decrypted here")
        mail, signed = mails.inner(inside[0], came), inside[1]
    elif came.signature and certificate:
        signed = keys.signed(came.signed, came.signature, certificate)
    doubt = ""
    if one is not None and one.epoch != found.epoch:
        doubt = "it answers what was sent to an earlier contact"
    elif came.sender != found.contact.mail.lower():
        doubt = "it comes from another address than the owner's"
    return _Letter(mail, signed=signed, doubt=doubt)


def _unsigned(found: Owner, letter: _Letter, name: str) -> str:
    """Return why a mail does not speak for an owner that has a key; empty if it does.

    What is signed must name what it is about: a signed answer about one case, sent again
    by somebody else, must not count for another.
    """
    if not found.contact.certificate:
        return ""
    if not letter.signed:
        return "the owner has a key, and it is not signed with it"
    if name not in letter.mail.whole:
        return f"what is signed does not name {name}; keep that line when you answer"
    return ""


def _about_case(  # noqa: PLR0913, PLR0917 - one value a thing that is known
    unit: OwnersUnit,
    found: Owner,
    one: Routing,
    letter: _Letter,
    desk: Desk,
    at: datetime,
) -> Taken:
    words = letter.mail.text
    what = said.about_case(words, at.date())
    doubt = letter.doubt
    if not doubt and isinstance(what, Unclear):
        doubt = "its first line is none of the answers"
    if not doubt and isinstance(what, Answered) and what.answer in VERDICTS:
        doubt = _unsigned(found, letter, one.case)
    if doubt or isinstance(what, Unclear):
        return _for_a_person(unit, one, letter.mail, doubt, desk, at)
    if isinstance(what, Next):
        _note(unit, found, "next", letter.mail, at)
        sent = sending.pull(unit, found, what.count, desk, at=at)
        return Taken(Outcome.PULLED, one.id, f"{len(sent)}")
    try:
        answer(
            unit,
            one,
            what.answer,
            what.words,
            by=f"owner/{found.id}",
            channel=Channel.MAIL,
            fix_planned=what.fix_planned,
            signed=letter.signed,
            sender=letter.mail.sender,
            mail=letter.mail.name,
            at=at,
        )
    except Refused as error:
        return _for_a_person(unit, one, letter.mail, str(error), desk, at)
    _reply(unit, one.id, one.mails, desk, at)
    return Taken(Outcome.ANSWER, one.id, what.answer)


def _about_owner(
    unit: OwnersUnit, found: Owner, letter: _Letter, desk: Desk, at: datetime
) -> Taken:
    what = said.about_owner(letter.mail.text, found.wishes)
    doubt = letter.doubt
    if not doubt and isinstance(what, Key | Wished):
        doubt = _unsigned(found, letter, found.id)
    if isinstance(what, Confirmed) and found.active:
        # Whoever has the token read the mail; that it forwards what it reads is its own.
        found = _note(unit, found, "confirm", letter.mail, at)
        directory.confirm(unit, found, found.epoch, at=at)
        unit.agenda.enqueue(Job.OWNER_CHECK, found.id, at=at)
        _reply(unit, found.id, found.mails, desk, at)
        return Taken(Outcome.CONFIRMED, found.id)
    if doubt or isinstance(what, Unclear) or not found.active:
        why = doubt or "its first line is none of the words"
        _note(unit, found, why, letter.mail, at)
        return Taken(Outcome.FOR_A_PERSON, found.id, why)
    try:
        return _done_for_owner(unit, found, what, letter, desk, at)
    except Error as error:
        _note(unit, found, str(error), letter.mail, at)
        return Taken(Outcome.FOR_A_PERSON, found.id, str(error))


def _done_for_owner(  # noqa: PLR0913, PLR0917 - one value a thing that is known
    unit: OwnersUnit,
    found: Owner,
    what: said.Said,
    letter: _Letter,
    desk: Desk,
    at: datetime,
) -> Taken:
    match what:
        case Placed():
            found = _note(unit, found, "verify", letter.mail, at)
            unit.agenda.enqueue(Job.OWNER_CHECK, found.id, at=at)
            outcome = Taken(Outcome.LOOKING, found.id)
        case Next(count=count):
            found = _note(unit, found, "next", letter.mail, at)
            sent = sending.pull(unit, found, count, desk, at=at)
            return Taken(Outcome.PULLED, found.id, f"{len(sent)}")
        case Wished(wishes=wishes):
            found = directory.wish(unit, found, wishes, by=CHECKER, at=at)
            found = _note(unit, found, "wishes", letter.mail, at)
            outcome = Taken(Outcome.WISHES, found.id)
        case Key():
            return _key(unit, found, letter, desk, at)
        case _:
            raise Refused("it is none of the words")
    _reply(unit, found.id, found.mails, desk, at)
    return outcome


def _key(
    unit: OwnersUnit, found: Owner, letter: _Letter, desk: Desk, at: datetime
) -> Taken:
    """Change the owner's certificate: a change of contact, so all is shown again."""
    if len(letter.mail.certificates) != 1:
        raise Refused("it does not hold exactly one OpenPGP certificate")
    armoured, fingerprint = desk.read_certificate(letter.mail.certificates[0])
    reached = rules_of.contact(found.contact.mail, armoured, fingerprint)
    nonce = directory.new_nonce(desk)
    facts = [
        *rules_of.wrote(found, "key", "", letter.mail.name),
        *rules_of.contact_changed(found, reached, nonce),
    ]
    unit.owners.save(found, facts, name=found.id, by=f"owner/{found.id}", at=at)
    unit.agenda.enqueue(Job.OWNER_LETTER, found.id, at=at)
    return Taken(Outcome.KEY, found.id, fingerprint)


def _returned(
    unit: OwnersUnit, one: Routing | None, came: Mail, desk: Desk, at: datetime
) -> Taken:
    if not came.failed or one is None:
        return Taken(Outcome.PASSED_OVER, one.id if one else "", "it may still arrive")
    facts = routing.bounced(one, came.status, came.name, at=at)
    if facts:
        saved = unit.routings.save(one, facts, name=one.id, by=CHECKER.actor, at=at)
        step = routing.next_step(saved, desk.rules)
        if step is not None:
            unit.agenda.schedule(Timer.ROUTING, one.id, due=step[1])
    return Taken(Outcome.RETURNED, one.id, came.status)


def _for_a_person(  # noqa: PLR0913, PLR0917 - one value a thing that is known
    unit: OwnersUnit, one: Routing, mail: Mail, why: str, desk: Desk, at: datetime
) -> Taken:
    words = routing.Words(words=mail.text, by=mail.sender[:320])
    fact = routing.WordsCame(why=why[:300], mail=mail.name, body=words)
    unit.routings.save(one, [fact], name=one.id, by=CHECKER.actor, at=at)
    if not mail.sender or "another address" not in why:
        _reply(unit, one.id, one.mails, desk, at)
    return Taken(Outcome.FOR_A_PERSON, one.id, why)


def _note(unit: OwnersUnit, found: Owner, what: str, mail: Mail, at: datetime) -> Owner:
    facts = rules_of.wrote(found, what[:300], mail.text, mail.name)
    if not facts:
        return found
    by = f"owner/{found.id}"
    return unit.owners.save(found, facts, name=found.id, by=by, at=at)


def _reply(
    unit: OwnersUnit, name: str, before: Sequence[str], desk: Desk, at: datetime
) -> None:
    """Have a mail answered, always to the owner's own contact, and not for ever."""
    if len(before) < desk.rules.answers:
        unit.agenda.enqueue(Job.OWNER_REPLY, name, at=at)
