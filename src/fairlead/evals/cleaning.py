"""Answers of endpoints made fit to be logged: half of a surrogate pair is no text.

JSON can carry it, UTF-8 cannot, and Inspect gives up a whole task whose log it cannot
write. So it becomes U+FFFD where an answer comes in, before anything is done with it.
"""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from typing import Any

from inspect_ai.model import Model
from pydantic import BaseModel

_HALF = re.compile("[\ud800-\udfff]")
_DEPTH = 40


def keep_clean(model: Model) -> Model:
    """Have every answer of *model* cleaned; return it."""
    ask = model.api.generate

    async def asked(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as Inspect calls it
        return cleaned(await ask(*given, **named))

    model.api.generate = asked  # type: ignore[method-assign]
    return model


def cleaned(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - any part of an answer
    """Return *value* without halves of pairs; what is changed is changed in place."""
    if isinstance(value, str):
        return _HALF.sub("\N{REPLACEMENT CHARACTER}", value)
    if depth > _DEPTH:
        return None
    if isinstance(value, BaseModel) or is_dataclass(value):
        for name, old in list(vars(value).items()):
            new = cleaned(old, depth + 1)
            if new is not old:
                setattr(value, name, new)
        return value
    if isinstance(value, dict):
        return {cleaned(k): cleaned(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(cleaned(part, depth + 1) for part in value)
    return value
