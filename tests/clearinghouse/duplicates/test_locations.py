"""Paths with prefixes, functions with scopes, lines from patches."""

from __future__ import annotations

import pytest

from fairlead.clearinghouse.duplicates import features_of
from fairlead.clearinghouse.duplicates.locations import (
    function_of,
    path_of,
    same_file,
    same_function,
)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("src/libImaging/FliDecode.c", "FliDecode.c", 1.0),
        ("a/src/fli.c", "./src/fli.c", 1.0),
        ("..\\src\\fli.c", "src/FLI.c", 1.0),
        ("libs/x/x/chains/pal/base.py", "x/chains/pal/base.py", 1.0),
        ("src/libopensc/oberthur.c", "src/pkcs15init/oberthur.c", 0.2),
        ("src/fli.c", "src/pcx.c", 0.0),
        ("", "src/pcx.c", 0.0),
    ],
)
def test_one_file_by_two_paths(a, b, expected):
    """A shorter path is the same file; another folder contradicts."""
    assert same_file(path_of(a), path_of(b)) == expected
    assert same_file(path_of(b), path_of(a)) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "AAT::Kerx<AAT::Sub<int> >::driver_t::transition(ctx*)",
            "driver_t.transition",
        ),
        ("SQLCompiler.get_order_by", "sqlcompiler.get_order_by"),
        ("django.utils.http.is_safe_url", "http.is_safe_url"),
        ("static int parse_tlv(const u8 *p, size_t n)", "parse_tlv"),
        ("BEInt<short, 2>::operator short() const", "beint.operator"),
        ("Foo#bar", "foo.bar"),
        ("((((", ""),
    ],
)
def test_functions_lose_arguments_templates_and_scopes(written, expected):
    """Class and function stay, in lower case."""
    assert function_of(written) == expected


@pytest.mark.parametrize(
    ("a", "b", "least", "most"),
    [
        ("urlizer.trim_punctuation", "trim_punctuation", 0.9, 1.0),
        ("a.parse_tlv", "a.parse_tlv", 1.0, 1.0),
        ("a.sanitize", "b.sanitize", 0.0, 0.3),
        ("lookup10", "lookup10.sanitize", 0.5, 0.5),
        ("order_by", "annotate", 0.0, 0.0),
    ],
)
def test_how_far_two_functions_are_one(a, b, least, most):
    """A generic name in another class is hardly the same."""
    assert least <= same_function(a, b) <= most
    assert same_function(a, b) == same_function(b, a)


def test_a_patch_points_at_the_lines_it_changes(finding):
    """The range of a hunk without its context counts as a place."""
    text = "--- a/src/fli.c\n+++ b/src/fli.c\n@@ -36,7 +36,7 @@\n-  if (n < 4)\n"
    assert ("fli.c", 39, 39) in features_of(finding(text)).spans


def test_where_memory_was_allocated_is_no_place(finding):
    """An allocation site is common to many bugs."""
    text = "READ of size 1\nregion [realloc], allocated in alloc_array src/path.c:60\n"
    assert features_of(finding(text)).spans == ()
