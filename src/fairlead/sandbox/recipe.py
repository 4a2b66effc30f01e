"""Recipes: how a reported vulnerability is shown, written as TOML.

Nothing in a recipe is run outside a sandbox, and nothing is fetched: what it needs lies
beside it and is named with its digest.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from fairlead.errors import Invalid, Malformed, TooLarge, Violation
from fairlead.sandbox.limits import Limits

LARGEST = 1 << 18
"""Bytes of a recipe."""
OURS = frozenset({"source", "fix.patch", "tree.tar"})
"""Names in `/in` that are ours."""
_NAME = r"\A[A-Za-z0-9][A-Za-z0-9._+-]{0,99}\Z"

FileName = Annotated[str, Meta(pattern=_NAME)]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Line = Annotated[str, Meta(min_length=1, max_length=10_000)]


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is built: an archive by its SHA-256, or a commit of a git bundle."""

    archive: FileName | None = None
    """A tar archive beside the recipe, packed in any way that `tar` inside can read."""
    sha256: Digest | None = None
    bundle: FileName | None = None
    """What `git bundle create` wrote, beside the recipe."""
    commit: Annotated[str, Meta(pattern=r"\A[0-9a-f]{40,64}\Z")] | None = None
    strip: Annotated[int, Meta(ge=0, le=5)] = 1
    """Leading folders that are taken off the names in the archive."""


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that lies in `/in` while it is built and run."""

    name: FileName
    file: FileName | None = None
    """Beside the recipe; the same as the name otherwise."""
    sha256: Digest | None = None
    text: Annotated[str, Meta(max_length=100_000)] | None = None
    """The content itself, instead of a file."""
    hex: Annotated[str, Meta(max_length=200_000)] | None = None
    """The content itself, as hexadecimal digits, instead of a file."""


class Kind(StrEnum):
    """By what a run shows the vulnerability."""

    SANITIZER = "sanitizer"
    """A sanitizer's report."""
    SIGNAL = "signal"
    """A signal that kills the program."""
    OUTPUT = "output"
    """Something it says."""
    TIME = "time"
    """It takes longer than it may."""


class Counts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts as showing the vulnerability."""

    kind: Kind
    report: Annotated[str, Meta(max_length=100)] | None = None
    """What the sanitizer calls it: `heap-buffer-overflow`, `SEGV`; any otherwise."""
    frames: Annotated[tuple[str, ...], Meta(max_length=12)] = ()
    """Functions that must be among the frames, in this order, innermost first."""
    signal: Annotated[int, Meta(ge=1, le=64)] | None = None
    says: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    """Text that must be in the output."""
    seconds: Annotated[float, Meta(gt=0, le=3600)] | None = None
    """How long it may take."""


class Recipe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a vulnerability is shown."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    source: Source
    counts: Counts
    run: Line
    """A line for `/bin/sh`, in the folder of the source; inputs are in `/in`."""
    build: Annotated[tuple[Line, ...], Meta(max_length=50)] = ()
    """Lines for `/bin/sh`, in the folder of the source; one that fails ends it."""
    inputs: Annotated[tuple[Input, ...], Meta(max_length=50)] = ()
    variants: Annotated[tuple[Input, ...], Meta(max_length=200)] = ()
    """Other inputs of the same kind; each takes the place of the first input."""
    tests: Line | None = None
    """The project's own tests; they hold where this exits with 0."""
    runs: Annotated[int, Meta(ge=1, le=1000)] = 5
    keep: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    """What of the build is needed to run; everything otherwise."""
    environment: dict[str, str] = {}
    limits: Limits = Limits()
    build_limits: Limits = Limits(
        wall=900,
        cpu=1800,
        cores=2,
        memory=3 << 30,
        disk=2 << 30,
        scratch=1 << 28,
        file=1 << 30,
        results=1 << 29,
        processes=512,
        input=1 << 30,
        output=8 << 20,
    )

    @property
    def digest(self) -> str:
        """Return what names the recipe: the SHA-256 of its meaning, not its layout."""
        return hashlib.sha256(
            msgspec.json.encode(self, order="deterministic")
        ).hexdigest()


def read_recipe(written: bytes) -> Recipe:
    """Read a recipe.

    Raises:
        TooLarge: it has more than `LARGEST` bytes.
        Malformed: it is no TOML.
        Invalid: a field is missing, unknown, or says what it cannot.

    """
    if len(written) > LARGEST:
        raise TooLarge(f"a recipe has at most {LARGEST} bytes")
    try:
        table = tomllib.loads(written.decode("utf-8"))
        recipe = msgspec.convert(table, Recipe)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"the recipe is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        field = path.strip("`").removeprefix("$").removeprefix(".") or "recipe"
        raise _invalid(field, reason) from error
    _judge(recipe)
    return recipe


def materials(recipe: Recipe, read: Callable[[str], bytes]) -> Mapping[str, bytes]:
    """Return what *recipe* needs, by file name; *read* returns a file beside it.

    Raises:
        Invalid: a file is not the one that its digest names.

    """
    found: dict[str, bytes] = {}
    archive = recipe.source.archive or recipe.source.bundle or ""
    wanted = [(archive, recipe.source.sha256)]
    wanted += [
        (given.file or given.name, given.sha256)
        for given in (*recipe.inputs, *recipe.variants)
        if given.text is None and given.hex is None
    ]
    for name, digest in wanted:
        content = read(name)
        if digest is not None and hashlib.sha256(content).hexdigest() != digest:
            raise _invalid(name, f"its SHA-256 is not {digest}")
        found[name] = content
    return found


def content_of(given: Input, found: Mapping[str, bytes]) -> bytes:
    """Return the content of an input."""
    if given.text is not None:
        return given.text.encode()
    if given.hex is not None:
        return bytes.fromhex(given.hex)
    return found[given.file or given.name]


def _judge(recipe: Recipe) -> None:
    """Refuse what types cannot."""
    source, counts = recipe.source, recipe.counts
    if (source.archive is None) == (source.bundle is None):
        raise _invalid("source", "name either an archive or a bundle")
    if source.archive is not None and source.sha256 is None:
        raise _invalid("source.sha256", "an archive is named with its SHA-256")
    if source.bundle is not None and source.commit is None:
        raise _invalid("source.commit", "a bundle is named with a commit")
    needed = {
        Kind.SIGNAL: ("signal", counts.signal),
        Kind.OUTPUT: ("says", counts.says),
        Kind.TIME: ("seconds", counts.seconds),
    }.get(counts.kind)
    if needed is not None and needed[1] is None:
        raise _invalid(f"counts.{needed[0]}", f"{counts.kind} needs it")
    names = [given.name for given in recipe.inputs]
    if len(set(names)) != len(names) or OURS & set(names):
        ours = ", ".join(sorted(OURS))
        raise _invalid("inputs", f"each has a name of its own, and none is {ours}")
    if recipe.variants and not recipe.inputs:
        raise _invalid("variants", "they take the place of the first input")
    for given in (*recipe.inputs, *recipe.variants):
        _judge_input(given)
    _judge_kept(recipe.keep)


def _judge_input(given: Input) -> None:
    if given.text is not None and given.hex is not None:
        raise _invalid(f"inputs.{given.name}", "say text or hex, not both")
    if given.text is None and given.hex is None and given.sha256 is None:
        raise _invalid(f"inputs.{given.name}", "a file is named with its SHA-256")
    if given.hex is not None:
        try:
            bytes.fromhex(given.hex)
        except ValueError as error:
            raise _invalid(f"inputs.{given.name}.hex", str(error)) from error


def _judge_kept(kept: Sequence[str]) -> None:
    for path in kept:
        if path.startswith(("/", "-")) or ".." in path.split("/") or "\n" in path:
            raise _invalid("keep", f"{path!r} is not below the folder of the source")


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(
        f"the recipe: {field}: {reason}", [Violation("invalid_recipe", field, reason)]
    )
