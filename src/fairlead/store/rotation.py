"""The keys that sign the record: the present one, and those before it.

In the folder of the keys lie

    record.key          the present key (see `fairlead.store.keys`)
    record.key.old      the one before, until others were shown that it was followed
    record.retired      public halves of all before, each with the size at which it ended

A change of keys is these steps, each of which may be the last before a power cut:

1. the present key is copied to `record.key.old`; while both are the same, that says
   nothing;
2. its public half is noted in `record.retired`; the present key is not bound by that;
3. the new key takes the place of the present one: from here on it signs, and the old one
   beside it;
4. once a public checkpoint with both signatures is in place, `record.key.old` goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged, Refused
from fairlead.record.notes import (
    Checkpoint,
    LogKeys,
    Note,
    Retired,
    Signer,
    Verifier,
    new_signer,
    read_count,
)
from fairlead.store import files
from fairlead.store.keys import RECORD

OLD = f"{RECORD}.old"
RETIRED = "record.retired"


@dataclass(slots=True)
class RecordKeys:
    """Signs checkpoints with the keys in one folder, and opens those that they signed."""

    folder: Path
    signer: Signer
    """The present key."""
    keys: LogKeys = field(init=False)
    _old: Signer | None = field(init=False)

    def __post_init__(self) -> None:
        """Read what lies beside the present key.

        Raises:
            Damaged: it cannot be read.

        """
        self._read_others()

    def reload(self) -> None:
        """Read everything anew, for another process may have changed the key.

        Who is about to sign does so once it is the only one that can.

        Raises:
            Damaged: it cannot be read.

        """
        written = _read(self.folder / RECORD)
        if written is None:
            raise Damaged(f"{self.folder / RECORD} is gone")
        self.signer = Signer.read(written)
        self._read_others()

    def sign(self, text: str) -> str:
        """Return *text* as a note that the present key signs, and maybe the old one."""
        signers = (self.signer,) if self._old is None else (self.signer, self._old)
        return Note(text, tuple(s.line(text) for s in signers)).written()

    def checkpoint(self, note: str) -> Checkpoint:
        """Return the checkpoint that *note* signs; see `LogKeys`."""
        return self.keys.checkpoint(note)

    def shown(self) -> None:
        """Go on with the present key alone: others were shown that it follows."""
        if self._old is not None:
            files.remove(self.folder / OLD)
            self._old = None

    def rotate(self, size: int, randomness: Randomness) -> None:
        """Sign with a new key from now on; the log has *size* entries.

        Nobody else may sign meanwhile.

        Raises:
            Refused: others were not shown the last change yet.

        """
        if self._old is not None:
            raise Refused(
                "the last change of keys is not in a public checkpoint yet; run the"
                " server until it is, so that who knows the old key can follow"
            )
        new = new_signer(self.signer.name, randomness)
        ended = Retired(self.signer.verifier(), size)
        others = [r for r in self._retired() if r.verifier != ended.verifier]
        lines = [f"{r.size} {r.verifier.text()}\n" for r in (*others, ended)]
        files.write(self.folder / OLD, self.signer.secret().encode())
        files.write(self.folder / RETIRED, "".join(lines).encode())
        files.write(self.folder / RECORD, new.secret().encode())
        self.signer = new
        self._read_others()

    def _read_others(self) -> None:
        present = self.signer.verifier()
        # It is noted already if a change of keys was cut off before its last step.
        retired = tuple(r for r in self._retired() if r.verifier != present)
        self.keys = LogKeys(present, retired)
        old = _read(self.folder / OLD)
        self._old = None if old is None else Signer.read(old)
        if self._old == self.signer:
            self._old = None

    def _retired(self) -> list[Retired]:
        written = _read(self.folder / RETIRED)
        found = []
        for line in (written or "").splitlines():
            size, _, key = line.partition(" ")
            verifier = Verifier.read(key)
            found.append(Retired(verifier, read_count(size, "size of a retired key")))
        return found


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error
