"""SBOMs and lock files: what they list, and every way in which they are wrong."""

from __future__ import annotations

import contextlib
import json
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Error, Invalid, Malformed, TooLarge
from fairlead.formats import inventories
from fairlead.formats.components import Component, Inventory


def listed(name, text):
    found = inventories.read(name, text.encode())
    return {(c.name, c.version, c.purl) for c in found.components}


LOCKS = {
    "requirements.txt": (
        (
            "# made by hand\nDjango==3.2.1 ; python_version > '3' \\\n  --hash=sha256:00\n"
            "requests[socks] == 2.0\n-r other.txt\nflask>=1\n"
        ),
        {
            ("Django", "3.2.1", "pkg:pypi/Django@3.2.1"),
            ("requests", "2.0", "pkg:pypi/requests@2.0"),
            ("flask", "", "pkg:pypi/flask"),
        },
    ),
    "Pipfile.lock": (
        json.dumps(
            {"_meta": {}, "default": {"a": {"version": "==1"}}, "develop": {"b": {}}}
        ),
        {("a", "1", "pkg:pypi/a@1"), ("b", "", "pkg:pypi/b")},
    ),
    "poetry.lock": (
        '[[package]]\nname = "a"\nversion = "1"\n',
        {("a", "1", "pkg:pypi/a@1")},
    ),
    "uv.lock": (
        (
            '[[package]]\nname = "me"\nsource = { virtual = "." }\n'
            '[[package]]\nname = "a"\nversion = "1"\n'
        ),
        {("a", "1", "pkg:pypi/a@1")},
    ),
    "pylock.toml": (
        '[[packages]]\nname = "a"\nversion = "1"\n',
        {("a", "1", "pkg:pypi/a@1")},
    ),
    "package-lock.json": (
        json.dumps(
            {
                "lockfileVersion": 3,
                "packages": {
                    "": {"name": "me", "version": "1"},
                    "node_modules/@a/b": {"version": "2"},
                    "node_modules/@a/b/node_modules/c": {"version": "3"},
                    "node_modules/here": {"link": True},
                },
            }
        ),
        {("@a/b", "2", "pkg:npm/%40a/b@2"), ("c", "3", "pkg:npm/c@3")},
    ),
    "npm-shrinkwrap.json": (
        json.dumps(
            {
                "lockfileVersion": 1,
                "dependencies": {
                    "a": {"version": "1", "dependencies": {"b": {"version": "2"}}}
                },
            }
        ),
        {("a", "1", "pkg:npm/a@1"), ("b", "2", "pkg:npm/b@2")},
    ),
    "Cargo.lock": (
        (
            '[[package]]\nname = "me"\nversion = "0"\n'
            '[[package]]\nname = "a"\nversion = "1"\nsource = "registry+x"\n'
        ),
        {("a", "1", "pkg:cargo/a@1")},
    ),
    "go.sum": (
        (
            "github.com/a/b v1.2.0 h1:x=\ngithub.com/a/b v1.2.0/go.mod h1:y=\n"
            "github.com/old v0.1.0/go.mod h1:z=\n"
        ),
        {("github.com/a/b", "1.2.0", "pkg:golang/github.com/a/b@1.2.0")},
    ),
    "go.mod": (
        (
            "module me\n\ngo 1.21.3\n\nrequire github.com/a/b v1.2.0\nrequire (\n"
            "\tgithub.com/c/d v0.3.0 // indirect\n)\n"
        ),
        {
            ("stdlib", "1.21.3", "pkg:golang/stdlib@1.21.3"),
            ("github.com/a/b", "1.2.0", "pkg:golang/github.com/a/b@1.2.0"),
            ("github.com/c/d", "0.3.0", "pkg:golang/github.com/c/d@0.3.0"),
        },
    ),
}


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_a_lock_file_lists_what_it_pins(name):
    text, expected = LOCKS[name]
    assert listed(f"some/folder/{name}", text) == expected


def test_spdx_says_what_is_in_it_and_on_which_way_in_both_forms():
    document = {
        "spdxVersion": "SPDX-2.3",
        "name": "shop",
        "documentDescribes": ["SPDXRef-shop"],
        "packages": [
            {"name": "shop", "SPDXID": "SPDXRef-shop"},
            {
                "name": "zlib",
                "SPDXID": "SPDXRef-zlib",
                "versionInfo": "1.2.11",
                "supplier": "Organization: zlib",
                "externalRefs": [
                    {
                        "referenceCategory": "SECURITY",
                        "referenceType": "cpe23Type",
                        "referenceLocator": "cpe:2.3:a:zlib:zlib:1.2.11:*:*:*:*:*:*:*",
                    }
                ],
            },
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-shop",
                "relationshipType": "DEPENDS_ON",
                "relatedSpdxElement": "SPDXRef-zlib",
            }
        ],
    }
    tags = """SPDXVersion: SPDX-2.3
DocumentName: shop
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-shop
PackageName: shop
SPDXID: SPDXRef-shop
FileName: ./zlib.c
SPDXID: SPDXRef-file
PackageName: zlib
SPDXID: SPDXRef-zlib
PackageVersion: 1.2.11
PackageSupplier: Organization: zlib
ExternalRef: SECURITY cpe23Type cpe:2.3:a:zlib:zlib:1.2.11:*:*:*:*:*:*:*
Relationship: SPDXRef-zlib DEPENDENCY_OF SPDXRef-shop
"""
    one = inventories.read("bom.spdx.json", json.dumps(document).encode())
    two = inventories.read("bom.spdx", tags.encode())
    assert one.components == two.components
    for found in (one, two):
        assert found.ways().to("SPDXRef-zlib") == ("shop", "zlib 1.2.11")
        assert found.components[1].supplier == "zlib"


def cyclonedx(**more):
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", **more}


def test_components_within_components_are_listed_and_faults_are_remarked():
    inner = {"type": "library", "name": "b", "version": "2"}
    outer = {"type": "nonsense", "name": "a", "components": [inner]}
    found = inventories.read("x", json.dumps(cyclonedx(components=[outer])).encode())
    assert [c.name for c in found.components] == ["a", "b"]
    assert any("/components/0/type" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"<?xml version='1.0'?><bom/>", Invalid, "XML is not read"),
        (b'<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>', Invalid, "XML is not read"),
        (
            json.dumps(cyclonedx() | {"specVersion": "1.3"}).encode(),
            Invalid,
            "1.4, 1.5",
        ),
        (json.dumps(cyclonedx() | {"specVersion": "9"}).encode(), Invalid, "1.4, 1.5"),
        (b'{"spdxVersion": "SPDX-1.0"}', Invalid, "SPDX-2.3"),
        (
            b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}',
            Invalid,
            "SPDX 3",
        ),
        (json.dumps(cyclonedx(components=7)).encode(), Invalid, "/components"),
        (
            b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [',
            Malformed,
            "JSON",
        ),
        (b'{"a": ' + b"[" * 100_000, Malformed, "nested too deep"),
        (b"hello", Invalid, "requirements.txt"),
        (b"\xff\xfe\x00", Malformed, "UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(content, kind, said):
    with pytest.raises(kind, match=said):
        inventories.read("bom", content)


def test_too_many_bytes_are_refused_before_they_are_read():
    with pytest.raises(TooLarge, match="at most 10"):
        inventories.read("bom", b"{" * 11, max_bytes=10)


def test_a_graph_with_circles_and_of_any_depth_is_walked():
    count = 100_000
    names = [str(n) for n in range(count)]
    depends = {n: (names[i + 1], names[i // 2]) for i, n in enumerate(names[:-1])}
    depends[names[-1]] = (names[0], names[-1])
    found = Inventory(
        format="x",
        components=tuple(Component(name=f"c{n}", ref=n) for n in names),
        roots=("0",),
        depends=depends,
    )
    ways = found.ways()
    assert ways.to("2") == ("c0", "c1", "c2")
    assert ways.to(names[-1]) == ("c0", "c1", "c2", "…", "c99997", "c99998", "c99999")
    assert ways.to("nobody") == ()


@given(
    content=st.binary(max_size=200), name=st.sampled_from([*sorted(LOCKS), "bom.json"])
)
def test_bytes_of_any_kind_are_read_or_refused(content, name):
    try:
        assert inventories.read(name, content).components is not None
    except Error as refused:
        assert str(refused)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "packages",
                    "package",
                    "default",
                    "dependencies",
                    "version",
                    "components",
                    "name",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(
    value=st.dictionaries(
        st.sampled_from(
            [
                "lockfileVersion",
                "packages",
                "dependencies",
                "_meta",
                "default",
                "components",
                "bomFormat",
                "spdxVersion",
                "specVersion",
            ]
        ),
        json_values,
    ),
    name=st.sampled_from(["package-lock.json", "Pipfile.lock", "bom.json"]),
)
def test_json_of_any_shape_is_read_or_refused(value, name):
    try:
        inventories.read(name, json.dumps(value).encode())
    except Error as refused:
        assert str(refused)


# --- The test data of cyclonedx-python-lib -----------------------------------------------------


@pytest.fixture(scope="module")
def cyclonedx_data(tmp_path_factory):
    """The schema test data of cyclonedx-python-lib, from its source distribution."""
    given = os.environ.get("FAIRLEAD_CYCLONEDX")
    if not given or not Path(given).exists():
        pytest.skip(
            "set FAIRLEAD_CYCLONEDX to the source distribution of cyclonedx-python-lib"
            " (pip download --no-deps --no-binary :all: cyclonedx-python-lib)"
        )
    folder = tmp_path_factory.mktemp("cyclonedx")
    with tarfile.open(given) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.glob("*/tests/_data/schemaTestData")
    return found


def names_in(value):
    ahead, names = [value], []
    while ahead:
        one = ahead.pop()
        for component in one.get("components") or ():
            names.append((component["name"], component.get("version", "")))
            ahead.append(component)
    return sorted(names)


@pytest.mark.conformance
def test_the_schema_test_data_is_read_remarked_or_refused_as_it_should_be(
    cyclonedx_data,
):
    seen = {"valid": 0, "invalid": 0, "xml": 0}
    for path in sorted(cyclonedx_data.glob("1.[0-7]/*")):
        content = path.read_bytes()
        supported = path.parent.name in {"1.4", "1.5", "1.6", "1.7"}
        if path.suffix == ".xml" or not supported:
            with pytest.raises(Invalid):
                inventories.read(path.name, content)
            seen["xml"] += 1
        elif path.name.startswith("valid"):
            found = inventories.read(path.name, content)
            assert found.remarks == (), path
            subject = (json.loads(content).get("metadata") or {}).get("component") or {}
            expected = names_in(json.loads(content)) + names_in(subject)
            assert sorted((c.name, c.version) for c in found.components) == sorted(
                expected
            )
            seen["valid"] += 1
        elif path.suffix == ".json":
            with contextlib.suppress(Invalid):
                assert inventories.read(path.name, content).remarks, path
            seen["invalid"] += 1
    assert seen["valid"] > 150
    assert seen["invalid"] > 90
