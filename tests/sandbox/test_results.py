"""What is brought out is plain files, or nothing."""

from __future__ import annotations

import io
import tarfile
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Error, Invalid, TooLarge
from fairlead.sandbox.results import results_of
from fairlead.sandbox.showing import shown

NAMES = st.lists(
    st.from_regex(r"\A[a-z]{1,8}(/[a-z0-9.-]{1,8}){0,3}\Z").filter(
        lambda n: not {".", ".."} & set(n.split("/"))
    ),
    unique=True,
    max_size=6,
)


def packed(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return held.getvalue()


@given(NAMES, st.data())
def test_files_come_out_as_they_went_in(names: list[str], data: st.DataObject) -> None:
    """Whatever plain files are packed, the same come out."""
    files = {name: data.draw(st.binary(max_size=2000)) for name in names}
    assert {r.name: r.content for r in results_of(packed(files), most=1 << 20)} == files


@given(st.binary(max_size=3000))
def test_anything_else_is_refused(archive: bytes) -> None:
    """Whatever bytes come out, they are read or refused by an error of ours."""
    try:
        for result in results_of(archive, most=1 << 20):
            assert not result.name.startswith("/")
    except Error:
        pass


@given(st.data())
def test_damaged_archives_name_nothing_outside(data: st.DataObject) -> None:
    """One byte changed in an archive never gives a name outside, nor more than is there."""
    archive = bytearray(packed({"a/b": b"x" * 700, "c": b"y"}))
    at = data.draw(st.integers(0, len(archive) - 1))
    archive[at] = data.draw(st.integers(0, 255))
    try:
        for result in results_of(bytes(archive), most=1 << 20):
            assert ".." not in result.name.split("/")
            assert len(result.content) <= len(archive)
    except Error:
        pass


def test_bounds() -> None:
    """More bytes than are wanted, and a name twice, are refused."""
    with pytest.raises(TooLarge):
        list(results_of(packed({"a": bytes(5000)}), most=4096))
    twice = packed({"a": b"1"})[:1024] + packed({"a": b"2"})
    with pytest.raises(Invalid, match="twice"):
        list(results_of(twice, most=4096))


@given(st.binary(max_size=500))
def test_shown_never_steers(said: bytes) -> None:
    """Nothing that is shown is a control, or turns the direction of text."""
    for character in shown(said):
        assert character in "\n\t" or unicodedata.category(character)[0] != "C"
