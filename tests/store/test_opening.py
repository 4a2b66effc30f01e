"""The programme's half opens while the key service has the key, and never after."""

from __future__ import annotations

import secrets
import shutil

import pytest

from fairlead.errors import Conflict, Damaged, Destroyed, NotFound
from fairlead.sealing import folder, halves, opening
from fairlead.sealing.holders import Part, new_holder_key
from fairlead.sealing.opening import FailedOpening, OpenedHalf, Outcome
from fairlead.store.halves import SQLHalves
from fairlead.store.key_blocks import BLOCK, KeyBlocks
from fairlead.store.vault import key_of

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


def test_a_lost_key_service_is_not_called_a_destruction(keys, holder, sealed, tmp_path):
    """If its files are gone, that is said: nobody may take it for destroyed."""
    keys.close()
    (tmp_path / "keys/subjects-000000.keys").unlink()
    failed = opening.attempt(keys, NUMBER, holder, sealed[1])

    assert isinstance(failed, FailedOpening)
    assert failed.outcome is Outcome.DAMAGED
    assert "are lost" in failed.reason


# --- In a store, on both databases ---------------------------------------------------------


def given_out(store, asset="as-1"):
    with store.begin() as unit:
        return SQLHalves(unit.connection, store.vault).give_out(asset, "Programme")


def seal_for(holder):
    key = secrets.token_bytes(32)
    return folder.new_seal(key, DEVELOPER.holder, [holder], secrets.token_bytes)


def tried(store, holder, seal, asset="as-1"):
    with store.read() as unit:
        return SQLHalves(unit.connection, store.vault).attempt(asset, holder, seal)


def test_a_half_is_given_out_opened_and_destroyed(world):
    """Keys are given out once; after the destruction sessions and attempts fail."""
    store = world.store
    holder = given_out(store)
    seal = seal_for(holder)
    with pytest.raises(Conflict):
        given_out(store)
    with store.read() as unit:
        halves_ = SQLHalves(unit.connection, store.vault)
        assert halves_.open("as-1", holder, seal).half
        with pytest.raises(NotFound):
            halves_.open("as-2", holder, seal)

    with store.begin() as unit:
        SQLHalves(unit.connection, store.vault).destroy("as-1", at=world.clock())
    with store.read() as unit, pytest.raises(Destroyed, match="as-1 was destroyed at"):
        SQLHalves(unit.connection, store.vault).open("as-1", holder, seal)
    assert isinstance(tried(store, holder, seal), OpenedHalf), "the job has not run yet"
    world.work()

    failed = tried(store, holder, seal)
    assert isinstance(failed, FailedOpening)
    assert failed.outcome is Outcome.DESTROYED
    with store.begin() as unit:
        SQLHalves(unit.connection, store.vault).destroy("as-1", at=world.clock())
    world.work()


def test_a_destruction_that_was_not_committed_destroys_nothing(world):
    """If the record does not say so, the key stays."""
    store = world.store
    holder = given_out(store)
    with pytest.raises(RuntimeError), store.begin() as unit:
        SQLHalves(unit.connection, store.vault).destroy("as-1", at=world.clock())
        raise RuntimeError
    world.work()

    assert isinstance(tried(store, holder, seal_for(holder)), OpenedHalf)


def test_halves_of_other_assets_stay(world):
    """Destroying one half leaves the others."""
    store = world.store
    holders = {name: given_out(store, name) for name in ("as-1", "as-2")}
    with store.begin() as unit:
        SQLHalves(unit.connection, store.vault).destroy("as-1", at=world.clock())
    world.work()

    other = holders["as-2"]
    assert isinstance(tried(store, other, seal_for(other), "as-2"), OpenedHalf)


def test_a_copy_of_the_keys_put_back_does_not_bring_a_half_back(world, tmp_path):
    """Before anything is served, what was destroyed is destroyed again."""
    store = world.store
    holder = given_out(store)
    seal = seal_for(holder)
    (block,) = tmp_path.rglob("subjects-000000.keys")
    copy = block.read_bytes()
    with store.begin() as unit:
        SQLHalves(unit.connection, store.vault).destroy("as-1", at=world.clock())
    world.work()
    with block.open("r+b") as file:
        file.write(copy)
    assert isinstance(tried(store, holder, seal), OpenedHalf)

    assert store.destroy_keys() == 1

    assert isinstance(tried(store, holder, seal), FailedOpening)


def test_no_half_is_in_the_database(sqlite_world, tmp_path):
    """Neither the seed nor the half is in the database's files or its journal."""
    store = sqlite_world.store
    holder = given_out(store)
    seal = seal_for(holder)
    opened = tried(store, holder, seal)
    assert isinstance(opened, OpenedHalf)
    with store.read() as unit:
        number = key_of(unit.connection, "half/as-1")
    seed = store.vault.keys.get(number)

    for path in tmp_path.glob("world.db*"):
        content = path.read_bytes()
        assert seed not in content
        assert opened.half not in content
