"""Attempts made by workers on many hosts: lent, renewed, handed back, collected."""

from __future__ import annotations

import hashlib
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Protocol

from fairlead.base.ports import Clock
from fairlead.bench.leases import SECONDS, Lease
from fairlead.bench.outcomes import (
    ATTEMPTS,
    SAMPLES,
    encode_attempt,
    read_attempt,
    sample_name,
)
from fairlead.bench.ports import BenchUnit
from fairlead.errors import Conflict, Damaged
from fairlead.evals.keeping import Keeper, append, write_synced
from fairlead.evals.running import Runner, Stopped
from fairlead.evals.suites import Key

LARGEST = 256 << 20
"""Bytes of one transcript that is handed back, unpacked."""


class Books(Protocol):
    """Where units of work come from."""

    def begin(self) -> AbstractContextManager[BenchUnit]:
        """Open a unit that may write."""

    def read(self) -> AbstractContextManager[BenchUnit]:
        """Open a unit that only reads."""


def lease_key(key: Key) -> str:
    """Return what names an attempt among those that are lent."""
    return sample_name(*key).removesuffix(".json")


def offer(books: Books, run: str, keys: Sequence[Key], manifest: bytes) -> None:
    """Offer the attempts *keys* of a run to whoever works for it."""
    leases = [
        Lease(run=run, key=lease_key(key), place=place)
        for place, key in enumerate(keys)
    ]
    with books.begin() as unit:
        unit.leases.offer(leases, manifest)


@dataclass(slots=True, kw_only=True)
class Worker:
    """Takes attempts, makes them, and hands back what became of them."""

    books: Books
    runner: Callable[[], Runner]
    """Makes what runs attempts, anew for each batch."""
    keys: dict[str, Key]
    """Every attempt of the run, by the name under which it is lent."""
    name: str
    clock: Clock
    batch: int = 8
    pause: float = 2.0
    """Seconds to wait where others have all that is left."""

    def work(self) -> Stopped:
        """Work until nothing is left; return why it ended.

        A batch that was made before a kill and not handed back is handed back first,
        where its lease has not gone to another worker.
        """
        run = self.runner().run.id
        while True:
            with self.books.begin() as unit:
                taken = unit.leases.take(run, self.name, self.clock(), most=self.batch)
                left = any(not lease.done for lease in unit.leases.all(run))
            if not left:
                return Stopped.COMPLETE
            if not taken:
                time.sleep(self.pause)
                continue
            reason = self._make(taken)
            if reason is not Stopped.COMPLETE:
                return reason

    def _make(self, taken: Sequence[Lease]) -> Stopped:
        runner = self.runner()
        with runner.keeper.open(), _Renewing(self.books, taken, self.clock):
            reason = runner.work([self.keys[lease.key] for lease in taken])
            for lease in taken:
                self._hand_back(runner.keeper, lease)
        return reason

    def _hand_back(self, keeper: Keeper, lease: Lease) -> None:
        attempt = keeper.kept.get(self.keys[lease.key])
        if attempt is None:
            return
        sample = (keeper.folder / SAMPLES / attempt.sample).read_bytes()
        content = encode_attempt(attempt) + b"\n" + zlib.compress(sample, 6)
        with suppress(Conflict), self.books.begin() as unit:
            unit.leases.finish(lease, content)


class _Renewing:
    """Keeps leases while their attempts are made."""

    def __init__(self, books: Books, leases: Sequence[Lease], clock: Clock) -> None:
        self._books, self._leases, self._clock = books, leases, clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.wait(SECONDS / 4):
            with self._books.begin() as unit:
                for lease in self._leases:
                    unit.leases.renew(lease, self._clock())


def collect(books: Books, keeper: Keeper, run: str) -> int:
    """Keep what workers handed back and is not kept yet; return how many are left.

    Raises:
        Damaged: a transcript is not the one that its attempt names.

    """
    with books.read() as unit:
        leases = unit.leases.all(run)
    held = {lease_key(key) for key in keeper.kept}
    for lease in leases:
        if not lease.done or lease.key in held:
            continue
        with books.read() as unit:
            content = unit.leases.line(run, lease.key) or b""
        line, _, packed = content.partition(b"\n")
        attempt = read_attempt(line)
        unpacking = zlib.decompressobj()
        sample = unpacking.decompress(packed, LARGEST)
        if hashlib.sha256(sample).hexdigest() != attempt.log:
            raise Damaged(f"{lease.key}: its transcript is not the one it names")
        write_synced(keeper.folder / SAMPLES / attempt.sample, sample)
        append(keeper.folder / ATTEMPTS, line + b"\n")
        keeper.kept[attempt.key] = attempt
        keeper.told(attempt)
    return sum(not lease.done for lease in leases)
