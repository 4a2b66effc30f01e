"""Priority: from whom each input is, since when, and anew whenever one changes."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.catalogue.ports import NullCatalogue
from fairlead.catalogue.priority import assessing
from fairlead.catalogue.priority.assessing import Given, assess

sys.path.insert(0, str(Path(__file__).parents[2] / "store" / "catalogue"))
import feeds

AT = datetime(2026, 8, 1, tzinfo=UTC)
NAME = "CVE-2026-0001"


def enriched(**options):
    record = feeds.cve(1)
    content = {
        "id": NAME,
        "role": "CISA Coordinator",
        "version": "2.0.3",
        "timestamp": "2026-07-10T00:00:00Z",
        "options": [{name: value} for name, value in options.items()],
    }
    org = {"orgId": "134c704f-9b21-4f2e-91b3-4a467353bcc0", "shortName": "CISA-ADP"}
    metric = {"other": {"type": "ssvc", "content": content}}
    record["containers"]["adp"] = [{"providerMetadata": org, "metrics": [metric]}]
    return record


@pytest.fixture
def assessed(world, tmp_path):
    def run(*documents, given=None, names=(NAME,)):
        folder = tmp_path / "feed"
        folder.mkdir(exist_ok=True)
        for number, document in enumerate(documents):
            path = folder / f"{number}.{'csv' if isinstance(document, str) else 'json'}"
            path.write_text(
                document if isinstance(document, str) else json.dumps(document)
            )
        if documents:
            assert world.publish(folder).quarantined == 0
        with world.catalogue.read() as reading:
            found = assess(reading, names, given or {}, at=AT)
        return (
            found,
            {d.name: d for d in found.decisions},
            {i.point: i for i in found.inputs},
        )

    return run


def test_inputs_come_from_the_catalogue_with_their_source_and_date(assessed):
    record = enriched(
        Exploitation="poc", Automatable="yes", **{"Technical Impact": "total"}
    )
    _, _, inputs = assessed(record, feeds.kev(2))
    kev = inputs[assessing.IN_KEV]
    assert (kev.value, kev.by) == ("N", "CISA KEV, 1 entries")
    impact = inputs[assessing.TECHNICAL_IMPACT]
    assert (impact.called, impact.by) == ("Total", "CISA-ADP")
    assert impact.at == datetime(2026, 7, 10, tzinfo=UTC)


def test_it_is_evaluated_anew_when_an_input_changes(assessed):
    record = enriched(
        Exploitation="none", Automatable="yes", **{"Technical Impact": "total"}
    )
    exposed = {assessing.EXPOSED: Given(value="Y", by="person/per-a", at=AT)}
    _, before, _ = assessed(record, feeds.kev(2), given=exposed)
    assert before["CISA BOD 26-04"].outcome == "3D"
    found, after, inputs = assessed(record, feeds.kev(1, 2), given=exposed)
    assert after["CISA BOD 26-04"].outcome == "3DF"
    # What is known to be exploited is not "none", whoever said so before.
    assert inputs[assessing.EXPLOITATION].value == "A"
    assert found.exploited.due == "2026-07-23"


def test_what_a_person_gave_goes_before_and_says_who(assessed):
    record = enriched(Automatable="yes", **{"Technical Impact": "total"})
    given = {assessing.AUTOMATABLE: Given(value="N", by="person/per-a", at=AT)}
    _, _, inputs = assessed(record, given=given)
    assert (inputs[assessing.AUTOMATABLE].value, inputs[assessing.AUTOMATABLE].by) == (
        "N",
        "person/per-a",
    )


def test_tables_feed_one_another(assessed):
    given = {
        point: Given(value=value, by="person/per-a", at=AT)
        for point, value in (
            (assessing.SAFETY, "N"),
            (assessing.MISSION_IMPACT, "D"),
            (assessing.EXPLOITATION, "A"),
            (assessing.EXPOSURE, "O"),
            (assessing.AUTOMATABLE, "Y"),
        )
    }
    _, decided, inputs = assessed(given=given)
    assert "Human Impact" in inputs["ssvc:HI:2.0.2"].by
    assert decided["Deployer Patch Application Priority"].outcome is not None


def test_scores_are_shown_with_their_day(assessed):
    found, _, _ = assessed(feeds.cve(1), feeds.epss((NAME, 0.25, 0.9)))
    assert (found.probability.probability, found.probability.at) == (0.25, "2026-07-03")
    assert found.severities[0].score == 9.8


def test_without_a_catalogue_or_a_name_nothing_is_claimed():
    with NullCatalogue().read() as reading:
        found = assess(reading, [], {}, at=AT)
    assert found.inputs == ()
    assert all(d.outcome is None and d.missing for d in found.decisions)
