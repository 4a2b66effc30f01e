"""`fairlead serve` and `fairlead status`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from functools import partial
from pathlib import Path

import click

from fairlead.cli.output import command, lines, show, system
from fairlead.wiring import Server, System


class _Lines(logging.Formatter):
    """One JSON object a line, so that no text in a log can look like another line."""

    _OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """Write *record* as one line."""
        told: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        told |= {k: v for k, v in vars(record).items() if k not in self._OWN}
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def start_logging(level: str) -> None:
    """Log to standard error, one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # These tell of every request they make or revision they run.
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@click.command()
@click.option("--host", help="Address to listen on; FAIRLEAD_HOST otherwise.")
@click.option("--port", type=int, help="Port; FAIRLEAD_PORT otherwise, 0 for any free.")
@command
def serve(
    home: Path | None, host: str | None, port: int | None, *, as_json: bool
) -> None:
    """Run the server until it gets SIGINT or SIGTERM.

    An operator makes the first members with `fairlead organisation add` and
    `fairlead person add`, before or while it runs.
    """
    from fairlead.web.server import ended_by_signal, free_port

    with system(home, create=True, host=host, port=port) as opened:
        start_logging(opened.settings.log_level)
        if opened.settings.port == 0:
            opened.use_port(free_port(opened.settings.host))

        async def run() -> None:
            ready = partial(_tell_ready, opened, as_json=as_json)
            await Server(opened).serve(ended_by_signal(), ready)

        asyncio.run(run())


def _tell_ready(opened: System, *, as_json: bool) -> None:
    address = opened.settings.public_address
    show(
        {"address": address, "home": str(opened.settings.home)},
        as_json=as_json,
        text=f"Fairlead serves {opened.settings.home} at {address}",
    )
    sys.stdout.flush()


@click.command()
@command
def status(home: Path | None, *, as_json: bool) -> None:
    """Say how much there is, and what waits."""
    from fairlead.store import counts

    with system(home) as opened, opened.store.read() as unit:
        found = counts.count(unit.connection)
        waiting, stuck = unit.agenda.waiting()
    numbers = {**found, "jobs_waiting": waiting, "jobs_for_a_person": stuck}
    show(numbers, as_json=as_json, text=lines(list(numbers.items()), ("WHAT", "COUNT")))
