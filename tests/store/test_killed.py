"""A process killed between any two writes or syncs leaves a record that goes on."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from fairlead.access import membership
from fairlead.access.roles import operator
from fairlead.record.notes import Signer, new_signer
from fairlead.store import tables
from fairlead.store.check import check
from fairlead.store.sequencer import Sequencer
from fairlead.store.tiles import TileFolder

sys.path.insert(0, str(Path(__file__).parents[1]))
import conftest

PROGRAM = """
import os, shutil, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
start, sys.path[0:0] = Path(sys.argv[1]), [sys.argv[2]]
import test_killed

def run(folder, left):
    def step():
        nonlocal left
        left -= 1
        if left < 0:
            os._exit(9)

    def stepping(function):
        def called(*args, **named):
            step()
            done = function(*args, **named)
            step()
            return done
        return called

    store = test_killed.opened(folder)
    for name in ("fsync", "replace", "pwrite"):
        setattr(os, name, stepping(getattr(os, name)))
    event.listen(Engine, "commit", lambda _connection: step())
    test_killed.work(store, folder)
    os._exit(0)

for left in range(200):
    folder = start.with_name(f"killed-{left:03}")
    shutil.copytree(start, folder)
    child = os.fork()
    if not child:
        run(folder, left)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        break
"""

SIGNER = new_signer("log", bytes)


def opened(folder: Path):
    return conftest.open_store(f"sqlite:///{folder}/fairlead.db", folder / "keys")


def log_of(store, folder: Path) -> Sequencer:
    signer = Signer.read(SIGNER.secret())
    return Sequencer(store.engine, TileFolder(folder / "log"), signer, "log")


def work(store, folder: Path) -> None:
    """Keep the log, put more on the record, destroy a key, and keep the log again."""
    log = log_of(store, folder)
    log.round()
    with store.begin() as unit:
        for person in unit.people.all():
            if person.active:
                membership.end_person(unit, operator("x"), person.id, at=person_at())
            elif not person.erased:
                membership.erase_person(unit, operator("x"), person.id, at=person_at())
    store.destroy_keys()
    log.round()


def person_at():
    return conftest.FixedClock()()


def fill(store) -> None:
    with store.begin() as unit:
        for number in range(300):
            membership.join(
                unit,
                operator("x"),
                f"Organisation {number}",
                at=person_at(),
                randomness=secrets.token_bytes,
            )
        for name in ("Ada", "Bea"):
            membership.enrol(
                unit,
                operator("x"),
                "Organisation 0",
                name,
                ("finder",),
                at=person_at(),
                randomness=secrets.token_bytes,
            )
        person = unit.people.all()[0]
        membership.end_person(unit, operator("x"), person.id, at=person_at())


def places(store):
    with store.read() as unit:
        table = tables.leaves
        rows = unit.connection.execute(select(table).order_by(table.c.place)).all()
    return [(row.stream, row.version) for row in rows]


def test_killed_at_any_step_it_goes_on_to_the_same_tree(tmp_path):
    start = tmp_path / "start"
    start.mkdir()
    store = opened(start)
    fill(store)
    conftest.close_store(store)
    arguments = [str(start), str(Path(__file__).parent)]
    subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=True, timeout=250)
    folders = sorted(tmp_path.glob("killed-*"))
    assert len(folders) > 30
    wanted = None
    for folder in folders:
        store = opened(folder)
        with store.read() as unit:
            gone = [p.id for p in unit.people.all() if p.erased]
        if not gone:
            work(store, folder)
        store.destroy_keys()
        log = log_of(store, folder)
        log.round()
        found = check(log.engine, store.vault, log.tiles, SIGNER.verifier(), "log")
        assert not found.problems
        assert found.waiting == 0
        assert found.destroyed == 1
        reached = [place for place in places(store) if place[1] == 1]
        wanted = wanted or reached
        assert reached == wanted
        conftest.close_store(store)
