"""The whole record without its bodies, in a folder that anyone can verify and keep."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Engine, RowMapping, select

from fairlead.errors import Damaged, Unavailable
from fairlead.record.check import Problem, check_tree
from fairlead.record.events import leaf_of
from fairlead.record.notes import LogKeys, Verifier
from fairlead.store import tables
from fairlead.store.engine import reading
from fairlead.store.tiles import TileFolder

EVENTS = "events.ndjson"
KEY = "key"
BATCH = 5_000

Progress = Callable[[int, int], None]
"""Is told how many events were written, of how many."""


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event in the order of the log."""

    place: int
    header: str
    header_salt: bytes
    body_hash: bytes

    @property
    def entry(self) -> bytes:
        """Return what the log holds for this event."""
        return leaf_of(self.header_salt, self.header.encode(), self.body_hash)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    events: int
    already: int
    """How many were there from an earlier export, which this one went on with."""


def export(
    engine: Engine,
    tiles: TileFolder,
    keys: LogKeys,
    folder: Path,
    progress: Progress,
) -> Exported:
    """Write every event that the checkpoint covers to *folder*, headers only.

    A folder of an earlier export is continued, also of one that was killed.

    Raises:
        Damaged: the events do not lead to the signed root, or *folder* holds another
            record.

    """
    note = tiles.checkpoint()
    if note is None:
        raise Unavailable("nothing is in the log yet")
    checkpoint = keys.checkpoint(note)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = TileFolder(folder / "log")
    already = _continue(folder / EVENTS, checkpoint.size)
    root = None if already < checkpoint.size else checkpoint.root
    done = already
    with (
        reading(engine) as connection,
        (folder / EVENTS).open("ab") as file,
    ):
        query = _events(done, checkpoint.size)
        with connection.execute(query) as result:
            for rows in _batches(result.mappings()):
                root = copy.append([row["leaf"] for row in rows], start=done)
                file.write(b"".join(map(_line, rows)))
                file.flush()
                os.fsync(file.fileno())
                done += len(rows)
                progress(done, checkpoint.size)
    if done != checkpoint.size or root != checkpoint.root:
        raise Damaged(
            f"{folder}: the events written do not lead to the signed root; remove the"
            " folder if it is of another record, else run `fairlead record check`"
        )
    (folder / KEY).write_text(keys.current.text() + "\n", "utf-8")
    copy.publish(note)
    return Exported(done, already)


def verify(folder: Path, verifier: Verifier) -> Iterator[Problem]:
    """Compare the events in *folder* with its log, with nothing but *verifier*."""
    log = TileFolder(folder / "log")
    yield from check_tree(
        _entries(folder / EVENTS), log, log.checkpoint(), verifier, verifier.name
    )


def _entries(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for place, written in enumerate(file):
            try:
                line = msgspec.json.decode(written, type=Line)
            except msgspec.MsgspecError as error:
                raise Damaged(f"{path}, line {place + 1}: {error}") from error
            if line.place != place:
                raise Damaged(f"{path}, line {place + 1} is of place {line.place}")
            yield line.entry


def _continue(path: Path, size: int) -> int:
    """Return how many whole lines *path* has, after cutting off a torn one."""
    if not path.exists():
        return 0
    count = end = 0
    with path.open("r+b") as file:
        for written in file:
            if count == size or not written.endswith(b"\n"):
                break
            count += 1
            end += len(written)
        file.truncate(end)
    return count


def _events(start: int, end: int) -> Any:  # noqa: ANN401 - a query
    places, events = tables.leaves, tables.events
    same = (places.c.stream == events.c.stream) & (places.c.version == events.c.version)
    return (
        select(
            places.c.place,
            events.c.header,
            events.c.header_salt,
            events.c.body_hash,
            events.c.leaf,
        )
        .select_from(places.join(events, same))
        .where(places.c.place >= start, places.c.place < end)
        .order_by(places.c.place)
        .execution_options(yield_per=BATCH)
    )


def _batches(rows: Any) -> Iterator[tuple[RowMapping, ...]]:  # noqa: ANN401 - a result
    iterator = iter(rows)
    while batch := tuple(islice(iterator, BATCH)):
        yield batch


def _line(row: RowMapping) -> bytes:
    line = Line(
        place=row["place"],
        header=row["header"].decode(),
        header_salt=row["header_salt"],
        body_hash=row["body_hash"],
    )
    return msgspec.json.encode(line) + b"\n"
