"""The book of a broker at the developer's side: one SQLite file in its home folder."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from fairlead.base.instants import parse, text
from fairlead.errors import Refused, Unavailable
from fairlead.review import calling, facts
from fairlead.review.away import Grant, Standing
from fairlead.review.calling import Difference, Entry

FILE = "ledger.db"
CUT = "cut"
"""While a file of this name is in the folder, all access is ended."""
_TABLES = """
create table if not exists calls (
    call text primary key, organisation text not null, began text not null,
    entry blob, content text not null default '', theirs blob
);
create table if not exists grants (
    organisation text primary key, opens text not null, ends text not null
);
create table if not exists notes (number integer primary key, at text, note text);
create table if not exists said (
    kind text not null, name text not null, primary key (kind, name)
);
create table if not exists clock (
    one integer primary key check (one = 1), last_at text not null
);
"""
_SUMS = """
select json_extract(entry, '$.asset'), count(*),
    sum(json_extract(entry, '$.tokens_in') + json_extract(entry, '$.tokens_out')),
    sum(json_extract(entry, '$.cents'))
from calls where entry is not null group by 1
"""
PARTNER = "partner"
OBJECTION = "objection"


class AwayBook:
    """Everything that a broker at the developer's side writes down.

    That a call began survives the end of the process; that it ended, and what was used,
    survives a power cut (`fairlead.review.away.Book`).
    """

    def __init__(self, home: Path, clock: Callable[[], datetime]) -> None:
        """Open the book in *home*, beginning one where there is none."""
        self._cut = home / CUT
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            home / FILE, check_same_thread=False, isolation_level=None, timeout=10
        )
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma secure_delete = on")
        self._connection.executescript(_TABLES)
        self._connection.execute(
            "insert or ignore into clock values (1, ?)", (text(clock()),)
        )
        # One process ends calls, so it need not add them up again for each.
        self._used: dict[str, tuple[int, int, int]] = {
            asset: (calls, tokens, cents)
            for asset, calls, tokens, cents in self._connection.execute(_SUMS)
        }

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def standing(self) -> Standing:
        """Return what is known now."""
        with self._reading() as connection:
            (last,) = connection.execute("select last_at from clock").fetchone()
            grants = connection.execute("select * from grants").fetchall()
            said = connection.execute("select kind, name from said").fetchall()
        return Standing(
            last_at=parse(last),
            grants={o: Grant(opens=parse(b), ends=parse(e)) for o, b, e in grants},
            used=dict(self._used),
            partners=frozenset(name for kind, name in said if kind == PARTNER),
            objected=frozenset(name for kind, name in said if kind == OBJECTION),
            cut=self.cut,
        )

    @property
    def cut(self) -> bool:
        """Tell whether the developer ended all access."""
        return self._cut.exists()

    def begin(
        self, call: str, organisation: str, grant: Grant, *, at: datetime
    ) -> None:
        """Note that a call begins, for ever.

        Raises:
            Refused: a call of that name began before.

        """
        try:
            with self._writing(at, durable=False) as connection:
                connection.execute(
                    "insert into calls (call, organisation, began) values (?, ?, ?)",
                    (call, organisation, text(at)),
                )
                connection.execute(
                    "insert or replace into grants values (?, ?, ?)",
                    (organisation, text(grant.opens), text(grant.ends)),
                )
        except sqlite3.IntegrityError as error:
            raise Refused("the note was used before; each is good for one call") from (
                error
            )

    def end(self, uses: Sequence[facts.Use], *, at: datetime) -> None:
        """Write down calls that ended; what is written survives a power cut."""
        with self._writing(at, durable=True) as connection:
            connection.executemany(
                "update calls set entry = ?, content = ? where call = ?",
                [
                    (
                        msgspec.json.encode(calling.entry_of(use)).decode(),
                        use.content,
                        use.call,
                    )
                    for use in uses
                ],
            )
        for use in uses:
            calls, tokens, cents = self._used.get(use.asset, (0, 0, 0))
            self._used[use.asset] = (
                calls + 1,
                tokens + use.tokens_in + use.tokens_out,
                cents + use.cents,
            )

    def entries(self, calls: Sequence[str]) -> Sequence[Entry]:
        """Return what was counted here of these calls, as far as they ended."""
        found: list[Entry] = []
        with self._reading() as connection:
            for call in calls:
                row = connection.execute(
                    "select entry from calls where call = ? and entry is not null",
                    (call,),
                ).fetchone()
                if row is not None:
                    found.append(msgspec.json.decode(row[0], type=Entry))
        return found

    def told(self, entries: Sequence[Entry], note: str, *, at: datetime) -> None:
        """Keep what the other side counted, with the note that it signed."""
        with self._writing(at, durable=True) as connection:
            connection.execute(
                "insert into notes (at, note) values (?, ?)", (text(at), note)
            )
            connection.executemany(
                "update calls set theirs = ? where call = ?",
                [(msgspec.json.encode(e).decode(), e.call) for e in entries],
            )

    def say(self, kind: str, name: str, *, on: bool) -> None:
        """Consent to a partner or object to a person, or take it back."""
        query = (
            "insert or ignore into said values (?, ?)"
            if on
            else "delete from said where kind = ? and name = ?"
        )
        with self._lock, self._connection:
            self._connection.execute(query, (kind, name))

    def ledger(self) -> Iterator[tuple[str, str, Entry | None, Entry | None]]:
        """Yield each call: its name, when it began, what was counted here and there."""
        with self._reading() as connection:
            rows = connection.execute(
                "select call, began, entry, theirs from calls order by began, call"
            ).fetchall()
        for call, began, ours, theirs in rows:
            yield call, began, _entry(ours), _entry(theirs)

    def differences(self) -> tuple[int, Sequence[Difference]]:
        """Return how many calls both sides counted, and those that differ."""
        both = [
            (ours, theirs) for _, _, ours, theirs in self.ledger() if theirs is not None
        ]
        return calling.compared(
            [ours for ours, _ in both if ours is not None],
            [theirs for _, theirs in both],
        )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated():
            yield self._connection

    @contextmanager
    def _writing(self, at: datetime, *, durable: bool) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated():
            level = "full" if durable else "normal"
            self._connection.execute(f"pragma synchronous = {level}")
            self._connection.execute("begin immediate")
            try:
                yield self._connection
                self._connection.execute(
                    "update clock set last_at = max(last_at, ?)",
                    (text(at.astimezone(UTC)),),
                )
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable(
            f"the ledger could not be written now ({error}); no call is let through"
        ) from error


def _entry(written: str | None) -> Entry | None:
    return None if written is None else msgspec.json.decode(written, type=Entry)
