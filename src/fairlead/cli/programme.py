"""`fairlead programme`: the register of milestones, and the monthly figures."""

from __future__ import annotations

import getpass
import secrets
from pathlib import Path

import click

from fairlead.cli.output import command, lines, show, system

KINDS = ("duty", "protocol", "statement", "law or rule")


@click.group()
def programme() -> None:
    """Keep what the public is told: the register, and monthly figures."""


@programme.command()
@command
def milestones(home: Path | None, *, as_json: bool) -> None:
    """List the register: what is due, and what was published."""
    from fairlead.programme import milestones as register
    from fairlead.wiring import now

    with system(home) as opened, opened.store.read() as unit:
        found = register.register(unit, opened.profile)
    today = now().date()
    told = [
        {
            "id": m.id,
            "kind": m.kind.value,
            "due": m.due,
            "published": m.published,
            "days_late": register.days_late(m, today),
            "title": m.title,
        }
        for m in found
    ]
    rows = [tuple("" if v is None else v for v in row.values()) for row in told]
    heads = ("ID", "KIND", "DUE", "PUBLISHED", "DAYS LATE", "TITLE")
    show({"milestones": told}, as_json=as_json, text=lines(rows, heads))


@programme.command()
@click.argument("title")
@click.option("--who", required=True, help="Whose it is.")
@click.option(
    "--kind", type=click.Choice(KINDS), default="duty", show_default=True, help="What."
)
@click.option("--section", default="", help="Where it is said.")
@click.option("--due", default="", help="A date such as 2026-08-01.")
@command
def add(  # noqa: PLR0913, PLR0917 - one value an option
    title: str,
    who: str,
    kind: str,
    section: str,
    due: str,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Put TITLE into the register; it is public at once."""
    from fairlead.access.roles import operator
    from fairlead.programme import milestones as register
    from fairlead.wiring import now

    entry = register.Entry(kind=kind, title=title, who=who, section=section, due=due)
    with system(home) as opened:
        with opened.store.begin() as unit:
            done = register.add(
                unit,
                operator(getpass.getuser()),
                entry,
                at=now(),
                randomness=secrets.token_bytes,
            )
        opened.publish_record()
    show({"id": done.id}, as_json=as_json, text=f"{done.id} stands in the register.")


@programme.command()
@click.argument("name")
@click.argument("on")
@click.argument("link")
@command
def published(
    name: str, on: str, link: str, home: Path | None, *, as_json: bool
) -> None:
    """Record that the milestone NAME was published ON a date, at the address LINK."""
    from fairlead.access.roles import operator
    from fairlead.base.ids import MilestoneId
    from fairlead.programme import milestones as register
    from fairlead.wiring import now

    with system(home) as opened:
        with opened.store.begin() as unit:
            done = register.published(
                unit,
                operator(getpass.getuser()),
                opened.profile,
                MilestoneId(name),
                on=on,
                link=link,
                at=now(),
            )
            late = register.days_late(done, now().date())
        opened.publish_record()
    told = {"id": done.id, "published": done.published, "days_late": late}
    show(told, as_json=as_json, text=f"{name}: published {on}, {late} days late.")


@programme.command()
@click.argument("name")
@click.argument("text")
@click.option("--link", default="", help="Where it is said.")
@command
def note(name: str, text: str, link: str, home: Path | None, *, as_json: bool) -> None:
    """Add the note TEXT to the milestone NAME."""
    from fairlead.access.roles import operator
    from fairlead.base.ids import MilestoneId
    from fairlead.programme import milestones as register
    from fairlead.wiring import now

    with system(home) as opened:
        with opened.store.begin() as unit:
            done = register.noted(
                unit,
                operator(getpass.getuser()),
                opened.profile,
                MilestoneId(name),
                text=text,
                link=link,
                at=now(),
            )
        opened.publish_record()
    told = {"id": done.id, "notes": len(done.notes)}
    show(told, as_json=as_json, text=f"{name} has {len(done.notes)} notes.")


@programme.command()
@command
def figures(home: Path | None, *, as_json: bool) -> None:
    """Publish every month that is over; what was published cannot be changed."""
    from fairlead.access.roles import operator
    from fairlead.programme import figures as monthly
    from fairlead.wiring import now

    with system(home) as opened:
        with opened.store.begin() as unit:
            done = monthly.publish(unit, operator(getpass.getuser()), at=now())
        opened.publish_record()
    rows = [(m.id, m.shown.asked, m.shown.used) for m in done]
    told = {
        "months": [
            {"month": m, "windows_asked": str(a), "windows_used": str(u)}
            for m, a, u in rows
        ]
    }
    show(told, as_json=as_json, text=lines(rows, ("MONTH", "ASKED FOR", "USED")))
