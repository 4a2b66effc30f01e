"""A kind of record whose handler can be right, or wrong in one of several ways.

The same code, right, stands in other programs as a near miss: nothing but the missing
relation tells one from the other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fairlead.bench.families.memory.layout import Packer

Numbers = Mapping[str, int]
Payloads = Callable[[Packer, random.Random, Numbers], list[bytes]]
"""Payloads of records of one kind, in the order in which they come."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to be wrong."""

    name: str
    wrong: Mapping[str, str]
    """What its slots say, instead of what is right."""
    trigger: Payloads
    """Payloads that show it."""
    kept: Payloads | None = None
    """Payloads on which it may crash, and that a right handler takes all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A handler in C, with slots, and what is put in them."""

    name: str
    weakness: str
    """Of CWE."""
    shown_as: str
    """The class of error, as the issue of the field calls it."""
    fields: str = ""
    """In the structure that is passed along."""
    release: str = ""
    """At the end of the program."""
    before: str = ""
    """Outside of functions, before the handler."""
    code: str
    right: Mapping[str, str]
    ways: Sequence[Way]
    numbers: Callable[[random.Random], Numbers]
    valid: Payloads
    """Payloads that a right and a wrong handler take alike, up to the bounds."""


def text(draw: random.Random, length: int) -> bytes:
    """Return a text of *length* bytes."""
    letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_"
    return bytes(draw.choice(letters) for _ in range(length))
