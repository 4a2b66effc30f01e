"""What a report is made of: sections of plain blocks, which a page or paper writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.bench.reading import Answer
from fairlead.bench.report.drawing import Draw


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list; each point has a short title, which may be empty."""

    points: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with what they stand for."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; the first column names its row."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, and the table that says the same."""

    title: str
    draw: Draw
    grid: Grid | None = None


Block = Text | Points | Facts | Grid | Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report."""

    title: str
    blocks: tuple[Block, ...]
    level: int = 3
    """Of its heading: 2 for a part of NIST's draft, 3 below."""
    note: str = ""
    """Which part of the draft it maps to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One of the figures at the top."""

    name: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A report."""

    title: str
    under: str
    answer: Answer
    sentence: str
    tiles: tuple[Tile, ...]
    picture: Picture
    reasons: tuple[str, ...]
    caveats: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    digest: str
    """Of the assessment; it names this report."""


def headings(content: Content) -> Sequence[Section]:
    """Return the sections that stand for parts of NIST's draft."""
    return [section for section in content.sections if section.level == 2]  # noqa: PLR2004
