"""A typed client of a clearinghouse: claims, coverage and reports.

    from fairlead.client import Clearinghouse, Target

    with Clearinghouse("https://clearinghouse.example", token) as house:
        target = Target(purl="pkg:pypi/django")
        with house.hold(target, method="static analysis") as claim:
            ...  # scan; signs are given meanwhile
            claim.covered("nothing found", "standard")

Errors are those of `fairlead.errors`. What could not be sent, or was answered 429 or 503,
is tried again with growing pauses; a claim or report that is sent twice is taken once.
"""

from fairlead.client.connection import Connection, Retries
from fairlead.client.house import Clearinghouse, Held
from fairlead.client.values import (
    Check,
    Claim,
    Coverage,
    Intro,
    Next,
    Receipt,
    Status,
    Target,
)

__all__ = [
    "Check",
    "Claim",
    "Clearinghouse",
    "Connection",
    "Coverage",
    "Held",
    "Intro",
    "Next",
    "Receipt",
    "Retries",
    "Status",
    "Target",
]
