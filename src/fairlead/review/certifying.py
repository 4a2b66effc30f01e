"""The destruction certificate of an engagement, made from what the record says.

Nothing is claimed here that no event says: each statement and each attempt cites the
event it is made from, and that event is disclosed in the certificate with its proof. See
`fairlead.formats.destruction` for the form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.traces import How, Moment, leave_trace
from fairlead.base import instants
from fairlead.base.ids import OrganisationId
from fairlead.errors import Refused
from fairlead.formats import destruction
from fairlead.formats.destruction import Asset, Attempt, HolderStatement
from fairlead.formats.dsse import Signer
from fairlead.record.disclosure import disclose
from fairlead.record.events import Event, StoredEvent
from fairlead.record.tlog_proof import TlogProof
from fairlead.review import facts
from fairlead.review.engagement import ENGAGEMENTS, SealedAsset
from fairlead.review.parties import Party
from fairlead.review.ports import ReviewUnit
from fairlead.terms.clauses import Side

RECORD = "record"
"""What is said in the engagement, as an asset of its certificate."""
KEY = "the key of the engagement"
"""What an attempt to open the whole engagement is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the record says of an engagement that was destroyed."""

    engagement: str
    history: Sequence[Event]
    stored: Sequence[StoredEvent]
    names: Mapping[OrganisationId, str]
    sealed: Mapping[str, SealedAsset]
    """Sealed assets that were made available, by name."""


def ended(unit: ReviewUnit, party: Party, moment: Moment) -> Ended:
    """Return what a certificate is made from; it leaves a trace.

    Raises:
        NotAllowed: it is for those who keep the engagement for a side.
        Refused: nothing was destroyed yet, or no attempt to open it failed.

    """
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    name = party.engagement.id
    if not party.engagement.destroyed:
        raise Refused(
            f"{name} was not destroyed yet; there is a certificate once it was"
        )
    history = unit.engagements.history(name)
    tried = [e.fact for e in history if isinstance(e.fact, facts.OpeningTried)]
    if not tried:
        raise Refused(
            f"no attempt to open what {name} held is on the record yet; try again in a"
            " few seconds"
        )
    stream = ENGAGEMENTS.stream(name)
    leave_trace(unit, party.asker, [stream], How.READ, moment)
    return Ended(
        engagement=name,
        history=history,
        stored=unit.engagements.stored(name),
        names={o.id: o.name for o in unit.organisations.all()},
        sealed={n: s for n, s in party.engagement.sealed.items() if s.seal},
    )


def certificate(
    found: Ended,
    programme: str,
    prove: Callable[[str], TlogProof],
    signer: Signer,
    *,
    at: datetime,
) -> bytes:
    """Return the certificate: an in-toto statement in a DSSE envelope, signed.

    Raises:
        Refused: something opened after it was destroyed; no certificate says otherwise.
        Unavailable: an event has no place in the log yet; in a second it has.

    """
    assets = list(_assets(found))
    statements = list(_statements(found, programme, [one.name for one in assets]))
    attempts = list(_attempts(found, [one.name for one in assets]))
    cited = {one.event for one in statements} | {one.event for one in attempts}
    statement = destruction.build(
        engagement=found.engagement,
        programme=programme,
        at=instants.text(at),
        assets=assets,
        statements=statements,
        attempts=attempts,
        events=[
            disclose(event, prove(_name(event)), body=False)
            for event in found.stored
            if _name(event) in cited
        ],
    )
    return destruction.certify(statement, [signer]).encode()


def _assets(found: Ended) -> Iterator[Asset]:
    """Return what was held: everything that was said, and each asset.

    Where nothing of the content fixes an asset, its salted commitment on the record does.
    """
    said = hashlib.sha256()
    provided: dict[str, tuple[facts.AssetProvided, bytes]] = {}
    for event, stored in zip(found.history, found.stored, strict=True):
        said.update(stored.body_hash)
        if isinstance(event.fact, facts.AssetProvided):
            provided[event.fact.asset] = (event.fact, stored.body_hash)
    yield Asset(
        name=RECORD,
        kind="confidential content of the record",
        digest={"sha256": said.hexdigest()},
    )
    for name, (fact, commitment) in provided.items():
        sealed = found.sealed.get(name)
        yield Asset(
            name=name,
            kind=str(fact.kind),
            digest={"sha256": sealed.digest if sealed else commitment.hex()},
            seal=sealed.seal if sealed else None,
        )


def _statements(
    found: Ended, programme: str, assets: Sequence[str]
) -> Iterator[HolderStatement]:
    for event in found.history:
        fact, cited = event.fact, _name(event)
        for asset in assets:
            if isinstance(fact, facts.HolderStated):
                yield HolderStatement(
                    asset=asset,
                    holder=found.names.get(fact.organisation, fact.organisation),
                    part=str(fact.side),
                    destroyed="what it held",
                    how="in words that were destroyed with the engagement",
                    at=instants.text(event.at),
                    event=cited,
                    organisation=fact.organisation,
                )
            elif isinstance(fact, facts.EngagementDestroyed):
                yield HolderStatement(
                    asset=asset,
                    holder=programme,
                    part=str(Side.PROGRAMME),
                    destroyed="what is kept under the key of the engagement",
                    how="rows deleted, and zeros written over the key where it lay",
                    at=instants.text(event.at),
                    event=cited,
                )


def _attempts(found: Ended, assets: Sequence[str]) -> Iterator[Attempt]:
    """Return the last attempt on each thing.

    The key of the engagement shuts everything that is named, so an attempt on it is one
    on each.
    """
    last = {
        event.fact.what: event
        for event in found.history
        if isinstance(event.fact, facts.OpeningTried)
    }
    for what, event in last.items():
        if isinstance(event.fact, facts.OpeningTried) and event.fact.opened:
            raise Refused(f"{what} could still be opened at {instants.text(event.at)}")
        for asset in assets if what == KEY else [what]:
            yield Attempt(
                asset=asset,
                outcome="destroyed",
                what=what,
                at=instants.text(event.at),
                event=_name(event),
            )


def _name(event: Event | StoredEvent) -> str:
    return f"{event.stream}@{event.version}"
