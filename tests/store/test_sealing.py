"""A sealed folder opens whole, goes on after a kill, and names whatever was changed."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.errors import Damaged, Error, InUse, Invalid, NotFound, Refused
from fairlead.formats import dsse, in_toto, model_signing
from fairlead.sealing import chunked, halves
from fairlead.sealing.chunked import CHUNK, HEADER, SEALED
from fairlead.sealing.folder import SMALLEST
from fairlead.sealing.holders import Part, new_holder_key
from fairlead.store.sealed import SealedFolder
from fairlead.store.sealing import Sealing, seal
from fairlead.store.sealing_journal import Journal

DEVELOPER = new_holder_key(Part.DEVELOPER, "Acme", secrets.token_bytes)
PROGRAMME = new_holder_key(Part.PROGRAMME, "Programme", secrets.token_bytes)
FILES = {
    "model-00001.bin": 3 * SMALLEST + 100,
    "model-00002.bin": 2 * SMALLEST,
    "sub/config.json": 17,
    "empty": 0,
}


def make(folder, files=FILES):
    for name, size in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(secrets.token_bytes(size))
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def sealing(base, **given):
    wanted = {
        "folder": base / "model",
        "out": base / "out",
        "key": DEVELOPER,
        "holders": [PROGRAMME.holder],
        "randomness": secrets.token_bytes,
        "shard": SMALLEST,
    }
    return Sealing(**(wanted | given))


def opened(out):
    folder = SealedFolder.read(out, DEVELOPER.holder)
    both = halves.unwrap_mine(
        folder.seal.halves, [DEVELOPER, PROGRAMME], folder.seal.id
    )
    return folder.open(halves.join(both))


def content(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file()
    }


@pytest.fixture
def base(tmp_path):
    make(tmp_path / "model")
    seal(sealing(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One sealed folder for tests that put back what they change."""
    base = tmp_path_factory.mktemp("kept")
    make(base / "model")
    seal(sealing(base))
    return base


def test_what_is_unsealed_is_what_was_sealed(base):
    """Every file comes back, the empty one too, and nothing of it shows sealed."""
    assert opened(base / "out").unseal(base / "back") == []
    assert content(base / "back") == content(base / "model")
    shown = b"".join(content(base / "out").values())
    for name in FILES:
        assert name.encode() not in shown


@given(st.sampled_from(sorted(FILES)), st.data())
def test_any_range_of_any_file_opens(kept, name, data):
    """A range over several shards opens to these bytes."""
    start = data.draw(st.integers(0, FILES[name]))
    end = data.draw(st.integers(start, FILES[name]))
    found = b"".join(opened(kept / "out").range(name, start, end))

    assert found == (kept / "model" / name).read_bytes()[start:end]


def test_ranges_that_do_not_exist_are_refused(base):
    """A file or a range that is not there is said."""
    folder = opened(base / "out")
    with pytest.raises(NotFound):
        folder.range("nothing", 0, 1)
    for start, end in ((-1, 2), (3, 2), (0, 18)):
        with pytest.raises(Invalid):
            folder.range("sub/config.json", start, end)


@settings(max_examples=150)
@given(st.data())
def test_every_mutation_of_every_sealed_file_is_noticed(kept, data):
    """Flip, cut, add or replace: with and without key nothing goes unseen."""
    out = kept / "out"
    path = data.draw(st.sampled_from(sorted(p for p in out.rglob("*") if p.is_file())))
    before = path.read_bytes()
    kind = data.draw(st.sampled_from(["flip", "cut", "add", "remove", "swap"]))
    after: bytes | None = before
    if kind == "flip":
        changed = bytearray(before)
        changed[data.draw(st.integers(0, len(before) - 1))] ^= 1 << data.draw(
            st.integers(0, 7)
        )
        after = bytes(changed)
    elif kind == "cut":
        after = before[: data.draw(st.integers(0, len(before) - 1))]
    elif kind == "add":
        after = before + data.draw(st.binary(min_size=1, max_size=40))
    elif kind == "remove":
        after = None
    else:
        others = sorted(
            p for p in out.rglob("*") if p.is_file() and p.read_bytes() != before
        )
        after = data.draw(st.sampled_from(others)).read_bytes()
    if path.name.endswith(".json") and after is not None and same(before, after):
        return  # white space behind a document, or another way to write it
    if after is None:
        path.unlink()
    else:
        path.write_bytes(after)
    try:
        for look in (
            lambda: SealedFolder.read(out, DEVELOPER.holder).faults(),
            lambda: opened(out).faults(),
        ):
            try:
                found = look()
            except Error:
                continue
            assert found, f"{kind} of {path.name} went unseen"
    finally:
        path.write_bytes(before)


def same(one, other):
    """Tell whether two documents say the same, however they are written."""
    try:
        a, b = dsse.parse(one), dsse.parse(other)
    except Error:
        return False
    trusted = [DEVELOPER.holder]
    return a.payload == b.payload and bool(b.signers(trusted))


def shard_of(out, name):
    (found,) = [o for o in opened(out).manifest.sealing.shards if o.name == name]
    return out / found.file


def named(out):
    return [str(fault) for fault in opened(out).faults()]


def test_a_flipped_bit_is_named_by_file_and_chunk(tmp_path):
    """The chunk is counted within the model's file, and only it is named."""
    make(tmp_path / "model", {"a.bin": 10 * CHUNK})
    seal(sealing(tmp_path, shard=4 * CHUNK))
    path = shard_of(tmp_path / "out", f"a.bin:{4 * CHUNK}:{8 * CHUNK}")
    written = bytearray(path.read_bytes())
    written[HEADER + 2 * SEALED + 5] ^= 1
    path.write_bytes(written)

    assert named(tmp_path / "out") == [
        "a.bin, chunk 6: changed, or a chunk from elsewhere"
    ]
    with pytest.raises(Damaged, match=r"a\.bin, chunk 6"):
        b"".join(opened(tmp_path / "out").range("a.bin", 6 * CHUNK, 6 * CHUNK + 1))
    assert b"".join(opened(tmp_path / "out").range("a.bin", 0, 6 * CHUNK))
    assert opened(tmp_path / "out").unseal(tmp_path / "back")
    assert content(tmp_path / "back") == {}


def test_swapped_missing_foreign_and_cut_off_chunks_are_named(tmp_path):
    """Each way to damage a shard has its name."""
    make(tmp_path / "model", {"a.bin": 4 * CHUNK + 7, "b.bin": 4 * CHUNK + 7})
    seal(sealing(tmp_path, shard=64 * CHUNK))
    out = tmp_path / "out"
    a, b = (shard_of(out, f"{n}.bin:0:{4 * CHUNK + 7}") for n in "ab")
    whole, other = a.read_bytes(), b.read_bytes()
    chunks = [whole[HEADER + n * SEALED :][:SEALED] for n in range(5)]
    foreign = other[HEADER + SEALED :][:SEALED]

    def with_chunks(*wanted):
        a.write_bytes(whole[:HEADER] + b"".join(wanted))
        return named(out)

    first, second, third, fourth, last = chunks
    assert with_chunks(first, third, second, fourth, last) == [
        "a.bin, chunk 1: chunk 2 stands in its place (swapped, or one is missing)",
        "a.bin, chunk 2: chunk 1 stands in its place (swapped, or one is missing)",
    ]
    assert with_chunks(first, third, fourth, last)[0] == (
        "a.bin, chunk 1: chunk 2 stands in its place (swapped, or one is missing)"
    )
    assert with_chunks(first, foreign, third, fourth, last) == [
        "a.bin, chunk 1: changed, or a chunk from elsewhere"
    ]
    assert with_chunks(first, second) == ["a.bin, chunk 2: cut off"]
    assert with_chunks(*chunks, b"more") == [
        "a.bin: bytes were added behind its last chunk"
    ]
    a.write_bytes(other)
    assert named(out) == [
        "a.bin: from chunk 0 on: swapped: it holds bytes 0 on of b.bin"
    ]
    a.unlink()
    (fault,) = named(out)
    assert fault.startswith("a.bin: from chunk 0 on: shards/")
    assert fault.endswith("is missing or no file")


def test_without_a_key_each_sealed_file_is_compared(base):
    """A missing, swapped, changed or foreign sealed file is named."""
    out = base / "out"
    folder = SealedFolder.read(out, DEVELOPER.holder)
    assert folder.faults() == []
    one, two, three, *_ = sorted((out / "shards").iterdir())
    two.write_bytes(one.read_bytes())
    one.unlink()
    three.write_bytes(b"nothing")
    (out / "shards" / "extra").write_bytes(b"")

    found = {fault.file: fault.reason for fault in folder.faults()}

    assert found == {
        "shards/extra": "foreign: it was not signed",
        f"shards/{one.name}": "missing",
        f"shards/{two.name}": f"swapped: it holds what belongs to shards/{one.name}",
        f"shards/{three.name}": "changed, cut off or foreign: not the file that was signed",
    }


def test_another_ones_folder_is_refused(base):
    """Only the developer that is asked for may have sealed it."""
    other = new_holder_key(Part.DEVELOPER, "Mallory", secrets.token_bytes)
    with pytest.raises(Damaged, match="not signed by"):
        SealedFolder.read(base / "out", other.holder)


def test_an_older_shard_does_not_come_back(base):
    """A shard as it was before the file changed is not taken for the new one."""
    out, name = base / "out", f"model-00002.bin:0:{SMALLEST}"
    old = shard_of(out, name).read_bytes()
    (base / "model/model-00002.bin").write_bytes(secrets.token_bytes(2 * SMALLEST))
    seal(sealing(base))
    shard_of(out, name).write_bytes(old)

    assert named(out) == ["model-00002.bin: not what the manifest says"]
    assert SealedFolder.read(out, DEVELOPER.holder).faults()


def test_only_what_changed_is_sealed_again(base):
    """A second run keeps what is there; a change costs its own shards and no more."""
    time.sleep(2.1)  # what was written a moment ago could change unseen
    before = {p.name: p.stat().st_ino for p in (base / "out/shards").iterdir()}
    with (base / "model/model-00001.bin").open("r+b") as file:
        file.seek(SMALLEST + 5)
        file.write(b"changed")

    done = seal(sealing(base))

    after = {p.name: p.stat().st_ino for p in (base / "out/shards").iterdir()}
    assert (done.fresh, done.kept) == (1, 6)
    assert len(before.items() & after.items()) == 6
    assert opened(base / "out").unseal(base / "back") == []
    assert content(base / "back") == content(base / "model")


def test_a_change_that_keeps_size_and_time_is_found(base):
    """Someone who sets the old time of content back does not hide a change."""
    path = base / "model/sub/config.json"
    path.write_bytes(b"y" * 17)
    os.utime(path, (1_700_000_000, 1_700_000_000))

    assert seal(sealing(base)).fresh == 1


def test_files_that_are_gone_leave_the_folder(base):
    """What the model no longer has is neither listed nor kept sealed."""
    (base / "model/model-00002.bin").unlink()
    seal(sealing(base))

    assert "model-00002.bin" not in opened(base / "out").sizes
    assert len(list((base / "out/shards").iterdir())) == 5


def test_links_pipes_and_unsafe_names_are_refused_by_name(tmp_path):
    """Everything that cannot be sealed is named, not only the first."""
    folder = make(tmp_path / "model", {"fine": 3})
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "pipe")
    (folder / "with:colon").write_bytes(b"")
    (folder / "back\\slash").write_bytes(b"")
    (folder / "line\nbreak").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_bytes(b"")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        with pytest.raises(Invalid) as refused:
            seal(sealing(tmp_path))

    named = {violation.field for violation in refused.value.violations}
    assert named == {
        "link",
        "linked",
        "pipe",
        "socket",
        "with:colon",
        "back\\slash",
        "'line\\nbreak'",
        "'\\udcff'",
    }
    assert not (tmp_path / "out").exists()


def test_a_file_that_changes_while_it_is_sealed_is_refused(tmp_path):
    """What was read half before and half after a change is not kept."""
    make(tmp_path / "model", {"a": 4 * SMALLEST})
    path = tmp_path / "model/a"

    def meddling(count):
        with path.open("r+b") as file:
            file.write(b"meddled")
        return secrets.token_bytes(count)

    with pytest.raises(Refused, match="a changed while it was sealed"):
        seal(sealing(tmp_path, randomness=meddling, threads=1))


def test_the_sealed_folder_lies_apart(base):
    """Sealing into the folder itself would seal what is sealed."""
    with pytest.raises(Invalid, match="must not lie in"):
        seal(sealing(base, out=base / "model/out"))


def test_other_holders_need_another_folder(base):
    """A folder is never opened to someone new behind the back of its halves."""
    other = new_holder_key(Part.PROGRAMME, "Other", secrets.token_bytes)
    with pytest.raises(Refused, match="other holders"):
        seal(sealing(base, holders=[other.holder]))
    with pytest.raises(Invalid, match="half has no holder"):
        seal(sealing(base, out=base / "new", holders=[]))


def test_two_sealings_at_once_are_refused(base):
    """The journal is held by one."""
    journal = Journal(base / "out.sealing")
    try:
        with pytest.raises(InUse):
            seal(sealing(base))
    finally:
        journal.close()


def test_a_hole_is_sealed_and_comes_back_as_a_hole(tmp_path):
    """A sparse file keeps its content and takes no room for its zeros."""
    (tmp_path / "model").mkdir()
    with (tmp_path / "model/sparse").open("wb") as file:
        file.truncate(40 << 20)
        file.seek(20 << 20)
        file.write(b"in the middle")
    seal(sealing(tmp_path, shard=8 << 20))
    assert opened(tmp_path / "out").unseal(tmp_path / "back") == []

    back = tmp_path / "back/sparse"
    assert back.read_bytes() == (tmp_path / "model/sparse").read_bytes()
    assert back.stat().st_blocks * 512 < 1 << 20


KILLED = """
import os, secrets, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import test_sealing
from fairlead.sealing.holders import read_holder_key, read_holder
from fairlead.store.sealing import seal
base, left = Path(sys.argv[1]), int(sys.argv[3])
def stepping(function):
    def called(*args, **named):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return function(*args, **named)
    return called
for name in ("fsync", "write", "replace"):
    setattr(os, name, stepping(getattr(os, name)))
seal(test_sealing.sealing(
    base, threads=1, key=read_holder_key((base / "dev.key").read_bytes()),
    holders=[read_holder((base / "pro.pub").read_bytes())],
))
"""


def test_a_sealing_that_is_killed_anywhere_goes_on(tmp_path):
    """Killed between any two writes, it goes on, keeps what was done, and is whole."""
    make(tmp_path / "model", {"a": 3 * SMALLEST, "b": 5})
    (tmp_path / "dev.key").write_bytes(DEVELOPER.encode())
    (tmp_path / "pro.pub").write_bytes(PROGRAMME.holder.encode())
    tests = str(Path(__file__).parent)
    kept = 0
    for left in (0, 1, 3, 6, 9, 12, 15, 18, 21, 25, 30, 500):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, tmp_path, tests, str(left)], check=False
        )
        assert done.returncode in {0, 9}
        lines = (tmp_path / "out.sealing").read_bytes().splitlines()
        now = sum(
            json.loads(line)["type"] == "done" for line in lines if line.endswith(b"}")
        )
        assert now >= kept
        kept = now
    assert done.returncode == 0
    assert SealedFolder.read(tmp_path / "out", DEVELOPER.holder).faults() == []
    assert opened(tmp_path / "out").unseal(tmp_path / "back") == []
    assert content(tmp_path / "back") == content(tmp_path / "model")


def test_a_folder_is_whole_while_it_is_sealed_again(base):
    """Killed anywhere, a renewal leaves the old files or the new, whole, never a mixture."""
    (base / "dev.key").write_bytes(DEVELOPER.encode())
    (base / "pro.pub").write_bytes(PROGRAMME.holder.encode())
    before = content(base / "model")
    make(base / "model")
    after = content(base / "model")
    tests = str(Path(__file__).parent)
    for left in (2, 5, 8, 11, 14, 17, 500):
        subprocess.run(
            [sys.executable, "-c", KILLED, base, tests, str(left)], check=False
        )
        assert opened(base / "out").unseal(base / f"back-{left}") == []
        assert content(base / f"back-{left}") in (before, after)
    assert content(base / "back-2") == before
    assert content(base / "back-500") == after


def test_it_ends_at_once_when_it_is_interrupted(tmp_path):
    """The command ends on a signal to terminate, and goes on when it is called again."""
    make(tmp_path / "model", {f"{n}": 4 << 20 for n in range(20)})
    (tmp_path / "dev.key").write_bytes(DEVELOPER.encode())
    (tmp_path / "pro.pub").write_bytes(PROGRAMME.holder.encode())
    command = [sys.executable, "-m", "fairlead", "seal", tmp_path / "model"]
    command += ["--to", tmp_path / "out", "--key", tmp_path / "dev.key"]
    command += ["--for", tmp_path / "pro.pub", "--shard-size", "1", "--threads", "1"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE)
    journal = tmp_path / "out.sealing"
    for _ in range(1000):
        if journal.exists() and journal.read_bytes().count(b"\n") > 4:
            break
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    started.communicate()
    kept = journal.read_bytes().count(b"\n") - 1
    assert kept >= 4

    done = subprocess.run([*command, "--json"], capture_output=True, check=True)

    said = json.loads(done.stdout)
    assert said["sealed"] + said["kept"] == 80
    assert said["sealed"] < 80
    assert opened(tmp_path / "out").faults() == []


def test_no_room_is_said_and_it_goes_on_with_more(tmp_path):
    """A limit on file sizes stands for a full disk: a clear error, then it goes on."""
    make(tmp_path / "model", {"small": 5, "large": 2 << 20})
    (tmp_path / "dev.key").write_bytes(DEVELOPER.encode())
    (tmp_path / "pro.pub").write_bytes(PROGRAMME.holder.encode())
    command = [sys.executable, "-m", "fairlead", "seal", str(tmp_path / "model")]
    command += ["--to", str(tmp_path / "out"), "--key", str(tmp_path / "dev.key")]
    command += ["--for", str(tmp_path / "pro.pub")]
    limited = (
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        "os.execv(sys.executable, sys.argv[1:])"
    )
    full = subprocess.run(
        [sys.executable, "-c", limited, *command],
        capture_output=True,
        text=True,
        check=False,
    )

    assert full.returncode == 6
    assert "no room is left" in full.stderr
    subprocess.run(command, check=True, capture_output=True)
    assert opened(tmp_path / "out").faults() == []


def test_the_manifest_has_the_layout_of_model_signing(base):
    """One subject whose digest is over the shards' digests, sorted by path and place."""
    manifest = opened(base / "out").manifest
    names = [one.name for one in manifest.resources]
    assert names == sorted(names, key=model_signing.order)
    assert manifest.serialization.method == "shards"
    assert manifest.serialization.shard_size == SMALLEST
    envelope = dsse.parse((base / "out/signature.json").read_bytes())
    said = json.loads(envelope.payload)
    assert envelope.payload_type == in_toto.PAYLOAD
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://model_signing/signature/v1.0"
    assert said["predicate"]["serialization"] == {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
    }
    assert (
        chunked.plain_size(shard_of(base / "out", names[0]).stat().st_size) == SMALLEST
    )


# --- A developer who means harm ---------------------------------------------------------------


def harmful(base, files, shards):
    """Return what opens a folder whose manifest, well signed, says *files* and *shards*."""
    good = opened(base / "out")
    manifest = model_signing.Manifest(
        serialization=good.manifest.serialization,
        resources=tuple(
            model_signing.Resource(
                name=name,
                algorithm=good.manifest.serialization.algorithm,
                digest="00" * 32,
            )
            for name in shards
        ),
        sealing=model_signing.Sealing(
            seal=good.folder.seal.id,
            files=tuple(model_signing.FileSize(name=n, size=s) for n, s in files),
            shards=tuple(
                model_signing.SealedShard(name=name, file=file, digest=digest)
                for name, (file, digest) in zip(shards, shards_of(good), strict=False)
            ),
        ),
    )
    return lambda: type(good)(
        folder=good.folder, key=good.key, model="model", manifest=manifest
    )


def shards_of(good):
    return [
        (file, digest) for file, digest in good.folder.digests.items() if "/" in file
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "a/../../evil",
        "a//b",
        "./a",
        "a\\b",
        "a\nb",
        "a\0b",
        "x" * 256,
    ],
)
def test_names_that_lead_out_of_the_folder_are_refused_when_opening(tmp_path, name):
    """A signed manifest does not make a file be written elsewhere."""
    make(tmp_path / "model", {"a": 5})
    seal(sealing(tmp_path))
    with pytest.raises(Error, match=r"cannot be taken|names no shard"):
        harmful(tmp_path, [(name, 5)], [f"{name}:0:5"])()


@pytest.mark.parametrize(
    ("files", "shards"),
    [
        ([("a", 6)], ["a:0:5"]),
        ([("a", 5)], ["a:0:6"]),
        ([("a", 5)], ["a:1:5"]),
        ([("a", 5)], ["b:0:5"]),
        ([("a", 5), ("a", 5)], ["a:0:5"]),
        ([("a", 5), ("a/b", 0)], ["a:0:5"]),
        ([("a", 5)], ["a:00:5"]),
        ([("a", 0)], ["a:0:0"]),
    ],
)
def test_shards_that_are_not_all_of_the_files_are_refused(tmp_path, files, shards):
    """What is left over, missing, repeated or overlapping is refused before opening."""
    make(tmp_path / "model", {"a": 5})
    seal(sealing(tmp_path))
    assert harmful(tmp_path, [("a", 5)], ["a:0:5"])()
    with pytest.raises(Error):
        harmful(tmp_path, files, shards)()


def test_nothing_is_written_through_a_link(base):
    """A folder to unseal into must be new or empty, and no link."""
    (base / "elsewhere").mkdir()
    (base / "link").symlink_to(base / "elsewhere", target_is_directory=True)
    (base / "full").mkdir()
    (base / "full/file").write_bytes(b"")
    for to in ("link", "full"):
        with pytest.raises(Refused, match="not empty"):
            opened(base / "out").unseal(base / to)


def test_a_sealed_file_that_is_a_link_is_not_followed(base):
    """Whoever can write into the sealed folder cannot make others be read."""
    path = shard_of(base / "out", f"model-00002.bin:0:{SMALLEST}")
    path.rename(base / "kept")
    path.symlink_to(base / "kept")

    assert named(base / "out")
    path.unlink()
    os.mkfifo(path)  # nor does anyone wait for what never comes
    assert named(base / "out")
    assert SealedFolder.read(base / "out", DEVELOPER.holder).faults()
