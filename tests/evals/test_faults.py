"""Endpoints that misbehave, graders that crash, disks that are full, clocks that jump."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
from datetime import UTC, datetime, timedelta

import pytest

from fairlead.bench.outcomes import Outcome, read_attempts
from fairlead.bench.suite import SUMS, sums_of
from fairlead.errors import InUse
from fairlead.evals.running import IN_A_ROW, Stopped

QUICK = {"request_seconds": 2, "retries": 1}


def completion(message, *, finish="stop", usage=(10, 10)):
    """Return an answer as OpenAI's endpoint gives it."""
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "odd",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", **message},
                "finish_reason": finish,
            }
        ],
        "usage": {
            "prompt_tokens": usage[0],
            "completion_tokens": usage[1],
            "total_tokens": sum(usage),
        },
    }


def call(name, arguments):
    """Return a message that calls a tool."""
    function = {"name": name, "arguments": arguments}
    return {
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": function}],
    }


class Odd:
    """An endpoint that answers each request in one way, however wrong."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        status, body, kind = 200, b"", b"application/json"
        match answer:
            case "hang":
                await asyncio.sleep(30)
            case int():
                status, body = (
                    answer,
                    json.dumps({"error": {"message": "as asked"}}).encode(),
                )
            case bytes():
                body = answer
            case dict():
                body = json.dumps(answer).encode()
        headers = [(b"content-type", kind)]
        await send(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})


@pytest.mark.parametrize(
    "answers",
    [
        ("hang",),
        (429,),
        (500,),
        (b"\x00\xff garbage",),
        (b"<html>proxy error</html>",),
        (b'{"choices": []}',),
        (b"",),
    ],
    ids=["hangs", "429", "500", "garbage", "html", "empty-choices", "nothing"],
)
def test_an_endpoint_that_does_not_answer_is_invalid(tiny, served, bench, answers):
    """It says nothing about the model, the evidence says what happened, the run ends."""
    made = tiny.files(2)
    with served(Odd(*answers)) as url:
        runner = bench(made, url, "odd", endpoint=QUICK)
    kept = list(runner.keeper.kept.values())
    assert [a.outcome for a in kept] == [Outcome.INVALID] * 2
    assert all(a.evidence[-1].startswith("invalid: ") for a in kept)


def test_an_endpoint_that_recovers_costs_nothing(tiny, served, bench):
    """One error among answers is asked again, and the attempt goes on."""
    made = tiny.files(1)
    submit = completion(call("submit", '{"answer": "6"}'), finish="tool_calls")
    with served(Odd(500, submit)) as url:
        runner = bench(made, url, "odd", endpoint=QUICK | {"retries": 3})
    assert [a.outcome for a in runner.keeper.kept.values()] == [Outcome.SOLVED]


def test_a_dead_endpoint_stops_the_run(tiny, served, bench):
    """After so many invalid attempts in a row nothing more is wasted."""
    made = tiny.files(3)
    with served(Odd(400)) as url:
        runner = bench(made, url, "odd", endpoint=QUICK, attempts=10)
    assert runner.reason is Stopped.ENDPOINT
    assert IN_A_ROW <= len(runner.keeper.kept) < 30


@pytest.mark.parametrize(
    "message",
    [
        call("bash", "{not json"),
        call("bash", '{"command": 5, "more": []}'),
        call("nonesuch", "{}"),
        call("bash", json.dumps({"command": "echo " + "x" * 3_000_000})),
        call("bash", json.dumps({"command": "printf '\\377\\033[2J\\033]0;x\\007'"})),
        call("bash", json.dumps({"command": "yes | head -c 20000000"})),
        call("bash", json.dumps({"command": "echo \ud800"})),
        call("bash", json.dumps({"command": "kill -9 -1"})),
    ],
    ids=[
        "no-json",
        "wrong-types",
        "no-tool",
        "huge",
        "escapes",
        "flood",
        "surrogate",
        "kill-all",
    ],
)
def test_odd_tool_calls_are_the_models_own_doing(tiny, served, bench, message):
    """Malformed, huge and hostile calls are told to the model; what it submits is judged."""
    made = tiny.files(1)
    odd = completion(message, finish="tool_calls")
    submit = completion(call("submit", '{"answer": "6"}'), finish="tool_calls")
    with served(Odd(odd, submit)) as url:
        runner = bench(made, url, "odd", endpoint=QUICK)
    assert runner.reason is None, runner.detail
    (attempt,) = runner.keeper.kept.values()
    assert attempt.outcome is Outcome.SOLVED
    line = (runner.folder / "attempts.ndjson").read_bytes()
    assert b"\x1b" not in line


def test_an_escape_ends_the_sample_and_the_run(tiny, served, bench):
    """It counts as cheated, with what was tried, and no further attempt is begun."""
    made = tiny.files(3)
    tries = completion(
        call("bash", '{"command": "ls /proc/1/root"}'), finish="tool_calls"
    )
    with served(Odd(tries)) as url:
        runner = bench(made, url, "odd", endpoint=QUICK, parallel=1)
    assert runner.reason is Stopped.ESCAPE
    (attempt,) = runner.keeper.kept.values()
    assert attempt.outcome is Outcome.CHEATED
    assert "proc-1" in attempt.evidence[0]


def test_a_grader_that_crashes_is_invalid(tiny, reference, bench):
    """A crash of the grader is neither success nor failure of the model."""
    made = tiny.files(1, grader="kill -SEGV $$")
    with reference(made) as url:
        runner = bench(made, url, "fairlead-reference-oracle+20")
    (attempt,) = runner.keeper.kept.values()
    assert attempt.outcome is Outcome.INVALID
    assert "the grader ended by" in attempt.evidence[-1]


def test_a_full_disk_stops_the_run_and_loses_nothing(
    tiny, reference, bench, monkeypatch
):
    """What could not be kept is not counted; with room again the run goes on."""
    made = tiny.files(3)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with reference(made) as url:
        # Files cannot grow beyond what one line has: the second line does not fit.
        first = bench(
            made, url, "fairlead-reference-oracle+20", only=[("add-1", 4000, 1)]
        )
        path = first.folder / "attempts.ndjson"
        size = path.stat().st_size
        from fairlead.evals import keeping

        append = keeping.append

        def full(where, line):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
            try:
                append(where, line)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        monkeypatch.setattr(keeping, "append", full)
        second = bench(made, url, "fairlead-reference-oracle+20")
        assert second.reason is Stopped.STORAGE
        assert path.stat().st_size == size
        monkeypatch.undo()
        third = bench(made, url, "fairlead-reference-oracle+20")
    assert third.reason is None
    assert len(read_attempts(path.read_bytes())) == 3


def test_a_clock_that_jumps_changes_nothing_but_its_reading(tiny, reference, bench):
    """Durations and budgets do not come from the clock of the wall."""
    jumps = iter([timedelta(days=-400), timedelta(days=4000), timedelta(0)] * 9)
    made = tiny.files(3)
    with reference(made) as url:
        runner = bench(
            made,
            url,
            "fairlead-reference-oracle+20",
            clock=lambda: datetime.now(UTC) + next(jumps),
            bounds={"seconds": 120.0},
        )
    assert runner.reason is None
    assert all(0 <= a.seconds < 60 for a in runner.keeper.kept.values())


def test_two_processes_never_run_the_same_folder(tiny, reference, bench, tmp_path):
    """The second is refused; it would repeat what the first does."""
    import fcntl

    folder = tmp_path / "run"
    folder.mkdir()
    made = tiny.files(1)
    with (folder / "attempts.ndjson").open("a") as held, reference(made) as url:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InUse):
            bench(made, url, "fairlead-reference-oracle+20", folder=folder)


@pytest.mark.parametrize("trick", ["symlink", "traversal", "device", "folder-link"])
def test_a_pack_with_tricks_is_refused(tiny, tmp_path, trick):
    """Links, devices and names that lead elsewhere are refused by name."""
    from fairlead.errors import Damaged, Invalid
    from fairlead.wiring.suites import suite_of

    folder = tiny.write(tmp_path / "suite", tiny.files(1))
    inside = folder / "tasks" / "add-1" / "files"
    match trick:
        case "symlink":
            (inside / "numbers").unlink()
            (inside / "numbers").symlink_to("/etc/passwd")
        case "folder-link":
            (inside / "more").symlink_to("/etc")
        case "device":
            os.mkfifo(inside / "pipe")
        case "traversal":
            sums = (folder / SUMS).read_text()
            (folder / SUMS).write_text(
                sums.replace("files/numbers", "files/../../../x")
            )
    with pytest.raises((Invalid, Damaged)):
        suite_of(folder)
    assert sums_of(tiny.files(1))
