"""Instants: read, written, and refused where UTC cannot say them."""

from __future__ import annotations

from datetime import datetime

import pytest

from fairlead.base import instants
from fairlead.errors import Invalid


@pytest.mark.parametrize(
    "written", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"]
)
def test_an_instant_that_utc_cannot_say_is_refused(written):
    """It is an error of whoever wrote it, not of ours."""
    with pytest.raises(Invalid):
        instants.parse(written)
    with pytest.raises(Invalid):
        instants.text(datetime.fromisoformat(written))
