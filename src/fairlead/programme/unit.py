"""The one transaction a use case runs in, as the edges see it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from fairlead.access.ports import AccessUnit
from fairlead.bench.ports import BenchUnit
from fairlead.catalogue.imports import ImportsUnit
from fairlead.clearinghouse.owners.ports import OwnersUnit
from fairlead.programme.agenda import Worklist
from fairlead.programme.ports import ProgrammeUnit


class Unit(AccessUnit, OwnersUnit, ProgrammeUnit, ImportsUnit, BenchUnit, Protocol):
    """Reads and writes that succeed or fail together."""

    @property
    def agenda(self) -> Worklist:
        """Work to do, and work that is due."""


class Store(Protocol):
    """Where units come from."""

    def begin(self) -> AbstractContextManager[Unit]:
        """Open a unit that may write; leaving commits, an exception rolls back."""

    def read(self) -> AbstractContextManager[Unit]:
        """Open a unit that only reads, and so waits for no writer."""

    def destroy_key(self, stream: str) -> None:
        """Destroy the key of a subject whose bodies were destroyed."""

    def wipe_journal(self) -> None:
        """Leave nothing of what was deleted in the database's journal."""
