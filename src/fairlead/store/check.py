"""`record check`: whether everything that is kept says the same.

Three comparisons: each snapshot is the fold over its events; each event is the one whose
leaf has a place in the log; the log is the one that the checkpoint signs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, and_, func, select

from fairlead.errors import Damaged
from fairlead.record.check import Problem, check_tree
from fairlead.record.events import StoredEvent, problems
from fairlead.record.notes import CheckpointKey
from fairlead.store import sequencer, tables
from fairlead.store.engine import reading
from fairlead.store.subjects import (
    Kept,
    blob_contexts,
    encode,
    event_rows,
    state_context,
    stored_event,
)
from fairlead.store.tiles import TileFolder
from fairlead.store.unit import CODEC, KEPT
from fairlead.store.vault import Vault

DESTROYING = frozenset(
    {
        "application.erased",
        "case.destroyed",
        "claim.destroyed",
        "determination.lapsed",
        "engagement.destroyed",
        "message.destroyed",
        "person.erased",
        "routing.destroyed",
        "statement.destroyed",
        "submission.destroyed",
        "task.destroyed",
    }
)
"""Facts that say that the bodies of their subject were destroyed."""

SHOWN = 1_000
"""How many problems are listed; all are counted."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a check found out."""

    events: int = 0
    destroyed: int = 0
    """Events whose body was destroyed; their leaves stand."""
    destroyed_by: Counter[str] = field(default_factory=Counter)
    """The same by the event that destroyed them: `case/FL-…@9`."""
    blobs: int = 0
    """Bodies that lie outside the database."""
    unnamed_blobs: int = 0
    """Files beside them that no event names; `record rebuild` removes them."""
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


def check(  # noqa: PLR0913 - one value a thing that is compared
    engine: Engine,
    vault: Vault,
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
            _Checker(connection, kept, vault, findings).check(progress)
        _check_kinds(connection, findings)
        _check_blobs(connection, vault, findings)
        _check_places(connection, findings)
        findings.size = sequencer.log_size(connection)
        findings.waiting = len(sequencer.waiting(connection))
        with closing(sequencer.leaves(connection, 0, findings.size)) as entries:
            note = tiles.checkpoint()
            for problem in check_tree(entries, tiles, note, verifier, origin):
                findings.note(problem)
    return findings


@dataclass(frozen=True, slots=True)
class _Checker:
    """Compares each event of one kind with its leaf, and each fold with its snapshot."""

    connection: Connection
    kept: Kept[Any]
    vault: Vault
    findings: Findings

    def check(self, progress: Progress) -> None:
        """Check all subjects of the kind."""
        kind, table = self.kept.subject.kind, self.kept.table
        count = 0
        rows = event_rows(self.connection, kind)
        for stream, group in groupby(rows, lambda row: row["stream"]):
            count += 1
            self._check(stream, list(group))
            if count % 1000 == 0:
                progress(kind, count)
        query = select(func.count()).select_from(table)
        held = self.connection.execute(query).scalar_one()
        if held != count:
            self.findings.add(
                "snapshot-count",
                table.name,
                f"{held} {kind} snapshots stand for {count} recorded subjects",
            )
        self.findings.subjects += count
        progress(kind, count)

    def _check(self, stream: str, rows: list[RowMapping]) -> None:
        key = rows[0]["number"] if rows[0]["destroyed_at"] is None else None
        try:
            stored = [stored_event(row, key, self.vault) for row in rows]
        except Damaged as error:
            self.findings.events += len(rows)
            self.findings.add("body", stream, str(error))
            return
        self._count(stream, rows, stored)
        state = self._fold(stream, stored)
        if state is not None:
            self._compare(state, key)

    def _count(
        self, stream: str, rows: list[RowMapping], stored: list[StoredEvent]
    ) -> None:
        """Count what was destroyed, and name what is closed without being destroyed."""
        self.findings.events += len(stored)
        gone = sum(e.body is None and CODEC.has_body(e.type) for e in stored)
        if not gone:
            return
        self.findings.destroyed += gone
        by = [e for e in stored if e.type.partition("@")[0] in DESTROYING]
        if rows[0]["destroyed_at"] is None or not by:
            self.findings.add(
                "key",
                stream,
                f"{gone} bodies do not open any more, but no event says that they were"
                " destroyed: their key is gone, or this database is an older copy",
            )
            return
        self.findings.destroyed_by[f"{stream}@{by[0].version}"] += gone

    def _fold(self, stream: str, stored: list[StoredEvent]) -> Any:  # noqa: ANN401 - the state of any kind of subject
        faults = [(e, said) for e in stored for said in problems(e)]
        for event, said in faults:
            self.findings.add("event", f"{stream}@{event.version}", said)
        if [event.version for event in stored] != list(range(1, len(stored) + 1)):
            self.findings.add("stream", stream, "an event of the stream is missing")
            return None
        try:
            return self.kept.subject.fold(CODEC.decode(event) for event in stored)
        except Damaged as error:
            self.findings.add("fold", stream, str(error))
            return None

    def _compare(self, state: Any, key: int | None) -> None:  # noqa: ANN401 - any state
        """Compare the snapshot of one subject with the fold."""
        subject = self.kept.subject.stream(state.id)
        table = self.kept.table
        query = select(table).where(table.c.id == state.id)
        found = self.connection.execute(query).mappings().one_or_none()
        if found is None:
            self.findings.add("snapshot", subject, "has events but no snapshot")
            return
        row = {**self.kept.row(state), "key": key}
        wrong = [name for name, value in row.items() if found[name] != value]
        try:
            written = self.vault.unlock(key, found["state"], state_context(subject))
        except Damaged:
            written = None
        if written != encode(state):
            wrong.append("state")
        for child, rows in self.kept.children(state, self.vault).items():
            whose = next(iter(child.c))
            mine = select(child).where(whose == state.id)
            held = self.connection.execute(mine).mappings()
            if _sorted(held) != _sorted(rows):
                wrong.append(child.name)
        if wrong:
            self.findings.add(
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


def _check_blobs(connection: Connection, vault: Vault, findings: Findings) -> None:
    """Count blobs, and those that nothing names any more.

    Whether each blob opens and holds what its event says is checked with the event. One
    that nothing names is no fault: its transaction did not commit, or is under way.
    """
    if vault.blobs is None:
        return
    named = set(map(vault.blob_name, blob_contexts(connection)))
    held = set(vault.blobs.names())
    findings.blobs = len(named)
    findings.unnamed_blobs = len(held - named)


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
