"""That a case went to its owner, and what the owner answered; facts and values only.

Who counts as a verified owner is decided elsewhere, before. Here stands what was decided:
to whom, proved how, through which channel, at which instant it got there.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.casework.words import Words
from fairlead.record.events import Fact


class Channel(StrEnum):
    """How something went to an owner, or came from it."""

    PAGE = "page"
    """It was put where the owner reads after signing in."""
    API = "api"
    MAIL = "mail"
    RELAY = "another clearinghouse"
    BY_HAND = "by hand"
    """Somebody handed it over: in a meeting, by telephone, in the project's own tracker."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One delivery to a verified owner."""

    owner: str
    """The name under which the owner is known here."""
    at: datetime
    """When it got there."""
    channel: Channel
    proof: str
    """How the owner was verified, in words of a list."""
    organisation: OrganisationId | None = None
    """The owner's organisation, where it is a member."""
    by: str = ""
    """Who delivered: an actor of the record."""


class Answer(StrEnum):
    """What an owner says; the verdict is its own."""

    ACKNOWLEDGED = "acknowledged"
    """It has it, and has not judged it yet."""
    ACCEPTED = "accepted"
    NOT_SECURITY = "not security"
    OUT_OF_SCOPE = "out of scope"
    NEEDS_MORE = "needs more"


VERDICTS = frozenset({Answer.ACCEPTED, Answer.NOT_SECURITY, Answer.OUT_OF_SCOPE})
"""Answers after which nobody waits for the owner's judgement any more."""


class CaseDelivered(Fact, frozen=True, tag="case.delivered@1"):
    """The case got to a verified owner; from then on its embargo runs."""

    owner: str
    delivered_at: datetime
    channel: Channel
    proof: str
    organisation: OrganisationId | None = None


class OwnerAnswered(Fact, frozen=True, tag="case.owner_answered@1"):
    """An owner said something about the case; the last verdict counts."""

    owner: str
    channel: Channel
    answer: Answer
    fix_planned: datetime | None = None
    """By when a fix is planned, if it was said."""
    body: Words | None = None


class Answered(Struct, frozen=True, kw_only=True):
    """The last word of an owner."""

    owner: str
    answer: Answer
    at: datetime
    channel: Channel
    fix_planned: datetime | None = None
