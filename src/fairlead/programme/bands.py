"""Figures for the public: in bands, so that no publication tells an exact count.

What is protected is every count of one or more to whose exactness not all who are
counted consented. Whoever reads all publications knows two things besides them: a window
is used only after it was asked for, and how it is decided what is withheld. So that the
decision tells nothing, it is made before the count is looked at: a figure is withheld if
any count it might have, as far as its readers can know, would let them work out a
protected one ("simulatable auditing", Kenthapadi, Mishra and Nissim, PODS 2005).

What it does not protect from: a participant who knows its own part of a band, and what
becomes known elsewhere. That nobody was counted is no secret, and is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct

EDGES = (1, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Where bands begin; the last has no end."""
ENDLESS = 1 << 40
"""Stands for no upper bound."""


class Figure(StrEnum):
    """What is counted in a month, in the order in which it is published."""

    ASKED = "windows asked"
    USED = "windows used"


class Shown(Struct, frozen=True, kw_only=True):
    """One figure as it is published: the count is between both, which are included."""

    least: int = 0
    most: int | None = None
    """None: no upper bound."""
    withheld: bool = False

    @property
    def exact(self) -> bool:
        """Tell whether it says one number."""
        return not self.withheld and self.least == self.most

    def __str__(self) -> str:
        """Say it to people."""
        if self.withheld:
            return "withheld"
        if self.most is None:
            return f"{self.least} or more"
        if self.least == self.most:
            return str(self.least) if self.least else "none"
        return f"{self.least}–{self.most}"  # noqa: RUF001 - a dash between numbers


WITHHELD = Shown(withheld=True)


class Month(Struct, frozen=True, kw_only=True):
    """What was published about one month."""

    asked: Shown = WITHHELD
    used: Shown = WITHHELD


class Count(Struct, frozen=True, kw_only=True):
    """What is true, and whether everybody who is counted consents to its exactness."""

    number: int
    consented: bool = False


def band(number: int) -> Shown:
    """Return the band that *number* is in."""
    return next(shown for shown in bands() if _holds(shown, number))


def bands() -> Iterator[Shown]:
    """Return all bands, the smallest first."""
    yield Shown(least=0, most=0)
    for least, beyond in pairwise(EDGES):
        yield Shown(least=least, most=beyond - 1)
    yield Shown(least=EDGES[-1])


def publish(before: Sequence[Month], asked: Count, used: Count) -> Month:
    """Return what is published about the month after those *before*.

    It needs all that was published since counting began, in order.
    """
    first = _decide(before, Month(), Figure.ASKED, asked)
    half = Month(asked=first)
    return Month(asked=first, used=_decide(before, half, Figure.USED, used))


def known(published: Sequence[Month], figure: Figure) -> Sequence[tuple[int, int]]:
    """Return, for each month, between what a reader of all publications knows a count.

    The bounds are tight: both counts are possible. Bounds that contradict one another
    mean that the publications do.
    """
    asked = [_bounds(month.asked) for month in published]
    used = [_bounds(month.used) for month in published]
    # In every prefix no more is used than asked; what stands most in the way of a
    # bound is the least of all that is used, and the most of all that is asked.
    room = _running(most for _, most in asked)
    taken = _running(least for least, _ in used)
    spare = [r - t for r, t in zip(room, taken, strict=True)]
    tight: list[tuple[int, int]] = []
    for place in range(len(published)):
        left = min(spare[place:])
        if figure is Figure.USED:
            least, most = used[place]
            tight.append((least, min(most, least + left)))
        else:
            least, most = asked[place]
            tight.append((max(least, most - left), most))
    return tight


def tells(published: Sequence[Month]) -> bool:
    """Tell whether a protected count can be worked out from *published*."""
    for figure in Figure:
        for month, (least, most) in zip(
            published, known(published, figure), strict=True
        ):
            shown = month.asked if figure is Figure.ASKED else month.used
            if least == most >= 1 and not shown.exact:
                return True
    return False


def _decide(
    before: Sequence[Month], month: Month, figure: Figure, count: Count
) -> Shown:
    """Return how *count* is shown; whether it is withheld does not depend on it."""
    least, most = known([*before, month], figure)[-1]
    possible = [b for b in bands() if b.least <= most and _most(b) >= least]
    if count.consented and count.number:
        # More used, or less asked for, only leaves less room: the ends decide for all.
        ends = {max(1, least), most} - {ENDLESS}
        exact = [Shown(least=number, most=number) for number in sorted(ends)]
        if not _any_tells(before, month, figure, exact):
            return Shown(least=count.number, most=count.number)
    if _any_tells(before, month, figure, possible):
        return WITHHELD
    return band(count.number)


def _any_tells(
    before: Sequence[Month], month: Month, figure: Figure, shown: Sequence[Shown]
) -> bool:
    return any(
        tells([*before, Month(asked=one, used=month.used)])
        if figure is Figure.ASKED
        else tells([*before, Month(asked=month.asked, used=one)])
        for one in shown
    )


def _bounds(shown: Shown) -> tuple[int, int]:
    return (0, ENDLESS) if shown.withheld else (shown.least, _most(shown))


def _most(shown: Shown) -> int:
    return ENDLESS if shown.most is None else shown.most


def _holds(shown: Shown, number: int) -> bool:
    return shown.least <= number <= _most(shown)


def _running(values: Iterator[int]) -> list[int]:
    total, found = 0, []
    for value in values:
        total += value
        found.append(total)
    return found
