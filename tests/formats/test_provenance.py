"""The provenance block is carried unchanged; only the chain of reporters grows."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.intake import finding_of
from fairlead.errors import Invalid
from fairlead.formats import provenance, tap

BLOCK = {
    "finders": ["Ada Lovelace <ada@finder.example>", "小林 (Lab)"],
    "reporters": ["Lab product security", "CERT/CC"],
    "origins": ["https://kb.cert.example/vuls/id/1"],
    "embargo": "2026-12-01T00:00:00Z, set by the finder",
    "consolidated": 3,
    "tooling_confidential": True,
    "x-of-another-hop": {"kept": ["as", "it", "is"]},
}


def sent(block):
    fields = {"purl": "pkg:npm/x", "enrichment": {"cwe": "CWE-79", "provenance": block}}
    return json.dumps(fields).encode()


def test_a_finding_has_the_provenance_of_its_report():
    finding = finding_of(Receipt("SUB-x"), tap.decode(sent(BLOCK)))
    assert finding.provenance.finders == tuple(BLOCK["finders"])
    assert finding.provenance.reporters == tuple(BLOCK["reporters"])
    assert finding.provenance.origins == tuple(BLOCK["origins"])
    assert finding.provenance.embargo == BLOCK["embargo"]
    assert finding.provenance.consolidated == 3
    assert finding.provenance.tooling_confidential


@pytest.mark.parametrize("block", [None, [], "x", {"finders": "Ada"}, {"finders": [1]}])
def test_a_block_of_another_shape_is_taken_and_passed_over(block):
    finding = finding_of(Receipt("SUB-x"), tap.decode(sent(block)))
    assert finding.provenance is None
    assert finding.cwe == "CWE-79"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.printable),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=8,
)
BLOCKS = st.fixed_dictionaries(
    {}, optional={"finders": st.lists(st.text()), "reporters": st.lists(st.text())}
)


@given(
    block=st.builds(
        lambda rest, known: {**rest, **known}, st.dictionaries(st.text(), JSON), BLOCKS
    ),
    rest=st.dictionaries(st.text().filter(lambda k: k != "provenance"), JSON),
    hops=st.lists(st.text(), min_size=1, max_size=4),
)
def test_each_hop_appends_itself_and_changes_nothing_else(block, rest, hops):
    if not isinstance(block.get("reporters", []), list):
        block.pop("reporters")
    before = {**rest, "provenance": block}
    kept = json.dumps(before)
    after = before
    for hop in hops:
        after = provenance.forwarded(after, hop)
    assert json.dumps(before) == kept
    chain = after["provenance"].pop("reporters")
    assert chain == [*block.get("reporters", []), *hops]
    untouched = {k: v for k, v in block.items() if k != "reporters"}
    assert list(after["provenance"].items()) == list(untouched.items())
    assert {k: v for k, v in after.items() if k != "provenance"} == rest


def test_a_report_without_a_block_gets_one_when_it_is_passed_on():
    assert provenance.forwarded(None, "Us") == {"provenance": {"reporters": ["Us"]}}


@pytest.mark.parametrize("block", ["x", {"reporters": "x"}, None])
def test_a_chain_that_is_none_is_not_rewritten(block):
    with pytest.raises(Invalid):
        provenance.forwarded({"provenance": block}, "Us")
