"""What an owner's mail says: the first line is a command, or the mail is for a person.

Nothing is guessed. A line that is not exactly one of the few leaves the whole mail to the
coordinators, since to take silence or a question for a verdict would wrong the owner.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from fairlead.clearinghouse.casework.delivered import Answer
from fairlead.clearinghouse.owners.wishes import Wishes

_ANSWERS = {
    "received": Answer.ACKNOWLEDGED,
    "acknowledged": Answer.ACKNOWLEDGED,
    "thanks": Answer.ACKNOWLEDGED,
    "accepted": Answer.ACCEPTED,
    "affected": Answer.ACCEPTED,
    "confirmed": Answer.ACCEPTED,
    "not security": Answer.NOT_SECURITY,
    "not a security issue": Answer.NOT_SECURITY,
    "out of scope": Answer.OUT_OF_SCOPE,
    "needs more": Answer.NEEDS_MORE,
    "need more": Answer.NEEDS_MORE,
    "needs a reproducer": Answer.NEEDS_MORE,
    "need a reproducer": Answer.NEEDS_MORE,
}
_LINE = re.compile(
    r"(?P<said>[a-z][a-z ]*[a-z])\s*(?:[.!]?|[:,;-]\s*(?P<why>.{0,2000}))"
)
_DATE = re.compile(r"(?:date|fix(?:ed)? by|planned)[: ]\s*(\d{4}-\d{2}-\d{2})\.?")
_NEXT = re.compile(r"next(?: (\d{1,3}))?[.!]?")
_WISHES = (
    (re.compile(r"(?:at most )?(\d{1,4}) (?:a|per) week"), "a_week"),
    (
        re.compile(r"every (\d{1,2}) days?(?:,? (?:at most )?(\d{1,4}) at a time)?"),
        "every",
    ),
    (re.compile(r"only with (?:a )?reproducers?"), "reproducer"),
    (re.compile(r"not (\S{1,500})"), "part"),
    (re.compile(r"pause until (\d{4}-\d{2}-\d{2})"), "pause"),
    (re.compile(r"no limits"), "none"),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer about one case."""

    answer: Answer
    words: str
    fix_planned: date | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """The owner asks for the next ones of its queue."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class Wished:
    """The owner says what it can bear; what it does not say stays."""

    wishes: Wishes


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The mail was read."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The challenge was placed."""


@dataclass(frozen=True, slots=True)
class Key:
    """The owner sends its OpenPGP certificate."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A person is to read it."""

    words: str = field(default="")


Said = Answered | Next | Wished | Confirmed | Placed | Key | Unclear


def about_case(text: str, today: date) -> Answered | Next | Unclear:
    """Return what a mail about one case says."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return Unclear()
    first = lines[0].lower()
    following = _NEXT.fullmatch(first)
    if following is not None:
        return Next(int(following[1] or 1))
    planned = _day(_DATE.fullmatch(first))
    if planned is not None:
        return _promised(Answer.ACKNOWLEDGED, text, planned, today)
    found = _LINE.fullmatch(first)
    answer = _ANSWERS.get(found["said"]) if found is not None else None
    if answer is None:
        return Unclear(text)
    second = _day(_DATE.fullmatch(lines[1].lower())) if len(lines) > 1 else None
    return _promised(answer, text, second, today)


def about_owner(text: str, before: Wishes) -> Said:
    """Return what a mail about the owner itself says."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return Unclear()
    first = lines[0].lower().rstrip(".!")
    if first in {"confirm", "confirmed", "yes"}:
        return Confirmed()
    if first in {"verify", "verified", "placed", "done"}:
        return Placed()
    if first == "key":
        return Key()
    following = _NEXT.fullmatch(first)
    if following is not None:
        return Next(int(following[1] or 1))
    wishes = _wishes(lines, before)
    return Unclear(text) if wishes is None else Wished(wishes)


def _wishes(lines: list[str], before: Wishes) -> Wishes | None:
    """Return what the first lines wish; nothing where the first of them wishes nothing."""
    wishes, any_ = before, False
    for line in lines:
        changed = _wish(line.rstrip(".!"), wishes)
        if changed is None:
            break
        wishes, any_ = changed, True
    return wishes if any_ else None


def _wish(line: str, before: Wishes) -> Wishes | None:
    for pattern, kind in _WISHES:
        found = pattern.fullmatch(line if kind == "part" else line.lower())
        if found is not None:
            return _changed(kind, found, before)
    return None


def _changed(kind: str, found: re.Match[str], before: Wishes) -> Wishes | None:
    values = {name: getattr(before, name) for name in Wishes.__struct_fields__}
    match kind:
        case "a_week":
            values["a_week"] = min(max(int(found[1]), 1), 1000)
        case "every":
            values["every_days"] = min(int(found[1]), 90)
            size = min(max(int(found[2]), 1), 1000) if found[2] else None
            values["batch"] = size if values["every_days"] else None
        case "reproducer":
            values["only_with_reproducer"] = True
        case "part":
            values["not_parts"] = tuple(dict.fromkeys((*before.not_parts, found[1])))[
                :100
            ]
        case "pause":
            day = _day(found)
            if day is None:
                return None
            values["paused_until"] = datetime.combine(day, time(), UTC)
        case _:
            return Wishes()
    return Wishes(**values)


def _promised(
    answer: Answer, text: str, planned: date | None, today: date
) -> Answered | Unclear:
    """Return an answer; a day that is past, or years ahead, is for a person to read."""
    if planned is not None and not 0 <= (planned - today).days <= 3 * 366:
        return Unclear(text)
    return Answered(answer, text, planned)


def _day(found: re.Match[str] | None) -> date | None:
    if found is None:
        return None
    try:
        return date.fromisoformat(found[1])
    except ValueError:
        return None
