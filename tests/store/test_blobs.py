"""Large reports lie outside the database, encrypted, and go with their key."""

from __future__ import annotations

import errno
import json
import os
import secrets
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import coordinating, destroying, reporting
from fairlead.clearinghouse.cases import Ground, State
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Damaged, Unavailable
from fairlead.record.notes import new_signer
from fairlead.store import files, tables
from fairlead.store.blobs import LARGE, BlobFolder
from fairlead.store.check import check
from fairlead.store.engine import writing
from fairlead.store.rebuild import rebuild, remove_unnamed
from fairlead.store.sequencer import Sequencer
from fairlead.store.tiles import TileFolder

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds

SIGNER = new_signer("test/record", secrets.token_bytes)
PLANTED = "xylophone-in-the-heap"
SENDER = Asker(
    actor="token/x",
    organisation=OrganisationId("org-a"),
    scopes=frozenset({Scope.REPORT_SUBMIT}),
)


def report(size, name="a"):
    """A report of exactly so many bytes."""
    fields = {
        "purl": f"pkg:npm/{name}",
        "attachments": [
            {"filename": "r.md", "content_type": "text/markdown", "data": PLANTED}
        ],
    }
    lacking = size - len(json.dumps(fields))
    fields["attachments"][0]["data"] += "x" * lacking
    return json.dumps(fields).encode()


def send(world, *documents):
    with world.store.begin() as unit:
        return [
            reporting.submit(
                unit,
                SENDER,
                document,
                at=world.clock(),
                randomness=secrets.token_bytes,
            ).submission.id
            for document in documents
        ]


@pytest.fixture
def folder(world):
    return Path(world.store.vault.blobs.folder)


@pytest.fixture
def log(world, tmp_path):
    return Sequencer(world.store.engine, TileFolder(tmp_path / "log"), SIGNER, "test")


def checked(world, log):
    log.round()
    return check(log.engine, world.store.vault, log.tiles, SIGNER.verifier(), "test")


def blobs_of(folder):
    return sorted(folder.iterdir()) if folder.exists() else []


def test_only_what_is_large_leaves_the_database(world, folder, log):
    edge = LARGE - 32  # a body lies there with its salt
    small, large = report(edge), report(edge + 1, "b")
    one, two = send(world, small, large)
    (blob,) = blobs_of(folder)
    with world.store.read() as unit:
        assert unit.submissions.report(one) == small
        assert unit.submissions.report(two) == large
        longest = unit.connection.execute(
            select(func.max(func.length(tables.events.c.body))).where(
                tables.events.c.stream == f"submission/{two}"
            )
        ).scalar()
    assert longest < 100
    assert PLANTED.encode() not in blob.read_bytes()
    assert blob.stat().st_mode & 0o777 == 0o600
    found = checked(world, log)
    assert not found.problems
    assert (found.blobs, found.unnamed_blobs) == (1, 0)


def test_a_rebuild_reads_them_and_removes_what_nothing_names(world, folder, log):
    (name,) = send(world, report(LARGE * 2))
    world.work()
    (folder / "left-over").write_bytes(b"x")
    assert checked(world, log).unnamed_blobs == 1
    with writing(world.store.engine) as connection:
        rebuild(connection, world.store.vault, lambda *_: None)
        assert remove_unnamed(connection, world.store.vault) == 1
    found = checked(world, log)
    assert not found.problems
    assert (found.blobs, found.unnamed_blobs) == (1, 0)
    with world.store.read() as unit:
        assert unit.submissions.report(name) == report(LARGE * 2)


@pytest.mark.parametrize("harm", ["lost", "changed", "exchanged"])
def test_a_blob_that_is_not_the_one_is_found(world, folder, log, harm):
    one, _ = send(world, report(LARGE * 2), report(LARGE * 2, "b"))
    with world.store.read() as unit:
        vault = unit.submissions.vault
    mine = folder / vault.blob_name(f"body of submission/{one}, event 1")
    (other,) = (path for path in blobs_of(folder) if path != mine)
    match harm:
        case "lost":
            mine.unlink()
        case "changed":
            mine.write_bytes(mine.read_bytes()[:-1] + b"\0")
        case "exchanged":
            mine.write_bytes(other.read_bytes())
    with world.store.read() as unit, pytest.raises(Damaged):
        unit.submissions.report(one)
    (problem,) = checked(world, log).problems
    assert problem.subject == f"submission/{one}"


def test_destroying_a_case_removes_its_blobs(world, folder, log):
    send(world, report(LARGE * 2))
    world.work()
    (blob,) = blobs_of(folder)
    copy = blob.read_bytes()
    me = replace(worlds.COORDINATOR, verified_at=world.clock())
    with world.store.read() as unit:
        (case,) = coordinating.queue(unit, me, Page(), world.context.moment)
    worlds.do(world, ("move", 0, State.REJECTED))
    with world.store.begin() as unit:
        destroying.destroy_case(unit, me, case.id, Ground.REQUEST, at=world.clock())
    world.work()
    assert blobs_of(folder) == []
    assert not checked(world, log).problems
    # A copy of the blobs that is put back stays shut, and is removed before serving.
    blob.write_bytes(copy)
    with world.store.read() as unit:
        filed = unit.submissions.of_case(case.id)
        assert all(unit.submissions.report(s.id) is None for s in filed)
    world.store.destroy_keys()
    assert blobs_of(folder) == []


def test_what_is_not_committed_leaves_no_blob(world, folder):
    class Stop(Exception):  # noqa: N818
        pass

    with pytest.raises(Stop), world.store.begin() as unit:
        reporting.submit(
            unit,
            SENDER,
            report(LARGE * 2),
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
        assert len(blobs_of(folder)) == 1
        raise Stop
    assert blobs_of(folder) == []


def test_a_full_disk_is_said_and_leaves_nothing(world, folder, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match="No space left"):
            send(world, report(LARGE * 2))
    assert blobs_of(folder) == []
    assert send(world, report(LARGE * 2))


def test_a_report_is_on_disk_before_it_is_committed(world, folder, monkeypatch):
    steps = []
    sync = os.fsync

    def noted(handle):
        steps.append(Path(f"/proc/self/fd/{handle}").readlink())
        sync(handle)

    def committed(_connection):
        steps.append("commit")

    monkeypatch.setattr(os, "fsync", noted)
    event.listen(world.store.engine, "commit", committed)
    send(world, report(LARGE * 2))
    event.remove(world.store.engine, "commit", committed)
    (blob,) = blobs_of(folder)
    mine = [step for step in steps if step in {blob, folder, "commit"}]
    assert mine == [blob, folder, "commit"]


def test_the_blobs_of_a_transaction_are_synced_together(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    home = BlobFolder(tmp_path / "blobs")
    batch = home.batch()
    for number in range(5):
        batch.put(f"{number}", b"x")
    assert not synced
    batch.sync()
    assert synced == [tmp_path / "blobs"]
    assert sorted(home.names()) == list("01234")
