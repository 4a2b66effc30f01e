"""What a programme decides about owners; its profile fills this in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class WithoutKey(StrEnum):
    """What goes to an owner that has no OpenPGP certificate."""

    NOTICE = "notice"
    """That something waits, and nothing else; a coordinator agrees with it on a way."""
    LINK = "link"
    """The same, with a link that opens the case for this owner."""
    FULL = "full"
    """Everything, as plain mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a programme decides about owners."""

    verified_for: timedelta = timedelta(days=365)
    """How long it counts that a place was shown to be an owner's."""
    a_week: int = 10
    """Cases in any seven days to an owner that said no number."""
    first_reminder: timedelta = timedelta(days=5)
    """After delivery; each later gap is twice as long as the one before."""
    reminders: int = 3
    person_after: timedelta = timedelta(days=10)
    """From the last reminder until a coordinator is asked to reach the owner."""
    unmaintained_after: timedelta = timedelta(days=30)
    """From then until the case goes the way of unmaintained projects."""
    unmaintained: str = (
        "A coordinator asks those who package or host the software, looks for somebody"
        " who mends it, and publishes guidance when the embargo ends."
    )
    """What that way is."""
    without_key: WithoutKey = WithoutKey.LINK
    link_lasts: timedelta = timedelta(days=14)
    """How long a link in a mail opens a case."""
    answers: int = 20
    """Mails about one case, or about an owner, that are answered: no loop gets further."""
