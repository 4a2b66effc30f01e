"""The record, for whoever would rather verify it than believe it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from fairlead.clearinghouse import proving
from fairlead.errors import NotFound, Unavailable
from fairlead.record.events import StoredEvent
from fairlead.record.notes import Checkpoint, Note
from fairlead.record.tlog_proof import TlogProof
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One event with its proof."""

    name: str
    type: str
    at: datetime
    entry: str
    """What the log holds of it, in hexadecimal."""
    proof: TlogProof
    size: int


@get("/record", sync_to_thread=True, include_in_schema=False)
def shown(
    request: AnyRequest, context: NamedDependency[Context], of: FromQuery[str] = ""
) -> Response[Any]:
    """Show the newest public checkpoint, and the proof of one event to who may see it."""
    name, _, version = of.strip().removeprefix("case/").partition("@")
    name = name.removeprefix("submission/")
    found: list[StoredEvent] = []
    error = None
    with context.store.read() as unit:
        # Anybody may look at the log; only who has signed in asks for an event.
        person = auth.person if name else auth.visitor
        who = person(unit, request, context)
        if name and who is not None:
            try:
                found += proving.events_of(unit, who.asker, name, context.moment)
            except NotFound:
                error = "There is nothing of this name that you may see."
    chosen = next((e for e in found if str(e.version) == version), None)
    proven, waiting = None, None
    if chosen is not None:
        event = f"{chosen.stream}@{chosen.version}"
        try:
            proof = context.prove(event)
            proven = Shown(
                name=event,
                type=chosen.type,
                at=chosen.at,
                entry=chosen.leaf.hex(),
                proof=proof,
                size=_size(proof.checkpoint),
            )
        except Unavailable as refused:
            waiting = str(refused)
    note = context.log.checkpoint()
    return page(
        "record.html",
        who,
        status_code=404 if error else 200,
        checkpoint=note,
        size=None if note is None else _size(note),
        key=context.log_key().text(),
        address=context.address,
        asked=of.strip()[:80],
        events=found,
        proven=proven,
        waiting=waiting,
        error=error,
    )


def _size(note: str) -> int:
    return Checkpoint.parse(Note.parse(note).text).size


router = Router("/", route_handlers=[shown])
