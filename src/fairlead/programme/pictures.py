"""Pictures as SVG: values in, markup out; no script, no style but classes, no address.

Each has a text beside it that says the same, for those who do not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from markupsafe import Markup

from fairlead.review.engagement import MOVES, Engagement, State

WIDTH = 360
"""Units across, so that letters keep their size on a telephone."""
LEFT, RIGHT = 8, WIDTH - 8
ROW = 40
CAPACITY_WEEKS = 16


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasts, or happens at an instant."""

    label: str
    begins: datetime
    ends: datetime | None
    """Nothing for an instant."""
    kind: str
    """One of `before`, `window`, `reply`, `partner` and `mark`: how it is drawn."""


def timeline(engagement: Engagement, now: datetime) -> Sequence[Span]:
    """Return what happened in an engagement and what is to come, in order."""
    over = engagement.withdrawn_at or now
    found = [
        Span(
            "Question and negotiation",
            engagement.began_at,
            engagement.signed_at or max(over, engagement.began_at),
            "before",
        )
    ]
    if engagement.signed_at and engagement.opens:
        found.append(Span("Signed", engagement.signed_at, engagement.opens, "before"))
    if engagement.opens and engagement.ends:
        ended = engagement.ended_at or engagement.ends
        said = "Access window"
        if engagement.ended is not None:
            said += f", over: {engagement.ended}"
        found.append(Span(said, engagement.opens, ended, "window"))
    found += [
        Span(f"Reply period of {name}", known.delivered_at, known.reply_until, "reply")
        for name, known in engagement.assessments.items()
    ]
    found += [
        Span(
            f"Partner {name}" + (f", over: {known.ended}" if known.ended else ""),
            known.opens,
            known.ended_at or known.ends,
            "partner",
        )
        for name, known in engagement.partners.items()
        if known.opens is not None
    ]
    for said, at in (
        ("Release recorded", engagement.released_at),
        ("Withdrawn", engagement.withdrawn_at),
    ):
        if at is not None:
            found.append(Span(said, at, None, "mark"))
    return sorted(found, key=lambda span: span.begins)


def timeline_svg(engagement: Engagement, now: datetime) -> Markup:
    """Draw the timeline of an engagement; `timeline` says the same for a table."""
    spans = timeline(engagement, now)
    first = min(span.begins for span in spans)
    over = engagement.state in {State.CLOSED, State.WITHDRAWN}
    shown = engagement.last_at if over else now
    last = max(shown, *(span.ends or span.begins for span in spans))
    scale = _Scale(first, max(last, first + timedelta(hours=1)))
    height = ROW * len(spans) + 38
    drawn = [_row(span, number * ROW, scale) for number, span in enumerate(spans)]
    if not over:
        here = scale.place(now)
        anchor, shift = ("end", -4) if here > WIDTH / 2 else ("start", 4)
        drawn.append(f'<path class="fl-now" d="M{here:.1f} 0 V{height - 22}"/>')
        drawn.append(_label("now", here + shift, height - 24, anchor))
    drawn.append(_label(_day(scale.first), LEFT, height - 6))
    drawn.append(_label(_day(scale.last), RIGHT, height - 6, "end"))
    said = f"Timeline of {engagement.id}, {engagement.state}"
    return _svg(height, said, drawn)


@dataclass(frozen=True, slots=True)
class Week:
    """How many windows run at the same time in a week, at most."""

    begins: datetime
    windows: int


def weeks(
    windows: Sequence[tuple[datetime, datetime]], now: datetime
) -> Sequence[Week]:
    """Return the weeks around *now*, each with the windows that overlap in it."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = day - timedelta(days=day.weekday() + 28)
    found: list[Week] = []
    for number in range(CAPACITY_WEEKS):
        begins = monday + timedelta(weeks=number)
        ends = begins + timedelta(weeks=1)
        running = [w for w in windows if w[0] < ends and w[1] > begins]
        # More begin than end at once only where a window begins.
        most = max(
            (sum(w[0] <= at < w[1] for w in running) for at, _ in running), default=0
        )
        carried = sum(w[0] <= begins < w[1] for w in running)
        found.append(Week(begins, max(most, carried)))
    return found


def capacity_svg(shown: Sequence[Week], evaluators: int, now: datetime) -> Markup:
    """Draw evaluators against windows, week by week."""
    height, floor = 190, 150
    top = max([evaluators, 1, *(week.windows for week in shown)])
    step = (RIGHT - LEFT) / max(1, len(shown))
    unit = (floor - 16) / top
    drawn: list[str] = []
    for number, week in enumerate(shown):
        tall = week.windows * unit
        x, y = LEFT + number * step, floor - tall
        crowded = " fl-bar--crowded" if week.windows > evaluators else ""
        drawn.append(
            f'<rect class="fl-bar fl-bar--window{crowded}" x="{x + 2:.1f}" y="{y:.1f}"'
            f' width="{step - 4:.1f}" height="{tall:.1f}"/>'
        )
        if week.windows:
            drawn.append(_label(str(week.windows), x + step / 2, y - 3, "middle"))
        if week.begins <= now < week.begins + timedelta(weeks=1):
            drawn.append(_label("now", x + step / 2, floor + 16, "middle"))
    level = floor - evaluators * unit
    drawn += [
        f'<line class="fl-axis" x1="{LEFT}" y1="{floor}" x2="{RIGHT}" y2="{floor}"/>',
        f'<path class="fl-level" d="M{LEFT} {level:.1f} H{RIGHT}"/>',
        _label(f"evaluators: {evaluators}", LEFT, height - 6),
    ]
    if shown:
        drawn.append(_label(f"from {_day(shown[0].begins)}", RIGHT, height - 6, "end"))
    said = (
        f"Windows that run at the same time, by week, against {evaluators} evaluators"
    )
    return _svg(height, said, drawn)


def process_svg() -> Markup:
    """Draw what can follow what in an engagement, from the table that decides it."""
    states = [state for state in State if state is not State.WITHDRAWN]
    place: dict[State, int] = {state: number for number, state in enumerate(states)}
    box, tall, gap, x = 176, 34, 22, 86
    step = tall + gap

    def middle(state: State) -> float:
        return place[state] * step + tall / 2 + 4

    drawn = [_arrow_head()]
    lane = 0
    for state in states:
        y = place[state] * step + 4
        drawn.append(_box(state.value, x, y, box, tall))
        for to in states:
            if to not in MOVES[state]:
                continue
            if place[to] == place[state] + 1:
                centre = x + box / 2
                drawn.append(_arrow(f"M{centre} {y + tall} V{y + step - 1}"))
                continue
            lane += 1
            out = x + box + 8 + 8 * lane
            start, end = middle(state) + 5, middle(to) - 5
            drawn.append(_arrow(f"M{x + box} {start} H{out} V{end} H{x + box + 2}"))
    last = len(states) * step + 4
    ways = [state for state in states if State.WITHDRAWN in MOVES[state]]
    drawn += [_line(f"M{x} {middle(state)} H40") for state in ways]
    drawn.append(_arrow(f"M40 {middle(ways[0])} V{last - 1}"))
    drawn.append(_box(State.WITHDRAWN.value, 8, last, 110, tall))
    return _svg(last + tall + 6, "What can follow what in an engagement", drawn)


def process_rows() -> Sequence[tuple[str, str]]:
    """Return each state with what can follow it, in words."""
    return [
        (state.value, ", ".join(to.value for to in State if to in MOVES[state]))
        for state in State
    ]


@dataclass(frozen=True, slots=True)
class _Scale:
    first: datetime
    last: datetime

    def place(self, at: datetime) -> float:
        whole = (self.last - self.first).total_seconds()
        share = (at - self.first).total_seconds() / whole
        return LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, share))


def _row(span: Span, y: float, scale: _Scale) -> str:
    label = _label(_short(span.label), LEFT, y + 15)
    begins = scale.place(span.begins)
    if span.ends is None:
        points = (
            f"{begins:.1f},{y + 20} {begins - 6:.1f},{y + 33} {begins + 6:.1f},{y + 33}"
        )
        return f'{label}<polygon class="fl-bar fl-bar--mark" points="{points}"/>'
    wide = max(3.0, scale.place(span.ends) - begins)
    left = min(begins, RIGHT - wide)
    return (
        f'{label}<rect class="fl-bar fl-bar--{span.kind}" x="{left:.1f}" y="{y + 20}"'
        f' width="{wide:.1f}" height="13" rx="2"/>'
    )


def _short(text: str) -> str:
    most = 52
    return text if len(text) <= most else text[: most - 1] + "…"


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d UTC")


def _label(text: str, x: float, y: float, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _box(text: str, x: float, y: float, wide: float, tall: float) -> str:
    middle = _label(text, x + wide / 2, y + tall / 2 + 5, "middle")
    return (
        f'<rect class="fl-box" x="{x}" y="{y}" width="{wide}" height="{tall}" rx="4"/>'
        f"{middle}"
    )


def _arrow_head() -> str:
    return (
        '<defs><marker id="fl-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path class="fl-tip" d="M0 0 L8 4 L0 8 z"/>'
        "</marker></defs>"
    )


def _arrow(path: str) -> str:
    return f'<path class="fl-arrow" d="{path}" marker-end="url(#fl-head)"/>'


def _line(path: str) -> str:
    return f'<path class="fl-arrow" d="{path}"/>'


def _svg(height: float, said: str, drawn: Sequence[str]) -> Markup:
    # All that is not a number was escaped where it was drawn.
    return Markup(  # noqa: S704
        f'<svg class="fl-picture" role="img" aria-label="{escape(said)}"'
        f' viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}">'
        f"{''.join(drawn)}</svg>"
    )
