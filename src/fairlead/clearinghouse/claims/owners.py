"""What an owner says once, for all members: whether, how and when its code is scanned.

What stands in `security.txt` (RFC 9116) and `SECURITY.md` is read where a member hands it
in, and shown with its source; the word of a verified owner goes before it. Whoever claims
sees the answer first. Nobody is kept from scanning what is public: who goes against the
owner's word says so, and everyone who sees the claim sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from fairlead.base.ids import OrganisationId, OwnerWordId
from fairlead.clearinghouse.claims.claim import Scan
from fairlead.clearinghouse.claims.targets import Ground, Target
from fairlead.errors import Invalid, Refused, Violation
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Source(StrEnum):
    """Whence an owner's word is known."""

    SAID = "the owner"
    SECURITY_TXT = "security.txt"
    SECURITY_MD = "SECURITY.md"


class Breach(StrEnum):
    """One way in which a claim goes against the owner's word."""

    NOT_AT_ALL = "not at all"
    NOT_THIS_PART = "not this part"
    TOO_MANY = "too many at a time"
    REPRODUCER = "only with a reproducer"
    NO_AI = "no findings by AI"
    HOURS = "only at certain hours"


Text = Annotated[str, Meta(max_length=500)]


class Word(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an owner says about its code."""

    scanning: bool = True
    """Whether anybody may."""
    not_parts: tuple[Text, ...] = ()
    """Paths to leave alone."""
    at_most: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Scanners at a time."""
    only_with_reproducer: bool = False
    ai_welcome: bool = True
    """Whether findings by AI are."""
    hours: Text = ""
    """`22:00-06:00`; empty for any time."""
    zone: Text = "UTC"
    """Time zone of these hours, such as `Europe/Berlin`."""
    contact: Text = ""
    policy: Text = ""
    """Address of the policy in full."""


class WordSaid(Fact, frozen=True, tag="owner.said@1"):
    """An organisation said how its code may be scanned, or conveyed what is published."""

    organisation: OrganisationId
    place: str
    name: str
    """The place as it was named."""
    word: Word
    source: Source = Source.SAID


class WordChanged(Fact, frozen=True, tag="owner.changed@1"):
    """It says something else from now on."""

    word: Word


class OwnerVerified(Fact, frozen=True, tag="owner.verified@1"):
    """A coordinator verified that the organisation owns the place."""

    how: str


class WordWithdrawn(Fact, frozen=True, tag="owner.withdrawn@1"):
    """The word counts no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerWord:
    """One organisation's word about one place."""

    id: OwnerWordId
    organisation: OrganisationId
    place: str
    name: str
    word: Word
    source: Source
    said_at: datetime
    verified: bool = False
    active: bool = True
    version: int = 1

    @property
    def binds(self) -> bool:
        """Tell whether going against it has to be said."""
        return self.active and self.verified


def said(
    organisation: OrganisationId, place: str, name: str, word: Word, source: Source
) -> WordSaid:
    """Return what saying *word* means."""
    check(word)
    return WordSaid(
        organisation=organisation, place=place, name=name, word=word, source=source
    )


def changed(state: OwnerWord, word: Word) -> Sequence[Fact]:
    """Return what saying something else means."""
    check(word)
    if not state.active:
        raise Refused(f"{state.id} was withdrawn")
    return [] if word == state.word else [WordChanged(word=word)]


def verified(state: OwnerWord, how: str) -> Sequence[Fact]:
    """Return what verifying the owner means."""
    if state.source is not Source.SAID:
        raise Refused(f"{state.id} was read from {state.source}; no owner said it here")
    if not how.strip():
        raise Invalid(
            "say how it was verified; it stands in the record",
            [Violation("missing_field", "how", "such as: DNS record, repository file")],
        )
    return [] if state.verified else [OwnerVerified(how=how.strip()[:500])]


def check(word: Word) -> None:
    """Refuse hours that are none.

    Raises:
        Invalid: hours or zone cannot be read.

    """
    if word.hours:
        hours_of(word)


def hours_of(word: Word) -> tuple[int, int]:
    """Return the hours as minutes of a day, from and to."""
    try:
        ZoneInfo(word.zone)
        ends = [datetime.strptime(p.strip(), "%H:%M") for p in word.hours.split("-")]  # noqa: DTZ007 - a time of day
        low, high = (e.hour * 60 + e.minute for e in ends)
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise Invalid(
            "hours: write 22:00-06:00, and a zone such as Europe/Berlin",
            [Violation("invalid_hours", "hours", "from and to, and a known zone")],
        ) from error
    return low, high


def within(word: Word, at: datetime) -> bool:
    """Tell whether *at* lies in the hours that the owner named."""
    if not word.hours:
        return True
    low, high = hours_of(word)
    local = at.astimezone(ZoneInfo(word.zone))
    now = local.hour * 60 + local.minute
    return low <= now < high if low <= high else now >= low or now < high


def breaches(
    word: Word, scan: Scan, ground: Ground | None, *, others: int, at: datetime
) -> Sequence[Breach]:
    """Return every way in which a scan goes against *word*.

    *others* is how many scan the same now. Of a blind claim the part is not known, and
    cannot be compared.
    """
    found: list[Breach] = []
    if not word.scanning:
        found.append(Breach.NOT_AT_ALL)
    if ground is not None and any(
        _touches(part, ground.part) for part in word.not_parts
    ):
        found.append(Breach.NOT_THIS_PART)
    if word.at_most is not None and others >= word.at_most:
        found.append(Breach.TOO_MANY)
    if word.only_with_reproducer and not scan.reproducer:
        found.append(Breach.REPRODUCER)
    if not word.ai_welcome and scan.model:
        found.append(Breach.NO_AI)
    if not within(word, at):
        found.append(Breach.HOURS)
    return found


REMEDY = {
    Breach.NOT_AT_ALL: "the owner asks not to be scanned",
    Breach.NOT_THIS_PART: "claim a part that the owner does not leave out",
    Breach.TOO_MANY: "wait in line until another one is done",
    Breach.REPRODUCER: "promise a reproducer with every report",
    Breach.NO_AI: "use no model",
    Breach.HOURS: "begin within the owner's hours",
}
"""What would satisfy each."""


def applies(word: OwnerWord, ground: Ground) -> bool:
    """Tell whether *word* is about what contains *ground*, or is the same place."""
    return word.place in {ground.place, *ground.containers}


def named(target: Target) -> str:
    """Return how the owner named its place."""
    return target.name


def _touches(part: str, path: Sequence[str]) -> bool:
    """Tell whether the scan lies wholly within *part*; a wider one can leave it out."""
    wanted = tuple(p for p in part.split("/") if p)
    return bool(wanted) and tuple(path[: len(wanted)]) == wanted


def _evolve(state: OwnerWord | None, event: Event) -> OwnerWord:
    match state, event.fact:
        case None, WordSaid() as fact:
            return OwnerWord(
                id=OwnerWordId(name_of(event)),
                organisation=fact.organisation,
                place=fact.place,
                name=fact.name,
                word=fact.word,
                source=fact.source,
                said_at=event.at,
            )
        case OwnerWord(), WordChanged(word=word):
            return replace(state, word=word, said_at=event.at, version=event.version)
        case OwnerWord(), OwnerVerified():
            return replace(state, verified=True, version=event.version)
        case OwnerWord(), WordWithdrawn():
            return replace(state, active=False, version=event.version)
    raise unexpected(event)


OWNER_WORDS = Subject(
    "owner", OwnerWord, (WordSaid, WordChanged, OwnerVerified, WordWithdrawn), _evolve
)
