"""Evidence as people read it on a terminal."""

from __future__ import annotations

from fairlead.clearinghouse.evidence.crossing import Crossing
from fairlead.clearinghouse.evidence.reproducing import Outcome, Tried
from fairlead.clearinghouse.evidence.statements import Statement
from fairlead.cli.output import lines


def text_of(statement: Statement) -> str:
    """Return what *statement* says, line by line."""
    walls = statement.walls
    said = [
        f"{statement.name}",
        f"recipe   {statement.recipe}",
        f"source   {statement.source}",
        *_tried("without a fix", statement.plain),
    ]
    if statement.fixed is not None:
        said += _tried(f"with fix {statement.fixed.fix[:12]}", statement.fixed)
    inside = "; ".join(statement.environment)
    proved = (
        f"walls    {walls.level}, {walls.stopped} attempts to get out stopped before and"
        f" after ({walls.machine.program})"
    )
    said += [f"inside   {inside}", proved, f"evidence {statement.rung}"]
    return "\n".join(said)


def text_of_crossing(crossed: Crossing) -> str:
    """Return what *crossed* says, as a table."""
    names = {"": "none", "a": "the first's", "b": "the second's"}
    rows = [
        (
            "first" if cell.reproducer == "a" else "second",
            names[cell.fix],
            f"{cell.fired} of {cell.runs}" if cell.runs else "cannot be built",
        )
        for cell in crossed.cells
    ]
    told = lines(rows, ("REPRODUCER", "FIX", "SHOWN"))
    return f"{told}\n\n{crossed.sameness}"


def _tried(how: str, tried: Tried) -> list[str]:
    if not tried.built.held:
        return [f"{how}: cannot be built", tried.built.log[-600:]]
    told = [_outcome(how, outcome) for outcome in tried.outcomes]
    if tried.tests is not None:
        said = "hold" if tried.tests else "do not hold"
        told.append(f"{how}: the project's own tests {said}")
    return told


def _outcome(how: str, outcome: Outcome) -> str:
    named = f" ({outcome.input})" if outcome.input else ""
    line = f"{how}{named}: {outcome.fired} of {outcome.runs}"
    for seen in outcome.seen:
        if seen.state.kind:
            frames = " < ".join(seen.state.frames) or "no frames"
            access = f" {seen.state.access}" if seen.state.access else ""
            line += f"\n  {seen.runs} x {seen.state.kind}{access}: {frames}"
            line += f" ({seen.state.place})" if seen.state.place else ""
    return line
