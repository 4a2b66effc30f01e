"""Parameters that many addresses take."""

from __future__ import annotations

from typing import Annotated

from litestar.params import QueryParameter

FURTHEST = 1_000_000_000
"""More than any list has; a larger number is refused before a database sees it."""

After = Annotated[int, QueryParameter(ge=0, le=FURTHEST)]
"""How many entries of a list to pass over."""
