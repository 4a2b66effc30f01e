"""Reference policies behind an endpoint as OpenAI's chat completions: real HTTP, no model.

The name in a request chooses the policy (`fairlead-reference-oracle+1`); what is behind
it is told the tasks and their solutions out of band, and knows a task by the line that
names it. Every answer says that it comes from a reference policy.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from fairlead.bench.references import (
    LABEL,
    Kind,
    Known,
    Move,
    Reference,
    Turn,
    task_asked,
)

_NAME = re.compile(rf"{LABEL}-([a-z]+)([+-]?[0-9.]+)?")
MOST = 16 << 20
"""Bytes of a request."""


class ReferenceModel:
    """A bare ASGI application."""

    def __init__(
        self,
        known: Mapping[str, Known],
        *,
        seed: str = "",
        hunger: int = 0,
        pause: float = 0.0,
    ) -> None:
        """Answer as policies that know *known*, by task; *seed* decides what is chance.

        Every answer takes *pause* seconds.
        """
        self.known = known
        self.seed = seed or secrets.token_hex(8)
        self.hunger, self.pause = hunger, pause
        self.calls = 0
        self._begun: dict[str, int] = {}

    async def __call__(
        self,
        scope: Any,  # noqa: ANN401 - ASGI
        receive: Callable[[], Any],
        send: Callable[[Any], Any],
    ) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if len(body) > MOST or not message.get("more_body"):
                break
        self.calls += 1
        if scope["path"].endswith("/models"):
            names = [Reference(kind=kind).name for kind in Kind]
            data = [{"id": name, "object": "model"} for name in names]
            await _answer(send, 200, {"object": "list", "data": data})
            return
        try:
            asked = msgspec.json.decode(body)
            status, told = 200, self._complete(asked)
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
            status, told = 400, {"error": {"message": f"not understood: {error}"}}
        except LookupError as error:
            status, told = 404, {"error": {"message": str(error)}}
        await asyncio.sleep(self.pause)
        await _answer(send, status, told)

    def policy(self, name: str) -> Reference:
        """Return the policy of that name.

        Raises:
            LookupError: there is none.

        """
        found = _NAME.fullmatch(name)
        if found is None or found[1] not in set(Kind):
            raise LookupError(f"{name!r} is no reference policy: {LABEL}-oracle+1")
        ability = float(found[2] or 0)
        return Reference(kind=Kind(found[1]), ability=ability, hunger=self.hunger)

    def _complete(self, asked: dict[str, Any]) -> dict[str, Any]:
        policy = self.policy(str(asked["model"]))
        messages = asked["messages"]
        prompt = "\n".join(
            _text(m) for m in messages if m["role"] in {"user", "system"}
        )
        task = task_asked(prompt)
        turns = _turns(messages)
        tools = {tool["function"]["name"] for tool in asked.get("tools") or ()}
        if task is not None and not turns:
            self._begun[task] = self._begun.get(task, 0) + 1
        seed = f"{self.seed}/{policy.name}/{task}/{self._begun.get(task or '', 0)}"
        known = self.known.get(task) if task is not None else None
        move = policy.move(known, turns, seed, tools)
        return _completion(policy, move, sum(len(_text(m)) for m in messages) // 4 + 1)


def _turns(messages: list[dict[str, Any]]) -> list[Turn]:
    """Return what was said and what came back, from the messages of a request."""
    turns: list[Turn] = []
    for message in messages:
        if message["role"] == "assistant":
            calls = message.get("tool_calls") or [{}]
            function = calls[0].get("function", {})
            turns.append(Turn(_text(message), function.get("name", "")))
        elif message["role"] == "tool" and turns:
            last = turns.pop()
            turns.append(replace(last, result=_text(message)))
    return turns


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return str(content)


def _completion(policy: Reference, move: Move, prompt_tokens: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": move.text}
    if move.call:
        arguments = msgspec.json.encode(dict(move.arguments)).decode()
        message["tool_calls"] = [
            {
                "id": f"call_{secrets.token_hex(8)}",
                "type": "function",
                "function": {"name": move.call, "arguments": arguments},
            }
        ]
    return {
        "id": f"chatcmpl-{secrets.token_hex(8)}",
        "object": "chat.completion",
        "created": 0,
        "model": policy.name,
        "system_fingerprint": "a reference policy of Fairlead, no model",
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if move.call else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": move.tokens,
            "total_tokens": prompt_tokens + move.tokens,
        },
    }


async def _answer(send: Callable[[Any], Any], status: int, said: object) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = msgspec.json.encode(said)
    await send({"type": "http.response.body", "body": body, "more_body": False})
