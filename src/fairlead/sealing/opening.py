"""The programme's half, held by a key service: opened while its key is, refused after.

The key service keeps 32 random bytes under a number, outside the database and its
backups. They are the seed of a holder's keys: their public side is given to the developer
before it seals. Once the key service has destroyed the number, the half that is wrapped
in the sealed folder opens for nobody, whoever has copies of the folder, of the database
or of its backups.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fairlead.errors import Damaged, Destroyed, Error, Refused
from fairlead.sealing import halves
from fairlead.sealing.folder import Seal
from fairlead.sealing.holders import Holder, HolderKey, Part
from fairlead.sealing.ports import Keys


class Outcome(StrEnum):
    """Why an opening failed."""

    DESTROYED = "destroyed"
    """The key service says that the key was destroyed."""
    NOT_MINE = "not-mine"
    """The folder was not sealed for this key."""
    DAMAGED = "damaged"
    """The half does not open with the key, or the key service contradicts itself."""


class FailedOpening(Struct, frozen=True, kw_only=True):
    """An attempt that failed, as a value that can stand on the record."""

    seal: str
    holder: str
    """Names the public keys for which it was sealed."""
    outcome: Outcome
    reason: str


class OpenedHalf(Struct, frozen=True, kw_only=True):
    """The programme's half, open: a secret, for one session."""

    half: bytes

    def __repr__(self) -> str:
        """Never show it."""
        return "OpenedHalf()"


def holder_key(keys: Keys, number: int, name: str) -> HolderKey:
    """Return the programme's keys that the key service keeps under *number*.

    Raises:
        Destroyed: the key service has destroyed them.
        Damaged: there was never such a key, or it is lost.

    """
    seed = keys.get(number)
    if seed is None:
        raise Destroyed(
            f"the key {number} of {name} was destroyed: what was sealed for it cannot be"
            " opened any more, by anyone"
        )
    return HolderKey(part=Part.PROGRAMME, name=name, seed=seed)


def open_half(keys: Keys, number: int, holder: Holder, seal: Seal) -> bytes:
    """Return the programme's half of the key of a sealed folder.

    *holder* is what the developer was given; it outlives its secret side.

    Raises:
        Destroyed: the key was destroyed.
        Refused: the folder was not sealed for *holder*.
        Damaged: the half does not open, or the key service has another key.

    """
    key = holder_key(keys, number, holder.name)
    if key.holder != holder:
        raise Damaged(
            f"the key service has another key under {number} than was given out"
        )
    mine = halves.unwrap_mine(seal.halves, [key], seal.id)
    if Part.PROGRAMME not in mine:
        raise Refused(f"{seal.id} was not sealed for {holder.name} ({holder.id})")
    return mine[Part.PROGRAMME]


def attempt(
    keys: Keys, number: int, holder: Holder, seal: Seal
) -> OpenedHalf | FailedOpening:
    """Try to open the programme's half, and say what came of it.

    After a destruction this is done on purpose: the failure is what is recorded. Failures
    of the key service to answer are not failures to open; they are raised.

    Raises:
        Unavailable: the key service could not be asked.

    """
    try:
        return OpenedHalf(half=open_half(keys, number, holder, seal))
    except Destroyed as error:
        return _failed(seal, holder, Outcome.DESTROYED, error)
    except Refused as error:
        return _failed(seal, holder, Outcome.NOT_MINE, error)
    except Damaged as error:
        return _failed(seal, holder, Outcome.DAMAGED, error)


def _failed(
    seal: Seal, holder: Holder, outcome: Outcome, error: Error
) -> FailedOpening:
    return FailedOpening(
        seal=seal.id, holder=holder.id, outcome=outcome, reason=str(error)
    )
