"""`fairlead bench deliver`: what a run says, for the developer first."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead.cli.output import command, show
from fairlead.wiring.assessing import assessed


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.option("--engagement", required=True, help="Within which it was measured.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("delivery.json"),
    help="Where to put it.",
)
@command
def deliver(
    run: Path, engagement: str, out: Path, home: Path | None, *, as_json: bool
) -> None:
    """Write what a RUN says as it is delivered to the developer of an engagement.

    The file is the body of POST /v1/engagements/ENGAGEMENT/assessment, and its fields
    those of the form on the engagement's page. A named evaluator delivers it, signed in
    as a person: no token may. Until the reply period is over nobody else sees it.
    """
    import msgspec

    from fairlead.programme.measuring import measured, refuse_other

    _ = home
    found = assessed(run)
    refuse_other(found.run, engagement)
    made = measured(found.run, found.assessment, found.content)
    out.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
    show(
        {"delivery": str(out), "engagement": engagement, "title": made.title},
        as_json=as_json,
        text=f"{made.title}\nin {out}; a named evaluator sends it as the assessment of"
        f" {engagement}",
    )
