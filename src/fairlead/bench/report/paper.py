"""The report on paper: the same content, the same pictures, the same bytes every time."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import as_file, files
from types import MappingProxyType

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace

from fairlead.bench.report.blocks import (
    Block,
    Content,
    Facts,
    Grid,
    Picture,
    Points,
    Section,
    Text,
)
from fairlead.bench.report.content import ADVISORY
from fairlead.bench.report.drawing import Box, Dot, Item, Label, Line, Role
from fairlead.formats.contract_pdf import FONT, readable

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands where a PDF says when it was made: the bytes depend on the content alone."""
MARGIN = 20.0
"""Millimetres on each side."""
_SCALE = 170 / 720
"""Millimetres for a unit of a drawing that is drawn 720 wide."""
_WIDE = 720.0

Colour = tuple[int, int, int]
_INK: Colour = (23, 32, 42)
_QUIET: Colour = (85, 96, 108)
_BLUE: Colour = (11, 92, 158)
_MARK: Colour = (179, 65, 14)
_COLOURS = MappingProxyType(
    {
        Role.AXIS: _QUIET,
        Role.GRID: (216, 221, 227),
        Role.INTERVAL: (188, 214, 236),
        Role.WIDER: (143, 180, 212),
        Role.POINT: _BLUE,
        Role.ALL: (143, 180, 212),
        Role.THRESHOLD: _MARK,
        Role.BEYOND: (251, 236, 227),
        Role.CURVE: _BLUE,
        Role.SOLVED: _BLUE,
        Role.FAILED: (185, 196, 207),
        Role.REFUSED: (224, 160, 58),
        Role.INVALID: (125, 136, 148),
        Role.CHEATED: (163, 36, 59),
        Role.TEXT: _INK,
        Role.QUIET: _QUIET,
        Role.STRONG: _INK,
        Role.MARK: _MARK,
    }
)


class _Paper(FPDF):
    """A page with the digest and its number below."""

    def __init__(self, digest: str) -> None:
        super().__init__(format="A4")
        self.digest = digest

    def footer(self) -> None:
        """Print the digest of the assessment and the number of the page."""
        self.set_y(-15)
        self.set_font(FONT, size=7)
        self.set_text_color(*_QUIET)
        self.cell(w=self.epw * 0.85, h=5, text=f"assessment SHA-256 {self.digest}")
        number = f"page {self.page_no()} of {{nb}}"
        self.cell(w=self.epw * 0.15, h=5, text=number, align=Align.R)


def paper(content: Content) -> bytes:
    """Return the report as a PDF."""
    sheet = _Paper(content.digest)
    sheet.set_creation_date(EPOCH)
    sheet.set_title(readable(f"Assessment of {content.title}"))
    sheet.set_lang("en")
    with as_file(files("fairlead.formats") / "fonts" / f"{FONT}.ttf") as path:
        sheet.add_font(FONT, fname=path)
    sheet.set_margin(MARGIN)
    sheet.set_auto_page_break(auto=True, margin=MARGIN)
    sheet.add_page()
    _top(sheet, content)
    for section in content.sections:
        _section(sheet, section)
    written = bytes(sheet.output())
    # The library leaves the file of the font open.
    sheet.fonts[FONT.lower()].ttfont.close()  # type: ignore[union-attr]
    return written


def _top(sheet: _Paper, content: Content) -> None:
    _write(sheet, "Assessment of", 10, _QUIET)
    _write(sheet, content.title, 20, _INK)
    _write(sheet, content.under, 9, _QUIET)
    sheet.ln(5)
    answer = content.answer.value
    sheet.set_draw_color(*_MARK)
    sheet.set_line_width(0.9)
    sheet.line(sheet.l_margin, sheet.get_y(), sheet.w - sheet.r_margin, sheet.get_y())
    sheet.ln(3)
    _write(sheet, answer[:1].upper() + answer[1:], 24, _INK)
    _write(sheet, content.sentence, 12, _INK)
    _write(sheet, ADVISORY, 9, _QUIET)
    sheet.ln(4)
    _tiles(sheet, content)
    _picture(sheet, content.picture)
    _heading(sheet, "Why this answer", 3)
    _block(sheet, Points(tuple(("", reason) for reason in content.reasons)))
    _heading(sheet, "To be said with it", 3)
    _block(sheet, Points(content.caveats))


def _tiles(sheet: _Paper, content: Content) -> None:
    wide, top = sheet.epw / len(content.tiles), sheet.get_y()
    lowest = top
    for number, tile in enumerate(content.tiles):
        x = sheet.l_margin + number * wide
        sheet.set_xy(x, top)
        for text, size, colour in (
            (tile.name, 8.0, _QUIET),
            (tile.value, 15.0, _INK),
            (tile.detail, 7.5, _QUIET),
        ):
            sheet.set_x(x)
            _write(sheet, text, size, colour, wide=wide - 4)
        lowest = max(lowest, sheet.get_y())
    sheet.set_y(lowest + 4)


def _section(sheet: _Paper, section: Section) -> None:
    first = section.blocks[0] if section.blocks else None
    if isinstance(first, Picture) and sheet.will_page_break(_tall(first) + 16):
        sheet.add_page()
    _heading(sheet, section.title, section.level)
    if section.note:
        _write(sheet, section.note, 8, _QUIET)
    for block in section.blocks:
        _block(sheet, block)


def _heading(sheet: _Paper, text: str, level: int) -> None:
    size = 15.0 if level == 2 else 11.5  # noqa: PLR2004
    # A heading at the foot of a page would stand apart from what it is about.
    if sheet.will_page_break(size * 2.4):
        sheet.add_page()
    sheet.ln(5 if level == 2 else 2.5)  # noqa: PLR2004
    _write(sheet, text, size, (18, 41, 74))
    sheet.ln(0.8)


def _block(sheet: _Paper, block: Block) -> None:
    match block:
        case Text(text):
            _write(sheet, text, 9.5, _INK)
            sheet.ln(1)
        case Points(points):
            for title, text in points:
                lead = f"{title[:1].upper()}{title[1:]}. " if title else ""
                _write(sheet, f"•  {lead}{text}", 9.5, _INK)
                sheet.ln(0.6)
        case Facts(facts):
            for name, text in facts:
                if sheet.will_page_break(12):
                    sheet.add_page()
                _write(sheet, name, 8, _QUIET)
                _write(sheet, text, 9.5, _INK)
                sheet.ln(0.8)
        case Grid():
            _grid(sheet, block)
        case Picture():
            _picture(sheet, block)
            if block.grid:
                _grid(sheet, block.grid)


def _write(
    sheet: _Paper, text: str, size: float, colour: Colour, wide: float = 0
) -> None:
    sheet.set_font(FONT, size=size)
    sheet.set_text_color(*colour)
    sheet.multi_cell(
        w=wide,
        h=size * 0.48,
        text=readable(text),
        align=Align.L,
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
    )


def _grid(sheet: _Paper, grid: Grid) -> None:
    if sheet.will_page_break(26):
        sheet.add_page()
    _write(sheet, grid.caption, 8, _QUIET)
    sheet.ln(0.6)
    sheet.set_font(FONT, size=8.5)
    sheet.set_text_color(*_INK)
    sheet.set_fill_color(255)
    sheet.set_draw_color(216, 221, 227)
    sheet.set_line_width(0.2)
    with sheet.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        cell_fill_mode=TableCellFillMode.NONE,
        headings_style=FontFace(color=_QUIET),
        line_height=4.4,
        padding=0.7,
        text_align=Align.L,
    ) as table:
        for cells in (grid.heads, *grid.rows):
            row = table.row()
            for cell in cells:
                row.cell(readable(cell))
    sheet.ln(2.5)


def _picture(sheet: _Paper, picture: Picture) -> None:
    drawing = picture.draw(_WIDE)
    if sheet.will_page_break(_tall(picture)):
        sheet.add_page()
    _write(sheet, picture.title, 9.5, _INK)
    sheet.ln(1.5)
    top = sheet.get_y()
    for item in drawing.items:
        _item(sheet, item, top)
    sheet.set_y(top + drawing.height * _SCALE + 3)


def _tall(picture: Picture) -> float:
    """Return the millimetres that a picture takes with its title."""
    return picture.draw(_WIDE).height * _SCALE + 14


def _item(sheet: _Paper, item: Item, top: float) -> None:
    def x(value: float) -> float:
        return sheet.l_margin + value * _SCALE

    def y(value: float) -> float:
        return top + value * _SCALE

    colour = _COLOURS[item.role]
    sheet.set_draw_color(*colour)
    sheet.set_fill_color(*colour)
    match item:
        case Line(points, role):
            sheet.set_line_width(0.45 if role in {Role.CURVE, Role.THRESHOLD} else 0.2)
            if role is Role.THRESHOLD:
                sheet.set_dash_pattern(dash=1.6, gap=1)
            sheet.polyline([(x(a), y(b)) for a, b in points])
            sheet.set_dash_pattern()
        case Box(left, above, width, height, _, corner):
            sheet.rect(
                x(left),
                y(above),
                width * _SCALE,
                height * _SCALE,
                style="F",
                round_corners=bool(corner) and width > 2 * corner,
                corner_radius=corner * _SCALE,
            )
        case Dot(across, down, radius):
            sheet.circle(x(across), y(down), radius * _SCALE, style="F")
        case Label(across, down, text, anchor, role):
            sheet.set_font(FONT, size=10 if role is Role.STRONG else 8.5)
            sheet.set_text_color(*colour)
            shown = readable(text)
            shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
            sheet.text(
                x(across) - shift * sheet.get_string_width(shown), y(down), shown
            )
