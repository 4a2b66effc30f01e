"""Names of weaknesses, from the list that CWE publishes."""

from __future__ import annotations

from fairlead.formats.advisory import Weakness
from fairlead.formats.csaf_tests.tables import cwe


def weakness(name: str) -> Weakness | None:
    """Return the weakness called `CWE-787`, with the name it has now; nothing if none."""
    known = cwe()["weaknesses"].get(name.removeprefix("CWE-"))
    if known is None:
        return None
    return Weakness(id=name, name=known["history"][-1][1])
