"""Our log, and damaged ones, judged by the libraries of the Go checksum database."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from fairlead.record import proofs
from fairlead.record.check import check_tree
from fairlead.record.cosignatures import WitnessSigner
from fairlead.record.notes import Checkpoint, Note, new_signer
from fairlead.record.tlog_proof import TlogProof
from fairlead.record.tree import Frontier, Tile, bundle, unbundle
from fairlead.store.public import PublicLog
from fairlead.store.tiles import TileFolder

pytestmark = pytest.mark.conformance

SIGNER = new_signer("log.example/record", secrets.token_bytes)
WITNESS = WitnessSigner(new_signer("witness.example/w1", secrets.token_bytes))
SIZE = 70_000
"""Three levels of tiles, all partial at the edge."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Compile the checker; without Go, fail in CI and skip elsewhere."""
    if shutil.which("go") is None:
        said = "Go is not installed; tools/system-packages.sh installs it"
        (pytest.fail if "CI" in os.environ else pytest.skip)(said)
    folder = tmp_path_factory.mktemp("go")
    libraries = os.environ.get("FAIRLEAD_GOPATH", "/usr/share/gocode")
    if not Path(libraries, "src/golang.org/x/mod/sumdb").is_dir():
        said = f"golang.org/x/mod is not in {libraries}; set FAIRLEAD_GOPATH"
        (pytest.fail if "CI" in os.environ else pytest.skip)(said)
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": libraries,
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    program = folder / "check"
    source = Path(__file__).parent / "go" / "main.go"
    subprocess.run(
        ["go", "build", "-o", program, source],  # noqa: S607
        env=environment,
        check=True,
        timeout=280,
    )
    return program


def entries(count):
    return [hashlib.sha256(b"%d" % n).digest() for n in range(count)]


def grow(tiles, start, end):
    root = tiles.append(entries(end)[start:], start=start)
    text = Checkpoint(origin=SIGNER.name, size=end, root=root).text()
    tiles.publish(SIGNER.sign(text))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A log in two steps; the older checkpoint lies beside it as `old`."""
    tiles = TileFolder(tmp_path_factory.mktemp("whole") / "log")
    grow(tiles, 0, 33_333)
    (tiles.path.parent / "old").write_text(tiles.checkpoint())
    grow(tiles, 33_333, SIZE)
    return tiles


@pytest.fixture
def log(whole, tmp_path):
    """A copy that a test may damage."""
    shutil.copytree(whole.path.parent, tmp_path / "copy")
    return TileFolder(tmp_path / "copy" / "log")


def judged(program, log, *more):
    """Return what Go says: nothing, or why it refuses."""
    where = log if isinstance(log, str) else str(log.path)
    done = subprocess.run(
        [program, "-log", where, "-key", SIGNER.verifier().text(), *more],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in {0, 1}, done.stderr
    assert (done.returncode == 0) == (done.stdout.startswith("verified"))
    return done.stderr


def named(log, given=None):
    """Return what our own checker says, by code and subject."""
    given = entries(SIZE) if given is None else given
    note, key = log.checkpoint(), SIGNER.verifier()
    return {(p.code, p.subject) for p in check_tree(given, log, note, key, SIGNER.name)}


def old(log):
    return ("-old", str(log.path.parent / "old"))


def test_go_verifies_the_log_its_proofs_and_its_growth(program, whole, tmp_path):
    checkpoint = SIGNER.checkpoint(whole.checkpoint())
    for index in (0, 33_333, SIZE - 1):
        path = proofs.inclusion(whole, index, SIZE)
        proof = TlogProof(index=index, path=tuple(path), checkpoint=whole.checkpoint())
        file = tmp_path / f"{index}.tlog-proof"
        file.write_text(proof.text())
        entry = entries(SIZE)[index]
        assert proof.verify(entry, SIGNER.verifier()) == checkpoint
        more = ("-proof", str(file), "-entry", entry.hex())
        assert judged(program, whole, *old(whole), *more) == ""
        more = ("-proof", str(file), "-entry", entries(9)[5].hex())
        assert "refused" in judged(program, whole, *more)
    assert named(whole) == set()


def test_go_verifies_what_is_served_and_who_cosigned(program, log, serving):
    note = Note.parse(log.checkpoint())
    line = WITNESS.cosign(note.text, 1_800_000_000)
    log.publish_to_all(Note(note.text, (*note.lines, line)).written())
    world, address = serving
    object.__setattr__(world.context, "log", PublicLog(log))
    witness = ("-witness", WITNESS.witness().text())
    assert judged(program, f"{address}/log", *old(log), *witness) == ""
    other = WitnessSigner(new_signer("witness.example/w1", secrets.token_bytes))
    witness = ("-witness", other.witness().text())
    assert "a key has not signed" in judged(program, f"{address}/log", *witness)


@pytest.mark.parametrize(
    "tile", [Tile(0, 0), Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
)
def test_a_flipped_bit_in_a_tile_is_found_by_both(program, log, tile):
    path = log.path / tile.path
    written = bytearray(path.read_bytes())
    written[secrets.randbelow(len(written))] ^= 1 << secrets.randbelow(8)
    path.write_bytes(written)
    assert "refused" in judged(program, log)
    assert named(log) == {("tile", tile.path)}


def test_an_edited_checkpoint_is_found_by_both(program, log):
    written = log.checkpoint()
    log.publish(written.replace(f"\n{SIZE}\n", f"\n{SIZE - 1}\n"))
    assert "refused" in judged(program, log)
    assert named(log) == {("checkpoint", "checkpoint")}


def rewritten(log, changed):
    """Put *changed* where the entries were, tiles and all, below the same checkpoint."""
    signed = log.checkpoint()
    shutil.rmtree(log.path)
    log.append(changed, start=0)
    log.publish(signed)


def test_a_dropped_leaf_is_found_by_both(program, log):
    dropped = entries(SIZE)
    del dropped[1234]
    rewritten(log, dropped)
    assert "refused" in judged(program, log)
    assert ("log", "leaves") in named(log, dropped)


def test_leaves_in_another_order_are_found_by_both(program, log):
    swapped = entries(SIZE)
    swapped[10], swapped[60_000] = swapped[60_000], swapped[10]
    rewritten(log, swapped)
    assert "refused" in judged(program, log)
    assert ("root", "checkpoint") in named(log, swapped)


def test_an_entry_that_was_changed_in_its_bundle_is_found_by_both(program, log):
    path = log.path / Tile(-1, 100).path
    held = unbundle(path.read_bytes())
    held[7] = b"x" * 32
    path.write_bytes(bundle(held))
    assert "refused" in judged(program, log)
    assert named(log) == {("entry", f"place {100 * 256 + 7}")}


def test_a_folder_that_was_rolled_back_is_found_by_both(program, log, tmp_path):
    """The older folder holds, alone; who kept a newer checkpoint finds out."""
    newer = tmp_path / "newer"
    newer.write_text(log.checkpoint())
    shutil.rmtree(log.path)
    grow(log, 0, 33_333)
    assert judged(program, log) == ""
    assert "now it has 33333" in judged(program, log, "-old", str(newer))
    # What the database holds beyond the checkpoint waits to be published: no fault. But
    # a database that was rolled back behind the published log is one.
    assert named(log) == set()
    assert named(log, entries(33_000)) == {("log", "leaves")}


def test_a_fork_is_found_by_whoever_kept_a_checkpoint(program, log):
    other = entries(SIZE)
    other[5] = b"y" * 32
    shutil.rmtree(log.path)
    frontier = Frontier()
    frontier.extend(other)
    log.append(other, start=0)
    text = Checkpoint(origin=SIGNER.name, size=SIZE, root=frontier.root()).text()
    log.publish(SIGNER.sign(text))
    assert judged(program, log) == ""
    assert "refused" in judged(program, log, *old(log))
    assert named(log, other) == set()
    assert ("root", "checkpoint") in named(log)
