"""Asking the endpoint fixed prompts throughout a run, to see whether it stays the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from inspect_ai.model import GenerateConfig, Model, ModelOutput

from fairlead.base.ports import Clock
from fairlead.bench.identity import PROMPTS, Probe
from fairlead.bench.outcomes import PROBES
from fairlead.sandbox.showing import shown

_LONGEST = 300


async def probe(model: Model, number: int, clock: Clock) -> Sequence[Probe]:
    """Ask every prompt once, as round *number*."""
    config = GenerateConfig(temperature=0.0, max_tokens=64, max_retries=1)
    found = []
    for place, prompt in enumerate(PROMPTS):
        began = time.monotonic()
        try:
            output = await model.generate(prompt, config=config)
        except Exception as error:  # noqa: BLE001 - of any provider; it is on file
            said, name, error_text = "", "", f"{type(error).__name__}: {error}"[:200]
            logprob = None
        else:
            said, name, error_text = output.completion, output.model, ""
            logprob = _first(output)
        found.append(
            Probe(
                round=number,
                prompt=place,
                at=clock(),
                model=shown(name.encode("utf-8", "replace"), 100),
                answer=shown(said.strip().encode("utf-8", "replace"), _LONGEST),
                seconds=time.monotonic() - began,
                logprob=logprob,
                error=error_text,
            )
        )
    return found


def keep(folder: Path, probes: Sequence[Probe]) -> None:
    """Append *probes* to those of the run."""
    with (folder / PROBES).open("ab") as file:
        for one in probes:
            file.write(msgspec.json.encode(one) + b"\n")


def kept(folder: Path) -> Sequence[Probe]:
    """Return the probes of the run so far; a torn last line is left out."""
    path = folder / PROBES
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [msgspec.json.decode(line, type=Probe) for line in lines]


def _first(output: ModelOutput) -> float | None:
    if not output.choices or output.choices[0].logprobs is None:
        return None
    content = output.choices[0].logprobs.content
    return content[0].logprob if content else None
