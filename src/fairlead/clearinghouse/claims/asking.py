"""What a member asks for when it claims a target, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.claims.claim import (
    Claim,
    Depth,
    Line,
    Method,
    Scan,
    Visibility,
)
from fairlead.clearinghouse.claims.targets import Target
from fairlead.errors import NotAllowed

Tokens = Callable[[Sequence[str]], tuple[str, ...]]
"""Returns the tokens of places; none where this server alone cannot."""


BLIND_TOKENS = 8
"""Places and containers that a blind claim may name."""


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member asks for."""

    target: Target | None = None
    """Not told of a blind claim."""
    tokens: Annotated[tuple[str, ...], Meta(max_length=BLIND_TOKENS)] = ()
    """Of a blind claim: what the OPRF made of the place, then of what contains it."""
    exclusive: bool = True
    visibility: Visibility = Visibility.ALL
    method: Method
    depth: Depth = Depth.STANDARD
    model: Line = ""
    tool: Line = ""
    contact: Line = ""
    hours: Annotated[float, Meta(gt=0, le=1000)] = 24
    reproducer: bool = False
    wait: bool = False
    """Whether to stand in line where the way is not free."""
    despite: bool = False
    """Whether to go against the owner's word; everyone who sees the claim sees that."""

    @property
    def scan(self) -> Scan:
        """Return what is confidential of it."""
        return Scan(
            target=self.target,
            tokens=self.tokens,
            method=self.method,
            depth=self.depth,
            model=self.model,
            tool=self.tool,
            contact=self.contact,
            reproducer=self.reproducer,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of asking for a claim."""

    claim: Claim | None
    """Nothing where it was declined."""
    others: Sequence[Claim] = field(default_factory=tuple)
    """Who stands in the way."""
    new: bool = True
    said: str = ""
    """Why it was declined, where nobody stands in the way."""


def member(asker: Asker) -> OrganisationId:
    """Return for whom *asker* claims."""
    asker.needs(Scope.CLAIM_TAKE)
    if asker.organisation is None:
        raise NotAllowed("only members claim")
    return asker.organisation
