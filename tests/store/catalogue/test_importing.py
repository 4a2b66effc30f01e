"""Imports: nothing stops them, nothing half done is seen, twice is once."""

from __future__ import annotations

import gzip
import io
import json
import secrets
import signal
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import zipfile
from pathlib import Path

import pytest

from fairlead.catalogue.ports import Query
from fairlead.errors import InUse, Unavailable
from fairlead.store.catalogue import aside, importing, preparing, sources

sys.path.insert(0, str(Path(__file__).parent))
import feeds


def ids(world, **wanted):
    with world.catalogue.read() as reading:
        return sorted(r.id for r in reading.search(Query(size=500, **wanted)).listed)


def test_every_format_is_taken_and_tells_what_it_says(world, tmp_path):
    (tmp_path / "kev.json").write_text(json.dumps(feeds.kev(1)))
    (tmp_path / "epss.csv").write_text(feeds.epss(("CVE-2026-0001", 0.9, 0.99)))
    feeds.write(tmp_path / "osv.jsonl", feeds.osv(1, aliases=["CVE-2026-0001"]))
    (tmp_path / "cve.json").write_text(json.dumps(feeds.cve(1)))
    done = world.publish(tmp_path)
    assert (done.taken, done.quarantined) == (4, 0)
    found = world.catalogue.find("cve-2026-0001")
    assert [r.source for r in found] == ["cve", "osv", "kev"]
    assert found[0].score == 9.8
    with world.catalogue.read() as reading:
        assert (
            reading.probabilities(["CVE-2026-0001"])["CVE-2026-0001"].probability == 0.9
        )
        listed = reading.search(Query(exploited=True)).listed
    # The record that only has the CVE as an alias is about what is exploited too.
    assert {r.id for r in listed} == {"CVE-2026-0001", "PYSEC-2026-1"}


def test_yaml_is_read_and_more_than_data_in_it_is_refused(world, tmp_path):
    (tmp_path / "good.yaml").write_text(
        "id: PYSEC-2026-1\nmodified: 2026-07-01T10:00:00Z\nsummary: Bad\n"
    )
    (tmp_path / "bomb.yaml").write_text(
        "a: &a [x, x]\nb: &b [*a, *a]\nid: PYSEC-2026-2\n"
    )
    (tmp_path / "tag.yaml").write_text("id: !!python/object:os.system x\n")
    done = world.publish(tmp_path)
    assert done.taken == 1
    reasons = " ".join(f.reason for f in done.faulty)
    assert "anchors and aliases" in reasons
    assert done.quarantined == 2


def test_the_same_again_changes_nothing_and_what_is_newer_replaces(world, tmp_path):
    path = feeds.write(tmp_path / "a.jsonl", feeds.osv(1), feeds.osv(2))
    first = world.publish(path)
    again = world.publish(path)
    assert (again.taken, again.unchanged) == (0, 2)
    assert again.digest == first.digest
    newer = feeds.osv(1, modified="2026-07-02T00:00:00Z", name="other")
    assert world.publish(feeds.write(tmp_path / "b.jsonl", newer)).taken == 1
    older = world.publish(
        feeds.write(tmp_path / "c.jsonl", feeds.osv(1, summary="old"))
    )
    assert (older.taken, older.older) == (0, 1)
    with world.catalogue.read() as reading:
        (example,) = reading.product("pkg:pypi/example", 10)
        (other,) = reading.product("pkg:pypi/other", 10)
        assert [r.id for r in reading.search(Query(words="number")).listed] == [
            "PYSEC-2026-1",
            "PYSEC-2026-2",
        ]
        assert reading.facets(Query()).count == 2
    assert (example.id, other.id) == ("PYSEC-2026-2", "PYSEC-2026-1")


FAULTY = {
    "hidden.json": (
        b'{"id": "A-1", "summary": "x\\u003ay", "modified" : "'
        + feeds.AT.encode()
        + b'", "id": "A-2"}',
        "stands twice",
    ),
    "twice.json": (b'{"id": "A-1", "id": "A-2"}', "stands twice"),
    "deep.json": (b"[" * 5000 + b"]" * 5000, "nested too deep"),
    "cut.json": (b'{"id": "A-1", ', "line 1"),
    "bytes.json": (b"\xff\xfe{}", "not UTF-8"),
    "number.json": (b'{"id": NaN}', "NaN"),
    "digits.json": (b'{"id": ' + b"9" * 5000 + b"}", "digits"),
    "half.json": (
        json.dumps({**feeds.osv(1), "summary": "\ud800"}).encode(),
        "surrogate",
    ),
    "list.json": (b"[]", "one JSON object"),
    "other.json": (b'{"name": "x"}', "none of CVE"),
    "state.json": (b'{"cveMetadata": {"state": "RESERVED"}}', "PUBLISHED or REJECTED"),
    "when.json": (
        json.dumps({**feeds.osv(1), "modified": "0000-99-99T00:00:00Z"}).encode(),
        "instant",
    ),
    "empty.json": (b"", "line 1"),
    "kev.json": (
        json.dumps({"catalogVersion": "1", "vulnerabilities": {}}).encode(),
        "a list",
    ),
    "day.csv": (b"cve,epss,percentile\nCVE-2026-0001,0.1,0.2\n", "score_date"),
}


@pytest.mark.parametrize("name", sorted(FAULTY))
def test_what_is_faulty_is_put_aside_with_its_reason_and_the_rest_is_taken(
    sqlite_world, tmp_path, name
):
    content, reason = FAULTY[name]
    (tmp_path / name).write_bytes(content)
    feeds.write(tmp_path / "z.jsonl", feeds.osv(7))
    done = sqlite_world.publish(tmp_path)
    assert done.taken == 1
    (faulty,) = done.faulty
    assert faulty.place.endswith(name)
    assert reason in faulty.reason
    # Mended, it is in quarantine no more.
    (tmp_path / name).write_text(
        feeds.epss() if name.endswith("csv") else json.dumps(feeds.osv(8))
    )
    sqlite_world.publish(tmp_path)
    with sqlite_world.catalogue.read() as reading:
        assert reading.quarantine(10) == []


def test_text_that_databases_have_no_place_for_stops_nothing(world, tmp_path):
    nul = feeds.osv(1, summary="a\0b", details="c\0d", name="e\0f")
    nul["affected"][0]["package"]["ecosystem"] = "Py\0PI"
    odd = feeds.cve(1, collectionURL="https://[broken", packageName="x")
    (tmp_path / "b.json").write_text(json.dumps(odd))
    (tmp_path / "c.yaml").write_text('id: "X-1"\nmodified: "\\ud800"\n')
    feeds.write(tmp_path / "a.jsonl", nul, {**feeds.osv(2), "id": "x\0y"})
    done = world.publish(tmp_path)
    assert done.taken + done.quarantined == 4
    assert "a b" in world.catalogue.find("PYSEC-2026-1")[0].title
    assert world.publish(tmp_path).taken == 0


def test_a_mistake_of_ours_is_told_and_stops_nothing(
    world, tmp_path, monkeypatch, caplog
):
    def broken(_name, _document):
        message = "oh"
        raise KeyError(message)

    path = feeds.write(tmp_path / "a.jsonl", feeds.osv(1))
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "read", broken)
        (faulty,) = world.publish(path).faulty
    assert "a mistake of ours: KeyError" in faulty.reason
    assert "catalogue.unread" in caplog.text


def test_a_fault_is_pointed_at(sqlite_world, tmp_path):
    broken = feeds.cve(1)
    broken["containers"]["cna"]["references"] = [{"url": "no address"}]
    (tmp_path / "a.json").write_text(json.dumps(broken))
    entries = feeds.kev(1, 2)
    entries["vulnerabilities"][1]["dateAdded"] = "yesterday"
    (tmp_path / "kev.json").write_text(json.dumps(entries))
    (tmp_path / "epss.csv").write_text(
        feeds.epss(("CVE-2026-0001", 2, 0.1), ("x", 0, 0))
    )
    done = sqlite_world.publish(tmp_path)
    assert [f.pointer for f in done.faulty] == [
        "/containers/cna/references/0/url",
        "line 3",
        "line 4",
        "/vulnerabilities/1/dateAdded",
    ]
    assert done.taken == 1


def deep(levels):
    """Return a CSAF document with a branch in a branch in a branch…"""
    text = json.dumps(feeds.csaf(f"EX-{levels}"))
    begin = text.index('{"category": "vendor", "name": "Example", "branches"')
    end = text.index(']}, "vulnerabilities"')
    around = '{"category": "product_family", "name": "x", "branches": ['
    within = around * levels + text[begin:end] + "]}" * levels
    return text[:begin] + within + text[end:]


def test_a_csaf_document_that_fails_a_mandatory_test_is_put_aside(
    sqlite_world, tmp_path
):
    """Though it fits its schema: a version is given that is a range."""
    sound = feeds.csaf("EX-1")
    faulty = feeds.csaf("EX-2")
    faulty["product_tree"]["branches"][0]["name"] = "< 1.2"
    faulty["product_tree"]["branches"][0]["category"] = "product_version"
    for name, one in (("a", sound), ("b", faulty)):
        (tmp_path / f"{name}.json").write_text(json.dumps(one))
    for depth in (200, 400, 900, 50_000):
        (tmp_path / f"{depth}.json").write_text(deep(depth))
    done = sqlite_world.publish(tmp_path)
    assert sqlite_world.catalogue.find("EX-1")
    told = {f.place.rpartition("/")[2]: (f.pointer, f.reason) for f in done.faulty}
    pointer, reason = told["b.json"]
    assert pointer == "/product_tree/branches/0/name"
    assert "6.1.31" in reason
    assert "mistake" not in " ".join(r for _, r in told.values())


# --- Archives -----------------------------------------------------------------------------


def packed(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                archive.addfile(info)
    return path


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def document(number):
    return json.dumps(feeds.osv(number)).encode()


def test_archives_of_every_kind_are_read(sqlite_world, tmp_path):
    packed(tmp_path / "a.tar.gz", [("x/1.json", document(1)), ("readme.md", b"#")])
    packed(tmp_path / "b.tar.xz", [("2.json", document(2))], "w:xz")
    zipped(tmp_path / "c.zip", [("3.json", document(3))])
    inner = zipped(tmp_path / "inner.bin", [("4.json", document(4))]).read_bytes()
    zipped(tmp_path / "d.zip.zip", [("d.zip", inner)])
    (tmp_path / "e.json.gz").write_bytes(gzip.compress(document(5)))
    done = sqlite_world.publish(tmp_path)
    assert (done.taken, done.faulty) == (5, ())


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, 2])
@pytest.mark.parametrize("packing", ["", ":gz", ":bz2", ":xz"])
def test_tar_archives_of_every_form_hold_the_same(tmp_path, form, packing):
    """Names long and short, of every letter, large numbers of a clock, and empty files."""
    names = ["a.json", "é/ü.json", "d/" * 40 + "b.json", "x" * 200 + ".json", "e.json"]
    path = tmp_path / f"a.tar{packing.replace(':', '.')}"
    with tarfile.open(path, f"w{packing}", format=form) as archive:
        for number, name in enumerate(names):
            content = document(number) if number else b""
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime, info.uname = 1_700_000_000.5, "jörg"
            if form == tarfile.USTAR_FORMAT and len(name) > 200:
                continue
            archive.addfile(info, io.BytesIO(content))
    (one,) = sources.inputs([path])
    with tarfile.open(path) as archive:
        expected = [
            (f"{path}!{m.name}", archive.extractfile(m).read()) for m in archive
        ]
    assert [(d.place, d.content) for d in one.documents()] == expected


@pytest.mark.parametrize("place", [100, 124, 148, 156, 257])
def test_a_damaged_header_is_said_to_be_one(tmp_path, place):
    """Wherever a byte of it differs, its checksum tells."""
    path = packed(tmp_path / "a.tar", [("1.json", document(1))], "w")
    whole = bytearray(path.read_bytes())
    whole[place] ^= 1
    path.write_bytes(whole)
    (one,) = sources.inputs([path])
    assert ["damaged" in d.refused for d in one.documents()] == [True]


def test_an_archive_that_leads_elsewhere_or_links_is_not_followed(
    sqlite_world, tmp_path
):
    feed = tmp_path / "feed"
    feed.mkdir()
    outside = tmp_path / "secret.json"
    outside.write_bytes(document(9))
    packed(
        feed / "a.tar.gz",
        [
            ("../../etc/1.json", document(1)),
            ("/abs/2.json", document(2)),
            ("link.json", (tarfile.SYMTYPE, str(outside))),
            ("hard.json", (tarfile.LNKTYPE, "good.json")),
            ("pipe.json", (tarfile.FIFOTYPE, "")),
            ("good.json", document(3)),
        ],
    )
    zipped(feed / "b.zip", [("..\\4.json", document(4)), ("C:/5.json", document(5))])
    (feed / "c.json").symlink_to(outside)
    done = sqlite_world.publish(feed)
    assert ids(sqlite_world) == ["PYSEC-2026-3"]
    assert done.quarantined == 8
    assert {f.reason for f in done.faulty} == {
        "its path leads out of the archive",
        "a link or device; it is not followed",
        "a link; it is not followed",
    }


def test_an_archive_that_unpacks_to_too_much_is_stopped(
    sqlite_world, tmp_path, monkeypatch
):
    monkeypatch.setattr(sources, "MAX_START", 1 << 20)
    monkeypatch.setattr(sources, "MAX_RATIO", 10)
    bomb = [(f"{n}.json", b" " * (1 << 20)) for n in range(8)]
    packed(tmp_path / "a.tar.gz", [("first.json", document(1)), *bomb])
    zipped(tmp_path / "b.zip", [("first.json", document(2)), *bomb])
    done = sqlite_world.publish(tmp_path)
    assert ids(sqlite_world) == ["PYSEC-2026-1", "PYSEC-2026-2"]
    assert sum("times its size" in f.reason for f in done.faulty) == 2


def test_an_archive_that_is_cut_off_gives_what_it_has(sqlite_world, tmp_path):
    noise = secrets.token_hex(200_000).encode()
    whole = packed(tmp_path / "a.tar.gz", [("1.json", document(1)), ("2.json", noise)])
    whole.write_bytes(whole.read_bytes()[:-5000])
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 no archive")
    done = sqlite_world.publish(tmp_path)
    assert ids(sqlite_world) == ["PYSEC-2026-1"]
    assert all("damaged" in f.reason or "JSON" in f.reason for f in done.faulty)
    assert done.quarantined >= 2


# --- Whatever ends it -----------------------------------------------------------------------


class EndedError(Exception):
    """Ends an import in the middle."""


def feed_of(tmp_path, count):
    for part in range(count // 50):
        feeds.write(
            tmp_path / f"{part:03}.jsonl",
            *(feeds.osv(n) for n in range(part * 50, part * 50 + 50)),
        )
    return tmp_path


def test_ended_at_any_point_it_is_unseen_and_goes_on_where_it_was(
    world, tmp_path, monkeypatch
):
    monkeypatch.setattr(importing, "BATCH", 50)
    before = feeds.write(tmp_path / "before.jsonl", feeds.osv(9999))
    world.publish(before)
    folder = tmp_path / "feed"
    folder.mkdir()
    feed_of(folder, 300)
    steps = 0
    documents = []
    while True:
        steps += 1
        left = steps

        def tell(progress):
            nonlocal left
            documents.append(progress.documents)
            left -= 1
            if left == 0:
                raise EndedError

        ports = importing.Ports(clock=world.clock, tell=tell)
        try:
            done = importing.run(world.catalogue.place, [folder], ports)
            break
        except EndedError:
            assert ids(world) == ["PYSEC-2026-9999"]
    assert (done.taken, done.resumed) == (300, True)
    assert len(ids(world)) == 301
    assert steps > 2
    # What was done before each end was not done again.
    assert len(documents) < 6 * steps


def test_ended_between_record_and_swap_it_is_on_the_record_once(
    world, tmp_path, monkeypatch
):
    path = feeds.write(tmp_path / "a.jsonl", feeds.osv(1))
    noted = []

    def swap():
        raise EndedError

    place = world.catalogue.place
    ports = importing.Ports(clock=world.clock, note=noted.append)
    with monkeypatch.context() as patch:
        patch.setattr(type(place), "swap", lambda _self: swap())
        with pytest.raises(EndedError):
            importing.run(place, [path], ports)
    assert ids(world) == []
    importing.run(place, [path], ports)
    assert ids(world) == ["PYSEC-2026-1"]
    first, second = noted
    assert (first.id, first.digest, first.taken) == (
        second.id,
        second.digest,
        second.taken,
    )


def test_an_interrupted_import_has_the_digest_of_one_that_was_not(
    world, tmp_path, monkeypatch
):
    monkeypatch.setattr(importing, "BATCH", 50)
    feed_of(tmp_path, 200)

    def tell(progress):
        if progress.taken == 100:
            raise EndedError

    with pytest.raises(EndedError):
        importing.run(
            world.catalogue.place,
            [tmp_path],
            importing.Ports(clock=world.clock, tell=tell),
        )
    resumed = world.publish(tmp_path)
    again = world.publish(tmp_path)
    assert resumed.resumed
    assert not again.resumed
    assert resumed.digest == again.digest


def test_another_import_throws_away_what_was_begun(world, tmp_path):
    one = feeds.write(tmp_path / "a.jsonl", feeds.osv(1))
    two = feeds.write(tmp_path / "b.jsonl", feeds.osv(2))

    def tell(_):
        raise EndedError

    with pytest.raises(EndedError):
        importing.run(
            world.catalogue.place, [one], importing.Ports(clock=world.clock, tell=tell)
        )
    assert not world.publish(two).resumed
    assert ids(world) == ["PYSEC-2026-2"]


def test_an_import_leaves_other_connections_as_they_were(world, tmp_path):
    world.publish(feeds.write(tmp_path / "a.jsonl", feeds.osv(1)))
    if world.store.engine.dialect.name == "postgresql":
        for _ in range(20):
            with world.store.begin() as unit:
                for name, value in (
                    ("synchronous_commit", "on"),
                    ("search_path", '"$user", public'),
                ):
                    assert (
                        unit.connection.exec_driver_sql(f"show {name}").scalar()
                        == value
                    )
    assert world.join("Afterwards").active


def test_two_imports_at_once_are_refused(world, tmp_path):
    path = feeds.write(tmp_path / "a.jsonl", feeds.osv(1))
    with world.catalogue.place.alone(), pytest.raises(InUse):
        world.publish(path)
    assert world.publish(path).taken == 1


KILLED = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from fairlead.store.catalogue import importing
    from fairlead.store.catalogue.aside import FilePlace
    importing.BATCH = 20
    ports = importing.Ports(
        clock=lambda: datetime.now(UTC), tell=lambda p: print(p.taken, flush=True)
    )
    importing.run(FilePlace(Path(sys.argv[1])), [Path(sys.argv[2])], ports)
"""


def test_killed_by_the_system_at_random_it_ends_whole(tmp_path):
    folder = tmp_path / "feed"
    folder.mkdir()
    feed_of(folder, 2000)
    path = tmp_path / "catalogue.db"
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path), str(folder)]
    for tells in (1, 4, 2, 6):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            for _ in range(tells):
                running.stdout.readline()
            running.send_signal(signal.SIGKILL)
        assert not path.exists()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    place = aside.FilePlace(path)
    with place.reading() as connection:
        count = connection.exec_driver_sql("select count(*) from records").scalar()
        assert connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
    place.close()
    assert count == 2000
    assert not path.with_name("catalogue.db.next").exists()


def test_a_full_disk_leaves_the_catalogue_in_use_and_can_be_gone_on_with(
    sqlite_world, tmp_path, monkeypatch
):
    sqlite_world.publish(feeds.write(tmp_path / "before.jsonl", feeds.osv(9999)))
    folder = tmp_path / "feed"
    folder.mkdir()
    feed_of(folder, 1000)
    opened = aside.open_to_write

    def full(path):
        connection = opened(path)
        connection.exec_driver_sql("pragma max_page_count = 60")
        connection.rollback()
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(aside, "open_to_write", full)
        with pytest.raises(Unavailable, match="full"):
            sqlite_world.publish(folder)
    assert ids(sqlite_world) == ["PYSEC-2026-9999"]
    assert sqlite_world.publish(folder).taken == 1000
    assert sqlite_world.publish(folder).unchanged == 1000


def test_readers_see_one_whole_catalogue_while_imports_come_and_go(world, tmp_path):
    feeds.write(tmp_path / "a.jsonl", *(feeds.osv(n) for n in range(50)))
    world.publish(tmp_path / "a.jsonl")
    counts, faults = set(), []
    done = threading.Event()

    def read():
        while not done.is_set():
            try:
                with world.catalogue.read() as reading:
                    count = reading.facets(Query()).count
                    listed = len(reading.search(Query(size=500)).listed)
                    assert count == listed
                    counts.add(count)
            except Exception as error:  # noqa: BLE001 - told by the test
                faults.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for step in range(1, 5):
        more = feeds.write(
            tmp_path / f"b{step}.jsonl",
            *(feeds.osv(n) for n in range(50 * step, 50 * step + 50)),
        )
        world.publish(more)
    # The last one is seen before the readers end.
    for _ in range(200):
        if 250 in counts or faults:
            break
        time.sleep(0.05)
    done.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert counts <= {50, 100, 150, 200, 250}
    assert 250 in counts


def test_a_catalogue_of_another_version_is_made_anew(
    sqlite_world, tmp_path, monkeypatch
):
    path = feeds.write(tmp_path / "a.jsonl", feeds.osv(1))
    sqlite_world.publish(path)
    monkeypatch.setattr(aside.tables, "VERSION", "another")
    sqlite_world.catalogue.close()
    assert ids(sqlite_world) == []
    assert sqlite_world.publish(path).taken == 1
    assert ids(sqlite_world) == ["PYSEC-2026-1"]


@pytest.mark.conformance
def test_real_feeds_are_taken_but_for_their_known_faults(sqlite_world, data_folder):
    archives = [
        data_folder / "feeds" / n
        for n in ("cisa-csaf.tar.xz", "pysec.tar.xz", "kev.json")
    ]
    done = sqlite_world.publish(*archives)
    # Of CISA's documents 85 give a range where a version must stand (CSAF, 6.1.31).
    assert done.taken == 1192 - 85 + 1526 + 1404
    assert done.quarantined == 4 + 85
    assert all(f.pointer or "none of CVE" in f.reason for f in done.faulty)


def test_what_rows_are_of_is_found_by_every_name(sqlite_world, tmp_path):
    sqlite_world.publish(
        feeds.write(
            tmp_path / "a.jsonl", feeds.osv(1, aliases=["GHSA-x", "CVE-2026-0001"])
        )
    )
    for name in ("pysec-2026-1", "GHSA-X", "CVE-2026-0001"):
        (found,) = sqlite_world.catalogue.find(name)
        assert found.id == "PYSEC-2026-1"


def test_an_empty_catalogue_is_empty_for_every_thread(tmp_path):
    """Before the first import, whoever asks from whatever thread gets nothing, no error."""
    from concurrent.futures import ThreadPoolExecutor

    from fairlead.store.catalogue.aside import FilePlace
    from fairlead.store.catalogue.reading import SQLCatalogue

    place = FilePlace(tmp_path / "catalogue.db")
    catalogue = SQLCatalogue(place)

    def count(_):
        with catalogue.read() as reading:
            return reading.counted()

    with ThreadPoolExecutor(8) as pool:
        assert {str(found) for found in pool.map(count, range(50))} == {str(count(0))}
    catalogue.close()
