"""Keys of packages: one package is found however it is written, and by nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.formats import purl
from fairlead.formats.packages import (
    ECOSYSTEMS,
    ecosystem_key,
    package_key,
    purl_key,
    type_of,
)


@pytest.mark.parametrize(
    ("written", "ecosystem", "name"),
    [
        ("pkg:pypi/zope_event@5.0", "PyPI", "Zope.Event"),
        ("pkg:npm/%40babel/core@7.0.0?a=b#c", "npm", "@babel/core"),
        ("pkg:npm/@babel/core", "npm", "@Babel/core"),
        ("pkg:maven/org.acme/parser@1", "Maven", "org.acme:parser"),
        ("pkg:golang/github.com/Foo/bar@v1.0.0", "Go", "github.com/foo/bar"),
        ("pkg:deb/debian/openssl@3.0.11-1?distro=12", "Debian:12", "openssl"),
        ("pkg:nuget/Newtonsoft.Json@13.0.1", "NuGet", "newtonsoft.json"),
        ("pkg://cargo/serde@1.0", "crates.io", "serde"),
    ],
)
def test_a_package_has_one_key(written, ecosystem, name):
    """Its package URL and its name in an ecosystem lead to the same."""
    assert purl_key(written) == ecosystem_key(ecosystem, name)


def test_names_that_differ_in_their_registry_have_two_keys():
    """Maven and cargo tell capitals apart."""
    assert purl_key("pkg:cargo/Serde") != purl_key("pkg:cargo/serde")
    assert ecosystem_key("Nowhere", "serde") == ""


@pytest.mark.parametrize(("type_", "ecosystem"), sorted(ECOSYSTEMS.items()))
def test_a_registry_is_known_in_both_directions(type_, ecosystem):
    """However its letters are written."""
    assert type_of(ecosystem) == type_of(ecosystem.upper()) == type_


def test_what_osv_does_not_define_stands_for_itself():
    assert type_of(" GNU ") == "gnu"


@given(st.text(max_size=60) | st.from_regex(r"pkg:[a-z]{0,6}/[!-~]{0,30}"))
def test_readable_package_urls_have_the_key_of_their_parts(written):
    """Splitting without judging finds in a canonical one what exact reading found."""
    found = purl.parse(written)
    if found is not None:
        key = package_key(found.type, found.namespace or "", found.name)
        assert purl_key(purl.canonical(found)) == key
