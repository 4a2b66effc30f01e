"""Tokens in mail addresses: by them a mail is known to answer one that we sent.

`fairlead+c-abcdefghjkmn-0123456789abcdef@example.org`: what it is about, its name, and a
seal that only this clearinghouse can make. The seal is over the owner's contact too: what
was sent to an earlier contact opens nothing any more. Whoever holds a token was sent it,
or was given it by somebody who was; so it alone never decides, see `answering`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

LETTERS = 16
"""Characters of the seal: 79 bits."""

_TOKEN = re.compile(
    rf"([ocl])-([a-hj-km-np-z2-9]{{12}})-([a-hj-km-np-z2-9]{{{LETTERS}}})"
)
_ADDRESS = re.compile(r"[^@+\s]+\+([a-z0-9-]{1,60})@[^@\s]+", re.IGNORECASE)


class About(StrEnum):
    """What a token is about."""

    OWNER = "o"
    """The owner itself: that its contact is read, its wishes, its queue."""
    CASE = "c"
    """One case that was sent to the owner."""
    LINK = "l"
    """The same, as a link in a mail; it opens the case for a while."""


PREFIX = {About.OWNER: "onr-", About.CASE: "rtg-", About.LINK: "rtg-"}


@dataclass(frozen=True, slots=True)
class Token:
    """What stands in an address or a link."""

    about: About
    name: str
    """Of the owner or the routing."""
    seal: str

    @property
    def text(self) -> str:
        """Return it as it is written."""
        return f"{self.about.value}-{self.name.partition('-')[2]}-{self.seal}"


def sealed_text(about: About, name: str, epoch: int, extra: str = "") -> str:
    """Return what the seal of a token is made over."""
    return f"{about.value} {name} {epoch} {extra}"


def read(written: str) -> Token | None:
    """Return the token in *written*, if it has the shape of one."""
    found = _TOKEN.fullmatch(written.lower())
    if found is None:
        return None
    about = About(found[1])
    return Token(about, PREFIX[about] + found[2], found[3])


def in_address(address: str) -> Token | None:
    """Return the token in the address of a mail, if there is one."""
    found = _ADDRESS.fullmatch(address.strip())
    return read(found[1]) if found else None


def address(sender: str, token: Token) -> str:
    """Return the address that leads an answer back: *sender* with the token in it."""
    local, _, domain = sender.rpartition("@")
    return f"{local}+{token.text}@{domain}"
