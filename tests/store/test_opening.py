"""The programme's half opens while the key service has the key, and never after."""

from __future__ import annotations

import secrets
import shutil

import pytest

from fairlead.errors import Damaged
from fairlead.sealing import folder, halves, opening
from fairlead.sealing.holders import Part, new_holder_key
from fairlead.sealing.opening import Destroyed, FailedOpening, OpenedHalf, Outcome
from fairlead.store.key_blocks import BLOCK, KeyBlocks

DEVELOPER = new_holder_key(Part.DEVELOPER, "Acme", secrets.token_bytes)
NUMBER = 7


@pytest.fixture
def keys(tmp_path):
    made = KeyBlocks(tmp_path / "keys", secrets.token_bytes)
    made.make(NUMBER)
    yield made
    made.close()


@pytest.fixture
def holder(keys):
    return opening.holder_key(keys, NUMBER, "Programme").holder


@pytest.fixture
def sealed(holder):
    """Return a data key and the head of a folder that was sealed with it."""
    key = secrets.token_bytes(32)
    return key, folder.new_seal(key, DEVELOPER.holder, [holder], secrets.token_bytes)


def test_both_parts_open_together(keys, holder, sealed):
    """The programme's half from the key service, the developer's from its own key."""
    key, seal = sealed
    mine = halves.unwrap_mine(seal.halves, [DEVELOPER], seal.id)
    theirs = opening.attempt(keys, NUMBER, holder, seal)

    assert isinstance(theirs, OpenedHalf)
    assert halves.join(mine | {Part.PROGRAMME: theirs.half}) == key
    assert theirs.half.hex() not in repr(theirs)


def test_after_destruction_an_attempt_is_a_value_to_record(
    keys, holder, sealed, tmp_path
):
    """Whoever tries gets the reason, and zeros lie where the key was."""
    keys.destroy(NUMBER)
    failed = opening.attempt(keys, NUMBER, holder, sealed[1])

    assert isinstance(failed, FailedOpening)
    assert failed.outcome is Outcome.DESTROYED
    assert (failed.seal, failed.holder) == (sealed[1].id, holder.id)
    assert "cannot be opened any more, by anyone" in failed.reason
    with pytest.raises(Destroyed):
        opening.open_half(keys, NUMBER, holder, sealed[1])
    block = (tmp_path / "keys/subjects-000000.keys").read_bytes()
    assert block[NUMBER * 32 : NUMBER * 32 + 32] == bytes(32)
    assert len(block) == BLOCK * 32


def test_nothing_that_is_kept_elsewhere_opens_it(keys, holder, sealed):
    """Public keys and the sealed folder, which databases and backups may hold, do not."""
    keys.destroy(NUMBER)
    guessed = new_holder_key(Part.PROGRAMME, holder.name, secrets.token_bytes)
    (wrapped,) = [one for one in sealed[1].halves if one.part is Part.PROGRAMME]

    with pytest.raises(Damaged):
        halves.unwrap(wrapped, guessed, sealed[1].id)


def test_a_restored_key_service_opens_until_destructions_are_replayed(
    keys, holder, sealed, tmp_path
):
    """A copy of the key folder is the stated limit; replaying destroys it there too."""
    shutil.copytree(tmp_path / "keys", tmp_path / "copy")
    keys.destroy(NUMBER)
    restored = KeyBlocks(tmp_path / "copy", secrets.token_bytes)
    assert isinstance(opening.attempt(restored, NUMBER, holder, sealed[1]), OpenedHalf)

    restored.destroy(NUMBER)

    failed = opening.attempt(restored, NUMBER, holder, sealed[1])
    restored.close()
    assert isinstance(failed, FailedOpening)


def test_other_failures_are_not_called_a_destruction(keys, holder, sealed):
    """A folder for somebody else, and a number with another key, have other names."""
    keys.make(NUMBER + 1)
    other = opening.holder_key(keys, NUMBER + 1, "Programme").holder
    foreign = opening.attempt(keys, NUMBER + 1, other, sealed[1])
    mixed = opening.attempt(keys, NUMBER + 1, holder, sealed[1])

    assert isinstance(foreign, FailedOpening)
    assert foreign.outcome is Outcome.NOT_MINE
    assert isinstance(mixed, FailedOpening)
    assert mixed.outcome is Outcome.DAMAGED
