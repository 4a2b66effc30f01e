"""`record check`: whether everything that is kept says the same.

Three comparisons: each snapshot is the fold over its events; each event is the one whose
leaf has a place in the log; the log is the one that the checkpoint signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, select

from fairlead.errors import Damaged
from fairlead.record.check import Problem, check_tree
from fairlead.record.events import StoredEvent, problems
from fairlead.record.notes import CheckpointKey
from fairlead.store import sequencer, tables
from fairlead.store.engine import reading
from fairlead.store.subjects import Kept
from fairlead.store.tiles import TileFolder
from fairlead.store.unit import CODEC, KEPT

SHOWN = 1_000
"""How many problems are listed; all are counted."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a check found out."""

    events: int = 0
    destroyed: int = 0
    """Events whose body was destroyed; their leaves stand."""
    subjects: int = 0
    size: int = 0
    """How many events have a place in the log."""
    waiting: int = 0
    """How many have none yet."""
    faults: int = 0
    problems: list[Problem] = field(default_factory=list)
    """The first faults, at most `SHOWN`."""

    def add(self, code: str, subject: str, message: str) -> None:
        """Note one problem."""
        self.note(Problem(code=code, subject=subject, message=message))

    def note(self, problem: Problem) -> None:
        """Note one problem."""
        self.faults += 1
        if len(self.problems) < SHOWN:
            self.problems.append(problem)


Progress = Callable[[str, int], None]
"""Is told what is being checked, and how many were."""


def check(
    engine: Engine,
    tiles: TileFolder,
    verifier: CheckpointKey,
    origin: str,
    *,
    progress: Progress = lambda _what, _count: None,
) -> Findings:
    """Compare everything that is kept with everything else, in one reading view.

    What is not checked: that the log shown to others is this one; that needs a witness.
    """
    findings = Findings()
    with reading(engine) as connection:
        for kept in KEPT:
            _check_subjects(connection, kept, findings, progress)
        _check_kinds(connection, findings)
        _check_places(connection, findings)
        findings.size = sequencer.log_size(connection)
        findings.waiting = len(sequencer.waiting(connection))
        with closing(sequencer.leaves(connection, 0, findings.size)) as entries:
            note = tiles.checkpoint()
            for problem in check_tree(entries, tiles, note, verifier, origin):
                findings.note(problem)
    return findings


def _check_subjects(
    connection: Connection, kept: Kept[Any], findings: Findings, progress: Progress
) -> None:
    """Compare each event with its leaf, and each fold with its snapshot."""
    kind = kept.subject.kind
    count = 0
    for stream, stored in groupby(_events(connection, kind), lambda e: e.stream):
        count += 1
        state = _fold(kept, stream, list(stored), findings)
        if state is not None:
            _compare(connection, kept, state, findings)
        if count % 1000 == 0:
            progress(kind, count)
    rows = connection.execute(select(func.count()).select_from(kept.table)).scalar_one()
    if rows != count:
        findings.add(
            "snapshot-count",
            kept.table.name,
            f"{rows} {kind} snapshots stand for {count} recorded subjects",
        )
    findings.subjects += count
    progress(kind, count)


def _events(connection: Connection, kind: str) -> Iterator[StoredEvent]:
    """Return the events of all subjects of *kind*, stream by stream, in order."""
    table = tables.events

    query = (
        select(table)
        .where(table.c.stream.startswith(f"{kind}/", autoescape=True))
        .order_by(table.c.stream, table.c.version)
        .execution_options(yield_per=1000)
    )
    with connection.execute(query) as result:
        for row in result.mappings():
            yield StoredEvent(**row)


def _fold(
    kept: Kept[Any], stream: str, stored: list[StoredEvent], findings: Findings
) -> Any:  # noqa: ANN401 - the state of any kind of subject
    findings.events += len(stored)
    findings.destroyed += sum(event.body is None for event in stored)
    faults = [(e, said) for e in stored for said in problems(e)]
    for event, said in faults:
        findings.add("event", f"{stream}@{event.version}", said)
    if [event.version for event in stored] != list(range(1, len(stored) + 1)):
        findings.add("stream", stream, "an event of the stream is missing")
        return None
    try:
        return kept.subject.fold(CODEC.decode(event) for event in stored)
    except Damaged as error:
        findings.add("fold", stream, str(error))
        return None


def _compare(
    connection: Connection,
    kept: Kept[Any],
    state: Any,  # noqa: ANN401 - the state of any kind of subject
    findings: Findings,
) -> None:
    """Compare the snapshot of one subject with the fold."""
    subject = kept.subject.stream(state.id)
    row = connection.execute(
        select(kept.table).where(kept.table.c.id == state.id)
    ).mappings()
    found = row.one_or_none()
    if found is None:
        findings.add("snapshot", subject, "has events but no snapshot")
        return
    wrong = [name for name, value in kept.row(state).items() if found[name] != value]
    for child, rows in kept.children(state).items():
        whose = next(iter(child.c))
        held = connection.execute(select(child).where(whose == state.id)).mappings()
        if _sorted(held) != _sorted(rows):
            wrong.append(child.name)
    if wrong:
        findings.add(
            "snapshot", subject, f"differs from the fold in {', '.join(wrong)}"
        )


def _sorted(rows: Any) -> list[list[tuple[str, Any]]]:  # noqa: ANN401 - rows of any table
    return sorted(sorted(row.items()) for row in rows)


def _check_kinds(connection: Connection, findings: Findings) -> None:
    """Name streams that no kind of subject claims."""
    table = tables.events
    known = [
        table.c.stream.startswith(f"{k.subject.kind}/", autoescape=True) for k in KEPT
    ]
    query = select(table.c.stream).where(and_(*(~k for k in known))).distinct()
    for stream in connection.execute(query).scalars():
        findings.add("stream", stream, "is of no kind that this version knows")


def _check_places(connection: Connection, findings: Findings) -> None:
    """Every event has a place or waits for one, and no place was left out."""
    events, leaves, waiting = tables.events, tables.leaves, tables.unsequenced
    placed = and_(
        leaves.c.stream == events.c.stream, leaves.c.version == events.c.version
    )
    queued = and_(
        waiting.c.stream == events.c.stream, waiting.c.version == events.c.version
    )
    lost = (
        select(events.c.stream, events.c.version)
        .select_from(events.outerjoin(leaves, placed).outerjoin(waiting, queued))
        .where(leaves.c.place.is_(None), waiting.c.id.is_(None))
    )
    for stream, version in connection.execute(lost):
        findings.add(
            "place", f"{stream}@{version}", "has no place in the log and waits for none"
        )
    count = connection.execute(select(func.count()).select_from(leaves)).scalar_one()
    if count != sequencer.log_size(connection):
        findings.add("place", "leaves", "a place in the log was left out")
