"""Where in the source a finding points: files and functions, however written."""

from __future__ import annotations

import re

_NAME_CAP = 120
_NOT_NAME = re.compile(r"[^A-Za-z0-9_$~]+")
_PATH = re.compile(r"[A-Za-z0-9_.+/\\-]{1,200}")
_TEXT_OF_SUFFIXES = """
adb asm bas c cc cjs cpp cs cxx dart erl ex exs f90 go groovy h hh hpp hs hxx inc inl
java jl js jsp jsx kt lua m mjs ml mm php pl pm pxd py pyi pyx r rb rs s scala sh sol
spec sql swift tcc ts tsx vala vb vue y zig
"""
_SUFFIXES = frozenset(_TEXT_OF_SUFFIXES.split())
_TEXT_OF_GENERIC_FUNCTIONS = """
__call__ __del__ __enter__ __exit__ __getattr__ __getitem__ __init__ __iter__ __new__
__setitem__ add apply call check clean close compile constructor copy create decode
delete deserialize destroy do_work dump emit encode end error exec execute exit
extract filter find finish fit flush format forward free get handle handler index init
initialize insert invoke is_valid iter join load loads lookup main make match merge
move next new normalize open operator parse parser peek pop prepare print process push
put query read read_bytes receive recv release remove render replace request reset
resize resolve run sanitize save search seek send serialize set setup size skip sort
split start step stop store submit test to_string tostring transform transition type
unpack update validate value values verify visit walk wrap write
"""
GENERIC_FUNCTIONS = frozenset(_TEXT_OF_GENERIC_FUNCTIONS.split())
"""Names that many classes of one package give to a function."""


def path_of(written: str) -> str:
    """Return *written* as a relative path in lower case, without `./`, `a/`, `..`."""
    steps = written[:400].strip().lower().replace("\\", "/").split("/")
    kept = [step for step in steps if step.strip(". ")]
    if len(kept) > 1 and kept[0] in {"a", "b"} and len(steps[0]) == 1:
        kept = kept[1:]
    return "/".join(kept[-8:])[-_NAME_CAP:].removesuffix(".orig")


def is_source(path: str) -> bool:
    """Whether *path* ends like a source file."""
    stem, dot, suffix = path.rsplit("/", 1)[-1].rpartition(".")
    return bool(stem and dot) and suffix.lower() in _SUFFIXES


def paths_in(text: str) -> list[str]:
    """Return the source files that *text* names, in order."""
    found = (path.rstrip(".-+") for path in _PATH.findall(text) if "." in path)
    return [path_of(path) for path in found if is_source(path)]


def without_paths(text: str) -> str:
    """Return *text* without paths and file names: they say where, not what."""
    return "\n".join(
        " ".join(word for word in line.split(" ") if not _is_path(word))
        for line in text.split("\n")
    )


def _is_path(word: str) -> bool:
    bare = word.strip("()[]{}<>,;\"'`*").partition(":")[0].rstrip(".")
    return bare.count("/") > 1 or is_source(bare)


def same_file(a: str, b: str) -> float:
    """Say how far the paths *a* and *b* may be one file. Symmetric.

    1 when one is the end of the other (`src/x/fli.c`, `fli.c`), less when only the ends
    agree, for files move; 0 when the names differ.
    """
    steps_a, steps_b = a.split("/")[::-1], b.split("/")[::-1]
    if not a or not b or steps_a[0] != steps_b[0]:
        return 0.0
    shortest = min(len(steps_a), len(steps_b))
    agreed = 0
    while agreed < shortest and steps_a[agreed] == steps_b[agreed]:
        agreed += 1
    if agreed == shortest:
        return 1.0
    # Beside an equal name another folder contradicts: two files of one name.
    return 0.8 if agreed >= 3 else 0.5 if agreed == 2 else 0.2  # noqa: PLR2004


def function_of(written: str) -> str:
    """Return *written* as dotted lower-case names: at most class and function.

    Arguments, templates, return types and spelling of scopes go: both
    `AAT::Kerx<T>::sanitize(ctx*) const` and `Kerx.sanitize` are `kerx.sanitize`.
    """
    plain = _without(_without(written[:1000], "<", ">"), "(", ")")
    for word in ("::", "->", "#", "/", "$"):
        plain = plain.replace(word, ".")
    plain = plain.replace("{", " ").strip()
    if "operator" in plain:
        plain = plain[: plain.index("operator") + len("operator")]
    words = plain.split()
    # In `static int parse` the name stands last; after it only qualifiers may.
    while len(words) > 1 and words[-1] in {"const", "noexcept", "override", "[clone"}:
        words.pop()
    names = [_NOT_NAME.sub("", name) for name in words[-1].split(".")] if words else []
    return ".".join([name.lower()[:_NAME_CAP] for name in names if name][-2:])


def _without(text: str, opening: str, closing: str) -> str:
    """Drop bracketed parts; an unclosed bracket drops the rest, in one pass."""
    depth, kept = 0, []
    for letter in text:
        if letter == opening:
            depth += 1
        elif letter == closing and depth:
            depth -= 1
        elif not depth:
            kept.append(letter)
    return "".join(kept)


def same_function(a: str, b: str) -> float:
    """Say how far *a* and *b*, as `function_of` returns them, are one function.

    A generic name (`parse`, `__init__`) needs the same class; another class beside the
    same function, or a class beside its own function, counts half.
    """
    if not a or not b:
        return 0.0
    *class_a, name_a = a.split(".")
    *class_b, name_b = b.split(".")
    if name_a == name_b:
        if class_a and class_b:
            return 1.0 if class_a == class_b else 0.3
        generic = name_a in GENERIC_FUNCTIONS
        return 1.0 if class_a == class_b and not generic else 0.5 if generic else 0.95
    if name_a in class_b or name_b in class_a:
        return 0.5
    return 0.0
