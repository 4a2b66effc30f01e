"""The broker's desk at the programme's server: the terms on the record decide."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.base.ids import EngagementId
from fairlead.base.ports import Clock, Randomness
from fairlead.errors import Conflict
from fairlead.programme.unit import Store
from fairlead.review import brokering, calling, facts
from fairlead.review.brokering import Admission, Call
from fairlead.terms.decide import Failed
from fairlead.web.broker import requests
from fairlead.web.broker.relay import Relay
from fairlead.web.broker.streams import Asked, Outgoing, UnderWay

TRIES = 8


class HostedDesk:
    """Decides about calls to endpoints whose engagements are on record here."""

    def __init__(
        self, store: Store, clock: Clock, randomness: Randomness, relay: Relay
    ) -> None:
        """Decide by what is in *store*; *relay* speaks to brokers of developers."""
        self._store = store
        self._clock = clock
        self._randomness = randomness
        self._relay = relay

    def admit(self, asked: Asked, more: UnderWay) -> Admission:
        """Let a call through, or raise what stands in the way."""
        call = Call(
            secret=requests.secret_of(asked.headers),
            asset=asked.asset,
            purpose=requests.purpose_of(asked.headers),
            second_secret=asked.headers.get("fairlead-second-key", "").strip(),
            name=calling.new_call(self._randomness),
        )
        with self._store.read() as unit:
            return brokering.admit(unit, call, more, now=self._clock())

    def outgoing(self, admission: Admission, asked: Asked) -> Outgoing:
        """Return what is sent on: to the endpoint, or to the developer's broker."""
        if admission.relayed:
            return self._relay.outgoing(admission, asked)
        return requests.to_endpoint(admission, asked)

    def recheck(
        self, admissions: Sequence[Admission], more: UnderWay
    ) -> Sequence[tuple[Failed, ...]]:
        """Return what stands in the way of each call that goes on."""
        with self._store.read() as unit:
            found = brokering.recheck(unit, admissions, more, now=self._clock())
        return [decision.failed for decision in found]

    def record(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        """Put calls that ended on the record of their engagements."""
        by_engagement: dict[EngagementId, list[facts.Use]] = {}
        for admission, use in batch:
            by_engagement.setdefault(admission.engagement, []).append(use)
        for attempt in range(TRIES):
            try:
                with self._store.begin() as unit:
                    for name, uses in by_engagement.items():
                        brokering.record(unit, name, uses, at=self._clock())
            except Conflict:
                if attempt == TRIES - 1:
                    raise
                continue
            return

    def tend(self, admissions: Sequence[Admission]) -> None:
        """Renew the notes of calls that go on at brokers of developers."""
        self._relay.renew([a for a in admissions if a.relayed])

    def wrote(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        """Have calls compared that brokers of developers counted too."""
        self._relay.compare([(a, use) for a, use in batch if use.call])

    async def close(self) -> None:
        """End what goes on beside."""
        await self._relay.close()
