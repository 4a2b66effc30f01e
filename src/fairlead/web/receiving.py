"""What the web needs to receive uploads."""

from __future__ import annotations

from typing import Protocol

from fairlead.formats.tus import Checksum, Upload


class Appending(Protocol):
    """Bytes that come in: `write` them, then `finish`; `close` in any case."""

    def write(self, content: bytes) -> None:
        """Add bytes."""

    def finish(self) -> Upload:
        """Let what came count, on disk; `Mismatch` if its checksum says other."""

    def close(self) -> None:
        """Keep what came, if it may be kept, and let others add."""


class Uploads(Protocol):
    """What keeps uploads: `fairlead.store.uploads`, which says what it raises."""

    @property
    def largest(self) -> int:
        """How many bytes one upload may have."""

    def create(self, asset: str, length: int, metadata: dict[str, str]) -> Upload:
        """Begin an upload."""

    def get(self, asset: str, name: str) -> Upload:
        """Return an upload."""

    def append(
        self, asset: str, name: str, offset: int, checksum: Checksum | None
    ) -> Appending:
        """Begin to add bytes; one request at a time."""

    def remove(self, asset: str, name: str) -> None:
        """Remove an upload."""
