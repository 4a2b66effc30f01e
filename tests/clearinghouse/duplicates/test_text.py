"""Hostile text: bounded, harmless, never an error."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.duplicates import Features, compare, features_of, keys_of
from fairlead.clearinghouse.duplicates.text import harmless, numbers, stem
from fairlead.clearinghouse.findings import Attachment, AttachmentKind, Finding

MEBIBYTE = 1 << 20
HOSTILE = {
    "one word": "a" * MEBIBYTE,
    "brackets": "<(" * (MEBIBYTE // 2),
    "frames": "    #1 0x1 in f a.c:1\n" * (MEBIBYTE // 22),
    "ticks": "`" * MEBIBYTE,
    "numbers": "9" * MEBIBYTE,
    "hunks": "@@ -1,2 +1,2 @@ f(\n" * (MEBIBYTE // 20),
    "paths": "a/" * (MEBIBYTE // 2),
    "distinct names": " ".join(f"name_{n}(x{n})" for n in range(60_000)),
    "expanding": "\ufdfa" * (MEBIBYTE // 3),
    "lone surrogates": "\ud800" * 1000 + "crash in parse_tlv()",
    "bidi and controls": "\u202eparse\u2066\x00\x1b[31m_tlv()\u200b",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_features_stay_small_and_serialisable(finding, name):
    """Whatever comes in, a few kilobytes are kept, and they survive storage."""
    text = HOSTILE[name]
    features = features_of(
        finding(text, file=text[:5000], function=text[:5000], versions=(text[:500],))
    )
    stored = msgspec.json.encode(features)
    assert len(stored) < 64 * 1024
    assert msgspec.json.decode(stored, type=Features) == features
    assert len(keys_of(features)) <= 40
    assert 0 <= compare(features, features).probability <= 1


def test_invisible_characters_neither_hide_nor_reach_the_output():
    """Control, bidi and surrogate characters become spaces, widths become one."""
    assert harmless("a\u202eb\x00c\ud800d\ne") == "a b c d\ne"
    assert harmless("\uff50\uff41\uff52\uff53\uff45") == "parse"


def test_padding_pushes_nothing_rare_out(finding):
    """Common words in front do not displace the telling ones."""
    telling = "the `zweibrueckenzahl` overflows"
    padded = "common words and more of the same " * 900 + telling
    assert "zweibrueckenzahl" in features_of(finding(padded)).words


def test_numbers_need_size_or_a_noun():
    """Small numbers count beside their noun, addresses do not count."""
    assert numbers("type 15, tag 0x101e, at 0x7f0d1c4b2f07, 3 times") == [
        "4126",
        "type15",
        "tag4126",
    ]


def test_stems_join_the_forms_of_a_word():
    """Plural, gerund and participle are one word."""
    assert {stem(word) for word in ("validate", "validated", "validating")} == {"valid"}
    assert stem("entries") == stem("entry")


@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_taken(text, file, function):
    """No text makes extraction or comparison fail."""

    attachment = Attachment(filename="x", kind=AttachmentKind.OTHER, text=text)
    features = features_of(
        Finding(
            receipt=Receipt("SUB-x"),
            purl=text[:40],
            software=function,
            file=file,
            function=function,
            cwe=text[:10],
            discovery_tooling=text[:90],
            attachments=(attachment,),
        )
    )
    keys_of(features)
    compare(features, features)
