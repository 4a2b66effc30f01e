"""Destruction certificates: what was destroyed, who says so, and what the record shows.

An in-toto statement (v1) whose predicate is ours, in a DSSE envelope that the programme
signs, and each holder that stands by its own statement. The events that it is about are
disclosed in it with their proofs, so that it is verified offline, with keys alone. What
it cannot show stands in every certificate; one that leaves a limit out is refused.

The predicate is described in docs/sealing.md, "The destruction certificate".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from fairlead.base import instants
from fairlead.errors import Damaged, Invalid
from fairlead.formats import dsse, in_toto
from fairlead.formats.dsse import Envelope, Signer
from fairlead.record import disclosure
from fairlead.record.disclosure import Disclosed, Verified
from fairlead.record.notes import Verifier

PREDICATE = "urn:fairlead:destruction:v1"
STATED = frozenset({"engagement.holder_stated", "engagement.destroyed"})
"""Events by which somebody may have said that it destroyed something."""
TRIED = frozenset({"engagement.opening_tried"})
"""Events by which an attempt to open was recorded."""
_HEADER = {
    "asset": "asset",
    "what": "what",
    "holder": "holder",
    "organisation": "organisation",
    "part": "part",
    "side": "part",
    "outcome": "outcome",
}
"""Field in the header of an event: what the certificate says must be equal to it."""

_Text = Annotated[str, Meta(min_length=1, max_length=2000)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Limit(StrEnum):
    """What no certificate of destruction can show."""

    PLAINTEXT = "plaintext"
    MEMORY = "memory"
    MEDIA = "media"
    BACKUPS = "backups"
    STATEMENTS = "statements"
    WHOLE_LOG = "whole-log"


LIMITS: dict[Limit, str] = {
    Limit.PLAINTEXT: (
        "that nobody kept the content: whoever could open it, could have copied it"
    ),
    Limit.MEMORY: (
        "that no machine on which it was open kept parts in memory, swap or crash dumps"
    ),
    Limit.MEDIA: (
        "that no disk still holds the key in blocks it has put aside, nor that database"
        " files (a write-ahead log) or snapshots of the machine hold no old content"
    ),
    Limit.BACKUPS: "that nobody made a copy or a backup of the key service before",
    Limit.STATEMENTS: "that what a holder states about its own side is true",
    Limit.WHOLE_LOG: (
        "that others are shown the same record; only the witnesses of its checkpoints"
        " attest that"
    ),
}
"""Code: what cannot be shown, as a clause."""


class Asset(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that was made available, and is to be gone."""

    name: _Name
    kind: _Name
    """Such as `sealed weights` or `endpoint credential`."""
    digest: Annotated[dict[str, str], Meta(min_length=1)]
    """Fixes what it was: for a sealed folder, SHA-256 of its `signature.json`."""
    seal: str | None = None
    """The sealed folder's own name, if it was one."""


class HolderStatement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a holder says it destroyed, and the event by which it said so."""

    asset: _Name
    holder: _Name
    """The organisation, or whose key service."""
    part: _Name
    """`developer`, `programme`, or another one's role."""
    destroyed: _Text
    """What: such as `the programme's half of the key`."""
    how: _Text
    at: str
    event: _Name
    """The event's stream and version: `engagement/…@7`; it is disclosed below."""
    organisation: str | None = None
    """The holder's name in the record, where its event says one."""


class Attempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An opening that was attempted after the destruction, and failed."""

    asset: _Name
    outcome: _Name
    """`destroyed`, as the key service answered."""
    at: str
    event: _Name
    what: str | None = None
    """What was to be opened, in the words of the event."""


class Destruction(Struct, frozen=True, kw_only=True):
    """The predicate."""

    engagement: _Name
    programme: _Name
    at: str
    assets: Annotated[tuple[Asset, ...], Meta(min_length=1)]
    statements: Annotated[tuple[HolderStatement, ...], Meta(min_length=1)]
    attempts: tuple[Attempt, ...]
    events: tuple[Disclosed, ...]
    """Each event named above, with the proof that it is in the record."""
    limits: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a certificate shows once it was verified, and what it does not."""

    certificate: Destruction
    origin: str
    """The record in which the events stand."""
    size: int
    """How many entries the largest signed record has that was shown."""
    signers: tuple[str, ...]
    shows: tuple[str, ...]
    cannot_show: tuple[str, ...]
    open_questions: tuple[str, ...]
    """What is missing, so that a reader may ask for it."""

    def text(self) -> str:
        """Say it to people."""
        parts = [
            f"Engagement {self.certificate.engagement}, {self.certificate.programme}.",
            "This certificate shows:",
            *(f"  + {line}" for line in self.shows),
            "It cannot show:",
            *(f"  - {line}" for line in self.cannot_show),
        ]
        if self.open_questions:
            parts += ["Not in it:", *(f"  ? {line}" for line in self.open_questions)]
        return "\n".join(parts)


def build(  # noqa: PLR0913 - one for each field of the predicate
    *,
    engagement: str,
    programme: str,
    at: str,
    assets: Sequence[Asset],
    statements: Sequence[HolderStatement],
    attempts: Sequence[Attempt],
    events: Sequence[Disclosed],
) -> bytes:
    """Return the statement, which `dsse.sign` puts in its envelope (`certify`).

    Raises:
        Invalid: it contradicts itself: an event named but not disclosed, an asset that
            nobody states to have destroyed, an attempt before the destruction.

    """
    made = Destruction(
        engagement=engagement,
        programme=programme,
        at=at,
        assets=tuple(assets),
        statements=tuple(statements),
        attempts=tuple(attempts),
        events=tuple(events),
        limits={limit.value: said for limit, said in LIMITS.items()},
    )
    try:
        _check(made)
    except Damaged as error:
        raise Invalid(str(error)) from error
    subject = tuple(
        in_toto.Subject(name=one.name, digest=one.digest) for one in made.assets
    )
    return in_toto.say(subject, PREDICATE, made)


def certify(statement: bytes, signers: Sequence[Signer]) -> Envelope:
    """Return the certificate: what `build` made, signed."""
    return dsse.sign(statement, in_toto.PAYLOAD, signers)


def verify(written: bytes, log: Verifier, signers: Sequence[dsse.Verifier]) -> Proven:
    """Verify a certificate with nothing but keys.

    1. Each of *signers* has signed it.
    2. It is a statement of this kind, complete, with every limit in it.
    3. Every event in it stands in the record that *log* signs, word for word.
    4. Statements and attempts say what their events say, and when; the events are of
       this engagement, and of the kinds `STATED` and `TRIED`.
    5. No attempt precedes the destruction that it is to show.

    What is not checked: see `LIMITS`.

    Raises:
        Malformed: it is no such certificate.
        Damaged: one of these does not hold.

    """
    payload = dsse.parse(written).opened(signers, in_toto.PAYLOAD)
    statement = in_toto.parse(payload)
    made = statement.read(PREDICATE, Destruction)
    subjects = [(one.name, one.digest) for one in statement.subject]
    if subjects != [(one.name, one.digest) for one in made.assets]:
        raise Damaged(
            "the subjects of the statement are not the assets of the predicate"
        )
    missing = [limit for limit in Limit if made.limits.get(limit) != LIMITS[limit]]
    if missing:
        raise Damaged(f"the certificate leaves out what it cannot show: {missing}")
    _check(made)
    recorded = {
        f"{one.stream}@{one.version}": one
        for one in disclosure.verify(made.events, log)
    }
    for said in _said(made):
        _compare(made.engagement, said, recorded[said.event])
    largest = max(recorded.values(), key=lambda one: one.checkpoint.size).checkpoint
    return Proven(
        certificate=made,
        origin=largest.origin,
        size=largest.size,
        signers=tuple(one.id for one in signers),
        shows=tuple(_shows(made, largest.origin, [one.id for one in signers])),
        cannot_show=tuple(LIMITS.values()),
        open_questions=tuple(_open_questions(made)),
    )


def _said(made: Destruction) -> list[HolderStatement | Attempt]:
    return [*made.statements, *made.attempts]


def _check(made: Destruction) -> None:
    """Make sure that the parts of a certificate fit each other."""
    assets = {one.name for one in made.assets}
    if len(assets) != len(made.assets):
        raise Damaged("an asset is named twice")
    there = {_event_of(one) for one in made.events}
    for said in _said(made):
        if said.asset not in assets:
            raise Damaged(f"{said.asset} is no asset of this certificate")
        if said.event not in there:
            raise Damaged(
                f"the event {said.event} is named, but not in the certificate"
            )
    untold = assets - {one.asset for one in made.statements}
    if untold:
        raise Damaged(f"nobody states to have destroyed {', '.join(sorted(untold))}")
    for one in made.attempts:
        if one.outcome != "destroyed":
            raise Damaged(f"the attempt {one.event} does not show a destruction")
        if instants.parse(one.at) < _programme_at(made, one.asset):
            raise Damaged(f"the attempt {one.event} was before the destruction")


def _programme_at(made: Destruction, asset: str) -> datetime:
    """Return when the programme had destroyed its side of an asset."""
    mine = [o for o in made.statements if o.asset == asset and o.part == "programme"]
    if not mine:
        raise Damaged(
            f"an attempt on {asset}, but the programme states nothing about it"
        )
    return max(instants.parse(one.at) for one in mine)


class _Stream(Struct):
    stream: str
    version: int


def _event_of(event: Disclosed) -> str:
    try:
        read = msgspec.json.decode(event.header, type=_Stream)
    except msgspec.MsgspecError as error:
        raise Damaged("an event of the certificate cannot be read") from error
    return f"{read.stream}@{read.version}"


def _compare(engagement: str, said: HolderStatement | Attempt, event: Verified) -> None:
    """Make sure that *said* does not say other than the event.

    Stream, kind and instant always; the fields of `_HEADER` where the event has them.
    """
    kinds = STATED if isinstance(said, HolderStatement) else TRIED
    kind = event.type.partition("@")[0]
    if event.stream != f"engagement/{engagement}" or kind not in kinds:
        raise Damaged(
            f"{said.event} is a {kind} of {event.stream}: not what is claimed"
        )
    if instants.parse(said.at) != instants.parse(event.at):
        raise Damaged(f"{said.event} happened at {event.at}, not at {said.at}")
    fields = msgspec.json.decode(event.data, type=dict[str, Any])
    if fields.get("opened"):
        raise Damaged(f"{said.event} says that it was opened")
    for name, ours in _HEADER.items():
        claimed = getattr(said, ours, None)
        if name in fields and claimed is not None and fields[name] != claimed:
            raise Damaged(
                f"{said.event} says {name} {fields[name]!r}, the certificate {claimed!r}"
            )


def _shows(made: Destruction, origin: str, signers: Sequence[str]) -> list[str]:
    lines = [f"signed by {', '.join(signers)}, and not changed since"]
    lines += [
        f"{one.holder} ({one.part}) stated on the record at {one.at} that it destroyed"
        f" {one.destroyed} of {one.asset}: {one.how}"
        for one in made.statements
    ]
    lines += [
        f"after that, at {one.at}, opening {one.asset} was attempted and failed:"
        f" {one.outcome}"
        for one in made.attempts
    ]
    lines.append(
        f"these {len(made.events)} events stand in the record {origin}, word for word"
    )
    return lines


def _open_questions(made: Destruction) -> list[str]:
    found = []
    for asset in made.assets:
        parts = {one.part for one in made.statements if one.asset == asset.name}
        found += [
            f"a statement of the {part} about {asset.name}"
            for part in ("developer", "programme")
            if part not in parts
        ]
        if asset.seal and not any(one.asset == asset.name for one in made.attempts):
            found.append(f"an attempt to open {asset.name} after its destruction")
    return found
