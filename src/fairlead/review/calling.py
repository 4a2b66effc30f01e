"""Notes about calls: what the programme's server signs for the developer's broker.

Where the developer runs the broker, each call reaches it with a note: who calls, in which
engagement, under which terms, what for, and until when. A note is good for one call with
one body. While the call goes on, the programme's server renews it; where it does not, the
call is cut.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from fairlead.base.instants import parse, text
from fairlead.base.ports import Randomness
from fairlead.errors import Damaged, Error, Refused
from fairlead.record.events import Event
from fairlead.record.notes import Signer, Verifier, open_note
from fairlead.review import facts
from fairlead.terms.clauses import Purpose, Side

NAME_BYTES = 16
"""Random bytes by which a call is named: too many to meet twice."""
SKEW = timedelta(seconds=5)
"""How much the clocks of the two sides may differ."""
SHOWN = 20
"""Calls that differ of which a page tells."""
LARGEST = 64 * 1024
"""Characters of a note about a call, as it is sent."""

S = TypeVar("S")


class Caller(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person as the programme's server vouches for it."""

    person: str
    side: Side
    organisation: str
    roles: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    place: str = ""


class CallNote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call that the programme's server let through."""

    format: Literal["fairlead-call/1"] = "fairlead-call/1"
    call: str
    engagement: str
    terms: str
    """Digest of what both sides signed."""
    caller: Caller
    second: Caller | None = None
    """Another named person who takes part."""
    asset: str
    purpose: Purpose
    method: str
    path: str
    body: str
    """SHA-256 of what is sent, in hex."""
    at: str
    until: str
    opens: str
    """When the caller's access began, says the programme."""
    ends: str


class Renewal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls that may go on."""

    format: Literal["fairlead-renewal/1"] = "fairlead-renewal/1"
    engagement: str
    calls: tuple[str, ...]
    at: str
    until: str


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One call as one side counted it."""

    call: str
    asset: str
    person: str
    began: str
    tokens_in: int
    tokens_out: int
    cents: int
    outcome: str


class Ledger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one side counted of some calls."""

    format: Literal["fairlead-ledger/1"] = "fairlead-ledger/1"
    engagement: str
    side: Side
    at: str
    entries: tuple[Entry, ...]


class Difference(Struct, frozen=True, kw_only=True):
    """A call of which the two sides do not say the same."""

    call: str
    what: str


COUNTED = ("asset", "person", "tokens_in", "tokens_out", "cents")
"""What both sides must have counted alike; clocks and words may differ."""


def new_call(randomness: Randomness) -> str:
    """Return a name for a call."""
    return randomness(NAME_BYTES).hex()


def body_digest(body: bytes) -> str:
    """Return by what a note names the body of its call."""
    return hashlib.sha256(body).hexdigest()


def entry_of(use: facts.Use) -> Entry:
    """Return what a use says in a ledger."""
    return Entry(
        call=use.call,
        asset=use.asset,
        person=use.person,
        began=use.began,
        tokens_in=use.tokens_in,
        tokens_out=use.tokens_out,
        cents=use.cents,
        outcome=use.outcome,
    )


def sign(signer: Signer, said: CallNote | Renewal | Ledger) -> str:
    """Return what is said as a signed note: its format, and one line of JSON."""
    return signer.sign(f"{said.format}\n{msgspec.json.encode(said).decode()}\n")


def opened(note: str, key: str, kind: type[S]) -> S:
    """Return what a note says, if *key* signed it and it is of this *kind*.

    Raises:
        Damaged: it is by another key, was altered, or says something else.

    """
    said = open_note(note, Verifier.read(key)).split("\n")
    if len(said) != 3 or said[2]:  # noqa: PLR2004 - format, JSON, and the end
        raise Damaged("the note is signed, but says nothing that is known here")
    try:
        return msgspec.json.decode(said[1], type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Damaged(f"the note is signed, but is of another kind: {error}") from error


def as_header(note: str) -> str:
    """Return a note as the value of an HTTP header."""
    return base64.urlsafe_b64encode(note.encode()).decode()


def from_header(written: str) -> str:
    """Return the note that `as_header` wrote.

    Raises:
        Damaged: it is none.

    """
    try:
        if len(written) > LARGEST:
            raise Damaged("this is no note about a call: it is too long")
        return base64.b64decode(written, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Damaged("this is no note about a call") from error


def check_time(at: str, until: str, lasts: timedelta, now: datetime) -> datetime:
    """Return until when a note holds.

    Raises:
        Refused: it holds no more, not yet, or longer than was agreed.

    """
    try:
        begins, ends = parse(at), parse(until)
    except Error as error:
        raise Refused(f"the note says no instant: {error}") from error
    if begins > now + SKEW:
        ahead = (begins - now).total_seconds()
        raise Refused(
            f"the note is from {ahead:.0f} seconds ahead of this clock; have both sides"
            " set their clocks"
        )
    if ends - begins > lasts:
        raise Refused("the note holds longer than was agreed")
    if now >= ends:
        late = (now - ends).total_seconds()
        raise Refused(
            f"the note ended {late:.0f} seconds ago; call again, and have both sides set"
            " their clocks where that goes on"
        )
    return ends


def compared(
    ours: Sequence[Entry], theirs: Sequence[Entry]
) -> tuple[int, Sequence[Difference]]:
    """Return how many calls were compared, and those that differ."""
    own = {entry.call: entry for entry in ours}
    other = {entry.call: entry for entry in theirs}
    found = [
        Difference(call=call, what=what)
        for call in {**own, **other}
        if (what := _difference(own.get(call), other.get(call)))
    ]
    return len({**own, **other}), found


def _difference(own: Entry | None, other: Entry | None) -> str:
    if own is None or other is None:
        return "only the other side counted it" if own is None else "only we counted it"
    parts = [
        f"{name.replace('_', ' ')}: {getattr(own, name)} here,"
        f" {getattr(other, name)} there"
        for name in COUNTED
        if getattr(own, name) != getattr(other, name)
    ]
    return "; ".join(parts)


def unsettled(history: Sequence[Event]) -> Sequence[Entry]:
    """Return what was counted here of calls that were not compared yet."""
    counted: dict[str, Entry] = {}
    for event in history:
        fact = event.fact
        if isinstance(fact, facts.AccessUsed) and fact.body:
            counted |= {use.call: entry_of(use) for use in fact.body.calls if use.call}
        elif isinstance(fact, facts.UsageCompared) and fact.body:
            for entry in _entries(fact.body.ours):
                counted.pop(entry.call, None)
    return list(counted.values())


def differing(history: Sequence[Event]) -> Sequence[Difference]:
    """Return the calls that differ, of all that were compared, the newest first."""
    found: list[Difference] = []
    for event in reversed(history):
        fact = event.fact
        if not isinstance(fact, facts.UsageCompared) or not fact.differing:
            continue
        if fact.body is not None:
            ours = _entries(fact.body.ours)
            names = {entry.call for entry in ours}
            theirs = [e for e in _entries(fact.body.theirs) if e.call in names]
            found += compared(ours, theirs)[1]
        if len(found) >= SHOWN:
            break
    return found[:SHOWN]


def _entries(note: str) -> Sequence[Entry]:
    """Return what a ledger says whose signature was checked when it was recorded."""
    return msgspec.json.decode(note.split("\n")[1], type=Ledger).entries


def ledger(
    engagement: str, side: Side, entries: Sequence[Entry], at: datetime
) -> Ledger:
    """Return what *side* counted, to be signed."""
    return Ledger(engagement=engagement, side=side, at=text(at), entries=tuple(entries))
