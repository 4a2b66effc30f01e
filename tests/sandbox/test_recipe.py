"""Recipes are read strictly: whoever writes one is told what is wrong, and where."""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Error, Invalid, Malformed, TooLarge
from fairlead.sandbox.recipe import LARGEST, materials, read_recipe

DIGEST = hashlib.sha256(b"archive").hexdigest()
GOOD = f"""
name = "x"
run = "./x /in/poc"
[source]
archive = "x.tar"
sha256 = "{DIGEST}"
[counts]
kind = "sanitizer"
[[inputs]]
name = "poc"
text = "a"
"""


def test_reads_a_recipe() -> None:
    """What is not said has its usual value, and the digest does not hang on the layout."""
    recipe = read_recipe(GOOD.encode())
    assert (recipe.name, recipe.runs) == ("x", 5)
    spaced = read_recipe(GOOD.replace(" = ", "   =   ").encode())
    assert recipe.digest == spaced.digest
    other = read_recipe(GOOD.replace('"a"', '"b"').encode())
    assert recipe.digest != other.digest


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('name = "x"', "", "name"),
        ('name = "x"', 'name = "x"\nshell = "x"', "shell"),
        (f'sha256 = "{DIGEST}"', "", "source.sha256"),
        (f'sha256 = "{DIGEST}"', 'sha256 = "abc"', "source.sha256"),
        ('archive = "x.tar"', 'archive = "../x.tar"', "source.archive"),
        ('archive = "x.tar"', 'bundle = "x"\narchive = "x.tar"', "source"),
        ('"sanitizer"', '"signal"', "counts.signal"),
        ('"sanitizer"', '"output"', "counts.says"),
        ('"sanitizer"', '"time"', "counts.seconds"),
        ('name = "poc"', 'name = "tree.tar"', "inputs"),
        ('name = "poc"', 'name = "a/b"', "inputs[0].name"),
        ('text = "a"', "", "inputs.poc"),
        ('text = "a"', 'text = "a"\nhex = "61"', "inputs.poc"),
        ('text = "a"', 'hex = "6"', "inputs.poc.hex"),
        ('name = "x"', 'name = "x"\nruns = 0', "runs"),
        ('name = "x"', 'name = "x"\nkeep = ["../etc"]', "keep"),
        ('name = "x"', 'name = "x"\nkeep = ["--checkpoint-action=exec=x"]', "keep"),
        ('name = "x"', 'name = "x"\n[limits]\nmemory = 0', "limits.memory"),
    ],
)
def test_says_what_is_wrong(old: str, new: str, field: str) -> None:
    """A recipe that makes no sense is refused, and the field is named."""
    changed = GOOD.replace(old, new)
    if "[limits]" in new:
        changed = GOOD + "\n[limits]\nmemory = 0\n"
    with pytest.raises(Invalid) as caught:
        read_recipe(changed.encode())
    (violation,) = caught.value.violations
    assert field in {violation.field, *str(caught.value).replace("`", " ").split()}


def test_no_toml() -> None:
    """What is no TOML, or too long to be a recipe, is refused as such."""
    with pytest.raises(Malformed):
        read_recipe(b"name = ")
    with pytest.raises(Malformed):
        read_recipe(b"\xff")
    with pytest.raises(TooLarge):
        read_recipe(b"#" * (LARGEST + 1))


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_reads_anything_or_refuses(written: bytes) -> None:
    """Whatever comes in, it is read or refused by an error of ours."""
    with suppress(Error):
        read_recipe(written)


def test_materials_are_those_that_were_named() -> None:
    """A file beside the recipe is taken only if its digest is the one that was named."""
    recipe = read_recipe(GOOD.encode())
    assert materials(recipe, lambda _: b"archive") == {"x.tar": b"archive"}
    with pytest.raises(Invalid, match="SHA-256"):
        materials(recipe, lambda _: b"another")
