"""The contract as a PDF: the same words as the page, made from the terms alone.

The same terms, digest and signatures give the same bytes, whenever and wherever. What
hides or reorders text, and every character that the font lacks, is written out as
`[U+202E]`, so that nothing on paper reads otherwise than what was signed. Letters of
scripts that are written from right to left stand in the order in which they were typed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.enums import Align, WrapMode, XPos, YPos

from fairlead.terms.agreement import Terms
from fairlead.terms.prose import contract

FONT = "DejaVuSansCondensed"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands where a PDF says when it was made: the bytes depend on what was agreed alone."""
MARGIN = 22.0
"""Millimetres on each side."""
_CLOSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that show nothing, or change how others are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature, as it is printed."""

    side: str
    """For whom: `developer` or `programme`."""
    by: str
    """Who signed."""
    at: datetime | None = None
    how: str = ""
    """With what: a passkey, or the key of the command line."""


class _Paper(FPDF):
    """A page with the digest and its number below."""

    def __init__(self, digest: str) -> None:
        super().__init__(format="A4")
        self.digest = digest

    def footer(self) -> None:
        """Print the digest and the number of the page."""
        self.set_y(-16)
        self.set_font(FONT, size=7.5)
        self.set_text_color(70)
        told = f"SHA-256 {self.digest}"
        self.cell(w=self.epw * 0.8, h=5, text=told)
        number = f"page {self.page_no()} of {{nb}}"
        self.cell(w=self.epw * 0.2, h=5, text=number, align=Align.R)


def contract_pdf(terms: Terms, digest: str, signatures: Sequence[Signed]) -> bytes:
    """Return the contract on paper; *digest* names the terms it was made from."""
    paper = _paper(readable(digest))
    _heading(paper, "Terms of access before release", 17)
    _text(
        paper,
        f"Engagement {terms.engagement}. The object that both sides sign is the canonical"
        " JSON (RFC 8785) of these terms; this is what it says, in words.",
        9,
    )
    for section in contract(terms):
        _heading(paper, section.heading, 11.5)
        _text(paper, section.text, 10)
    _heading(paper, "Signatures", 11.5)
    if not signatures:
        _text(paper, "Nobody has signed these terms yet.", 10)
    for signed in signatures:
        _text(paper, _sentence(signed), 10)
    written = bytes(paper.output())
    _close(paper)
    return written


def readable(text: str) -> str:
    """Return *text* with everything written out that the font cannot show as it is."""
    drawn = _drawn()
    return "".join(
        character
        if character in "\n " or (ord(character) in drawn and _open(character))
        else f"[U+{ord(character):04X}]"
        for character in text.replace("\r\n", "\n").replace("\t", "    ")
    )


def _paper(digest: str) -> _Paper:
    paper = _Paper(digest)
    paper.set_creation_date(EPOCH)
    paper.set_title("Terms of access before release")
    paper.set_lang("en")
    with as_file(files("fairlead.formats") / "fonts" / f"{FONT}.ttf") as path:
        paper.add_font(FONT, fname=path)
    paper.set_margin(MARGIN)
    paper.set_auto_page_break(auto=True, margin=MARGIN)
    paper.add_page()
    return paper


def _heading(paper: _Paper, text: str, size: float) -> None:
    # A heading at the foot of a page would stand apart from what it is about.
    if paper.will_page_break(3 * size * 0.5):
        paper.add_page()
    paper.ln(size * 0.22)
    paper.set_text_color(22, 46, 81)
    _write(paper, text, size)
    paper.ln(size * 0.06)


def _text(paper: _Paper, text: str, size: float) -> None:
    paper.set_text_color(20)
    _write(paper, text, size)
    paper.ln(size * 0.08)


def _write(paper: _Paper, text: str, size: float) -> None:
    paper.set_font(FONT, size=size)
    paper.multi_cell(
        w=0,
        h=size * 0.5,
        text=readable(text),
        align=Align.L,
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
        wrapmode=WrapMode.CHAR if _endless(text) else WrapMode.WORD,
    )


def _endless(text: str) -> bool:
    """Tell whether a word is too long for a line."""
    return any(len(word) > 60 for word in text.split())  # noqa: PLR2004 - of about 90


def _sentence(signed: Signed) -> str:
    when = (
        "" if signed.at is None else f", {signed.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    )
    how = f", {signed.how}" if signed.how else ""
    return f"For the {signed.side}: {signed.by}{when}{how}"


def _open(character: str) -> bool:
    return unicodedata.category(character) not in _CLOSED


@lru_cache(maxsize=1)
def _drawn() -> frozenset[int]:
    """Return every character that the font has a glyph for."""
    paper = FPDF()
    with as_file(files("fairlead.formats") / "fonts" / f"{FONT}.ttf") as path:
        paper.add_font(FONT, fname=path)
    drawn = frozenset(paper.fonts[FONT.lower()].cmap)  # type: ignore[union-attr]
    _close(paper)
    return drawn


def _close(paper: FPDF) -> None:
    """Close the file of the font, which the library leaves open."""
    paper.fonts[FONT.lower()].ttfont.close()  # type: ignore[union-attr]
