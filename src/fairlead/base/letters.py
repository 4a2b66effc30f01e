"""Letters: mail that is to be sent, before it has any form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to send."""

    to: str
    subject: str
    text: str
    token: str = ""
    """By which an answer, or the mail coming back, is known; in its addresses."""
    certificate: str = ""
    """The OpenPGP certificate for which everything but the subject is encrypted."""
    files: tuple[tuple[str, bytes], ...] = ()
    """Names and contents of JSON documents that go with it."""
