"""Inspect tasks of others run with our outcomes, in our sandbox."""

from __future__ import annotations

import json

import pytest

from fairlead.bench.outcomes import Outcome
from fairlead.errors import NotFound
from fairlead.evals.outside import Outside

TASK = """
from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.scorer import match
from inspect_ai.tool import bash

@task
def words():
    return Task(
        dataset=[
            Sample(id="a b/c", input="Say what the file says.", target="here", files={"word": "here"}, sandbox="docker"),
            Sample(input="Say there.", target="there"),
        ],
        solver=react(tools=[bash()]),
        scorer=match(location="any"),
        sandbox="docker",
    )
"""


class Reader:
    """A model that reads the file, and submits what it says."""

    async def __call__(self, scope, receive, send):
        body = b""
        if scope["type"] != "http":
            return
        while (message := await receive()).get("body") is not None:
            body += message["body"]
            if not message.get("more_body"):
                break
        said = [m for m in json.loads(body)["messages"] if m["role"] == "tool"]
        name, given = (
            ("submit", {"answer": said[-1]["content"]})
            if said
            else ("bash", {"command": "cat word"})
        )
        function = {"name": name, "arguments": json.dumps(given)}
        message = {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c", "type": "function", "function": function}],
        }
        told = {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "reader",
            "choices": [
                {"index": 0, "message": message, "finish_reason": "tool_calls"}
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
        }
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def test_a_task_of_others_runs_in_our_sandbox(served, bench, tmp_path):
    """Its files are there, its own scorer judges, each budget is an attempt of its own."""
    (tmp_path / "theirs.py").write_text(TASK)
    outside = Outside(f"{tmp_path}/theirs.py@words", [4000, 8000])
    assert sorted(outside.suite.tasks) == ["words-1", "words-2"]
    with served(Reader()) as url:
        runner = bench(None, url, "reader", outside=outside, budgets=(4000, 8000))
    assert runner.reason is None, runner.detail
    assert {key: a.outcome for key, a in runner.keeper.kept.items()} == {
        ("words-1", 4000, 1): Outcome.SOLVED,
        ("words-1", 8000, 1): Outcome.SOLVED,
        ("words-2", 4000, 1): Outcome.FAILED,
        ("words-2", 8000, 1): Outcome.FAILED,
    }


@pytest.mark.parametrize("spec", ["none.py@words", "theirs.py@none", "no_such/task"])
def test_a_task_that_is_not_there_is_named(tmp_path, monkeypatch, spec):
    """A misspelt file or name is said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.py").write_text(TASK)
    with pytest.raises(NotFound):
        Outside(spec, [4000])
