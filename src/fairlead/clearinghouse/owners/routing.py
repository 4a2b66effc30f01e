"""Routings: one case on its way to one owner, until the owner has answered.

Silence is not a no. It is followed by reminders with growing gaps, then by a person, and
then by the way that the profile has for software that nobody maintains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import CaseId, OwnerId, RoutingId
from fairlead.clearinghouse.casework.delivered import VERDICTS, Answer
from fairlead.clearinghouse.owners.pacing import Urgency, Waiting
from fairlead.clearinghouse.owners.rules import Rules
from fairlead.clearinghouse.owners.wishes import Wish
from fairlead.errors import Invalid, Refused, Violation
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected

LATE = timedelta(hours=1)
"""What is done so much after it was due is said to be late."""
KEPT_MAILS = 50
"""Mails that are remembered, so that none is taken twice."""


class Stage(StrEnum):
    """Where a routing stands."""

    QUEUED = "queued"
    """It waits for its turn."""
    HELD = "held"
    """The owner wishes not to have it; a coordinator decides."""
    SENDING = "sending"
    """Its turn came; the mail is on its way out."""
    DELIVERED = "delivered"
    """The owner has it, and has not answered."""
    PERSON = "with a person"
    """The owner did not answer, or could not be reached: a coordinator tries."""
    UNMAINTAINED = "unmaintained"
    """Nobody was reached; it goes the way of software that nobody maintains."""
    ANSWERED = "answered"
    ENDED = "ended"
    """It need not go to this owner any more."""


MOVES: dict[Stage, frozenset[Stage]] = {
    Stage.QUEUED: frozenset({Stage.HELD, Stage.SENDING, Stage.ENDED}),
    Stage.SENDING: frozenset({Stage.QUEUED, Stage.DELIVERED, Stage.ENDED}),
    Stage.HELD: frozenset({Stage.QUEUED, Stage.ENDED}),
    Stage.DELIVERED: frozenset({Stage.ANSWERED, Stage.PERSON, Stage.ENDED}),
    Stage.PERSON: frozenset(
        {
            Stage.QUEUED,
            Stage.DELIVERED,
            Stage.ANSWERED,
            Stage.UNMAINTAINED,
            Stage.ENDED,
        }
    ),
    Stage.UNMAINTAINED: frozenset({Stage.ANSWERED, Stage.ENDED}),
    Stage.ANSWERED: frozenset({Stage.ENDED}),
    Stage.ENDED: frozenset(),
}
"""What can follow what; an owner that was given up may still answer."""

WITH_OWNER = frozenset(
    {Stage.DELIVERED, Stage.PERSON, Stage.UNMAINTAINED, Stage.ANSWERED}
)
"""Stages in which the owner has it."""
LIVE = frozenset(Stage) - {Stage.ENDED}


class How(StrEnum):
    """How something reached an owner."""

    SEALED = "sealed mail"
    """Encrypted for the owner's OpenPGP certificate."""
    LINK = "link"
    """A mail without content, with a link that opens the case."""
    NOTICE = "notice"
    """A mail that only says that something waits."""
    PLAIN = "plain mail"
    """Everything, not encrypted, as the profile says."""


class Why(StrEnum):
    """Why a person is asked."""

    SILENCE = "no answer"
    BOUNCED = "mail came back"
    MOVED = "the contact changed"
    """What was sent went to another contact than the owner has now."""


class Matter(Struct, frozen=True, kw_only=True):
    """What the queue needs to know of a case; as confidential as the case."""

    place: str
    part: str = ""
    reproducer: bool = False


class Words(Struct, frozen=True, kw_only=True):
    """What somebody said."""

    words: str = ""
    by: str = ""
    """The address from which it came, where it came by mail."""


class CaseQueued(Fact, frozen=True, tag="routing.queued@1"):
    """A coordinator routed a case to an owner."""

    case: CaseId
    owner: OwnerId
    urgency: Urgency
    body: Matter | None = None


class CaseHeld(Fact, frozen=True, tag="routing.held@1"):
    """The owner wishes not to have such a case."""

    wish: Wish


class CaseReleased(Fact, frozen=True, tag="routing.released@1"):
    """It goes all the same, or again: a coordinator says so, or the wish is no more."""

    despite: bool
    body: Words | None = None


class TurnCame(Fact, frozen=True, tag="routing.turn_came@1"):
    """It is the turn of this case; it counts towards the owner's capacity."""

    epoch: int
    how: How
    pulled: bool = False
    """Whether the owner asked for it before its turn."""


class CaseSent(Fact, frozen=True, tag="routing.sent@1"):
    """The mail left for the owner's contact; from now on the owner has it."""


class OwnerReminded(Fact, frozen=True, tag="routing.reminded@1"):
    """The owner was reminded."""

    number: int
    due: datetime
    how: How


class HandedToPerson(Fact, frozen=True, tag="routing.handed_to_person@1"):
    """A coordinator is to reach the owner."""

    why: Why
    due: datetime
    status: str = ""
    """What the mail server said, where a mail came back (RFC 3463)."""


class PutOff(Fact, frozen=True, tag="routing.put_off@1"):
    """A coordinator reached the owner, and gives it until an instant."""

    until: datetime
    body: Words | None = None


class GivenUp(Fact, frozen=True, tag="routing.given_up@1"):
    """Nobody was reached: it goes the way of software that nobody maintains."""

    due: datetime
    way: str


class LinkOpened(Fact, frozen=True, tag="routing.opened@1"):
    """Somebody opened the case by the link in the mail."""


class AnswerCame(Fact, frozen=True, tag="routing.answered@1"):
    """The owner said something about the case."""

    answer: Answer
    fix_planned: date | None = None
    signed: bool = False
    """Whether the owner's OpenPGP key signed it."""
    mail: str = ""
    """Digest of the mail's own name, where it came by mail."""
    body: Words | None = None


class WordsCame(Fact, frozen=True, tag="routing.words_came@1"):
    """A mail came that is not taken for an answer; a coordinator reads it."""

    why: str
    mail: str
    body: Words | None = None


class RoutingEnded(Fact, frozen=True, tag="routing.ended@1"):
    """It need not go to this owner any more."""

    why: str


class RoutingDestroyed(Fact, frozen=True, tag="routing.destroyed@1"):
    """What was said on the way was destroyed with the case."""

    case: CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """One case on its way to one owner."""

    id: RoutingId
    case: CaseId
    owner: OwnerId
    urgency: Urgency
    stage: Stage = Stage.QUEUED
    queued_at: datetime
    place: str = ""
    part: str = ""
    reproducer: bool = False
    wish: Wish | None = None
    despite: bool = False
    epoch: int = 0
    how: How | None = None
    turn_at: datetime | None = None
    delivered_at: datetime | None = None
    reminded: int = 0
    reminded_at: datetime | None = None
    person_at: datetime | None = None
    why: Why | None = None
    put_off_until: datetime | None = None
    given_up_at: datetime | None = None
    opened_at: datetime | None = None
    answer: Answer | None = None
    """What it said last of the vulnerability, or else at all."""
    answered_at: datetime | None = None
    fix_planned: date | None = None
    unread: int = 0
    """Mails that a coordinator has yet to read."""
    mails: tuple[str, ...] = ()
    ended: str = ""
    version: int = 1

    @property
    def waiting(self) -> Waiting:
        """Return it as it stands in the queue."""
        return Waiting(
            name=self.id,
            urgency=self.urgency,
            since=self.queued_at,
            part=self.part,
            reproducer=self.reproducer,
            despite=self.despite,
        )

    @property
    def with_owner(self) -> bool:
        """Tell whether the owner has it."""
        return self.stage in WITH_OWNER


class Step(StrEnum):
    """What follows silence."""

    REMIND = "remind"
    PERSON = "person"
    GIVE_UP = "give up"


def next_step(state: Routing, rules: Rules) -> tuple[Step, datetime] | None:
    """Return what is to be done when the owner stays silent, and when.

    Each gap is counted from what was really done, not from when it was due: after the
    timers were dead for a while, an owner is not reminded three times at once.
    """
    if state.stage is Stage.PERSON:
        since = state.person_at or state.queued_at
        due = since + rules.unmaintained_after
        if state.put_off_until is not None:
            due = max(due, state.put_off_until)
        return Step.GIVE_UP, due
    if state.stage is not Stage.DELIVERED:
        return None
    last = state.reminded_at or state.delivered_at
    if last is None:
        return None
    if state.put_off_until is not None:
        return Step.PERSON, state.put_off_until
    if state.reminded < rules.reminders:
        return Step.REMIND, last + rules.first_reminder * 2**state.reminded
    return Step.PERSON, last + rules.person_after


def held(state: Routing, wish: Wish) -> Sequence[Fact]:
    """Return what it means that the owner wishes not to have it."""
    return [CaseHeld(wish=wish)] if state.stage is Stage.QUEUED else []


def released(state: Routing, reason: str) -> Sequence[Fact]:
    """Return what it means that a coordinator has it go all the same, or again."""
    if state.stage not in {Stage.HELD, Stage.PERSON}:
        raise Refused(f"{state.id} is {state.stage}; nothing keeps it back")
    return [CaseReleased(despite=True, body=Words(words=_why(reason)))]


def wanted(state: Routing) -> Sequence[Fact]:
    """Return what it means that the owner does not wish it away any more."""
    return [CaseReleased(despite=False)] if state.stage is Stage.HELD else []


def back_in_line(state: Routing) -> Sequence[Fact]:
    """Return what it means that the contact changed before the mail left."""
    if state.stage is not Stage.SENDING:
        return []
    return [CaseReleased(despite=state.despite)]


def moved_on(state: Routing, *, at: datetime) -> Sequence[Fact]:
    """Return what it means that the contact changed after the mail left."""
    if state.stage is not Stage.DELIVERED:
        return []
    return [HandedToPerson(why=Why.MOVED, due=at)]


def turn(state: Routing, epoch: int, how: How, *, pulled: bool) -> Sequence[Fact]:
    """Return what it means that its turn came."""
    if state.stage is not Stage.QUEUED:
        raise Refused(f"{state.id} is {state.stage} already")
    return [TurnCame(epoch=epoch, how=how, pulled=pulled)]


def sent(state: Routing) -> Sequence[Fact]:
    """Return what it means that the mail left."""
    return [CaseSent()] if state.stage is Stage.SENDING else []


def silent(state: Routing, rules: Rules, how: How, *, at: datetime) -> Sequence[Fact]:
    """Return what the passing of time means: at most one step, the next one."""
    step = next_step(state, rules)
    if step is None or at < step[1]:
        return []
    kind, due = step
    if kind is Step.REMIND:
        return [OwnerReminded(number=state.reminded + 1, due=due, how=how)]
    if kind is Step.PERSON:
        return [HandedToPerson(why=Why.SILENCE, due=due)]
    return [GivenUp(due=due, way=rules.unmaintained)]


def bounced(state: Routing, status: str, mail: str, *, at: datetime) -> Sequence[Fact]:
    """Return what it means that a mail came back for good."""
    if mail in state.mails or state.stage is not Stage.DELIVERED:
        return []
    return [HandedToPerson(why=Why.BOUNCED, due=at, status=status[:20])]


def put_off(state: Routing, until: datetime, words: str) -> Sequence[Fact]:
    """Return what it means that a coordinator reached the owner."""
    if state.stage not in {Stage.DELIVERED, Stage.PERSON}:
        raise Refused(f"{state.id} is {state.stage}; there is nothing to wait for")
    return [PutOff(until=until, body=Words(words=_why(words)))]


def answered(  # noqa: PLR0913 - one value a thing that is said
    state: Routing,
    answer: Answer,
    words: str,
    *,
    by: str = "",
    fix_planned: date | None = None,
    signed: bool = False,
    mail: str = "",
) -> Sequence[Fact]:
    """Return what an answer of the owner means.

    Raises:
        Refused: the owner does not have the case.

    """
    if mail and mail in state.mails:
        return []
    if not state.with_owner:
        raise Refused(f"{state.id} is {state.stage}; the owner does not have it")
    return [
        AnswerCame(
            answer=answer,
            fix_planned=fix_planned,
            signed=signed,
            mail=mail,
            body=Words(words=words[:20_000], by=by[:320]),
        )
    ]


def ended(state: Routing, why: str) -> Sequence[Fact]:
    """Return what it means that it need not go there any more."""
    return [] if state.stage is Stage.ENDED else [RoutingEnded(why=why[:200])]


def late(fact: Fact, at: datetime) -> bool:
    """Tell whether what was done at *at* was due long before."""
    match fact:
        case OwnerReminded(due=due) | HandedToPerson(due=due) | GivenUp(due=due):
            return at - due > LATE
    return False


def _why(reason: str) -> str:
    if not reason.strip():
        raise Invalid(
            "say why; it stands in the record",
            [Violation("missing_field", "reason", "in words")],
        )
    return reason.strip()[:2000]


def _evolve(state: Routing | None, event: Event) -> Routing:  # noqa: C901, PLR0911, PLR0912 - one a fact
    if state is None:
        return _first(event)
    state = replace(state, version=event.version)
    match event.fact:
        case CaseHeld(wish=wish):
            return replace(state, stage=Stage.HELD, wish=wish)
        case CaseReleased(despite=despite):
            return replace(
                state,
                stage=Stage.QUEUED,
                wish=None,
                despite=despite,
                reminded=0,
                reminded_at=None,
                person_at=None,
            )
        case TurnCame(epoch=epoch, how=how):
            return replace(
                state, stage=Stage.SENDING, epoch=epoch, how=how, turn_at=event.at
            )
        case CaseSent():
            return replace(state, stage=Stage.DELIVERED, delivered_at=event.at)
        case OwnerReminded(number=number):
            return replace(state, reminded=number, reminded_at=event.at)
        case HandedToPerson(why=why):
            return replace(
                state,
                stage=Stage.PERSON,
                person_at=event.at,
                why=why,
                put_off_until=None,
            )
        case PutOff(until=until):
            return replace(state, stage=Stage.DELIVERED, put_off_until=until)
        case GivenUp():
            return replace(state, stage=Stage.UNMAINTAINED, given_up_at=event.at)
        case LinkOpened():
            return replace(state, opened_at=event.at)
        case AnswerCame() as fact:
            return _answered(state, fact, event.at)
        case WordsCame(mail=mail):
            return replace(state, unread=state.unread + 1, mails=_mails(state, mail))
        case RoutingEnded(why=why):
            return replace(state, stage=Stage.ENDED, ended=why)
        case RoutingDestroyed():
            gone = "the case was destroyed"
            return replace(state, stage=Stage.ENDED, ended=gone, place="", part="")
    raise unexpected(event)


def _answered(state: Routing, fact: AnswerCame, at: datetime) -> Routing:
    said = fact.answer
    # What it said of the vulnerability stands, whatever else it says later.
    stands = state.answer in VERDICTS and said not in VERDICTS
    last = state.answer if stands else said
    return replace(
        state,
        stage=Stage.ANSWERED,
        answer=last,
        answered_at=at,
        fix_planned=fact.fix_planned or state.fix_planned,
        mails=_mails(state, fact.mail),
    )


def _mails(state: Routing, mail: str) -> tuple[str, ...]:
    return (*state.mails, mail)[-KEPT_MAILS:] if mail else state.mails


def _first(event: Event) -> Routing:
    if not isinstance(event.fact, CaseQueued):
        raise unexpected(event)
    fact, said = event.fact, event.fact.body
    return Routing(
        id=RoutingId(name_of(event)),
        case=fact.case,
        owner=fact.owner,
        urgency=fact.urgency,
        queued_at=event.at,
        place=said.place if said else "",
        part=said.part if said else "",
        reproducer=said.reproducer if said else False,
    )


ROUTINGS = Subject(
    "routing",
    Routing,
    (
        CaseQueued,
        CaseHeld,
        CaseReleased,
        TurnCame,
        CaseSent,
        OwnerReminded,
        HandedToPerson,
        PutOff,
        GivenUp,
        LinkOpened,
        AnswerCame,
        WordsCame,
        RoutingEnded,
        RoutingDestroyed,
    ),
    _evolve,
)
