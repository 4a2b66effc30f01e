"""Whatever was ever recorded is read for ever."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fairlead.base import instants
from fairlead.record.events import StoredEvent, problems, type_of
from fairlead.store.unit import CODEC, KEPT

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.json"))


def events_of(sample):
    for event in sample["events"]:
        header = json.loads(event["header"])
        yield StoredEvent(
            stream=header["stream"],
            version=header["version"],
            type=header["type"],
            actor=header["actor"],
            at=instants.parse(header["at"]),
            header=event["header"].encode(),
            header_salt=base64.b64decode(event["header_salt"]),
            body=_bytes(event["body"]),
            body_salt=_bytes(event["body_salt"]),
            body_hash=bytes.fromhex(event["body_hash"]),
            leaf=bytes.fromhex(event["leaf"]),
        )


def _bytes(written):
    return None if written is None else base64.b64decode(written)


def subject_of(stored):
    return next(
        k.subject for k in KEPT if stored[0].stream.startswith(f"{k.subject.kind}/")
    )


def load(path):
    sample = json.loads(path.read_text("utf-8"))
    return list(events_of(sample)), sample["state"]


def _kept(told, expected):
    """Return of *told* what *expected* speaks of."""
    if isinstance(expected, dict) and isinstance(told, dict):
        return {
            name: _kept(told[name], value)
            for name, value in expected.items()
            if name in told
        }
    if isinstance(expected, list) and isinstance(told, list):
        if len(told) != len(expected):
            return told
        return [_kept(one, other) for one, other in zip(told, expected, strict=True)]
    return told


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_recorded_stream_still_leads_to_its_state(path):
    stored, expected = load(path)
    assert not [said for event in stored for said in problems(event)]
    state = subject_of(stored).fold(map(CODEC.decode, stored))
    told = json.loads(msgspec.json.encode(state))
    # The state, and what it is made of, may have gained fields since.
    assert _kept(told, expected) == expected


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_it_is_read_without_its_bodies_too(path):
    stored, _ = load(path)
    erased = [replace(event, body=None, body_salt=None) for event in stored]
    assert subject_of(stored).fold(map(CODEC.decode, erased)) is not None


def test_every_type_of_event_has_a_sample():
    """`python tools/corpus.py HOME` adds what is lacking."""
    held = {
        e["type"] for path in CORPUS for e in json.loads(path.read_text())["events"]
    }
    assert {type_of(fact) for kept in KEPT for fact in kept.subject.facts} <= held
