"""Labels: what people judged, with the signals that a model learns from, and no text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.base.ids import PairId
from fairlead.clearinghouse import duplicates
from fairlead.clearinghouse.pairs import JudgedPair, Judgement
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.submissions import SUBMISSIONS
from fairlead.errors import NotFound

AT_MOST = 5_000
"""Labels that are made at once."""


class Label(Struct, frozen=True, kw_only=True):
    """One judgement, as `benchmarks/duplicates_fit.py --labels` reads it."""

    pair: PairId
    same: bool
    probability: float | None
    """What had been said before a person looked; nothing if it was not compared."""
    verdict: str
    """What today's model decides."""
    signals: dict[str, float]
    features_version: int
    judged_at: datetime


def labels(unit: ClearinghouseUnit, asker: Asker, moment: Moment) -> Sequence[Label]:
    """Return the judgements on pairs that can still be read; it leaves a trace.

    Signals are numbers between 0 and 1, such as how much two reports share of rare
    words; no name, word or place can be read from them.

    Raises:
        NotAllowed: *asker* is no coordinator.

    """
    asker.needs(Scope.CASE_READ_ALL)
    asker.needs(Scope.CASE_MOVE)
    found: list[Label] = []
    streams: list[str] = []
    for pair in unit.pairs.in_order(Page(size=AT_MOST)):
        label = _label(unit, pair)
        if label is not None:
            found.append(label)
            streams += map(SUBMISSIONS.stream, pair.both)
    leave_trace(unit, asker, streams, How.EXPORTED, moment)
    return found


def _label(unit: ClearinghouseUnit, pair: JudgedPair) -> Label | None:
    if not pair.settled:
        return None
    try:
        one, other = (finding_in(unit, receipt) for receipt in pair.both)
    except NotFound:
        return None
    if one is None or other is None:
        return None
    comparison = duplicates.compare(
        duplicates.features_of(one), duplicates.features_of(other)
    )
    return Label(
        pair=pair.id,
        same=pair.judgement is Judgement.SAME,
        probability=pair.probability,
        verdict=duplicates.decide(comparison).value,
        signals={k: round(v, 4) for k, v in sorted(comparison.signals.items())},
        features_version=duplicates.FEATURES_VERSION,
        judged_at=pair.at,
    )
