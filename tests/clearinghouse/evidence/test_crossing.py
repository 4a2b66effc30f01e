"""What reproducers and fixes say about two findings."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.clearinghouse.duplicates import Features, Proof, Verdict, decide
from fairlead.clearinghouse.duplicates.score import Comparison
from fairlead.clearinghouse.evidence.crossing import Cell, Sameness, meaning

PLACES = [(name, fix) for name in "ab" for fix in ("", "a", "b")]


def cells(fired: Mapping[tuple[str, str], int | None]) -> list[Cell]:
    """Return cells of five runs; nothing where it could not be built."""
    return [
        Cell(reproducer=n, fix=f, fired=count or 0, runs=0 if count is None else 5)
        for (n, f), count in fired.items()
    ]


FIRES = {("a", ""): 5, ("b", ""): 5}


@pytest.mark.parametrize(
    ("fired", "expected"),
    [
        ({("a", "a"): 0, ("b", "a"): 0}, Sameness.SAME),
        ({("a", "a"): 0, ("b", "a"): 5}, Sameness.DIFFERENT),
        ({("a", "a"): 0, ("b", "a"): 0, ("a", "b"): 0, ("b", "b"): 0}, Sameness.SAME),
        (
            {("a", "a"): 0, ("b", "a"): 5, ("a", "b"): 5, ("b", "b"): 0},
            Sameness.DIFFERENT,
        ),
        (
            {("a", "a"): 0, ("b", "a"): 0, ("a", "b"): 5, ("b", "b"): 0},
            Sameness.ONE_COVERS,
        ),
        ({("a", "a"): 5, ("b", "a"): 0}, Sameness.UNCLEAR),
        ({("a", "a"): 0, ("b", "a"): None}, Sameness.UNCLEAR),
        ({("a", "a"): None, ("b", "a"): 0}, Sameness.UNCLEAR),
        ({}, Sameness.UNCLEAR),
    ],
)
def test_meaning(
    fired: Mapping[tuple[str, str], int | None], expected: Sameness
) -> None:
    """A fix that stops both speaks for one bug, fixes that stop only their own for two."""
    assert meaning(cells({**FIRES, **fired})) is expected


def test_reproducer_that_does_not_fire() -> None:
    """Where a reproducer shows nothing without a fix, nothing is said."""
    fired = {("a", ""): 0, ("b", ""): 5, ("a", "a"): 0, ("b", "a"): 0}
    assert meaning(cells(fired)) is Sameness.UNCLEAR


@given(
    st.fixed_dictionaries({place: st.sampled_from([None, 0, 1, 5]) for place in PLACES})
)
def test_names_do_not_matter(fired: dict[tuple[str, str], int | None]) -> None:
    """It is the same whichever of the two findings is called the first."""
    swap = {"a": "b", "b": "a", "": ""}
    swapped = {(swap[n], swap[f]): count for (n, f), count in fired.items()}
    assert meaning(cells(fired)) is meaning(cells(swapped))


def test_proof_goes_before_what_reports_say() -> None:
    """What was shown decides, however alike or unlike the two reports are."""
    alike = Comparison(0.99, Features(), Features(), {})
    unlike = Comparison(0.01, Features(), Features(), {})
    assert decide(alike, proof=Proof.DIFFERENT) is Verdict.NEW
    assert decide(unlike, proof=Proof.SAME) is Verdict.MERGE
    assert decide(unlike) is Verdict.NEW
