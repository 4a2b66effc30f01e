"""Inspect measures a model through the broker, as an evaluator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.web.sample_model import SampleModel

sys.path.insert(0, str(Path(__file__).parent))
from test_broker import Stage, serving_model

pytest.importorskip("inspect_ai")

TASK = """
import json, sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate

base_url, provider, folder = sys.argv[1:]
samples = [Sample(input=word, target=word) for word in ("heron", "ibis", "egret")]
(log,) = eval(
    Task(dataset=samples, solver=generate(), scorer=match(location="exact")),
    model=get_model(f"{provider}/any", base_url=base_url),
    log_dir=folder,
    display="none",
    max_tokens=64,
)
score = log.results and log.results.scores[0].metrics["accuracy"].value
said = {"status": log.status, "score": score, "error": log.error and log.error.message}
print(json.dumps(said))
"""


def measure(stage, folder, base_url, provider):
    """Run Inspect as a process of its own, with the evaluator's key."""
    named = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}[provider]
    ended = subprocess.run(
        [sys.executable, "-c", TASK, base_url, provider, str(folder)],
        env={**os.environ, named: stage.key, "INSPECT_DISPLAY": "none"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize(
    ("provider", "dialect", "path"),
    [("openai", "openai", "/broker/v1"), ("anthropic", "anthropic", "/broker")],
)
def test_inspect_measures_through_the_broker(
    serving, tmp_path, provider, dialect, path
):
    """Every sample is answered and scored, and each of its calls is on the record."""
    world, address = serving
    model = SampleModel(credential="sk-the-developers-own")
    with serving_model(model) as url:
        stage = Stage(world, address, model, url)
        stage.provide(dialect=dialect)
        told = measure(stage, tmp_path / "logs", address + path, provider)
        assert told == {"status": "success", "score": 1.0, "error": None}
        assert stage.used[0] == model.calls >= 3
        assert {use.outcome for use in stage.uses()} == {"finished"}
