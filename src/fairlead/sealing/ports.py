"""What sealing needs from wherever keys are kept."""

from __future__ import annotations

from typing import Protocol


class Keys(Protocol):
    """A key service: keys by number, outside the database and its backups.

    Whoever holds the database alone, or a copy of it, opens nothing.
    """

    @property
    def lookup(self) -> bytes:
        """The key by which equal content is recognised without being readable."""

    def get(self, number: int) -> bytes | None:
        """Return the key with this number; nothing once it was destroyed.

        Raises:
            Damaged: there was never such a key, or what holds it is lost.

        """

    def make(self, number: int) -> bytes | None:
        """Return the key with this number, which is durable when this returns.

        Nothing if it was destroyed: the number must not be used again.
        """

    def destroy(self, number: int) -> None:
        """Destroy the key, durably; done twice it does nothing the second time."""
