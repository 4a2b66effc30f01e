"""How values are printed in a report."""

from __future__ import annotations

from datetime import datetime

from fairlead.base.instants import in_utc
from fairlead.bench.assessment import Figure
from fairlead.bench.outcomes import Run
from fairlead.bench.report.pictures import percent, signed


def days(run: Run) -> str:
    """Return the days on which a run was made."""
    begun = run.started or run.declared
    ended = run.ended or begun
    one, other = (f"{in_utc(at):%-d %B %Y}" for at in (begun, ended))
    return one if one == other else f"{one} to {other}"


def instant(at: datetime) -> str:
    """Return an instant in UTC."""
    return f"{in_utc(at):%Y-%m-%d %H:%M} UTC"


def shares(figure: Figure) -> str:
    """Return the interval of a share."""
    return f"{percent(figure.low)} to {percent(figure.high)}"


def span(figure: Figure) -> str:
    """Return the interval of an ability."""
    return f"{signed(figure.low)} to {signed(figure.high)}"


def points(value: float) -> str:
    """Return a difference of shares."""
    shown = round(100 * value)
    sign = "\N{MINUS SIGN}" if shown < 0 else "+" if shown > 0 else ""
    return f"{sign}{abs(shown)} percentage points"


def chance(value: float | None) -> str:
    """Return a probability, where there is one."""
    return "\N{EN DASH}" if value is None else percent(value)


def evidence(value: float) -> str:
    """Return an e-value."""
    return f"{value:,.1f}" if value < 1000 else "over 1,000"  # noqa: PLR2004


def minutes(value: float) -> str:
    """Return minutes as people read them."""
    if value >= 60 * 24 * 365:
        return "over a year"
    if value >= 120:  # noqa: PLR2004
        return f"{value / 60:,.1f} hours"
    return f"{value:.0f} minutes" if value >= 1 else "under a minute"


def hours(value: float) -> str:
    """Return hours as people read them."""
    if value >= 1:
        return f"{value:,.1f} hours"
    return f"{60 * value:.0f} minutes" if value >= 1 / 60 else "under a minute"


def times(count: int) -> str:
    """Return in how many attempts something was."""
    return "in one attempt" if count == 1 else f"in {count} attempts"
