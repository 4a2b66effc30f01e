"""Bundles: recomputed offline, and the first difference is named."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.bench import bundle
from fairlead.bench.outcomes import Outcome, encode_run, read_run
from fairlead.bench.verifying import assessment_of, verify
from fairlead.errors import Damaged, Malformed
from fairlead.record.notes import new_signer


def again(files, signer, assessment, *, logs=None):
    """Bundle files anew, signed anew: as somebody would who holds the key."""
    kept = bundle.chosen(files, transcripts=True)
    run = read_run(files["manifest.json"])
    return bundle.make(run, assessment, kept, logs=logs or {}, signers=[signer])


def test_a_bundle_that_nobody_altered_holds(bundled, signer):
    """Every number comes out again, and who signed is told."""
    archive, _, _, _ = bundled
    found = verify(archive, [signer.key.verifier()])
    assert found.differences == ()
    assert found.trusted
    assert found.signed_by == ("example.org/bench",)
    stranger = new_signer("example.org/bench", lambda size: b"s" * size)
    assert not verify(archive, [stranger.verifier()]).trusted


def test_the_same_run_gives_the_same_bytes(bundled, signer):
    """Archives depend on nothing but what is in them."""
    archive, files, _, made = bundled
    assert again(dict(reversed(files.items())), signer, made) == archive
    assert bundle.pack(bundle.unpack(archive)) == archive


@given(st.data())
@settings(max_examples=60)
def test_any_changed_byte_is_found(bundled, data):
    """Wherever it is in the archive; without looking at who signed, too."""
    archive, _, _, _ = bundled
    place = data.draw(st.integers(0, len(archive) - 1))
    change = data.draw(st.integers(1, 255))
    altered = bytearray(archive)
    altered[place] ^= change
    assert not verify(bytes(altered)).holds


def test_one_altered_score_is_found_though_signed_anew(bundled, worlds, signer):
    """An outcome that its transcript does not bear out is named."""
    _, files, attempts, made = bundled
    place = next(n for n, a in enumerate(attempts) if a.outcome is Outcome.FAILED)
    better = msgspec.structs.replace(attempts[place], outcome=Outcome.SOLVED)
    changed = [*attempts[:place], better, *attempts[place + 1 :]]
    found = verify(again(worlds.with_attempts(files, changed), signer, made))
    assert attempts[place].task in found.differences[0]
    assert "says solved, its transcript failed" in found.differences[0]


def test_a_dropped_attempt_is_found_though_signed_anew(bundled, worlds, signer):
    """It was planned, and the manifest says that all were made."""
    _, files, attempts, made = bundled
    gone = attempts[17]
    files = {n: c for n, c in files.items() if n != f"samples/{gone.sample}"}
    files = worlds.with_attempts(files, attempts[:17] + attempts[18:])
    found = verify(again(files, signer, made))
    assert gone.task in found.differences[0]
    assert "dropped" in found.differences[0]


def test_a_number_that_does_not_follow_is_found(bundled, signer):
    """An estimate said a little better than it is, and a reading said otherwise."""
    _, files, _, made = bundled
    ability = msgspec.structs.replace(
        made.estimate.ability, value=made.estimate.ability.value + 0.001
    )
    better = msgspec.structs.replace(
        made, estimate=msgspec.structs.replace(made.estimate, ability=ability)
    )
    other = msgspec.structs.replace(
        better, reading=msgspec.structs.replace(made.reading, answer="below")
    )
    found = verify(again(files, signer, other)).differences
    assert found[0].startswith("estimate.ability.value: the bundle says")
    assert found[1].startswith("reading.answer: the bundle says below")
    assert len(found) == 2


def test_a_threshold_chosen_afterwards_is_found(bundled, signer):
    """The threshold is the one whose digest was declared before the run."""
    _, files, _, made = bundled
    moved = {**files, "threshold.toml": files["threshold.toml"] + b"# moved\n"}
    found = verify(again(moved, signer, made))
    assert found.differences == (
        "the threshold is not the one declared before the run",
    )
    with pytest.raises(Damaged):
        assessment_of(moved)


def test_a_sandbox_that_did_not_hold_is_found(bundled, signer):
    """A level below the one declared is a difference, and so is no report."""
    _, files, _, made = bundled
    run = read_run(files["manifest.json"])
    higher = encode_run(msgspec.structs.replace(run, level="L2"))
    found = verify(again({**files, "manifest.json": higher}, signer, made))
    assert "proves L1, the manifest says L2" in found.differences[0]
    bare = {n: c for n, c in files.items() if not n.startswith("sandbox/")}
    found = verify(again(bare, signer, made))
    assert "no report of the sandbox" in found.differences[0]


def test_without_transcripts_it_is_said_that_outcomes_were_not_recomputed(
    bundled, signer
):
    """Transcripts may be too dangerous to hand on; their digests remain."""
    _, files, _, made = bundled
    run = read_run(files["manifest.json"])
    kept = bundle.chosen(files, transcripts=False)
    archive = bundle.make(run, made, kept, logs={}, signers=[signer])
    found = verify(archive)
    assert found.holds
    assert "Transcripts are not in the bundle" in found.notes[0]


@pytest.mark.parametrize("name", ["../escape", "samples/../../x.json", "other.txt"])
def test_what_does_not_belong_is_refused(bundled, name):
    """A path that leads elsewhere is never read, and nobody signed is said."""
    _, files, _, _ = bundled
    archive = bundle.pack({**bundle.chosen(files, transcripts=False), name: b"x"})
    with pytest.raises(Malformed):
        bundle.unpack(archive)
    assert not verify(archive).holds
    assert not verify(b"no archive at all").holds


def test_an_unsigned_bundle_does_not_hold(bundled):
    """Somebody must stand for it."""
    _, files, _, made = bundled
    run = read_run(files["manifest.json"])
    kept = bundle.chosen(files, transcripts=False)
    archive = bundle.make(run, made, kept, logs={}, signers=[])
    assert "not signed" in verify(archive).differences[0]
