"""Messages in a case: each is for everyone who takes part, or for some of them alone.

Coordinators see every message: they bring those together who may not know of one another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.access.visibility import EVERYONE
from fairlead.base.ids import CaseId, MessageId, OrganisationId, PersonId
from fairlead.clearinghouse.casework.words import Words
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class MessageSaid(Fact, frozen=True, tag="message.said@1"):
    """Somebody who takes part in a case said something."""

    case: CaseId
    readers: tuple[str, ...]
    """Organisations, or `everyone`; coordinators besides, always."""
    organisation: OrganisationId | None = None
    """For whom the author acts."""
    mentions: tuple[PersonId, ...] = ()
    body: Words | None = None


class MessageDestroyed(Fact, frozen=True, tag="message.destroyed@1"):
    """It was destroyed with its case."""

    case: CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message."""

    id: MessageId
    case: CaseId
    readers: tuple[str, ...]
    by: str
    organisation: OrganisationId | None
    mentions: tuple[PersonId, ...]
    at: datetime
    text: str | None
    """Nothing once it was destroyed."""
    destroyed: bool = False
    version: int = 1

    @property
    def to_all(self) -> bool:
        """Tell whether everyone who takes part sees it."""
        return EVERYONE in self.readers


def _evolve(state: Message | None, event: Event) -> Message:
    match state, event.fact:
        case None, MessageSaid() as fact:
            return Message(
                id=MessageId(name_of(event)),
                case=fact.case,
                readers=fact.readers,
                by=event.actor,
                organisation=fact.organisation,
                mentions=fact.mentions,
                at=event.at,
                text=fact.body.text if fact.body else None,
            )
        case Message(), MessageDestroyed():
            return replace(state, text=None, destroyed=True, version=event.version)
    raise unexpected(event)


MESSAGES = Subject("message", Message, (MessageSaid, MessageDestroyed), _evolve)
