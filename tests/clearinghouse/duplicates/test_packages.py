"""One package, however it is called; two packages, however alike."""

from __future__ import annotations

import pytest

from fairlead.clearinghouse.duplicates.packages import (
    Relation,
    identities_of,
    relation,
)


@pytest.fixture
def related(finding):
    """Relate two packages, both ways round."""

    def relate(a, b):
        first, second = (
            identities_of(finding(**{"purl": None, **fields})) for fields in (a, b)
        )
        assert relation(first, second) is relation(second, first)
        return relation(first, second)

    return relate


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"purl": "pkg:pypi/Pillow@8.1.0"}, {"purl": "pkg:pypi/pillow"}),
        ({"purl": "pkg:pypi/pillow"}, {"purl": "pkg:github/python-pillow/Pillow"}),
        ({"purl": "pkg:pypi/pillow"}, {"software": "Pillow", "ecosystem": "PyPI"}),
        ({"purl": "pkg:pypi/pillow"}, {"software": "python-pillow"}),
        ({"purl": "pkg:pypi/zope_event"}, {"purl": "pkg:pypi/Zope.Event"}),
        ({"purl": "pkg:generic/opensc"}, {"purl": "pkg:github/OpenSC/OpenSC@0.21"}),
        ({"purl": "pkg:deb/debian/lcms2"}, {"purl": "pkg:github/mm2/little-cms"}),
        ({"purl": "pkg:conda/libmatio"}, {"purl": "pkg:generic/matio"}),
        (
            {"purl": "pkg:golang/github.com/foo/barbaz/sub"},
            {"repository": "https://github.com/Foo/BarBaz.git"},
        ),
        ({"software": "video.js"}, {"purl": "pkg:github/videojs/video.js"}),
        (
            {"software": "org.acme:parser", "ecosystem": "Maven"},
            {"purl": "pkg:maven/org.acme/parser@1"},
        ),
        ({"software": "Some Thing"}, {"software": "some-thing", "ecosystem": "GNU"}),
    ],
)
def test_one_package_by_two_names(related, a, b):
    """Purl types, case, separators, affixes, repositories and plain names agree."""
    assert related(a, b) is Relation.SAME


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("pkg:github/php/php-src", "pkg:generic/php", Relation.KIN),
        ("pkg:npm/request", "pkg:pypi/request", Relation.KIN),
        ("pkg:npm/%40acme/core", "pkg:npm/%40other/core", Relation.KIN),
        ("pkg:github/me/curl", "pkg:github/curl/curl", Relation.KIN),
        ("pkg:pypi/uharfbuzz", "pkg:github/harfbuzz/harfbuzz", Relation.KIN),
        ("pkg:pypi/django", "pkg:pypi/flask", Relation.OTHER),
        ("not a purl", "pkg:pypi/flask", Relation.UNKNOWN),
    ],
)
def test_two_packages(related, a, b, expected):
    """Ports, forks and bindings are kin; the rest is other or not known."""
    assert related({"purl": a}, {"purl": b}) is expected
