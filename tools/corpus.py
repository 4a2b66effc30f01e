"""Keep a sample of every type of event: what was ever recorded must be read for ever.

python tools/corpus.py HOME

For each type that stands in the record of HOME but not yet in tests/record/corpus, the
whole stream in which it stands is written there, with the state it leads to. Files that
are there are never changed. Bodies are written as they were, so HOME holds nothing real.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import msgspec
from sqlalchemy import select

from fairlead.record.events import StoredEvent
from fairlead.store import tables
from fairlead.store.subjects import Kept, stored_events
from fairlead.store.unit import CODEC, KEPT, SQLUnit
from fairlead.wiring import Settings, System

CORPUS = Path(__file__).parents[1] / "tests" / "record" / "corpus"


def main() -> None:
    """Add to the corpus."""
    system = System(Settings(home=Path(sys.argv[1])), create=False)
    held = {
        event["type"]
        for path in CORPUS.glob("*.json")
        for event in json.loads(path.read_text("utf-8"))["events"]
    }
    with system.store.read() as unit:
        for kind in sorted(_types(unit) - held):
            if kind not in held:
                held |= _write(unit, kind)
    system.close()


def _types(unit: SQLUnit) -> set[str]:
    return set(unit.connection.execute(select(tables.events.c.type)).scalars())


def _write(unit: SQLUnit, kind: str) -> set[str]:
    """Write the shortest stream that holds an event of *kind*; return its types."""
    query = select(tables.events.c.stream).where(tables.events.c.type == kind)
    streams = [
        list(stored_events(unit.connection, stream, unit.cases.vault))
        for stream in unit.connection.execute(query).scalars()
    ]
    stored = min(streams, key=len)
    kept = next(k for k in KEPT if stored[0].stream.startswith(f"{k.subject.kind}/"))
    path = CORPUS / f"{kind.replace('@', '-')}.json"
    path.write_text(json.dumps(_sample(kept, stored), indent=1) + "\n", "utf-8")
    return {event.type for event in stored}


def _sample(kept: Kept[object], stored: list[StoredEvent]) -> dict[str, object]:  # type: ignore[type-var]
    state = kept.subject.fold(map(CODEC.decode, stored))
    return {
        "events": [
            {
                "type": event.type,
                "header": event.header.decode(),
                "header_salt": base64.b64encode(event.header_salt).decode(),
                "body": None if event.body is None else _text(event.body),
                "body_salt": None
                if event.body_salt is None
                else _text(event.body_salt),
                "body_hash": event.body_hash.hex(),
                "leaf": event.leaf.hex(),
            }
            for event in stored
        ],
        "state": json.loads(msgspec.json.encode(state)),
    }


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


if __name__ == "__main__":
    main()
