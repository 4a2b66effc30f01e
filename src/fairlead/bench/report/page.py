"""The report as one HTML page: no script, nothing loaded, light and dark, for print too."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from markupsafe import Markup, escape

from fairlead.bench.reading import Answer
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
from fairlead.bench.report.drawing import Box, Dot, Draw, Drawing, Item, Label, Line

WIDE, NARROW = 880.0, 345.0
_SHAPES = {
    Answer.ABOVE: "above",
    Answer.BELOW: "below",
    Answer.OPEN: "open",
    Answer.NONE: "none",
}
_NUMBERS = frozenset("0123456789+u\N{MINUS SIGN}\N{EN DASH}")


def page(content: Content) -> str:
    """Return the whole page."""
    style = (files("fairlead.bench.report") / "report.css").read_text("utf-8")
    body = Markup("").join(
        [_top(content), *map(_section, content.sections), _foot(content)]
    )
    return str(
        Markup(
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta http-equiv="Content-Security-Policy"'
            " content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            "<title>Assessment of {title}</title><style>{style}</style></head>"
            "<body>{body}</body></html>\n"
        ).format(title=content.title, style=Markup(style), body=body)  # noqa: S704
    )


def _top(content: Content) -> Markup:
    nav = Markup("").join(
        Markup('<li><a href="#{id}">{title}</a></li>').format(id=_id(s), title=s.title)
        for s in content.sections
        if s.level == 2  # noqa: PLR2004
    )
    return Markup(
        '<header class="band"><div class="column"><p class="over">Assessment of</p>'
        "<h1>{title}</h1><p class=under>{under}</p></div></header>"
        '<main><div class="column">'
        '<section class="answer answer--{shape}" aria-label="Reading">'
        '<p class="chip">{answer}</p><p class="sentence">{sentence}</p>'
        '<p class="quiet">{advisory}</p></section>'
        '<dl class="tiles">{tiles}</dl>'
        "{picture}{why}"
        '<nav aria-label="Contents"><p>In full</p><ul>{nav}</ul></nav>'
    ).format(
        title=content.title,
        under=content.under,
        shape=_SHAPES[content.answer],
        answer=content.answer.value,
        sentence=content.sentence,
        advisory=ADVISORY,
        tiles=Markup("").join(
            Markup("<div><dt>{}</dt><dd><b>{}</b><span>{}</span></dd></div>").format(
                t.name, t.value, t.detail
            )
            for t in content.tiles
        ),
        picture=_picture(content.picture),
        why=_why(content),
        nav=nav,
    )


def _why(content: Content) -> Markup:
    reasons = Markup("").join(Markup("<li>{}</li>").format(r) for r in content.reasons)
    caveats = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, text)
        for name, text in content.caveats
    )
    return Markup(
        '<div class="why"><section><h2>Why this answer</h2><ul>{reasons}</ul></section>'
        '<section><h2>To be said with it</h2><dl class="caveats">{caveats}</dl>'
        "</section></div>"
    ).format(reasons=reasons, caveats=caveats or Markup("<div><dt>nothing</dt></div>"))


def _foot(content: Content) -> Markup:
    return Markup(
        '<section><h2 id="check">Check it yourself</h2><p>Every number above follows from'
        " the attempts in the bundle of this run. This computes all of them anew,"
        " offline, and names the first difference:</p>"
        '<pre tabindex="0">fairlead bench verify BUNDLE.tar</pre>'
        "<p>Assessment, by SHA-256: <code>{digest}</code></p></section>"
        '</div></main><footer><div class="column"><p>{advisory}</p></div></footer>'
    ).format(digest=content.digest, advisory=ADVISORY)


def _section(section: Section) -> Markup:
    tag = "h2" if section.level == 2 else "h3"  # noqa: PLR2004
    note = (
        Markup('<p class="note">{}</p>').format(section.note)
        if section.note
        else Markup("")
    )
    blocks = Markup("").join(map(_block, section.blocks))
    return Markup(
        '<section><{tag} id="{id}">{title}</{tag}>{note}{blocks}</section>'
    ).format(tag=tag, id=_id(section), title=section.title, note=note, blocks=blocks)


def _block(block: Block) -> Markup:
    match block:
        case Text(text):
            return Markup("<p>{}</p>").format(text)
        case Points(points):
            return Markup('<ul class="points">{}</ul>').format(
                Markup("").join(
                    Markup("<li><b>{}</b> {}</li>").format(*point) for point in points
                )
            )
        case Facts(facts):
            return Markup('<dl class="facts">{}</dl>').format(
                Markup("").join(
                    Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(*fact)
                    for fact in facts
                )
            )
        case Grid():
            return _grid(block)
        case Picture():
            return _picture(block)


def _picture(picture: Picture) -> Markup:
    table = (
        Markup("<details><summary>The numbers</summary>{}</details>").format(
            _grid(picture.grid)
        )
        if picture.grid
        else Markup("")
    )
    title, _, rest = picture.title.partition(": ")
    return Markup(
        "<figure><figcaption>{title}<span>{rest}</span></figcaption>"
        '<div class="wide">{wide}</div><div class="narrow">{narrow}</div>{table}</figure>'
    ).format(
        title=title,
        rest=f": {rest}" if rest else "",
        wide=_svg(picture.draw, WIDE),
        narrow=_svg(picture.draw, NARROW),
        table=table,
    )


def _grid(grid: Grid) -> Markup:
    heads = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_side(grid, n), head)
        for n, head in enumerate(grid.heads)
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup('<th scope="row">{}</th>').format(cell)
                if n == 0
                else Markup("<td{}>{}</td>").format(_side(grid, n), cell)
                for n, cell in enumerate(row)
            )
        )
        for row in grid.rows
    )
    return Markup(
        '<div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table>'
        "<caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        "<tbody>{rows}</tbody></table></div>"
    ).format(caption=grid.caption, heads=heads, rows=rows)


def _side(grid: Grid, column: int) -> Markup:
    """Return the class of a column of numbers, which stand at the right."""
    if not column:
        return Markup("")
    cells = [row[column] for row in grid.rows]
    numbers = all(cell[:1] in _NUMBERS and len(cell) < 32 for cell in cells)  # noqa: PLR2004
    return Markup(' class="number"') if cells and numbers else Markup("")


def _svg(draw: Draw, width: float) -> Markup:
    drawing = draw(width)
    return Markup(
        '<svg viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img"'
        ' aria-label="{said}">{items}</svg>'
    ).format(
        w=f"{drawing.width:g}",
        h=f"{drawing.height:g}",
        said=drawing.said,
        items=Markup("").join(_items(drawing)),
    )


def _items(drawing: Drawing) -> Iterator[Markup]:
    for item in drawing.items:
        yield _item(item)


def _item(item: Item) -> Markup:
    match item:
        case Line(points, role):
            path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            return Markup('<path class="{}" d="{}"/>').format(role, path)
        case Box(x, y, width, height, role, corner):
            return Markup(
                '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"'
                ' rx="{:g}"/>'
            ).format(role, x, y, width, height, corner)
        case Dot(x, y, radius, role):
            return Markup(
                '<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:g}"/>'
            ).format(role, x, y, radius)
        case Label(x, y, text, anchor, role):
            return Markup(
                '<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'
            ).format(role, x, y, anchor, text)


def _id(section: Section) -> str:
    words = "".join(
        c if c.isalnum() else " " for c in str(escape(section.title))
    ).split()
    return "-".join(words).lower()
