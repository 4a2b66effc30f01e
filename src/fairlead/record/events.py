"""Events: what happened, as it is stored and as its leaf in the log is computed.

An event has a header (stream, version, type, actor, instant, and what the fold needs)
and a body (its confidential content). Each is hashed with a salt of its own:

    leaf = SHA-256( SHA-256(header_salt ‖ header) ‖ SHA-256(body_salt ‖ body) )

always over the stored bytes, which are never encoded again. So the log can be shown to
anyone, headers can be disclosed without bodies, and a body and its salt can be destroyed
while the leaf stays as it was: `body_hash`, which tells nothing without the salt, is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from fairlead.base import instants
from fairlead.base.ports import Randomness
from fairlead.errors import Damaged

SALT = 32
"""Bytes of each salt: too many to search for a guessed content."""


class Fact(Struct, frozen=True, kw_only=True):
    """Base of everything that can happen.

    A subclass gives its type and version as tag (`tag="case.opened@1"`). Its fields are
    what the fold needs and go into the header; a field called `body`, if there is one,
    is the confidential content: a struct, or bytes that are stored as they are. It is
    `None` once it was destroyed, so every fold must do without it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcast:
    """How a header of an earlier version of a fact is read as the next version.

    What is stored is never rewritten: a leaf in the log commits to its bytes.
    """

    old: str
    """Such as `submission.received@1`."""
    new: str
    change: Callable[[dict[str, Any]], dict[str, Any]]
    """Pure; takes and returns the fields of the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to one subject."""

    stream: str
    """Whose history it belongs to: `case/FL-…`."""
    version: int
    """Its place in the stream; the first is 1."""
    actor: str
    """Who did it: `person/…`, `token/…`, `operator/…` or `system/…`."""
    at: datetime
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it is stored; `type`, `actor` and `at` repeat what the header says."""

    stream: str
    version: int
    type: str
    actor: str
    at: datetime
    header: bytes
    body: bytes | None
    """Empty where there is no confidential content, `None` once it was destroyed."""
    header_salt: bytes
    body_salt: bytes | None
    body_hash: bytes
    leaf: bytes


class _Header(Struct, frozen=True):
    stream: str
    version: int
    type: str
    actor: str
    at: str
    data: msgspec.Raw


def type_of(fact_type: type[Fact]) -> str:
    """Return the type under which *fact_type* stands in the record."""
    tag = fact_type.__struct_config__.tag
    if not isinstance(tag, str) or "@" not in tag:
        message = f"{fact_type.__name__} needs a tag such as case.opened@1"
        raise TypeError(message)
    return tag


def leaf_of(header_salt: bytes, header: bytes, body_hash: bytes) -> bytes:
    """Return the commitment to an event that stands in the log."""
    header_hash = hashlib.sha256(header_salt + header).digest()
    return hashlib.sha256(header_hash + body_hash).digest()


class Codec:
    """Facts to stored events and back, for a closed set of fact types."""

    def __init__(
        self, fact_types: Iterable[type[Fact]], upcasts: Iterable[Upcast] = ()
    ) -> None:
        """Know *fact_types*; two with one tag are a programming error (`ValueError`)."""
        self._upcasts = {upcast.old: upcast for upcast in upcasts}
        self._kinds: dict[str, tuple[type[Fact], type | None]] = {}
        for fact_type in fact_types:
            name = type_of(fact_type)
            if name in self._kinds:
                message = f"two facts are called {name}"
                raise ValueError(message)
            self._kinds[name] = (fact_type, _body_type(fact_type))

    def encode(self, event: Event, randomness: Randomness) -> StoredEvent:
        """Return *event* as it is to be stored, with fresh salts."""
        kind = type_of(type(event.fact))
        data = msgspec.to_builtins(event.fact, builtin_types=(bytes, datetime))
        data.pop("type", None)
        body = data.pop("body", None)
        header = msgspec.json.encode(
            _Header(
                stream=event.stream,
                version=event.version,
                type=kind,
                actor=event.actor,
                at=instants.text(event.at),
                data=msgspec.Raw(msgspec.json.encode(data)),
            )
        )
        stored_body = _encode_body(body)
        salts = randomness(2 * SALT)
        header_salt, body_salt = salts[:SALT], salts[SALT:]
        body_hash = hashlib.sha256(body_salt + stored_body).digest()
        return StoredEvent(
            stream=event.stream,
            version=event.version,
            type=kind,
            actor=event.actor,
            at=instants.in_utc(event.at),
            header=header,
            body=stored_body,
            header_salt=header_salt,
            body_salt=body_salt,
            body_hash=body_hash,
            leaf=leaf_of(header_salt, header, body_hash),
        )

    def decode(self, stored: StoredEvent) -> Event:
        """Return the event that *stored* holds; hashes are checked by `problems`.

        Raises:
            Damaged: the header cannot be read, or is of an unknown type.

        """
        where = f"{stored.stream}, event {stored.version}"
        try:
            header = msgspec.json.decode(stored.header, type=_Header)
            kind, data = self._latest(header)
            fact_type, body_type = self._kinds[kind]
            # Empty where nothing confidential was said though something could be.
            if body_type is not None and stored.body:
                data["body"] = _decode_body(stored.body, body_type)
            fact = msgspec.convert(data | {"type": kind}, fact_type)
            at = instants.parse(header.at)
        except KeyError as error:
            raise Damaged(
                f"{where}: the type {error} is unknown; a newer Fairlead wrote it"
            ) from error
        except (msgspec.MsgspecError, ValueError) as error:
            raise Damaged(f"{where}: cannot be read: {error}") from error
        return Event(
            stream=header.stream,
            version=header.version,
            actor=header.actor,
            at=at,
            fact=fact,
        )

    def has_body(self, kind: str) -> bool:
        """Tell whether events of type *kind*, of whatever version, have a body."""
        while kind in self._upcasts:
            kind = self._upcasts[kind].new
        return kind in self._kinds and self._kinds[kind][1] is not None

    def _latest(self, header: _Header) -> tuple[str, dict[str, Any]]:
        """Return type and fields of *header* as the present version has them."""
        kind: str = header.type
        data: dict[str, Any] = msgspec.json.decode(header.data)
        while kind in self._upcasts:
            upcast = self._upcasts[kind]
            kind, data = upcast.new, upcast.change(data)
        return kind, data


def problems(stored: StoredEvent) -> Iterator[str]:
    """Say what about *stored* contradicts itself: one sentence each."""
    kept = (stored.stream, stored.version, stored.type, stored.actor)
    if _told(stored.header) != (*kept, instants.text(stored.at)):
        yield "the columns beside the header say something else than the header"
    if stored.body is not None and stored.body_salt is not None:
        if hashlib.sha256(stored.body_salt + stored.body).digest() != stored.body_hash:
            yield "the body is not the one that was recorded"
    elif (stored.body is None) != (stored.body_salt is None):
        yield "of body and salt only one was destroyed"
    leaf = leaf_of(stored.header_salt, stored.header, stored.body_hash)
    if leaf != stored.leaf:
        yield "the header is not the one that was recorded"


def _told(written: bytes) -> tuple[object, ...]:
    """Return what a header says that is repeated beside it; nothing if it is broken."""
    try:
        header = msgspec.json.decode(written, type=_Header)
    except msgspec.MsgspecError:
        return ()
    return (header.stream, header.version, header.type, header.actor, header.at)


def _body_type(fact_type: type[Fact]) -> type | None:
    hint = get_type_hints(fact_type).get("body")
    if hint is None:
        return None
    (body,) = (member for member in get_args(hint) if member is not type(None))
    return body if isinstance(body, type) else None


def _encode_body(body: object) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


def _decode_body(body: bytes, body_type: type) -> object:
    if body_type is bytes:
        return body
    return msgspec.json.decode(body)
