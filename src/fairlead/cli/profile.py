"""`fairlead profile`: what the programme decides, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead.cli.output import command, lines, show
from fairlead.wiring import Settings


@click.group()
def profile() -> None:
    """Check and show what the programme decides."""


@profile.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@command
def check(file: Path, home: Path | None, *, as_json: bool) -> None:  # noqa: ARG001 - as every command
    """Say everything that is wrong with the profile in FILE, by key. Exit code 3 if so."""
    from fairlead.programme import profile as profiles

    read = profiles.read(profiles.open_file(file))
    told = {"profile": read.name, "milestones": len(read.milestones)}
    show(told, as_json=as_json, text=f"{file} is the profile {read.name!r}; it holds.")


@profile.command("show")
@command
def show_(home: Path | None, *, as_json: bool) -> None:
    """Show the profile that is in force, as FAIRLEAD_PROFILE names it."""
    import msgspec

    from fairlead.programme import profile as profiles

    read = profiles.load(Settings.read(home=home).profile)
    told = msgspec.to_builtins(read, enc_hook=_written)
    review, cases = read.review, read.clearinghouse
    rows = [
        ("name", read.name),
        ("title", read.title),
        ("run by", read.run_by),
        ("rests on", read.basis or "nothing that is named"),
        ("window", f"{review.window_days} days at most"),
        ("reply period", f"{review.reply_days} days"),
        ("determination lapses", f"after {review.determination_days} days"),
        (
            "partners",
            f"{review.partners}, {review.small_operators} for small operators",
        ),
        ("a partner's access", f"{review.partner_days} days at most"),
        ("destruction", f"{review.destroy_after.total_seconds() / 3600:.0f} hours"),
        ("marking", f"{read.marking.scheme}, {read.marking.label}"),
        (
            "holding",
            f"{cases.holding.days} days, critical {cases.holding_critical.days}",
        ),
        ("embargo", f"{cases.embargo.days} days: {cases.embargo_rule}"),
        ("a case lasts", f"{cases.case_lasts.days} days at most"),
        *(
            (f"due {duty.due}", f"{duty.title} ({duty.who})")
            for duty in read.milestones
        ),
        *((left.question, left.answer) for left in read.left_open),
    ]
    show(told, as_json=as_json, text=lines(rows, ("KEY", "WHAT")))


def _written(value: object) -> object:
    return str(value)
