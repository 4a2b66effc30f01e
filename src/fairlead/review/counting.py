"""Counting what a call uses, from what goes by: OpenAI's and Anthropic's answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

TEXT_PER_TOKEN = 4
"""Bytes of text that are counted as one token where upstream reports none."""
LONGEST_LINE = 1_048_576
"""A longer line of a stream is passed on and counted by its length alone."""


class _Usage(Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Text(Struct):
    content: object = None
    text: object = None
    partial_json: object = None


class _Choice(Struct):
    delta: _Text | None = None
    message: _Text | None = None
    text: str | None = None


class _Message(Struct):
    usage: _Usage | None = None


class _Piece(Struct):
    """As much of an answer, or of one event of a stream, as counting needs."""

    usage: _Usage | None = None
    message: _Message | None = None
    response: _Message | None = None
    choices: list[_Choice] = []
    delta: object = None


_PIECE = msgspec.json.Decoder(_Piece)


@dataclass(slots=True)
class Counter:
    """Counts tokens of one call while it goes by; it never changes what goes by."""

    streams: bool
    reported_in: int | None = None
    reported_out: int | None = None
    seen_in: int = 0
    """Bytes that were sent."""
    seen_out: int = 0
    """Bytes of text that came back."""
    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> None:
        """Take what came next."""
        self._rest += chunk
        if not self.streams:
            if len(self._rest) > LONGEST_LINE * 32:
                self.seen_out += len(self._rest)
                self._rest.clear()
            return
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end])
            del self._rest[: end + 1]
            if line.startswith(b"data:"):
                self._piece(line[5:].strip())
        if len(self._rest) > LONGEST_LINE:
            self.seen_out += len(self._rest)
            self._rest.clear()

    def end(self) -> None:
        """Take note that nothing more comes."""
        if not self.streams and self._rest:
            self._piece(bytes(self._rest))
        self._rest.clear()

    @property
    def tokens_in(self) -> int:
        """Return how many tokens were sent."""
        if self.reported_in is not None:
            return self.reported_in
        return -(-self.seen_in // TEXT_PER_TOKEN)

    @property
    def tokens_out(self) -> int:
        """Return how many tokens came back."""
        if self.reported_out is not None:
            return self.reported_out
        return -(-self.seen_out // TEXT_PER_TOKEN)

    @property
    def counted(self) -> str:
        """Say who counted."""
        whole = self.reported_in is not None and self.reported_out is not None
        return "upstream" if whole else "here"

    def _piece(self, written: bytes) -> None:
        if written == b"[DONE]":
            return
        try:
            piece = _PIECE.decode(written)
        except msgspec.MsgspecError:
            self.seen_out += len(written)
            return
        for usage in (
            piece.usage,
            piece.message.usage if piece.message else None,
            piece.response.usage if piece.response else None,
        ):
            if usage is not None:
                self._reported(usage)
        for choice in piece.choices:
            self._choice(choice)
        if isinstance(piece.delta, str):
            self._text(piece.delta)
        elif isinstance(piece.delta, dict):
            for value in piece.delta.values():
                self._text(value)

    def _choice(self, choice: _Choice) -> None:
        for part in (choice.delta, choice.message):
            if part is not None:
                self._text(part.content)
        self._text(choice.text)

    def _reported(self, usage: _Usage) -> None:
        for number in (usage.prompt_tokens, usage.input_tokens):
            if number is not None and number >= 0:
                self.reported_in = max(self.reported_in or 0, number)
        for number in (usage.completion_tokens, usage.output_tokens):
            if number is not None and number >= 0:
                self.reported_out = max(self.reported_out or 0, number)

    def _text(self, value: object) -> None:
        if isinstance(value, str):
            self.seen_out += len(value.encode("utf-8", "surrogatepass"))


def cents(tokens_in: int, tokens_out: int, per_in: int, per_out: int) -> int:
    """Return what a call costs, rounded up; prices are cents for a million tokens."""
    return -(-(tokens_in * per_in + tokens_out * per_out) // 1_000_000)
