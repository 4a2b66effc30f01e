"""`fairlead bench report` and `compare`: what runs say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import command, lines, show
from fairlead.wiring.assessing import assessed, files_of, needs_extra

RUN = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("run", type=RUN)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to put the page; report.html otherwise. A name in .pdf gives a PDF.",
)
@command
def report(run: Path, out: Path | None, home: Path | None, *, as_json: bool) -> None:
    """Tell what a RUN says: its folder, or its bundle."""
    import msgspec

    _ = home
    found = assessed(run)
    path = out or Path("report.html")
    if path.suffix == ".pdf":
        from fairlead.bench.report.paper import paper

        path.write_bytes(paper(found.content))
    else:
        from fairlead.bench.report.page import page

        path.write_text(page(found.content), "utf-8")
    show(
        {
            "report": str(path),
            "digest": found.digest,
            "assessment": msgspec.to_builtins(found.assessment),
        },
        as_json=as_json,
        text=f"{_told(found.content)}\n\nin {path}",
    )


def _told(content: Any) -> str:  # noqa: ANN401 - see fairlead.bench.report.content
    said = [f"{content.title}: {content.answer}", content.sentence, ""]
    said += [f"  {tile.name}: {tile.value} ({tile.detail})" for tile in content.tiles]
    said += ["", *(f"  {reason}" for reason in content.reasons)]
    said += [f"  {name}: {text}" for name, text in content.caveats]
    return "\n".join(said)


@click.command()
@click.argument("one", type=RUN)
@click.argument("other", type=RUN)
@command
def compare(one: Path, other: Path, home: Path | None, *, as_json: bool) -> None:
    """Compare two runs, task by task, where both tried the same tasks."""
    import msgspec

    needs_extra()
    from fairlead.bench.comparing import compared

    _ = home
    found = compared(files_of(one), files_of(other))
    rows = [
        (row.what, row.tasks, _points(row.one), _points(row.other), _span(row))
        for row in found.rows
    ]
    heads = ("", "tasks", "first", "second", "difference")
    text = [
        f"first:  {found.one}",
        f"second: {found.other}",
        *found.notes,
        "",
        lines(rows, heads),
        "",
        (
            f"solved by the first alone {found.first_alone}, by the second alone"
            f" {found.second_alone}, alike {found.alike}"
        ),
    ]
    show(msgspec.to_builtins(found), as_json=as_json, text="\n".join(text))


def _points(value: float) -> str:
    return f"{100 * value:.0f} %"


def _span(row: Any) -> str:  # noqa: ANN401 - see fairlead.bench.comparing
    low, value, high = (
        f"{100 * v:+.0f}"
        for v in (row.difference.low, row.difference.value, row.difference.high)
    )
    return f"{value} ({low} to {high}) points"
