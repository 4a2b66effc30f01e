"""Our manifests and envelopes, judged by OpenSSF's and in-toto's own libraries."""

from __future__ import annotations

import json
import os
import secrets

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from fairlead.formats import dsse, in_toto, model_signing
from fairlead.record.notes import new_signer
from fairlead.sealing import halves
from fairlead.sealing.folder import SIGNATURE
from fairlead.sealing.holders import Part, new_holder_key
from fairlead.store.sealed import SealedFolder
from fairlead.store.sealing import Sealing, seal

# It brings forty packages of its own, and so is installed by whoever runs this:
# `pip install model-signing`.
hashing = pytest.importorskip(
    "model_signing.hashing", reason="model-signing is not installed"
)
signing = pytest.importorskip("model_signing._signing.signing")

pytestmark = pytest.mark.conformance

DEVELOPER = new_holder_key(Part.DEVELOPER, "Acme", secrets.token_bytes)
PROGRAMME = new_holder_key(Part.PROGRAMME, "Programme", secrets.token_bytes)
SHARD = 64 * 1024


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("model-signing")
    sizes = {"a.bin": 3 * SHARD, "a/b.bin": SHARD + 1, "a-b": 5, "z/y/x": 1}
    for name, size in sizes.items():
        path = base / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    seal(
        Sealing(
            folder=base / "model",
            out=base / "out",
            key=DEVELOPER,
            holders=[PROGRAMME.holder],
            randomness=secrets.token_bytes,
            shard=SHARD,
        )
    )
    return base


def test_openssf_computes_the_same_manifest_of_the_sealed_folder(base):
    """Without a key, `model_signing` agrees about every sealed file."""
    envelope = json.loads((base / "out" / SIGNATURE).read_bytes())
    payload = dsse.parse(json.dumps(envelope).encode()).payload
    config = hashing.Config().set_ignored_paths(paths=[base / "out" / SIGNATURE])

    assert config.hash(base / "out") == signing.dsse_payload_to_manifest(
        json.loads(payload)
    )
    (next((base / "out/shards").iterdir())).rename(base / "out/shards/moved")
    assert config.hash(base / "out") != signing.dsse_payload_to_manifest(
        json.loads(payload)
    )


def test_openssf_computes_the_same_manifest_of_the_model(base):
    """With both halves, it agrees about every shard of the model's files."""
    folder = SealedFolder.read(base / "out", DEVELOPER.holder)
    both = halves.unwrap_mine(
        folder.seal.halves, [DEVELOPER, PROGRAMME], folder.seal.id
    )
    opened = folder.open(halves.join(both))
    said = json.loads(model_signing.say(opened.model, opened.manifest))
    config = hashing.Config().use_shard_serialization(
        hashing_algorithm="sha256", shard_size=SHARD
    )

    theirs = config.hash(base / "model")
    assert theirs == signing.dsse_payload_to_manifest(said)
    assert [str(one.identifier) for one in theirs.resource_descriptors()] == [
        one.name for one in opened.manifest.resources
    ]


def test_in_totos_library_verifies_our_envelopes():
    """Signed by us, verified by `securesystemslib`; changed by one byte, refused."""
    signer = dsse.NoteSigner(new_signer("programme.example/x", secrets.token_bytes))
    written = dsse.sign(b'{"a": 1}', in_toto.PAYLOAD, [signer]).encode()
    changed = written.replace(b"eyJhIjogMX0=", b"eyJhIjogMn0=")
    assert changed != written
    key = SSlibKey(
        signer.id,
        "ed25519",
        "ed25519",
        {"public": signer.key.verifier().key.hex()},
    )

    assert signer.id in Envelope.from_dict(json.loads(written)).verify([key], 1)
    with pytest.raises(VerificationError):
        Envelope.from_dict(json.loads(changed)).verify([key], 1)
