"""Decision tables: every published row, and what missing inputs would change."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.catalogue.priority import decisions
from fairlead.catalogue.priority.decisions import decide, point, tables


@pytest.mark.conformance
def test_every_row_of_every_published_table_has_its_outcome(data_folder):
    rows = 0
    for path in sorted((data_folder / "suites/ssvc/decision_tables").rglob("*.json")):
        published = json.loads(path.read_text())
        name = ":".join(published[part] for part in ("namespace", "key", "version"))
        for row in published["mapping"]:
            expected = row.pop(published["outcome"])
            assert decide(name, row).outcome == expected, (name, row)
            rows += 1
    assert rows == 1574


def test_an_exposed_exploited_automatable_total_takeover_is_for_three_days():
    found = decide(
        decisions.BOD_26_04,
        {
            "cisa:KEV:1.0.0": "Y",
            "cisa:PE:1.0.0": "Y",
            "ssvc:A:2.0.0": "Y",
            "ssvc:TI:1.0.0": "T",
        },
    )
    assert found.outcome == "3DF"
    assert "In KEV: Yes" in found.sentence


def test_what_is_missing_is_named_with_what_each_value_would_change():
    found = decide(
        decisions.BOD_26_04,
        {"cisa:KEV:1.0.0": "N", "cisa:PE:1.0.0": "N", "ssvc:A:2.0.0": "N"},
    )
    (missing,) = found.missing
    assert missing.name == "Technical Impact"
    assert set(missing.would) == {"P", "T"}
    assert all(len(outcomes) == 1 for outcomes in missing.would.values())
    assert {o for outcomes in missing.would.values() for o in outcomes} == set(
        found.possible
    )


cases = st.sampled_from(sorted(tables())).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.fixed_dictionaries(
            {},
            optional={
                p: st.sampled_from(sorted(point(p).values))
                for p in tables()[name].inputs
            },
        ),
    )
)


@given(case=cases)
def test_learning_more_never_makes_an_impossible_outcome_possible(case):
    name, known = case
    found = decide(name, known)
    assert found.possible
    for missing in found.missing:
        for value, outcomes in missing.would.items():
            again = decide(name, {**known, missing.point: value})
            assert again.possible == outcomes
            assert set(outcomes) <= set(found.possible)


@given(text=st.text())
def test_a_value_that_no_table_knows_counts_as_missing(text):
    found = decide(decisions.BOD_26_04, {"cisa:PE:1.0.0": "?" + text})
    assert "cisa:PE:1.0.0" in {missing.point for missing in found.missing}
