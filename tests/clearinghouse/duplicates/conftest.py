"""Findings to compare, made from the few fields that a test is about.

The makers are fixtures, since tests import nothing from one another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.findings import Attachment, AttachmentKind, Finding


def make(text: str = "", **fields: Any) -> Finding:
    """A finding on package demo unless the test says otherwise."""
    attachment = Attachment(filename="r.md", kind=AttachmentKind.OTHER, text=text)
    fields.setdefault("purl", "pkg:pypi/demo@1.2.3")
    return Finding(
        receipt=Receipt(fields.pop("receipt", "SUB-a")),
        attachments=(attachment,),
        **fields,
    )


CRASH = """\
==9==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000001a3c
READ of size 2 at 0x602000001a3c thread T0
    #0 0x4f2e30 in __interceptor_strncpy
    #1 0x4f2e31 in hex_to_int /src/demo/src/lib/tokens.c:382:2
    #2 0x4f2e32 in name_from_file /src/demo/src/lib/tokens.c:452:16
    #3 0x4f2e33 in LLVMFuzzerTestOneInput fuzz.c
0x602000001a3c is located 0 bytes to the right of 12-byte region
allocated by: sc_read_file reader.c:2440
header bytes say 0x190, `file_size` is never compared with `blob_len`
"""


def make_crash(**fields: Any) -> Finding:
    """A crash in hex_to_int, called by name_from_file."""
    fields.setdefault("file", "src/lib/tokens.c")
    fields.setdefault("function", "hex_to_int")
    fields.setdefault("line", 382)
    fields.setdefault("cwe", "CWE-125")
    return make(CRASH, **fields)


def make_review(**fields: Any) -> Finding:
    """The same bug as `make_crash`, found by reading."""
    fields.setdefault("file", "lib/tokens.c")
    fields.setdefault("function", "hex_to_int")
    fields.setdefault("line", 381)
    fields.setdefault("cwe", "CWE-126")
    text = (
        "`hex_to_int` copies what the header says (0x190) although the blob is shorter:"
        " out-of-bounds read. `file_size` has to be checked against `blob_len`."
    )
    return make(text, **fields)


Maker = Callable[..., Finding]


@pytest.fixture(scope="session")
def finding() -> Maker:
    """Make a finding from a text and fields."""
    return make


@pytest.fixture(scope="session")
def crash() -> Maker:
    """Make a finding with a stack trace."""
    return make_crash


@pytest.fixture(scope="session")
def review() -> Maker:
    """Make a finding by reading, of the same bug as `crash`."""
    return make_review
