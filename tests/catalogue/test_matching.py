"""Matching: what affects an inventory, why, and what is unsure."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.catalogue.judging import Certainty, judge
from fairlead.catalogue.matching import match
from fairlead.catalogue.records import Affected, Span, Status
from fairlead.errors import TooLarge
from fairlead.formats import inventories
from fairlead.formats.components import Component, Inventory

sys.path.insert(0, str(Path(__file__).parents[1] / "store" / "catalogue"))
import feeds

AT = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.fixture
def matches(world, tmp_path):
    """Compare components with what is published."""

    def run(documents, *components):
        if documents:
            path = tmp_path / "feed"
            path.mkdir(exist_ok=True)
            for number, document in enumerate(documents):
                (path / f"{number}.json").write_text(json.dumps(document))
            assert world.publish(path).quarantined == 0
        inventory = Inventory(
            format="x", components=tuple(Component(**c) for c in components)
        )
        with world.catalogue.read() as reading:
            return match(reading, inventory, AT)

    return run


def told(found):
    return [
        (m.vulnerability, m.certainty.value, m.records[0].reason) for m in found.matches
    ]


def test_a_version_within_a_range_is_affected_and_the_fix_is_named(matches):
    found = matches(
        [feeds.osv(5, aliases=["CVE-2026-0005"]), feeds.kev(5)],
        {"name": "Example", "version": "1.4", "purl": "pkg:pypi/Example@1.4"},
    )
    (one,) = found.matches
    assert told(found) == [("CVE-2026-0005", "affected", "1.4 is from 1.0 before 2.5")]
    assert one.fixed == ("2.5",)
    assert one.exploited.added == "2026-07-02"
    assert found.compared == 1


@pytest.mark.parametrize(
    ("version", "certainty", "reason"),
    [
        ("0.9", None, ""),
        ("2.5", None, ""),
        ("2.5.dev1", "affected", "2.5.dev1 is from 1.0 before 2.5"),
        ("", "unsure", "no version is given"),
        ("latest", "unsure", "could not compare 'latest'"),
    ],
)
def test_outside_it_is_not_and_what_cannot_be_told_is_unsure(
    matches, version, certainty, reason
):
    found = matches(
        [feeds.osv(5)], {"name": "e", "version": version, "purl": "pkg:pypi/example"}
    )
    if certainty is None:
        assert found.matches == ()
        assert found.compared == 1
    else:
        ((_, was, said),) = told(found)
        assert was == certainty
        assert said.startswith(reason)


def test_names_of_packages_are_compared_as_their_ecosystem_does(matches):
    found = matches(
        [feeds.osv(5, name="Zope.Interface")],
        {"name": "z", "version": "1.0", "purl": "pkg:pypi/zope-interface@1.0"},
        {"name": "z", "version": "1.0", "purl": "pkg:npm/zope-interface@1.0"},
    )
    assert [m.component.purl for m in found.matches] == ["pkg:pypi/zope-interface@1.0"]


def test_a_cpe_is_matched_and_a_bare_name_is_unsure(matches):
    found = matches(
        [feeds.cve(1)],
        {
            "name": "server",
            "version": "1.5",
            "cpe": "cpe:2.3:a:example:server:1.5:*:*:*:*:*:*:*",
        },
        {"name": "Server", "version": "1.5"},
        {"name": "Server", "version": "1.5", "supplier": "Somebody Else"},
        {"name": "Server", "version": "3.0"},
    )
    (sure, unsure) = found.matches
    assert sure.certainty is Certainty.AFFECTED
    assert unsure.certainty is Certainty.UNSURE
    assert "only the name is the same as of Example Server" in unsure.records[0].reason
    assert (sure.score, sure.band) == (9.8, "critical")


def test_versions_told_in_words_are_unsure(matches):
    words = [{"version": "all versions before 2", "status": "affected"}]
    found = matches(
        [feeds.cve(1, versions=words)],
        {
            "name": "s",
            "version": "1.5",
            "cpe": "cpe:2.3:a:example:server:*:*:*:*:*:*:*:*",
        },
    )
    ((_, certainty, reason),) = told(found)
    assert certainty == "unsure"
    assert "told in words: 'all versions before 2'" in reason


def test_changes_within_a_range_count(matches):
    versions = [
        {
            "version": "1.0",
            "status": "affected",
            "lessThan": "3.0",
            "versionType": "semver",
            "changes": [
                {"at": "1.5", "status": "unaffected"},
                {"at": "2.0", "status": "affected"},
            ],
        }
    ]
    cpe = "cpe:2.3:a:example:server:*:*:*:*:*:*:*:*"
    found = matches(
        [feeds.cve(1, versions=versions, defaultStatus="unaffected")],
        *(
            {"name": v, "version": v, "cpe": cpe}
            for v in ("0.9", "1.4", "1.5", "1.9", "2.0", "3.0")
        ),
    )
    assert {m.component.version for m in found.matches} == {"1.4", "2.0"}


def test_a_release_of_a_distribution_must_be_the_same(matches):
    record = feeds.osv(1)
    record["id"] = "DEBIAN-CVE-2026-1"
    record["affected"][0]["package"] = {"ecosystem": "Debian:12", "name": "openssl"}
    record["affected"][0]["ranges"][0]["events"] = [
        {"introduced": "0"},
        {"fixed": "3.0.11-1~deb12u2"},
    ]
    base = {"name": "libssl3", "version": "3.0.9-1"}
    purl = "pkg:deb/debian/libssl3@3.0.9-1?upstream=openssl"
    found = matches(
        [record],
        {**base, "purl": f"{purl}&distro=debian-12.4"},
        {**base, "purl": f"{purl}&distro=debian-11"},
        {**base, "purl": purl},
    )
    assert [(m.component.purl[-9:], m.certainty.value) for m in found.matches] == [
        ("bian-12.4", "affected"),
        ("m=openssl", "unsure"),
    ]
    assert "which release is not given" in found.matches[1].records[0].reason


def test_what_is_withdrawn_or_only_commits_is_told_as_such(matches):
    git = [
        {
            "type": "GIT",
            "repo": "https://example.com/r.git",
            "events": [{"introduced": "0"}, {"fixed": "a" * 40}],
        }
    ]
    commits = feeds.osv(2)
    commits["affected"][0]["ranges"] = git
    found = matches(
        [feeds.osv(1, withdrawn=feeds.AT), commits],
        {"name": "e", "version": "1.5", "purl": "pkg:pypi/example@1.5"},
    )
    assert told(found) == [
        ("PYSEC-2026-2", "unsure", "only commits are given, no version can be compared")
    ]


def test_one_record_decides_what_another_leaves_open(matches):
    open_one = feeds.osv(1, aliases=["CVE-2026-0001"])
    del open_one["affected"][0]["ranges"]
    decided = feeds.osv(2, aliases=["CVE-2026-0001"])
    component = {"name": "e", "version": "9.0", "purl": "pkg:pypi/example@9.0"}
    assert matches([open_one], component).matches[0].certainty is Certainty.UNSURE
    assert matches([open_one, decided], component).matches == ()


def test_a_csaf_product_is_matched_by_its_cpe_and_range(matches):
    helper = {"cpe": "cpe:2.3:h:example:plc:*:*:*:*:*:*:*:*"}
    document = feeds.csaf("EX-1", helper)
    component = {"name": "plc", "cpe": helper["cpe"]}
    found = matches(
        [document], {**component, "version": "4.1"}, {**component, "version": "4.2"}
    )
    assert told(found) == [("CVE-2026-0001", "affected", "4.1 is before 4.2")]


def test_what_is_brought_in_says_by_what(matches, world):
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {
            "component": {"type": "application", "name": "shop", "bom-ref": "s"}
        },
        "components": [
            {"type": "library", "name": "web", "bom-ref": "w"},
            {
                "type": "library",
                "name": "e",
                "version": "1.5",
                "purl": "pkg:pypi/example@1.5",
                "bom-ref": "e",
            },
        ],
        "dependencies": [
            {"ref": "s", "dependsOn": ["w"]},
            {"ref": "w", "dependsOn": ["e", "s"]},
        ],
    }
    matches([feeds.osv(1)])
    with world.catalogue.read() as reading:
        found = match(reading, inventories.read("b", json.dumps(bom).encode()), AT)
    (one,) = found.matches
    assert one.way == ("s", "web", "e 1.5")


versions = st.text(max_size=12) | st.from_regex(
    r"v?[0-9]{1,3}(\.[0-9]{1,2}){0,3}(-?[a-z]{1,4}[0-9]?)?", fullmatch=True
)
spans = st.builds(
    Span,
    first=versions,
    below=versions,
    through=versions,
    status=st.sampled_from(Status),
)


@given(
    affected=st.builds(
        Affected,
        versions=st.lists(versions, max_size=3).map(tuple),
        spans=st.lists(spans, max_size=3).map(tuple),
        default=st.sampled_from(Status),
        commits=st.booleans(),
    ),
    version=versions,
    scheme=st.sampled_from(["pypi", "npm", "maven", "deb", "golang", "nuget", ""]),
)
def test_any_version_is_judged_and_the_reason_said(affected, version, scheme):
    found = judge(affected, version, scheme)
    assert found.reason
    if not version:
        assert found.certainty is Certainty.UNSURE


def test_a_component_that_stands_there_again_is_told_once(matches):
    """Only what the document calls it differs; another version is another component."""
    one = {"name": "e", "version": "1.4", "purl": "pkg:pypi/example"}
    found = matches(
        [feeds.osv(5)],
        *({**one, "ref": str(n)} for n in range(3)),
        {**one, "version": "1.5"},
    )
    assert (found.components, found.repeated) == (4, 2)
    versions = [m.component.version for m in found.matches]
    assert sorted(versions) == ["1.4", "1.5"]
    assert found.matches[versions.index("1.4")].component.ref == "0"


def test_more_than_can_be_compared_is_refused_before_it_is(world, tmp_path):
    """Thousands of versions of what much is published about; the number is told."""
    feeds.write(tmp_path / "a.jsonl", *(feeds.osv(n) for n in range(20)))
    world.publish(tmp_path)
    components = tuple(
        Component(name="e", version=f"1.{n}", purl="pkg:pypi/example") for n in range(6)
    )
    inventory = Inventory(format="x", components=components)
    with world.catalogue.read() as reading:
        assert match(reading, inventory, AT, most=120).compared == 120
        with pytest.raises(TooLarge, match="120 pairs"):
            match(reading, inventory, AT, most=119)
