"""Search: every combination of facets, page by page, says what a plain look would."""

from __future__ import annotations

import re
import sys
from itertools import product
from pathlib import Path

import pytest

from fairlead.catalogue.ports import Query
from fairlead.catalogue.records import Band, Source
from fairlead.store.catalogue import reading

sys.path.insert(0, str(Path(__file__).parent))
import feeds

VECTORS = {
    "critical": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    "medium": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N",
}


@pytest.fixture
def filled(world, tmp_path):
    documents = []
    for number in range(1, 61):
        record = feeds.osv(number, modified=f"2026-06-{number % 28 + 1:02}T00:00:00Z")
        record["affected"][0]["package"]["ecosystem"] = ("PyPI", "npm", "Debian:12")[
            number % 3
        ]
        if number % 4:
            kind = "critical" if number % 2 else "medium"
            record["severity"] = [{"type": "CVSS_V3", "score": VECTORS[kind]}]
        if number % 10 == 0:
            record["aliases"] = [f"CVE-2026-{number:04}"]
        if number % 7 == 0:
            record["summary"] = "heap overflow"
        documents.append(record)
    feeds.write(tmp_path / "a.jsonl", *documents, *(feeds.cve(n) for n in (10, 20)))
    feeds.write(tmp_path / "kev.json", feeds.kev(10, 30))
    world.publish(tmp_path)
    with world.catalogue.read() as found:
        every = list(found.records(range(1, 200)).values())
    return world, every


def exploited(record):
    return bool({"CVE-2026-0010", "CVE-2026-0030"} & set(record.names))


def words_of(text):
    return set(re.findall(r"\w+", text.lower()))


def fits(record, query):
    return (
        (not query.source or record.source == query.source)
        and (not query.band or record.band == query.band)
        and (not query.ecosystem or query.ecosystem in record.ecosystems)
        and (not query.exploited or exploited(record))
    )


def pages(found, **wanted):
    before, after, ids = None, 0, []
    while True:
        page = found.search(Query(size=7, before=before, after=after, **wanted))
        ids += [(one.source, one.id) for one in page.listed]
        if page.before is None:
            return ids
        before, after = page.before, page.after or 0


def test_every_combination_of_facets_is_listed_and_counted(filled):
    world, every = filled
    facets = product(
        ["", *Source], ["", *Band], ["", "PyPI", "Debian", "none"], [False, True]
    )
    with world.catalogue.read() as found:
        for source, band, ecosystem, known in facets:
            wanted = {
                "source": source,
                "band": band,
                "ecosystem": ecosystem,
                "exploited": known,
            }
            query = Query(**wanted)
            expected = [r for r in every if fits(r, query)]
            expected.sort(key=lambda r: r.modified, reverse=True)
            listed = pages(found, **wanted)
            assert len(listed) == len(set(listed))
            assert set(listed) == {(r.source, r.id) for r in expected}, wanted
            counted = found.facets(query)
            assert counted.count == len(expected)
            for name, count in counted.ecosystems.items():
                some = Query(**{**wanted, "ecosystem": name})
                assert count == sum(fits(r, some) for r in every)


def test_words_rank_titles_then_what_is_exploited_then_the_newest(filled):
    world, every = filled
    with world.catalogue.read() as found:
        listed = pages(found, words="overflow")
        titled = [r for r in every if "overflow" in words_of(r.title)]
        assert {i for _, i in listed[: len(titled)]} == {r.id for r in titled}
        assert {i for _, i in listed[:2]} == {"CVE-2026-0010", "CVE-2026-0030"}
        said = [r for r in every if "overflow" in words_of(f"{r.title} {r.details}")]
        assert len(listed) == len(said)
        first = found.search(Query(words="OVERFLOW heap", size=3))
        assert (first.matching, first.capped) == (8, False)
        assert found.search(Query(words="overflow nowhere")).matching == 0
        assert found.search(Query(words="\"'; -- ^*(")).matching == 0


def test_words_with_facets(filled):
    world, every = filled
    with world.catalogue.read() as found:
        listed = pages(found, words="number", ecosystem="npm", band="critical")
    query = Query(ecosystem="npm", band="critical")
    expected = {
        (r.source, r.id) for r in every if fits(r, query) and "Number" in r.title
    }
    assert set(listed) == expected


def test_more_than_can_be_ranked_is_said(filled, monkeypatch):
    world, _ = filled
    monkeypatch.setattr(reading, "CANDIDATES", 5)
    with world.catalogue.read() as found:
        page = found.search(Query(words="overflow"))
        assert page.capped
        assert page.matching == 5
        narrow = found.search(Query(words="nowhere"))
        assert not narrow.capped


def test_a_product_shows_its_newest_records(filled):
    world, every = filled
    with world.catalogue.read() as found:
        shown = found.product("pkg:pypi/example", 5)
    expected = sorted(
        (r for r in every if "PyPI" in r.ecosystems),
        key=lambda r: r.modified,
        reverse=True,
    )
    assert [r.modified for r in shown] == [r.modified for r in expected[:5]]
