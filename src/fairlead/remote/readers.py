"""The second reader behind HTTP: an endpoint that speaks OpenAI's chat completions."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx
import msgspec
from msgspec import Struct

from fairlead.clearinghouse.suggesting import SCHEMA, TASK, Question
from fairlead.errors import Unavailable

PATIENCE = 60.0
"""Seconds within which it has to have answered."""
LARGEST = 64 * 1024
"""Bytes of an answer that are read."""


class _Message(Struct, frozen=True):
    content: str


class _Choice(Struct, frozen=True):
    message: _Message


class _Completion(Struct, frozen=True):
    choices: list[_Choice]


@dataclass(frozen=True, slots=True)
class HttpReader:
    """Asks one endpoint, one pair at a time; follows no redirect."""

    url: str
    """Up to and without `/chat/completions`."""
    name: str
    """The model."""
    secret: str = ""
    patience: float = PATIENCE

    def read(self, question: Question) -> bytes:
        """Return what the model answers; see `suggesting.SecondReader`."""
        asked = {
            "model": self.name,
            "temperature": 0,
            "max_tokens": 400,
            "messages": [
                {"role": "system", "content": TASK},
                {"role": "user", "content": question.quoted},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
            },
        }
        try:
            body = self._send(msgspec.json.encode(asked))
            completion = msgspec.json.decode(body, type=_Completion)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unavailable(f"the second reader is away: {error!r}") from error
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unavailable(
                f"the second reader speaks another way: {error}"
            ) from error
        if not completion.choices:
            raise Unavailable("the second reader gave no choice")
        return completion.choices[0].message.content.encode("utf-8", "replace")

    def _send(self, content: bytes) -> bytes:
        until = time.monotonic() + self.patience
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self.secret:
            headers["Authorization"] = f"Bearer {self.secret}"
        with httpx.stream(
            "POST",
            f"{self.url}/chat/completions",
            content=content,
            headers=headers,
            timeout=self.patience,
            follow_redirects=False,
        ) as answer:
            body = b""
            for part in answer.iter_raw():
                body += part
                if len(body) > LARGEST or time.monotonic() > until:
                    message = "the answer is too long, or took too long"
                    raise TimeoutError(message)
            if answer.status_code != httpx.codes.OK:
                message = f"it answered {answer.status_code}"
                raise TimeoutError(message)
            return body
