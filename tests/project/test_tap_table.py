"""The table of the TAP Intake API names tests that exist, and says what is lacking."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/tap.md").read_text("utf-8")
NAMED = re.compile(r"`([a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def rows():
    found = [row for row in ROW.findall(PAGE) if row[0] != "the specification says"]
    return [row for row in found if not set(row[0]) <= {"-", "|"}]


def names_in(file):
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_that_the_table_names_exists():
    named = NAMED.findall(PAGE)
    assert len(named) > 150
    for file, test in named:
        assert test in names_in(file), f"{file} has no {test}"


def test_every_row_names_a_test_or_says_that_it_is_not_so():
    assert len(rows()) > 110
    for said, here, shown in rows():
        assert NAMED.search(shown) or here.startswith("**no**"), said


def test_every_section_of_the_specification_has_its_table():
    sections = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    for name in ("Core", "Attachments", "Multipart submissions", "Errors", "Limits"):
        assert name in sections
