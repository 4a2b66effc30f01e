"""The tests of CSAF 2.0 and 2.1 (section 6): one small pure function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fairlead.formats.csaf_tests.table import CSAF_2_0, CSAF_2_1, Group, Test
from fairlead.formats.csaf_tests.view import Json, View

__all__ = ["Failed", "Group", "Test", "run", "tests_of"]


@dataclass(frozen=True, slots=True)
class Failed:
    """A test that failed at one place."""

    test: Test
    pointer: str
    message: str


def tests_of(version: str) -> Sequence[Test]:
    """Return the tests of CSAF *version*; of 2.1 unless it is 2.0."""
    return CSAF_2_0 if version == "2.0" else CSAF_2_1


def run(
    document: Json,
    tests: Iterable[Test] | None = None,
    *,
    now: Decimal | None = None,
    resolves: Callable[[str], bool] | None = None,
) -> list[Failed]:
    """Return everything that *tests* find in *document*; all of its version if not given.

    *now* is in seconds since 1970, for the one test that depends on it (6.2.33), which
    is left out without. *resolves* tells whether an address leads somewhere (6.3.6, 6.3.7).
    Whether the document keeps the schema is another question, see
    `fairlead.formats.schemas`; what breaks it is passed over here.
    """
    view = View(document, now, resolves)
    return [
        Failed(test, finding.pointer, finding.message)
        for test in (tests_of(view.version) if tests is None else tests)
        for finding in test.check(view)
    ]
