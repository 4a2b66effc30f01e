"""From sealed weights to a certificate: what is destroyed stays so, and anyone can see it."""

from __future__ import annotations

import hashlib
import secrets
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from acts import RULES, Cast

from fairlead.base import instants
from fairlead.errors import Damaged, Destroyed
from fairlead.formats import destruction, dsse
from fairlead.formats.destruction import Asset, Attempt, HolderStatement
from fairlead.record import disclosure
from fairlead.record.notes import new_signer
from fairlead.review import concluding
from fairlead.sealing import halves
from fairlead.sealing.folder import SIGNATURE
from fairlead.sealing.holders import Part, new_holder_key
from fairlead.sealing.opening import FailedOpening
from fairlead.store.halves import SQLHalves
from fairlead.store.sealed import SealedFolder
from fairlead.store.sealing import Sealing, seal
from fairlead.store.subjects import stored_events

DEVELOPER = new_holder_key(Part.DEVELOPER, "Developer", secrets.token_bytes)
SIGNER = dsse.NoteSigner(
    new_signer("programme.example/certificates", secrets.token_bytes)
)


@pytest.fixture
def cast(world):
    return Cast(world)


def of(cast, unit):
    return SQLHalves(unit.connection, cast.world.store.vault)


def seal_weights(base, holder):
    (base / "model").mkdir()
    (base / "model/weights.bin").write_bytes(secrets.token_bytes(50_000))
    return seal(
        Sealing(
            folder=base / "model",
            out=base / "out",
            key=DEVELOPER,
            holders=[holder],
            randomness=secrets.token_bytes,
        )
    ).seal


def open_session(cast, base, holder):
    """Open the weights as a session does: the developer's half, and the programme's."""
    folder = SealedFolder.read(base / "out", DEVELOPER.holder)
    mine = halves.unwrap_mine(folder.seal.halves, [DEVELOPER], folder.seal.id)
    with cast.world.store.read() as unit:
        theirs = of(cast, unit).open("weights", holder, folder.seal)
    return folder.open(halves.join(mine | {Part.PROGRAMME: theirs.half}))


def certificate(cast, base, engagement, head):
    """Build the certificate from what the record says happened."""
    store = cast.world.store
    with store.read() as unit:
        stored = stored_events(unit.connection, f"engagement/{engagement}", store.vault)
    found = {}
    for event in stored:
        found.setdefault(event.type.partition("@")[0], []).append(event)

    def cite(event):
        return {
            "at": instants.text(event.at),
            "event": f"{event.stream}@{event.version}",
        }

    developer, programme = found["engagement.holder_stated"]
    (tried,) = found["engagement.opening_tried"]
    common = {"asset": "weights", "how": "zeros over the key"}
    statement = destruction.build(
        engagement=engagement,
        programme="A Programme",
        at=instants.text(cast.now),
        assets=[
            Asset(
                name="weights",
                kind="sealed weights",
                digest={
                    "sha256": hashlib.sha256(
                        (base / "out" / SIGNATURE).read_bytes()
                    ).hexdigest()
                },
                seal=head.id,
            )
        ],
        statements=[
            HolderStatement(
                **common,
                **cite(event),
                holder=place,
                part=place.lower(),
                destroyed="its half of the key",
                organisation=cast.organisations[place],
            )
            for place, event in (("Developer", developer), ("Programme", programme))
        ],
        attempts=[
            Attempt(
                asset="weights",
                outcome="destroyed",
                what="the key of the engagement",
                **cite(tried),
            )
        ],
        events=[
            disclosure.disclose(
                event,
                cast.world.context.prove(f"{event.stream}@{event.version}"),
                body=False,
            )
            for event in (developer, programme, tried)
        ],
    )
    return destruction.certify(statement, [SIGNER]).encode()


def test_sealed_weights_from_giving_out_keys_to_the_certificate(cast, tmp_path):
    """A session opens them; after closing nobody does, and the certificate is verified."""
    engagement = cast.live()
    with cast.world.store.begin() as unit:
        holder = of(cast, unit).give_out("weights", "A Programme")
    head = seal_weights(tmp_path, holder)
    opened = open_session(cast, tmp_path, holder)
    kept = (tmp_path / "model/weights.bin").read_bytes()
    assert b"".join(opened.range("weights.bin", 0, 50_000)) == kept

    cast.do("lia", concluding.close, engagement, RULES)
    cast.do("dora", concluding.state_destroyed, engagement, "Our half.")
    with cast.world.store.begin() as unit:
        of(cast, unit).destroy("weights", at=cast.now)
    cast.do("lia", concluding.state_destroyed, engagement, "Our half.")
    cast.do("dora", concluding.destroy, engagement)
    cast.world.work()

    with pytest.raises(Destroyed):
        open_session(cast, tmp_path, holder)
    with cast.world.store.read() as unit:
        failed = of(cast, unit).attempt("weights", holder, head)
    assert isinstance(failed, FailedOpening)
    written = certificate(cast, tmp_path, engagement, head)
    trusted = [dsse.NoteVerifier(SIGNER.key.verifier())]
    proven = destruction.verify(written, cast.world.key, trusted)
    assert proven.open_questions == ()
    assert proven.origin == cast.world.key.name
    with pytest.raises(Damaged):
        destruction.verify(
            written, new_signer("x", secrets.token_bytes).verifier(), trusted
        )
