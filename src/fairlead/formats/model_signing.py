"""Manifests of a model's files, in the layout of OpenSSF Model Signing 1.0.

A statement (in-toto v1) with one subject, the model, whose digest is SHA-256 over the
digests of all resources in their order; the predicate says how the files were cut and
lists the resources. Source: https://github.com/sigstore/model-transparency,
`_signing/signing.py` (Payload) and `manifest.py`.

Fields of our own stand under a name that other readers pass over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from fairlead.errors import Malformed
from fairlead.formats import in_toto

PREDICATE = "https://model_signing/signature/v1.0"

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Meta(ge=0, lt=2**62)]


class Serialization(Struct, frozen=True, kw_only=True):
    """How the files were cut before they were hashed."""

    method: Literal["files", "shards"]
    hash_type: Literal["sha256"] = "sha256"
    shard_size: int | msgspec.UnsetType = msgspec.UNSET
    allow_symlinks: Literal[False] = False

    @property
    def algorithm(self) -> str:
        """Return what each resource calls its digest: SHA-256, of a file or a shard."""
        sharded = self.method == "shards"
        return f"sha256-sharded-{self.shard_size}" if sharded else "sha256"


class Resource(Struct, frozen=True, kw_only=True):
    """A file, or a shard of one as `path:start:end`."""

    name: str
    algorithm: Annotated[str, Meta(pattern=r"^sha256(-sharded-[1-9]\d*)?$")] = "sha256"
    digest: Digest


class FileSize(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the model, and how long it is; an empty one has no shard."""

    name: str
    size: Size


class SealedShard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a shard lies once it is sealed."""

    name: str
    """The resource: `path:start:end`."""
    file: str
    """The sealed file, relative to the sealed folder."""
    digest: Digest
    """Of the sealed file."""


class Sealing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What we say besides: how the shards lie in the sealed folder."""

    seal: str
    files: tuple[FileSize, ...]
    shards: tuple[SealedShard, ...]


class Manifest(Struct, frozen=True, kw_only=True):
    """The predicate."""

    serialization: Serialization
    resources: tuple[Resource, ...]
    sealing: Sealing | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="urn:fairlead:sealing:v1"
    )


def order(name: str) -> tuple[list[str], list[int]]:
    """Return what resources are sorted by: the parts of the path, then the place."""
    path, *place = name.split(":")
    return path.split("/"), [int(number) for number in place]


def root(resources: Sequence[Resource]) -> str:
    """Return the digest over all resources, which names the model."""
    hashed = hashlib.sha256()
    for one in resources:
        hashed.update(bytes.fromhex(one.digest))
    return hashed.hexdigest()


def say(name: str, manifest: Manifest) -> bytes:
    """Return the statement about the model *name* as JSON."""
    digest = {"sha256": root(manifest.resources)}
    subject = (in_toto.Subject(name=name, digest=digest),)
    return in_toto.say(subject, PREDICATE, manifest)


def read(written: bytes) -> tuple[str, Manifest]:
    """Return the model's name and its manifest.

    What is not checked: signatures, and whether any file is as it says.

    Raises:
        Malformed: it is no such statement, or contradicts itself.

    """
    statement = in_toto.parse(written)
    manifest = statement.read(PREDICATE, Manifest)
    if len(statement.subject) != 1:
        raise Malformed("a manifest is about one model")
    subject = statement.subject[0]
    if subject.digest.get("sha256") != root(manifest.resources):
        raise Malformed("the digest of the model is not that of its resources")
    names = [one.name for one in manifest.resources]
    expected = manifest.serialization.algorithm
    if any(one.algorithm != expected for one in manifest.resources):
        raise Malformed(f"not every resource of the manifest has a {expected}")
    if len(set(names)) != len(names):
        raise Malformed("the manifest names a resource twice")
    return subject.name, manifest
