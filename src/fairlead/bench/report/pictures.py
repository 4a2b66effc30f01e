"""What is drawn of an assessment; every picture has a table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log10

from fairlead.bench.assessment import BudgetRow, Estimate, Figure
from fairlead.bench.outcomes import Outcome
from fairlead.bench.reading import Reading
from fairlead.bench.report.drawing import (
    Axis,
    Box,
    Dot,
    Draw,
    Drawing,
    Item,
    Label,
    Line,
    Role,
    ticks,
    wide,
)

_NARROW = 520.0
"""Pixels below which labels stand above what they name."""
_SUITE = Figure(value=0.0, low=-2.4, high=2.4)
"""Abilities that a suite of five steps tells apart; always shown."""
OUTCOMES = {
    Outcome.SOLVED: Role.SOLVED,
    Outcome.FAILED: Role.FAILED,
    Outcome.REFUSED: Role.REFUSED,
    Outcome.INVALID: Role.INVALID,
    Outcome.CHEATED: Role.CHEATED,
}


def ability(estimate: Estimate, reading: Reading) -> Draw:
    """Draw the ability on its scale, against the threshold."""

    def draw(width: float) -> Drawing:
        figure, other = estimate.ability, estimate.families_drawn
        low, high = _reach([figure, other, _SUITE], reading.at)
        axis = Axis(low, high, 14, width - 14)
        bottom, middle = 132.0, 84.0
        items: list[Item] = []
        if reading.at is not None:
            at = axis.place(reading.at)
            items += [
                Box(at, 34, axis.ends - at, bottom - 34, Role.BEYOND),
                Line(((at, 34), (at, bottom)), Role.THRESHOLD),
                _beside(f"threshold {signed(reading.at)}", at, 22, width, Role.MARK),
            ]
        items += _scale(axis, bottom, int(width // 70))
        drawn, held = ((axis.place(f.low), axis.place(f.high)) for f in (other, figure))
        point = axis.place(figure.value)
        items += [
            Line(((drawn[0], middle), (drawn[1], middle)), Role.WIDER),
            Box(held[0], middle - 9, held[1] - held[0], 18, Role.INTERVAL, 9),
            Dot(point, middle, 6, Role.POINT),
            _beside(signed(figure.value), point, middle - 20, width, Role.STRONG),
        ]
        steps = [row for row in estimate.steps if low <= row.difficulty <= high]
        for row in steps:
            x = axis.place(row.difficulty)
            items.append(Line(((x, bottom + 26), (x, bottom + 32)), Role.AXIS))
            items.append(Label(x, bottom + 47, str(row.step), "middle", Role.QUIET))
        caption = "difficulty of the tasks, by step (half solved at the same ability)"
        if width < _NARROW:
            caption = "difficulty of the tasks, by step"
        items.append(Label(width / 2, bottom + 66, caption, "middle", Role.QUIET))
        said = (
            f"Ability {words(figure)} in logits"
            + (f", threshold at {signed(reading.at)}" if reading.at is not None else "")
            + f". As a sample of more such families: {words(other)}."
        )
        return Drawing(width=width, height=bottom + 74, said=said, items=tuple(items))

    return draw


def families(estimate: Estimate, reading: Reading) -> Draw:
    """Draw the ability in each family, and in all."""

    def draw(width: float) -> Drawing:
        rows = [(row.family, row.ability, False) for row in estimate.families]
        rows.append(("whole suite", estimate.ability, True))
        low, high = _reach([figure for _, figure, _ in rows], reading.at)
        narrow = width < _NARROW
        left = 14.0 if narrow else max(120.0, *(wide(n) + 24 for n, _, _ in rows))
        tall = 44.0 if narrow else 32.0
        axis = Axis(low, high, left, width - 20)
        top = 34.0
        bottom = top + tall * len(rows) + 4
        items: list[Item] = []
        if reading.at is not None:
            at = axis.place(reading.at)
            items += [
                Box(at, top - 8, axis.ends - at, bottom - top + 8, Role.BEYOND),
                Line(((at, top - 8), (at, bottom)), Role.THRESHOLD),
                _beside(f"threshold {signed(reading.at)}", at, 18, width, Role.MARK),
            ]
        for number, (name, figure, whole) in enumerate(rows):
            y = top + tall * number + (tall - 12 if narrow else tall / 2)
            role = Role.STRONG if whole else Role.TEXT
            if narrow:
                items.append(Label(left, y - 12, name, "start", role))
            else:
                items.append(Label(left - 14, y + 4.5, name, "end", role))
            items += _bar(axis, figure, y, whole=whole)
        items += _scale(axis, bottom, int((width - left) // 70))
        said = "Ability by family: " + "; ".join(
            f"{name} {words(figure)}" for name, figure, _ in rows
        )
        return Drawing(width=width, height=bottom + 30, said=said, items=tuple(items))

    return draw


def budget(estimate: Estimate) -> Draw:
    """Draw the score at each budget."""

    def draw(width: float) -> Drawing:
        rows = estimate.budgets
        left, bottom, top = 46.0, 204.0, 14.0
        logs = [log10(row.tokens) for row in rows]
        room = 0.12 * max(0.4, logs[-1] - logs[0])
        across = Axis(logs[0] - room, logs[-1] + room, left, width - 16)
        up = Axis(0, 1, bottom, top)
        items = list(_percent(up, left, width - 16))
        test = estimate.sequential
        if test is not None:
            y = up.place(test.boundary)
            items += [
                Line(((left, y), (width - 16, y)), Role.THRESHOLD),
                Label(
                    width - 18,
                    y - 6,
                    f"at the threshold {percent(test.boundary)}",
                    "end",
                    Role.MARK,
                ),
            ]
        places = [
            (across.place(log10(row.tokens)), up.place(row.score.value)) for row in rows
        ]
        items.append(Line(tuple(places), Role.CURVE))
        for row, (x, y) in zip(rows, places, strict=True):
            items += _upright(up, row.score, x)
            items.append(Dot(x, y, 5, Role.POINT))
            items.append(Label(x, bottom + 20, tokens(row.tokens), "middle"))
        items.append(
            Label(
                (left + width) / 2,
                bottom + 40,
                "tokens an attempt may use (logarithmic)",
                "middle",
                Role.QUIET,
            )
        )
        said = "Score by budget: " + "; ".join(map(_at_budget, rows))
        return Drawing(width=width, height=bottom + 48, said=said, items=tuple(items))

    return draw


def steps(estimate: Estimate, reading: Reading) -> Draw:
    """Draw the score at each step of difficulty, with the curves of the model."""

    def draw(width: float) -> Drawing:
        rows = estimate.steps
        left, bottom, top = 46.0, 204.0, 14.0
        levels = [row.difficulty for row in rows]
        across = Axis(min(levels) - 0.6, max(levels) + 0.6, left, width - 16)
        up = Axis(0, 1, bottom, top)
        items = list(_percent(up, left, width - 16))
        curves = [(estimate.ability.value, Role.CURVE)]
        if reading.at is not None:
            curves.append((reading.at, Role.THRESHOLD))
        for at, role in curves:
            grid = [across.low + (across.high - across.low) * n / 60 for n in range(61)]
            line = [(across.place(b), up.place(_chance(at - b))) for b in grid]
            items.append(Line(tuple(line), role))
        for row in rows:
            x = across.place(row.difficulty)
            items += _upright(up, row.score, x)
            items.append(Dot(x, up.place(row.score.value), 5, Role.POINT))
            items.append(Label(x, bottom + 20, str(row.step), "middle"))
        items.append(
            Label(
                (left + width) / 2,
                bottom + 40,
                "step of difficulty",
                "middle",
                Role.QUIET,
            )
        )
        said = "Score by step: " + "; ".join(
            f"step {row.step}: {percent(row.score.value)}" for row in rows
        )
        return Drawing(width=width, height=bottom + 48, said=said, items=tuple(items))

    return draw


def mix(estimate: Estimate) -> Draw:
    """Draw what became of all attempts."""

    def draw(width: float) -> Drawing:
        items: list[Item] = []
        x, y = 0.0, 54.0
        across = 0.0
        for outcome, role in OUTCOMES.items():
            count = estimate.mix.get(outcome, 0)
            part = width * count / estimate.attempts
            if count:
                items.append(Box(x, 4, max(1.5, part), 30, role))
            x += part
            text = f"{outcome} {count} ({percent(count / estimate.attempts)})"
            if across + wide(text) + 34 > width:
                across, y = 0.0, y + 24
            items.append(Box(across, y - 2, 12, 12, role, 2))
            items.append(Label(across + 18, y + 9, text))
            across += wide(text) + 36
        said = "Outcomes of all attempts: " + ", ".join(
            f"{estimate.mix.get(o, 0)} {o}" for o in OUTCOMES
        )
        return Drawing(width=width, height=y + 18, said=said, items=tuple(items))

    return draw


def signed(value: float) -> str:
    """Return a logit with its sign, as it is printed."""
    text = f"{abs(value):.2f}"
    if not float(text):
        return text
    return ("\N{MINUS SIGN}" if value < 0 else "+") + text


def percent(value: float) -> str:
    """Return a share as a percentage."""
    if 0 < value < 0.01:  # noqa: PLR2004
        return "under 1 %"
    if 0.99 < value < 1:  # noqa: PLR2004
        return "over 99 %"
    return f"{100 * value:.0f} %"


def words(figure: Figure) -> str:
    """Return an ability with its interval."""
    return f"{signed(figure.value)} ({signed(figure.low)} to {signed(figure.high)})"


def tokens(count: int) -> str:
    """Return a number of tokens, short."""
    if count >= 1_000_000:  # noqa: PLR2004
        return f"{count / 1e6:.3g} M"
    return f"{count / 1000:.3g} k" if count >= 1000 else str(count)  # noqa: PLR2004


def _reach(figures: Sequence[Figure], at: float | None) -> tuple[float, float]:
    values = [v for f in figures for v in (f.low, f.high)]
    values += [at] if at is not None else []
    low, high = min([*values, -1.0]), max([*values, 1.0])
    room = 0.06 * (high - low)
    return max(-10.0, low - room), min(10.0, high + room)


def _scale(axis: Axis, y: float, most: int) -> list[Item]:
    items: list[Item] = [Line(((axis.begins, y), (axis.ends, y)), Role.AXIS)]
    for value in ticks(axis.low, axis.high, max(3, most)):
        x = axis.place(value)
        items.append(Line(((x, y), (x, y + 5)), Role.AXIS))
        text = f"{value:g}".replace("-", "\N{MINUS SIGN}")
        items.append(Label(x, y + 20, text, "middle", Role.QUIET))
    return items


def _bar(axis: Axis, figure: Figure, y: float, *, whole: bool) -> list[Item]:
    low, high = axis.place(figure.low), axis.place(figure.high)
    role = Role.ALL if whole else Role.INTERVAL
    half = 6 if whole else 4
    return [
        Box(low, y - half, max(2.0, high - low), 2 * half, role, half),
        Dot(axis.place(figure.value), y, 5 if whole else 4, Role.POINT),
    ]


def _percent(up: Axis, left: float, right: float) -> list[Item]:
    items: list[Item] = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = up.place(value)
        role = Role.GRID if value else Role.AXIS
        items.append(Line(((left, y), (right, y)), role))
        items.append(Label(left - 6, y + 4, f"{100 * value:.0f} %", "end", Role.QUIET))
    return items


def _upright(up: Axis, figure: Figure, x: float) -> list[Item]:
    low, high = up.place(figure.low), up.place(figure.high)
    return [Box(x - 4, high, 8, max(2.0, low - high), Role.INTERVAL, 4)]


def _beside(text: str, x: float, y: float, width: float, role: Role) -> Label:
    """Return a label over *x* that stays on the drawing."""
    half = wide(text) / 2
    return Label(min(max(x, half + 4), width - half - 4), y, text, "middle", role)


def _chance(logit: float) -> float:
    return 1 / (1 + exp(-logit))


def _at_budget(row: BudgetRow) -> str:
    return f"{tokens(row.tokens)}: {percent(row.score.value)}"
