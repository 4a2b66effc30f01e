"""What is known of a vulnerability's urgency, from whom and since when, put together.

Everything follows from the catalogue as it is now and from what people gave; nothing is
kept, so that a changed input shows at the next reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from fairlead.base import instants
from fairlead.catalogue.ports import Probability, Reading
from fairlead.catalogue.priority import decisions
from fairlead.catalogue.priority.decisions import Decision, decide
from fairlead.catalogue.records import CatalogueRecord, Exploited, Severity

EXPOSED = "cisa:PE:1.0.0"
IN_KEV = "cisa:KEV:1.0.0"
EXPLOITATION = "ssvc:E:1.1.0"
AUTOMATABLE = "ssvc:A:2.0.0"
TECHNICAL_IMPACT = "ssvc:TI:1.0.0"
MISSION = "ssvc:MWI:1.0.0"
EXPOSURE = "ssvc:EXP:1.0.1"
SAFETY = "ssvc:SI:2.0.1"
MISSION_IMPACT = "ssvc:MI:2.0.0"
VALUE_DENSITY = "ssvc:VD:1.0.0"

ASKED = (
    EXPOSED,
    EXPLOITATION,
    AUTOMATABLE,
    TECHNICAL_IMPACT,
    MISSION,
    EXPOSURE,
    SAFETY,
    MISSION_IMPACT,
    VALUE_DENSITY,
)
"""Decision points that a person may give; KEV is what CISA's catalogue says."""

SHOWN = (
    decisions.BOD_26_04,
    decisions.CISA_COORDINATOR,
    decisions.DEPLOYER,
    decisions.SUPPLIER,
)
"""Tables that are evaluated."""

_DERIVED = {
    "ssvc:HI:2.0.2": decisions.HUMAN_IMPACT,
    "ssvc:PSI:2.0.1": decisions.PUBLIC_SAFETY_IMPACT,
    "ssvc:U:1.0.1": decisions.UTILITY,
}
"""Decision points that follow from others by a table of their own."""

_SAID = {
    EXPLOITATION: {"none": "N", "poc": "P", "public poc": "P", "active": "A"},
    AUTOMATABLE: {"no": "N", "yes": "Y"},
    TECHNICAL_IMPACT: {"partial": "P", "total": "T"},
}
"""How CISA's records write the values (SSVC 2.0.3)."""


class Given(Struct, frozen=True, kw_only=True):
    """A value that somebody gave."""

    value: str
    by: str
    at: datetime


class Input(Struct, frozen=True, kw_only=True):
    """A value that was used: what, from whom, and since when."""

    point: str
    name: str
    value: str
    called: str
    by: str
    at: datetime | None


class Priority(Struct, frozen=True, kw_only=True):
    """How urgent something is, as far as that can be told."""

    at: datetime
    """When this was evaluated."""
    names: tuple[str, ...]
    """The CVEs and other identifiers that it was looked up by."""
    inputs: tuple[Input, ...]
    decisions: tuple[Decision, ...]
    exploited: Exploited | None = None
    probability: Probability | None = None
    severities: tuple[Severity, ...] = ()

    @property
    def newest(self) -> datetime | None:
        """Return when an input last changed."""
        return max((i.at for i in self.inputs if i.at is not None), default=None)


def assess(
    reading: Reading,
    names: Sequence[str],
    given: Mapping[str, Given],
    *,
    at: datetime,
) -> Priority:
    """Return how urgent the vulnerability called *names* is.

    What people gave goes before what the catalogue says, except that what is known to be
    exploited stays so.
    """
    records = reading.named(names) if names else ()
    cves = tuple(
        dict.fromkeys(n.upper() for n in names if n.upper().startswith("CVE-"))
    )
    inputs = {i.point: i for i in _from_catalogue(reading, records, cves)}
    for point, one in given.items():
        if point in ASKED and one.value in decisions.point(point).values:
            inputs[point] = _input(point, one.value, one.by, one.at)
    exploited = next((r.exploited for r in records if r.exploited), None)
    if exploited:
        added = instants.parse(f"{exploited.added}T00:00:00Z")
        inputs[EXPLOITATION] = _input(EXPLOITATION, "A", "CISA KEV", added)
    inputs |= {derived.point: derived for derived in _derived(inputs)}
    values = {point: one.value for point, one in inputs.items()}
    probabilities = list(reading.probabilities(cves).values())
    severities = {s.vector: s for r in records for s in r.severities}
    return Priority(
        at=at,
        names=tuple(dict.fromkeys(n.upper() for n in names)),
        inputs=tuple(inputs.values()),
        decisions=tuple(decide(table, values) for table in SHOWN),
        exploited=exploited,
        probability=max(probabilities, default=None),
        severities=tuple(severities.values()),
    )


def _from_catalogue(
    reading: Reading, records: Sequence[CatalogueRecord], cves: Sequence[str]
) -> Iterator[Input]:
    exploited = [r for r in records if r.exploited]
    known = reading.exploited()
    if exploited:
        yield _input(IN_KEV, "Y", "CISA KEV", exploited[0].published)
    elif known.entries and cves:
        yield _input(IN_KEV, "N", f"CISA KEV, {known.entries} entries", known.newest)
    newest = sorted((s for r in records for s in r.ssvc), key=lambda s: s.at)
    for said in newest:
        for point, written in (
            (EXPLOITATION, said.exploitation),
            (AUTOMATABLE, said.automatable),
            (TECHNICAL_IMPACT, said.technical_impact),
        ):
            value = _SAID[point].get(written)
            if value is not None:
                yield _input(point, value, said.by, said.at)


def _derived(inputs: Mapping[str, Input]) -> Iterator[Input]:
    values = {point: one.value for point, one in inputs.items()}
    for point, table in _DERIVED.items():
        found = decide(table, values)
        if found.outcome is not None and found.given:
            at = [inputs[p].at for p in found.given]
            newest = max((a for a in at if a is not None), default=None)
            yield _input(point, found.outcome, f"the table “{found.name}”", newest)


def _input(point: str, value: str, by: str, at: datetime | None) -> Input:
    return Input(
        point=point,
        name=decisions.point(point).name,
        value=value,
        called=decisions.answer(point, value),
        by=by,
        at=at,
    )
