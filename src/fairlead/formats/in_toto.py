"""in-toto statements v1: what is said about which things.

Source: https://github.com/in-toto/attestation, spec/v1 (statement.md,
resource_descriptor.md, digest_set.md).
"""

from __future__ import annotations

from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from fairlead.errors import Malformed

PAYLOAD = "application/vnd.in-toto+json"
"""The type of a statement in an envelope."""
STATEMENT: Final = "https://in-toto.io/Statement/v1"

P = TypeVar("P", bound=Struct)


class Subject(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A thing, named and fixed by digest (resource_descriptor.md)."""

    name: str = ""
    digest: dict[str, str]
    """Algorithm: lower-case hexadecimal."""


class Statement(Struct, frozen=True, kw_only=True):
    """What is said; other fields are passed over (parsing rules)."""

    kind: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(
        default=STATEMENT, name="_type"
    )
    subject: tuple[Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: msgspec.Raw

    def encode(self) -> bytes:
        """Return the statement as JSON."""
        return msgspec.json.encode(self)

    def read(self, predicate_type: str, kind: type[P]) -> P:
        """Return the predicate.

        Raises:
            Malformed: it is of another type, or does not say what it must.

        """
        if self.predicate_type != predicate_type:
            raise Malformed(
                f"the statement is a {self.predicate_type}, not a {predicate_type}"
            )
        try:
            return msgspec.json.decode(self.predicate, type=kind)
        except msgspec.MsgspecError as error:
            raise Malformed(f"the predicate cannot be read: {error}") from error


def say(subject: tuple[Subject, ...], predicate_type: str, predicate: Struct) -> bytes:
    """Return a statement as JSON."""
    return Statement(
        subject=subject,
        predicate_type=predicate_type,
        predicate=msgspec.Raw(msgspec.json.encode(predicate)),
    ).encode()


def parse(written: bytes) -> Statement:
    """Read a statement.

    Raises:
        Malformed: it is none.

    """
    try:
        return msgspec.json.decode(written, type=Statement)
    except msgspec.MsgspecError as error:
        raise Malformed(f"this is no in-toto statement: {error}") from error
