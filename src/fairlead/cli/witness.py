"""`fairlead witness`: a second process, best elsewhere, that no log can deceive."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

import click

from fairlead.cli.output import command, show
from fairlead.wiring import WitnessSystem

_name = click.option("--name", help="What a new witness is called: witness.example/w1.")


@click.group()
def witness() -> None:
    """Watch over logs: cosign only what extends everything that was cosigned before."""


@witness.command()
@_name
@command
def key(home: Path | None, name: str | None, *, as_json: bool) -> None:
    """Print the key by which anyone can verify what this witness cosigned.

    With --name, a witness is made if there is none yet in the folder.
    """
    shown = _open(home, name).signer.witness()
    show({"key": shown.text(), "name": shown.name}, as_json=as_json, text=shown.text())


@witness.command()
@click.option(
    "--log",
    "logs",
    multiple=True,
    required=True,
    help="A log to cosign, by what `fairlead record key` printed; may be repeated.",
)
@_name
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", type=int, default=8456, help="Port; 0 for any free.")
@command
def serve(  # noqa: PLR0913 - one for each option
    home: Path | None,
    logs: tuple[str, ...],
    name: str | None,
    host: str,
    port: int,
    *,
    as_json: bool,
) -> None:
    """Run a witness until it gets SIGINT or SIGTERM (C2SP tlog-witness).

    Its folder holds its key and what it cosigned last: a witness that loses the second
    would cosign anything once more, so never put an older copy in its place.
    """
    from fairlead.cli.serve import start_logging
    from fairlead.web.server import ended_by_signal, free_port

    opened = _open(home, name)
    start_logging(os.environ.get("FAIRLEAD_LOG_LEVEL", "info"))
    listens = port or free_port(host)

    async def run() -> None:
        ready = partial(
            _tell_ready, opened, f"http://{host}:{listens}", as_json=as_json
        )
        await opened.serve(
            logs, host=host, port=listens, ended=ended_by_signal(), ready=ready
        )

    asyncio.run(run())


def _open(home: Path | None, name: str | None) -> WitnessSystem:
    folder = home or Path(os.environ.get("FAIRLEAD_HOME", "fairlead-home"))
    return WitnessSystem(folder, name)


def _tell_ready(opened: WitnessSystem, address: str, *, as_json: bool) -> None:
    shown = opened.signer.witness()
    show(
        {"address": address, "name": shown.name, "key": shown.text()},
        as_json=as_json,
        text=f"{shown.name} takes checkpoints at {address}/add-checkpoint",
    )
    sys.stdout.flush()
