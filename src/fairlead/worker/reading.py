"""Has the second reader read what waits for a coordinator, one pair after another."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from fairlead.access.traces import Moment
from fairlead.base.ids import PairId
from fairlead.base.ports import Clock, Randomness
from fairlead.clearinghouse import suggesting
from fairlead.clearinghouse.suggesting import SecondReader
from fairlead.errors import Error
from fairlead.programme.unit import Store

log = logging.getLogger(__name__)

PASSED_OVER = 200
"""Pairs it could not read that are passed over until the next start; then it stops."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One reader at work; no transaction waits for it."""

    store: Store
    reader: SecondReader
    clock: Clock
    randomness: Randomness
    _failed: list[PairId] = field(default_factory=list)

    def step(self) -> bool:
        """Have one pair read; tell whether there was one."""
        if len(self._failed) >= PASSED_OVER:
            return False
        with self.store.read() as unit:
            pair = suggesting.due(unit, self._failed)
            if pair is None:
                return False
            question = suggesting.ask(unit, pair, self._moment())
        if question is None:
            self._failed.append(pair)
            return True
        try:
            written = self.reader.read(question)
            fact = suggesting.understood(question, written, self.reader.name)
            with self.store.begin() as unit:
                suggesting.note(unit, fact, self._moment())
        except Error as error:
            # What it answered may quote a report: only the kind of failure is logged.
            log.warning("reader.failed", extra={"error": error.code})
            self._failed.append(pair)
        return True

    def _moment(self) -> Moment:
        return Moment(self.clock(), self.randomness)
