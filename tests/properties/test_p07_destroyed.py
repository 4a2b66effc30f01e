"""P7: destroyed stays destroyed."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.clearinghouse import coordinating, destroying, reporting
from fairlead.clearinghouse.cases import Ground, State
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Damaged, NotAllowed, Refused
from fairlead.record.notes import new_signer
from fairlead.store import tables
from fairlead.store.check import check
from fairlead.store.key_blocks import BLOCK, KeyBlocks
from fairlead.store.sequencer import Sequencer
from fairlead.store.tiles import TileFolder

sys.path.insert(0, str(Path(__file__).parent))
import worlds

SIGNER = new_signer("test/record", secrets.token_bytes)
PLANTED = "xylophone-in-the-heap"
ME = worlds.COORDINATOR


@pytest.fixture
def log(world, tmp_path):
    return Sequencer(world.store.engine, TileFolder(tmp_path / "log"), SIGNER, "test")


def checked(world, log):
    log.round()
    return check(log.engine, world.store.vault, log.tiles, SIGNER.verifier(), "test")


def the_case(world):
    with world.store.read() as unit:
        return coordinating.queue(unit, ME, Page(), world.context.moment)[0]


@pytest.fixture
def case(world):
    """A rejected case whose report holds planted text."""
    worlds.do(world, ("submit", "org-a", PLANTED, 0, f"`parse` overflows, {PLANTED}"))
    worlds.do(world, ("work",))
    worlds.do(world, ("move", 0, State.REJECTED))
    return the_case(world)


def destroy(world, case, asker=ME):
    with world.store.begin() as unit:
        return destroying.destroy_case(
            unit, asker, case.id, Ground.REQUEST, at=world.clock()
        )


def columns(world):
    """Return everything that the database holds, as bytes."""
    with world.store.engine.connect() as connection:
        return b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for table in tables.metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
        )


def test_the_database_alone_reveals_no_body_and_no_word_of_one(world, case):
    assert case.title is not None
    assert PLANTED in case.title
    held = columns(world)
    assert PLANTED.encode() not in held
    assert b"xylophone" not in held
    assert b"overflows" not in held


def test_the_files_of_the_database_reveal_nothing_either(sqlite_world, tmp_path):
    world = sqlite_world
    worlds.do(world, ("submit", "org-a", PLANTED, 0, f"`parse` overflows, {PLANTED}"))
    worlds.do(world, ("work",))
    with world.store.begin() as unit:
        membership_name = "Planted Person Name"
        from fairlead.access import membership
        from fairlead.access.roles import operator

        membership.join(
            unit,
            operator("x"),
            "Org",
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
        membership.enrol(
            unit,
            operator("x"),
            "Org",
            membership_name,
            (Role.REPORTER,),
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
    files = list(tmp_path.glob("world.db*"))
    assert len(files) > 1  # the write-ahead log too
    for file in files:
        held = file.read_bytes()
        assert PLANTED.encode() not in held
        assert membership_name.encode() not in held


def test_what_was_destroyed_is_gone_and_the_record_holds(world, log, case):
    before = checked(world, log)
    destroyed = destroy(world, case)
    world.work()
    assert destroyed.destroyed
    assert the_case(world).title is None
    with world.store.read() as unit:
        view = coordinating.view(unit, ME, case.id, world.context.moment)
        (filed,) = view.filed
        assert filed.finding is None
        assert unit.submissions.report(filed.submission.id) is None
    found = checked(world, log)
    assert not found.problems
    assert found.events > before.events
    assert found.destroyed
    assert sum(found.destroyed_by.values()) == found.destroyed
    assert {name.partition("/")[0] for name in found.destroyed_by} == {
        "case",
        "submission",
    }


def test_the_finder_still_sees_that_its_report_was_there_and_was_destroyed(world, case):
    destroy(world, case)
    world.work()
    with world.store.read() as unit:
        mine = worlds.reporter("org-a")
        (sent,) = reporting.list_submissions(unit, mine, Page(), world.context.moment)
        view = reporting.read_report(unit, mine, sent.id, world.context.moment)
    assert sent.destroyed
    assert view.document is None


def test_the_same_bug_reported_again_is_new_and_not_matched_with_what_is_gone(
    world, case
):
    destroy(world, case)
    world.work()
    worlds.do(world, ("submit", "org-b", PLANTED, 0, f"`parse` overflows, {PLANTED}"))
    worlds.do(world, ("work",))
    with world.store.read() as unit:
        mine = worlds.reporter("org-b")
        (sent,) = reporting.list_submissions(unit, mine, Page(), world.context.moment)
    assert sent.outcome == "new"
    assert not sent.pairs


def test_a_case_that_is_worked_on_cannot_be_destroyed(world, case):
    worlds.do(world, ("move", 0, State.TRIAGED))
    with pytest.raises(Refused, match="close or reject it first"):
        destroy(world, case)


def test_only_a_coordinator_destroys_and_only_once(world, case):
    scopes = SCOPES[Role.COORDINATOR] - {"case:destroy"}
    with pytest.raises(NotAllowed):
        destroy(world, case, Asker(actor="token/t", scopes=scopes))
    destroy(world, case)
    with pytest.raises(Refused, match="already"):
        destroy(world, case)


def test_keys_that_came_back_with_an_old_copy_are_destroyed_before_anything_is_served(
    world, log, case, tmp_path
):
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "keys", copy)
    destroy(world, case)
    world.work()
    world.store.vault.keys.close()
    shutil.rmtree(tmp_path / "keys")
    copy.rename(tmp_path / "keys")
    assert world.store.destroy_keys() == 2  # the case's and its report's
    assert world.store.destroy_keys() == 0
    assert not checked(world, log).problems


def test_an_old_copy_of_the_database_does_not_bring_back_what_was_destroyed(
    sqlite_world, tmp_path
):
    world = sqlite_world
    worlds.do(world, ("submit", "org-a", PLANTED, 0, f"`parse` overflows, {PLANTED}"))
    worlds.do(world, ("work",))
    worlds.do(world, ("move", 0, State.REJECTED))
    case = the_case(world)
    copy = tmp_path / "copy.db"
    with (
        closing(sqlite3.connect(tmp_path / "world.db")) as now,
        closing(sqlite3.connect(copy)) as then,
    ):
        now.backup(then)
    destroy(world, case)
    world.work()
    from fairlead.store.unit import SQLStore

    old = SQLStore(f"sqlite:///{copy}", world.store.vault)
    try:
        with old.read() as unit:
            found = unit.cases.get(case.id)
            assert found.title is None  # folded from what is left
            assert not found.destroyed  # the old copy does not know
            assert all(
                unit.submissions.report(s.id) is None
                for s in unit.submissions.of_case(case.id)
            )
        log = TileFolder(tmp_path / "old-log")
        Sequencer(old.engine, log, SIGNER, "test").round()
        found = check(old.engine, world.store.vault, log, SIGNER.verifier(), "test")
        assert {p.code for p in found.problems} >= {"key"}
    finally:
        old.close()


def test_nothing_of_it_is_left_in_the_database_files(
    sqlite_world, tmp_path, monkeypatch
):
    """Even without encryption: deleted pages are zeroed and the journal is emptied."""
    from fairlead.sealing import boxes

    monkeypatch.setattr(boxes, "shut", lambda _k, content, _c, _r: content)
    monkeypatch.setattr(boxes, "unlock", lambda _k, box, _c: box)
    world = sqlite_world
    worlds.do(world, ("submit", "org-a", PLANTED, 0, f"`parse` overflows, {PLANTED}"))
    worlds.do(world, ("work",))
    worlds.do(world, ("move", 0, State.REJECTED))
    everything = b"".join(f.read_bytes() for f in tmp_path.glob("world.db*"))
    assert PLANTED.encode() in everything
    destroy(world, the_case(world))
    world.work()
    everything = b"".join(f.read_bytes() for f in tmp_path.glob("world.db*"))
    assert PLANTED.encode() not in everything


def test_what_is_personal_goes_and_what_was_done_stays(world, log):
    from fairlead.access import membership
    from fairlead.access.roles import operator

    me = operator("test")
    home = world.join("Org")
    with world.store.begin() as unit:
        person = membership.enrol(
            unit,
            me,
            home.id,
            "Ada Lovelace",
            (Role.REPORTER,),
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
    with world.store.begin() as unit:
        with pytest.raises(Refused, match="still takes part"):
            membership.erase_person(unit, me, person.id, at=world.clock())
        membership.end_person(unit, me, person.id, at=world.clock())
    with world.store.begin() as unit:
        erased = membership.erase_person(unit, me, person.id, at=world.clock())
    world.work()
    assert erased.name is None
    found = checked(world, log)
    assert not found.problems
    assert dict(found.destroyed_by) == {f"person/{person.id}@3": 1}


# --- Keys in files -----------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path):
    made = KeyBlocks(tmp_path / "k", secrets.token_bytes)
    yield made
    made.close()


def test_keys_are_made_ahead_and_only_their_owner_can_read_them(keys, tmp_path):
    first = keys.make(1)
    assert len(first) == 32
    assert keys.make(1) == first
    (file,) = (tmp_path / "k").glob("subjects-*.keys")
    assert file.stat().st_size == BLOCK * 32
    assert file.stat().st_mode & 0o777 == 0o600
    keys.make(BLOCK)
    assert len(list((tmp_path / "k").glob("subjects-*.keys"))) == 2


def test_a_destroyed_key_is_zeros_where_it_lay_and_its_neighbours_stay(keys, tmp_path):
    one, two, three = (keys.make(n) for n in (1, 2, 3))
    keys.destroy(2)
    keys.destroy(2)
    assert (keys.get(1), keys.get(2), keys.get(3)) == (one, None, three)
    held = (tmp_path / "k" / "subjects-000000.keys").read_bytes()
    assert two not in held
    assert one in held
    again = KeyBlocks(tmp_path / "k", secrets.token_bytes)
    assert again.get(2) is None
    assert again.make(2) is None
    again.close()


def test_lost_keys_are_said_and_no_new_ones_are_put_in_their_place(keys, tmp_path):
    keys.make(1)
    keys.close()
    (tmp_path / "k" / "subjects-000000.keys").unlink()
    with pytest.raises(Damaged, match="restore the folder of keys"):
        keys.expect(1)
    with pytest.raises(Damaged, match="restore the folder of keys"):
        keys.get(1)


def test_a_block_that_is_cut_off_is_said(keys, tmp_path):
    keys.make(1)
    with (tmp_path / "k" / "subjects-000000.keys").open("r+b") as file:
        file.truncate(32)
    with pytest.raises(Damaged, match="cut off"):
        keys.get(1)


@pytest.mark.usefixtures("case")
def test_a_number_whose_key_was_destroyed_is_never_given_again(world):
    """An older copy of the database counts again what was used since."""
    vault = world.store.vault
    with world.store.engine.connect() as connection:
        last = connection.execute(select(tables.subject_keys.c.number)).scalars().all()
    vault.keys.destroy(max(last) + 1)
    worlds.do(world, ("submit", "org-b", "other", 1, "heap overflow in `lex`"))
    worlds.do(world, ("work",))
    with world.store.read() as unit:
        mine = worlds.reporter("org-b")
        (sent,) = reporting.list_submissions(unit, mine, Page(), world.context.moment)
        assert unit.submissions.report(sent.id) is not None
