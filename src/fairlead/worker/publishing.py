"""What others are shown of the log: a checkpoint that changes at fixed instants only.

The log itself follows every event within a second, and whoever could watch that would
learn when something happens. So others see the log as it was at the last of instants that
do not depend on what happens; at each of them the checkpoint is signed anew, also when
nothing happened, and witnesses are asked to cosign it (docs/decisions/0006).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from fairlead.base.ports import Clock
from fairlead.errors import Damaged
from fairlead.record.notes import Checkpoint, CheckpointSigner, Note
from fairlead.record.tree import Tile

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Log(Protocol):
    """The log as it lies on disk."""

    def checkpoint(self) -> str | None:
        """Return the newest checkpoint."""

    def public_checkpoint(self) -> str | None:
        """Return the checkpoint that others are shown."""

    def publish_to_all(self, note: str) -> None:
        """Put the checkpoint that others are shown in place."""

    def hashes(self, tile: Tile) -> list[bytes]:
        """Return the hashes of a tile."""


class Witnesses(Protocol):
    """Those who are asked to cosign."""

    def cosign(self, note: Note, checkpoint: Checkpoint, tiles: Log) -> Sequence[str]:
        """Return the cosignature lines that came in time; never raise."""


class NoWitnesses:
    """Where none are configured."""

    def cosign(
        self, _note: Note, _checkpoint: Checkpoint, _tiles: Log
    ) -> Sequence[str]:
        """Return no cosignature."""
        return ()


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Renews the checkpoint that others are shown."""

    log: Log
    signer: CheckpointSigner
    clock: Clock
    minutes: int
    """Between two instants; a divisor of a day."""
    witnesses: Witnesses = field(default_factory=NoWitnesses)
    shown: Callable[[], None] = lambda: None
    """Is called once a checkpoint is in place."""
    _due: datetime | None = None

    def tick(self) -> bool:
        """Renew if an instant has come since the last call; tell whether it had.

        An instant that came while nothing ran is passed over, for a renewal at once would
        tell when the server was started.
        """
        now = self.clock()
        following = next_instant(now, self.minutes)
        # A clock that was set back must not keep the instants away.
        due = min(self._due or following, following)
        self._due = following if now >= due else due
        if now < due:
            return False
        self.renew()
        return True

    def renew(self) -> None:
        """Show others the log as it is now.

        1. Open the newest checkpoint, and refuse to show less than was shown before.
        2. Sign it anew, and ask the witnesses for their cosignatures.
        3. Put it in place.
        4. Say so: it told of a change of keys, if there was one.

        Raises:
            Damaged: the log is smaller than what others were shown.

        """
        note = self.log.checkpoint()
        if note is None:
            return
        checkpoint = self.signer.checkpoint(note)
        before = self.log.public_checkpoint()
        if before is not None:
            seen = self.signer.checkpoint(before)
            if seen.size > checkpoint.size:
                raise Damaged(
                    f"others were shown a log of {seen.size} entries, now it has"
                    f" {checkpoint.size}: an older copy was put in its place"
                )
        signed = Note.parse(self.signer.sign(checkpoint.text()))
        cosigned = self.witnesses.cosign(signed, checkpoint, self.log)
        together = Note(signed.text, (*signed.lines, *cosigned))
        self.log.publish_to_all(together.written())
        log.info(
            "record.shown",
            extra={"size": checkpoint.size, "cosignatures": len(cosigned)},
        )
        self.shown()


def next_instant(now: datetime, minutes: int) -> datetime:
    """Return the next multiple of *minutes* after *now*, counted in UTC."""
    step = timedelta(minutes=minutes)
    return now - (now - _EPOCH) % step + step
