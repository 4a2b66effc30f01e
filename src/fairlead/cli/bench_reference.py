"""`fairlead bench reference`: policies of known ability, for trying the bench itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from fairlead.cli.output import command, show

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def reference() -> None:
    """Policies of known ability in the place of a model; they are no models."""


@reference.command()
@click.argument("suite", type=FOLDER)
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=int, default=8457, help="Port; 0 for any free.")
@click.option("--seed", default="", help="Decides what is left to chance.")
@click.option(
    "--hunger",
    type=click.IntRange(min=0),
    default=0,
    help="Tokens that a task of the first step takes; each step doubles them.",
)
@command
def serve(  # noqa: PLR0913, PLR0917 - one for each option
    suite: Path,
    host: str,
    port: int,
    seed: str,
    hunger: int,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Serve reference policies for SUITE until SIGINT or SIGTERM.

    The endpoint speaks OpenAI's chat completions. The name of the model chooses the
    policy: fairlead-reference-oracle+1, -random, -refuser, -sandbagger, -cheater or
    -fuzzer. The folder of the suite must have its solutions.
    """
    from fairlead.web.server import ended_by_signal, free_port, serve_app
    from fairlead.wiring.suites import reference_model

    _ = home  # nothing is kept
    model = reference_model(suite, seed=seed, hunger=hunger)
    port = port or free_port(host)
    url = f"http://{host}:{port}/v1"

    def ready() -> None:
        names = ["oracle+1", "random", "refuser", "sandbagger", "cheater", "fuzzer"]
        models = [f"fairlead-reference-{name}" for name in names]
        show(
            {"url": url, "models": models, "tasks": len(model.known)},
            as_json=as_json,
            text=f"Reference policies, no models, at {url}: {', '.join(models)}",
        )

    async def work() -> None:
        await serve_app(
            model, host=host, port=port, ended=ended_by_signal(), ready=ready
        )

    asyncio.run(work())
