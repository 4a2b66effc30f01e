"""A destruction certificate shows what the record shows, offline, and says what it cannot."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Damaged, Error, Invalid
from fairlead.formats import destruction, dsse
from fairlead.formats.destruction import LIMITS, Asset, Attempt, HolderStatement
from fairlead.record import proofs, tree
from fairlead.record.disclosure import Disclosed
from fairlead.record.events import leaf_of
from fairlead.record.notes import Checkpoint, new_signer
from fairlead.record.tlog_proof import TlogProof
from fairlead.sealing.holders import Part, new_holder_key

LOG = new_signer("programme.example/record", secrets.token_bytes)
PROGRAMME = dsse.NoteSigner(
    new_signer("programme.example/certificates", secrets.token_bytes)
)
TRUSTED = dsse.NoteVerifier(PROGRAMME.key.verifier())
DEVELOPER = new_holder_key(Part.DEVELOPER, "Acme", secrets.token_bytes)
DONE, LATER = "2026-08-18T14:03:21.000000Z", "2026-08-18T14:03:22.000000Z"


class Tiles:
    def __init__(self, leaves):
        self.leaves = [tree.leaf_hash(leaf) for leaf in leaves]

    def hashes(self, tile):
        assert tile.level == 0
        first = tile.index * tree.WIDTH
        return self.leaves[first : first + tile.width]


def record(*events):
    """Return *events* as a record discloses them: in a log, among others."""
    made = []
    for event in events:
        header, salt = json.dumps(event).encode(), secrets.token_bytes(32)
        body_hash = hashlib.sha256(secrets.token_bytes(32)).digest()
        made.append((header, salt, body_hash, leaf_of(salt, header, body_hash)))
    leaves = [secrets.token_bytes(32) for _ in range(5)]
    leaves += [one[3] for one in made]
    tiles, size = Tiles(leaves), len(leaves)
    signed = LOG.sign(
        Checkpoint(origin=LOG.name, size=size, root=proofs.root(tiles, size)).text()
    )
    return [
        Disclosed(
            header=header.decode(),
            header_salt=salt,
            body_hash=body_hash,
            proof=TlogProof(
                index=5 + n,
                path=tuple(proofs.inclusion(tiles, 5 + n, size)),
                checkpoint=signed,
            ).text(),
        )
        for n, (header, salt, body_hash, _) in enumerate(made)
    ]


def event(version, kind, at, **data):
    return {
        "stream": "engagement/eng-1",
        "version": version,
        "type": kind,
        "actor": "person/per-1",
        "at": at,
        "data": data,
    }


EVENTS = record(
    event(
        7, "engagement.holder_stated@1", DONE, side="programme", organisation="org-1"
    ),
    event(8, "engagement.opening_tried@1", LATER, what="the half", opened=False),
)


def parts(**given):
    wanted = {
        "engagement": "eng-1",
        "programme": "A Programme",
        "at": LATER,
        "assets": [
            Asset(
                name="as-1",
                kind="sealed weights",
                digest={"sha256": "00" * 32},
                seal="s",
            )
        ],
        "statements": [
            HolderStatement(
                asset="as-1",
                holder="Programme",
                part="programme",
                destroyed="the programme's half of the key",
                how="zeros over the key in the key service, synced",
                at=DONE,
                event="engagement/eng-1@7",
                organisation="org-1",
            )
        ],
        "attempts": [
            Attempt(
                asset="as-1",
                outcome="destroyed",
                at=LATER,
                event="engagement/eng-1@8",
                what="the half",
            )
        ],
        "events": EVENTS,
    }
    return wanted | given


def certificate(signers=(PROGRAMME,), **given):
    return destruction.certify(destruction.build(**parts(**given)), signers).encode()


def verified(written, log=None, trusted=(TRUSTED,)):
    return destruction.verify(written, log or LOG.verifier(), list(trusted))


def resigned(change):
    """Return a certificate whose statement *change* altered, signed as if it were right."""
    statement = json.loads(destruction.build(**parts()))
    change(statement)
    return destruction.certify(json.dumps(statement).encode(), [PROGRAMME]).encode()


def test_it_shows_what_was_destroyed_and_what_it_cannot_show():
    """The reader is told both, in sentences."""
    proven = verified(certificate())
    said = proven.text()

    assert proven.origin == LOG.name
    assert "destroyed the programme's half of the key of as-1" in said
    assert "opening as-1 was attempted and failed: destroyed" in said
    assert "that nobody kept the content" in said
    assert "write-ahead log" in said
    assert "snapshots" in said
    assert "backup" in said
    assert "? a statement of the developer about as-1" in said


def test_each_holder_signs_for_itself():
    """A developer's signature can be added later, and be asked for."""
    first = dsse.parse(certificate())
    both = first.also(DEVELOPER).encode()

    assert verified(both, trusted=(TRUSTED, DEVELOPER.holder)).signers == (
        TRUSTED.id,
        DEVELOPER.holder.id,
    )
    with pytest.raises(Damaged, match=DEVELOPER.holder.id):
        verified(first.encode(), trusted=(TRUSTED, DEVELOPER.holder))
    with pytest.raises(Damaged, match="nobody"):
        verified(both, trusted=())


@given(st.data())
def test_every_changed_character_is_noticed(data):
    """No character of a certificate can be another one, unless it then says the same."""
    written = certificate()
    place = data.draw(st.integers(0, len(written) - 1))
    byte = data.draw(st.integers(32, 126).filter(lambda b: b != written[place]))
    changed = written[:place] + bytes([byte]) + written[place + 1 :]
    try:
        verified(changed)
    except Error:
        return
    one, other = dsse.parse(written), dsse.parse(changed)
    assert (one.payload, one.payload_type) == (other.payload, other.payload_type)


def test_another_key_verifies_nothing():
    """Neither another signer nor another log's key will do."""
    other = new_signer(LOG.name, secrets.token_bytes).verifier()
    with pytest.raises(Damaged):
        verified(certificate(), log=other)
    with pytest.raises(Damaged):
        verified(certificate(), trusted=(dsse.NoteVerifier(other),))


def test_events_that_are_not_in_the_record_are_refused():
    """An event with another header, even well signed, is not the recorded one."""

    def later(statement):
        shown = statement["predicate"]["events"][0]
        shown["header"] = shown["header"].replace("org-1", "org-2")

    with pytest.raises(Damaged, match="does not stand at place"):
        verified(resigned(later))


@pytest.mark.parametrize(
    ("place", "field", "value", "said"),
    [
        ("statements", "at", LATER, "not at"),
        ("statements", "part", "developer", "nothing about it"),
        ("statements", "organisation", "org-2", "says organisation"),
        ("statements", "event", "engagement/eng-1@9", "not in the certificate"),
        ("statements", "asset", "as-2", "is no asset"),
        ("attempts", "outcome", "opened", "does not show"),
        ("attempts", "what", "something else", "says what"),
        ("attempts", "event", "engagement/eng-1@7", "not what is claimed"),
        ("attempts", "at", "2026-08-18T14:03:20.000000Z", "before the destruction"),
        ("assets", "name", "as-2", "subjects"),
        ("statements", "event", "engagement/eng-1@8", "not what is claimed"),
    ],
)
def test_what_does_not_fit_the_events_is_refused(place, field, value, said):
    """A signer who says other than the record is found out."""

    def change(statement):
        statement["predicate"][place][0][field] = value

    with pytest.raises(Damaged, match=said):
        verified(resigned(change))


@pytest.mark.parametrize("limit", sorted(LIMITS))
def test_a_certificate_without_a_limit_is_refused(limit):
    """Nobody can hand out one that says less about what it cannot show."""

    def leave_out(statement):
        del statement["predicate"]["limits"][limit]

    with pytest.raises(Damaged, match="leaves out"):
        verified(resigned(leave_out))


def test_events_of_another_engagement_are_refused():
    """A certificate shows nothing with what happened elsewhere."""

    def change(statement):
        statement["predicate"]["engagement"] = "eng-2"

    with pytest.raises(Damaged, match="not what is claimed"):
        verified(resigned(change))


def test_an_attempt_that_opened_is_no_proof_of_destruction():
    """If the recorded attempt succeeded, nobody can call it a failure."""
    events = record(
        event(7, "engagement.destroyed@1", DONE),
        event(8, "engagement.opening_tried@1", LATER, what="the half", opened=True),
    )
    with pytest.raises(Damaged, match="says that it was opened"):
        verified(certificate(events=events))


def test_it_is_not_made_where_it_would_not_verify():
    """An asset that nobody states to have destroyed, or an event not disclosed."""
    with pytest.raises(Invalid, match="nobody states"):
        certificate(
            assets=[
                *parts()["assets"],
                Asset(name="as-2", kind="logs", digest={"sha256": "11"}),
            ]
        )
    with pytest.raises(Invalid, match="not in the certificate"):
        certificate(events=EVENTS[:1])


def test_without_an_attempt_the_reader_is_told():
    """For a sealed asset the missing attempt is named as missing."""
    proven = verified(certificate(attempts=[]))
    assert "an attempt to open as-1 after its destruction" in proven.open_questions


def test_the_envelope_is_what_the_protocol_says():
    """The signature is over the pre-authentication encoding of DSSE, by Ed25519."""
    envelope = json.loads(certificate())
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 " + b" ".join(
        [str(len(kind)).encode(), kind, str(len(payload)).encode(), payload]
    )

    assert kind == b"application/vnd.in-toto+json"
    assert TRUSTED.signed(signed, base64.b64decode(envelope["signatures"][0]["sig"]))
    assert json.loads(payload)["predicateType"] == "urn:fairlead:destruction:v1"
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_what_is_no_certificate_is_refused():
    """Whatever else comes in ends in an error that says so."""
    for wrong in (
        b"",
        b"{}",
        b"[]",
        certificate()[:-20],
        msgspec.json.encode({"payload": 1}),
    ):
        with pytest.raises(Error):
            verified(wrong)
