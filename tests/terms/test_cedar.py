"""A second engine, written by others, decides the same."""

from __future__ import annotations

import sys
from pathlib import Path

import cedarpy
from hypothesis import given, settings

from fairlead.terms import cedar
from fairlead.terms.decide import Rulebook

sys.path.insert(0, str(Path(__file__).parent))
import strategies


def second_opinion(terms, request):
    """Return whether Cedar opens it; any diagnostic is a refusal."""
    answer = cedarpy.is_authorized(cedar.question(request), cedar.policies(terms), [])
    return answer.allowed and not answer.diagnostics.errors, answer


@settings(max_examples=600)
@given(strategies.terms, strategies.requests)
def test_cedar_decides_the_same(terms, request_):
    """P3: on any terms and any request, both engines agree."""
    ours = Rulebook(terms).decide(request_)
    theirs, answer = second_opinion(terms, request_)
    assert not answer.diagnostics.errors
    assert ours.allowed == theirs
