"""What of an assessment goes to the developer, at the three levels that terms know."""

from __future__ import annotations

import msgspec

from fairlead.bench.bundle import Assessment
from fairlead.bench.outcomes import Run
from fairlead.bench.report.blocks import Content
from fairlead.bench.report.content import ADVISORY
from fairlead.errors import Refused
from fairlead.review.facts import Measured


def measured(run: Run, assessment: Assessment, content: Content) -> Measured:
    """Return what is delivered: the reading in words, every number, where the rest is.

    The developer has it before anybody else, see `fairlead.review.results`.
    """
    return Measured(
        title=f"{run.model} on {run.suite} {run.version}, {run.id}",
        outcome=_outcome(content),
        scores=msgspec.json.format(msgspec.json.encode(assessment), indent=1).decode(),
        transcripts=(
            f"Transcripts are in the bundle of {run.id}; each is named by its SHA-256 in"
            f" attempts.ndjson. The assessment is {content.digest} (SHA-256)."
        ),
    )


def refuse_other(run: Run, engagement: str) -> None:
    """Refuse to deliver to one engagement what was measured in another.

    Raises:
        Refused: the run was declared within another one.

    """
    if run.engagement and run.engagement != engagement:
        raise Refused(f"{run.id} was declared within {run.engagement}")


def _outcome(content: Content) -> str:
    told = [f"Reading: {content.answer}. {content.sentence}", ADVISORY, ""]
    told += [f"{tile.name}: {tile.value} ({tile.detail})" for tile in content.tiles]
    told += ["", *content.reasons, ""]
    told += [text for _, text in content.caveats]
    return "\n".join(told)
