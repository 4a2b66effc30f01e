"""The difference between two offers, as people read it: clause by clause, in prose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from fairlead.terms.agreement import Terms
from fairlead.terms.prose import Section, contract


class Kind(StrEnum):
    """What became of a part of the contract."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    kind: Kind
    heading: str
    before: str
    after: str


def changes(before: Terms | None, after: Terms) -> Iterator[Change]:
    """Yield every difference between two offers, in the order of the contract.

    Clauses are matched by their titles, so that one put in before others does not make
    all of them look changed.
    """
    old = _by_title(contract(before)) if before else {}
    new = _by_title(contract(after))
    for title, sections in new.items():
        pairs = zip_longest(old.get(title, []), sections)
        for was, now in pairs:
            if now is None:
                yield Change(Kind.REMOVED, was.heading, was.text, "")
            elif was is None:
                yield Change(Kind.ADDED, now.heading, "", now.text)
            elif was.text != now.text:
                yield Change(Kind.CHANGED, now.heading, was.text, now.text)
    for title, sections in old.items():
        if title not in new:
            for was in sections:
                yield Change(Kind.REMOVED, was.heading, was.text, "")


def _by_title(sections: Sequence[Section]) -> dict[str, list[Section]]:
    found: dict[str, list[Section]] = {}
    for section in sections:
        number, dot, title = section.heading.partition(". ")
        key = title if dot and number.isdigit() else section.heading
        found.setdefault(key, []).append(section)
    return found
