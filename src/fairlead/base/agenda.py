"""Work that is due, soon or at an instant, whichever pillar it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Job(StrEnum):
    """Work that follows from what was stored, done soon after."""

    DECIDE = "decide"
    """Compare a submission with earlier ones."""
    MAIL = "mail"
    """Send an applicant the code that shows that a mail address is its own."""
    OWNER_LETTER = "owner letter"
    """Mail an owner what it must place to show that something is its own."""
    OWNER_CHECK = "owner check"
    """Look whether an owner has placed its challenge."""
    OWNER_PACE = "owner pace"
    """Deliver what an owner can bear now, and see when more can go."""
    OWNER_REPLY = "owner reply"
    """Answer an owner's mail."""
    CASE_LETTER = "case letter"
    """Mail an owner a case, or a reminder of one."""
    CLAIM_LINE = "claim line"
    """Grant a claim that waits, if its way is free now."""
    DESTROY_ENGAGEMENT = "destroy engagement"
    """Destroy the keys of an engagement, and put on record that nothing opens it."""
    DESTROY_KEY = "destroy key"
    """Destroy the key of a subject whose bodies were destroyed."""


class Timer(StrEnum):
    """Something that happens at an instant."""

    CASE = "case"
    """Something of a case is due: its embargo, its holding, its end, a publication."""
    CLAIM = "claim"
    """A claim ends, unless its holder gave a sign."""
    OWNER_PACE = "owner pace"
    """More can go to an owner."""
    OWNER_CHECK = "owner check"
    """It is looked again whether an owner has placed its challenge."""
    ROUTING = "routing"
    """An owner was silent for so long that something follows."""
    WINDOW = "window"
    """The programme's window in an engagement ends."""
    PARTNER = "partner"
    """A trusted partner's access ends: `eng-…/org-…`."""
    DETERMINATION = "determination"
    """A determination lapses."""
    DESTRUCTION = "destruction"
    """What is kept of an engagement that is over is destroyed."""
    FIGURES = "figures"
    """The figures of the month that is over are published."""
    APPLICATION = "application"
    """What an application to join says is erased."""


class Agenda(Protocol):
    """Work to do, soon or later; written in the same transaction as its cause."""

    def enqueue(self, job: Job, subject: str, *, at: datetime) -> None:
        """Have *job* done for *subject*."""

    def enqueue_many(self, job: Job, subjects: Sequence[str], *, at: datetime) -> None:
        """Have *job* done for each of *subjects*, in this order."""

    def schedule(self, timer: Timer, subject: str, *, due: datetime) -> None:
        """Have *timer* ring for *subject* at *due*, and not when it was to ring."""

    def schedule_new(self, timer: Timer, due: Mapping[str, datetime]) -> None:
        """Have *timer* ring for subjects for which it was not to ring yet."""

    def cancel(self, timer: Timer, subject: str) -> None:
        """Have *timer* not ring for *subject*."""
