"""What a run says reaches the developer first."""

import secrets
import sys
from pathlib import Path

import msgspec
import pytest

from fairlead.bench.outcomes import read_run
from fairlead.bench.report.content import content_of
from fairlead.bench.threshold import read_threshold
from fairlead.errors import Refused
from fairlead.programme.measuring import measured, refuse_other
from fairlead.review import concluding
from fairlead.terms.clauses import Detail, Purpose

sys.path.insert(0, str(Path(__file__).parents[2] / "review"))
from acts import Cast


def test_a_run_is_delivered_to_the_developer_before_anybody_else(world, bundled):
    """P4 with a real assessment: reading, every number, and where transcripts are."""
    _, files, _, made = bundled
    run = read_run(files["manifest.json"])
    threshold = read_threshold(files["threshold.toml"])
    said = measured(run, made, content_of(run, made, threshold, "d" * 64))
    cast = Cast(world)
    engagement = cast.live()
    cast.do("eva", concluding.deliver, engagement, said, randomness=secrets.token_bytes)
    party = cast.see("dora", engagement)
    (shown,) = concluding.assessments(party, Purpose.MEASUREMENT, now=cast.now)
    assert f"Reading: {made.reading.answer}" in shown.parts[Detail.OUTCOME]
    assert "determines nothing" in shown.parts[Detail.OUTCOME]
    told = msgspec.json.decode(shown.parts[Detail.SCORES])
    assert told["estimate"]["ability"]["value"] == made.estimate.ability.value
    for other in ("ezra", "otto", "lia"):
        seen = cast.see(other, engagement)
        assert concluding.assessments(seen, Purpose.DETERMINATION, now=cast.now) == []


def test_what_was_measured_in_one_engagement_is_not_delivered_to_another(bundled):
    """A run that was declared within an engagement belongs to its developer."""
    _, files, _, _ = bundled
    run = read_run(files["manifest.json"])
    refuse_other(run, "eng-any")
    within = msgspec.structs.replace(run, engagement="eng-one")
    refuse_other(within, "eng-one")
    with pytest.raises(Refused):
        refuse_other(within, "eng-two")
