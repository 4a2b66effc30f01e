"""Reading in several processes: the same as in one, whatever becomes of them."""

from __future__ import annotations

import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fairlead.store.catalogue import importing, readers
from fairlead.store.catalogue.readers import Place, Readers
from fairlead.store.catalogue.reading import SQLCatalogue
from fairlead.store.catalogue.sources import Document

sys.path.insert(0, str(Path(__file__).parent))
import feeds

COUNT = 150


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Begin processes at once, and send little at a time."""
    monkeypatch.setattr(readers, "FIRST", 3)
    monkeypatch.setattr(readers, "CHUNK", 4)


@pytest.fixture
def feed(tmp_path):
    """Write a feed in which every kind of document is, sound and faulty."""
    folder = tmp_path / "feed"
    folder.mkdir()
    for n in range(COUNT):
        content = [feeds.cve(n), feeds.osv(n), {"id": n}][n % 3]
        (folder / f"{n:03}.json").write_text(feeds.json.dumps(content))
    feeds.write(folder / "040.jsonl", *(feeds.osv(900 + n) for n in range(30)))
    (folder / "050.csv").write_text(feeds.epss(("CVE-2026-0001", 0.9, 0.99)))
    (folder / "060a.json").symlink_to("/etc/passwd")
    (folder / "070.yaml").write_text("id: &a X-1\n")
    return folder


def dumped(path, feed, count, clock):
    """Import with *count* processes, and return everything that is stored."""
    catalogue = SQLCatalogue.at(path)
    done = catalogue.take([feed], importing.Ports(clock=clock, readers=count))
    catalogue.close()
    connection = sqlite3.connect(path)
    names = connection.execute(
        "select name from sqlite_master where type = 'table'"
        " and name not in ('words', 'meta')"
    )
    rows = {
        name: sorted(connection.execute(f"select * from {name}"), key=repr)  # noqa: S608
        for (name,) in names.fetchall()
    }
    connection.close()
    return done, rows


def test_what_is_stored_is_the_same_however_many_read(tmp_path, feed, world_clock):
    """Rows, quarantine, digest and counts do not tell how many processes there were."""
    alone, rows = dumped(tmp_path / "a.db", feed, 0, world_clock)
    shared, others = dumped(tmp_path / "b.db", feed, 3, world_clock)
    assert alone.digest == shared.digest
    assert (alone.taken, alone.quarantined) == (shared.taken, shared.quarantined)
    assert alone.quarantined > COUNT // 3
    assert rows == others


@pytest.fixture
def world_clock():
    from datetime import UTC, datetime

    return lambda: datetime(2026, 8, 18, tzinfo=UTC)


def documents(count):
    return [
        Place("feed", n + 1, Document(f"{n}.json", b'{"id": %d}' % n))
        for n in range(count)
    ]


def children():
    """Return the processes that this one began and that live."""
    every = Path("/proc/self/task").glob("*/children")
    return {int(pid) for file in every for pid in file.read_text().split()}


def test_few_documents_begin_no_process():
    before = children()
    pool = Readers(2)
    assert len(list(pool.read(documents(3)))) == 3
    assert children() == before
    pool.close()


def test_they_end_with_the_import():
    """None is left behind, and no more are begun than are allowed."""
    before = children()
    pool = Readers(2)
    stream = pool.read(documents(200))
    for _ in range(100):
        next(stream)
    assert len(children() - before) == 2
    pool.close()
    assert children() == before


def test_one_that_is_killed_is_replaced_and_nothing_is_lost():
    """In the middle of what it was asked, which is then asked again."""
    before = children()
    pool = Readers(1)
    places = []
    for number, (place, brought) in enumerate(pool.read(documents(300))):
        places.append(place)
        assert brought.faulty[0].reason
        assert "ended" not in brought.faulty[0].reason
        if number in {20, 90, 91}:
            for pid in children() - before:
                os.kill(pid, signal.SIGKILL)
    pool.close()
    assert places == documents(300)


def test_a_document_that_ends_its_reader_is_put_aside_alone(tmp_path, monkeypatch):
    """The others that were sent with it are read."""
    program = tmp_path / "reader.py"
    program.write_text(
        textwrap.dedent(
            """
            import os
            from fairlead.store.catalogue import readers
            bring = readers.bring
            def fatal(document):
                if document.place == "30.json":
                    os.abort()
                return bring(document)
            readers.bring = fatal
            readers.main()
            """
        )
    )
    monkeypatch.setattr(readers, "COMMAND", [sys.executable, str(program)])
    pool = Readers(2)
    faulty = {
        place.document.place: brought.faulty[0].reason
        for place, brought in pool.read(documents(60))
    }
    pool.close()
    ended = {place for place, reason in faulty.items() if "ended the reader" in reason}
    assert len(faulty) == 60
    assert ended == {"30.json"}


def test_they_end_when_the_import_is_killed():
    """Even with a signal that nobody can answer."""
    program = """
        import sys, time
        from fairlead.store.catalogue import readers
        from fairlead.store.catalogue.sources import Document
        readers.FIRST = 0
        pool = readers.Readers(2)
        made = (
            readers.Place("", n, Document("x.json", b"{}")) for n in range(10**9)
        )
        for number, _ in enumerate(pool.read(made)):
            if number == 1000:
                print("reading", flush=True)
        """
    own = secrets.token_hex(8)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        env=os.environ | {"FAIRLEAD_TEST_MARK": own},
    )
    assert process.stdout.readline() == b"reading\n"
    assert len(marked(own)) == 3
    process.kill()
    process.communicate()
    for _ in range(100):
        if not marked(own):
            break
        time.sleep(0.05)
    assert marked(own) == []


def marked(own):
    """Return the processes that live and have *own* in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if own.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found
