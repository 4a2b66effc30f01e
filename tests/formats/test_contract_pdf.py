"""The contract on paper says what was signed, to whoever reads it with anything."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from fairlead.formats.contract_pdf import Signed, contract_pdf, readable
from fairlead.terms import agreement, standard
from fairlead.terms.agreement import Party, Terms, WindowTerm
from fairlead.terms.prose import contract

AT = datetime(2026, 8, 18, 14, 3, tzinfo=UTC)


def terms(profile=standard.Profile.API_ONLY, **changed):
    begun = standard.draft(profile, facility="Vault 7")
    made = Terms(
        engagement="eng-abcdefghjkmn",
        model="Heron",
        developer=Party(organisation="org-a", name="Ågren & Søn"),
        programme=Party(organisation="org-b", name="The Programme"),
        window=WindowTerm(days=14, opens_by="2026-09-01T00:00:00Z"),
        reply_days=5,
        assets=begun.assets,
        clauses=begun.clauses,
    )
    return msgspec.structs.replace(made, **changed)


def printed(made, signatures=()):
    return contract_pdf(made, agreement.digest(made), signatures)


def words(pdf):
    """Return the words of a PDF, page by page."""
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    return [" ".join(page.split()) for page in pages]


@pytest.mark.parametrize("profile", standard.Profile)
def test_every_sentence_of_the_contract_is_on_paper(profile):
    """Text read back from the pages holds all that the page in the browser says."""
    made = terms(profile)
    pages = words(printed(made))
    whole = re.sub(r" ?SHA-256 [0-9a-f]{64} page \d+ of \d+", "", " ".join(pages))
    for section in contract(made):
        for said in (section.heading, section.text):
            assert " ".join(said.split()) in " ".join(whole.split())


def test_each_page_names_the_agreement_and_its_own_number():
    """A page taken out of the rest is known by the digest at its foot."""
    made = terms()
    pages = words(printed(made))
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert f"SHA-256 {agreement.digest(made)}" in page
        assert f"page {number} of {len(pages)}" in page


def test_the_same_terms_give_the_same_bytes():
    """Two people who print it can compare what they hold; another clause is another file."""
    signed = [Signed(side="developer", by="Dora", at=AT, how="passkey")]
    first = printed(terms(), signed)
    assert printed(terms(), signed) == first
    assert printed(terms(reply_days=6), signed) != first
    assert printed(terms(), ()) != first


def test_signatures_are_told():
    """Who signed, for whom, when and how; and that nobody did."""
    by = [
        Signed(side="developer", by="Dora", at=AT, how="passkey"),
        Signed(side="programme", by="Lia", at=AT, how="Ed25519 key"),
    ]
    whole = " ".join(words(printed(terms(), by)))
    assert "For the developer: Dora, 2026-08-18 14:03 UTC, passkey" in whole
    assert "For the programme: Lia, 2026-08-18 14:03 UTC, Ed25519 key" in whole
    assert "Nobody has signed" in " ".join(words(printed(terms())))


def test_what_hides_or_reorders_text_is_written_out():
    """Nothing reads otherwise on paper than what was signed."""
    hostile = "Her\u202eno\u202c \x00\x1b[31m \ud800 模\u200b"
    assert readable(hostile) == (
        "Her[U+202E]no[U+202C] [U+0000][U+001B][31m [U+D800] [U+6A21][U+200B]"
    )
    whole = " ".join(words(printed(terms(model="Her\u202eon\x07"), ())))
    assert "Her[U+202E]on[U+0007]" in whole


@settings(max_examples=30)
@given(st.text(st.characters(), max_size=400))
def test_no_text_is_too_strange_to_print(text):
    """Any characters, of any script, of any length: there is always a page."""
    pdf = printed(terms(model=text), [Signed(side="developer", by=text)])
    assert pdf.startswith(b"%PDF-")


def test_a_word_that_fills_pages_is_broken():
    """A name without spaces runs on over lines and pages instead of off the paper."""
    whole = "".join(" ".join(words(printed(terms(model="x" * 9_000)))).split())
    assert "x" * 500 in whole
