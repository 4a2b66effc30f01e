"""The report: everything that is said of a run, safe to show, the same every time."""

import io
import re
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader

from fairlead.bench.bundle import Assessment
from fairlead.bench.comparing import compared
from fairlead.bench.estimate.assessing import assess
from fairlead.bench.reading import MEANING, read
from fairlead.bench.report.blocks import Picture, headings
from fairlead.bench.report.content import ADVISORY, content_of
from fairlead.bench.report.drawing import Box, Label, ticks, wide
from fairlead.bench.report.page import NARROW, WIDE, page
from fairlead.bench.report.paper import paper
from fairlead.bench.report.pictures import percent, signed
from fairlead.bench.threshold import read_threshold
from fairlead.errors import Invalid


@pytest.fixture(scope="module")
def content(bundled):
    """The report of a small run."""
    from fairlead.bench.outcomes import read_run

    _, files, _, made = bundled
    threshold = read_threshold(files["threshold.toml"])
    return content_of(read_run(files["manifest.json"]), made, threshold, "d" * 64)


class Tags(HTMLParser):
    """Every tag, and all text."""

    def __init__(self, written):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(written)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_page_loads_nothing_and_runs_nothing(content):
    """One file: no script, no address, no handler; a policy that would refuse them too."""
    written = page(content)
    tags = Tags(written).tags
    assert not {"script", "link", "img", "iframe", "object", "form"} & {
        t for t, _ in tags
    }
    for _, attributes in tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")
    assert "default-src 'none'" in written
    assert "url(" not in written


def test_what_strangers_wrote_is_text(bundled):
    """The name of a model cannot become markup, on the page or on paper."""
    import msgspec

    from fairlead.bench.outcomes import read_run

    _, files, _, made = bundled
    run = msgspec.structs.replace(
        read_run(files["manifest.json"]),
        model="<script>alert(1)</script>\u202e",
        scaffold='"><b>',
    )
    threshold = read_threshold(files["threshold.toml"])
    hostile = content_of(run, made, threshold, "d" * 64)
    written = page(hostile)
    assert "<script" not in written
    assert "<script>alert(1)</script>" in Tags(written).text
    told = "".join(
        p.extract_text() for p in PdfReader(io.BytesIO(paper(hostile))).pages
    )
    assert "[U+202E]" in told


def test_page_and_paper_say_the_same(content):
    """Answer, figures, caveats, what was not tested and limits stand in both."""
    said = " ".join(Tags(page(content)).text.split())
    pages = PdfReader(io.BytesIO(paper(content))).pages
    told = " ".join(" ".join(p.extract_text() for p in pages).split())
    assert ADVISORY in said
    for text in [content.answer.value, *(t.value for t in content.tiles)]:
        assert text in said
        assert text in told or text.capitalize() in told
    for name, meaning in content.caveats:
        assert meaning in said
        assert name[1:] in told
    for section in content.sections:
        assert section.title in said
        assert section.title in told
    titles = [section.title for section in content.sections]
    assert {"What was not tested", "Limits", "Flags", "By budget"} <= set(titles)


def test_the_same_assessment_gives_the_same_bytes(content):
    """Nothing depends on when or where a report is made."""
    assert paper(content) == paper(content)
    assert page(content) == page(content)


def test_headings_map_to_the_three_parts_of_the_draft(content):
    """Objectives, running, analysis: in this order, each with its note."""
    notes = [section.note for section in headings(content)]
    assert notes == [f"NIST AI 800-2, section {n}" for n in (1, 2, 3)]


def test_every_picture_has_words_and_a_table(content):
    """Who does not see a picture misses nothing."""
    written = page(content)
    pictures = [a for t, a in Tags(written).tags if t == "svg"]
    assert len(pictures) == 2 * 5
    assert all(a["role"] == "img" and len(a["aria-label"]) > 20 for a in pictures)
    drawn = [b for s in content.sections for b in s.blocks if isinstance(b, Picture)]
    assert len(drawn) == 4
    assert all(picture.grid and picture.grid.rows for picture in drawn)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_is_drawn_outside_of_a_picture(content, width):
    """Wide and narrow: labels and bars stay within."""
    drawn = [b for s in content.sections for b in s.blocks if isinstance(b, Picture)]
    for picture in [content.picture, *drawn]:
        drawing = picture.draw(width)
        for item in drawing.items:
            if isinstance(item, Box):
                assert item.x >= -0.01
                assert item.x + item.width <= width + 1.6
                assert item.y + item.height <= drawing.height
            elif isinstance(item, Label):
                share = {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor]
                left = item.x - share * wide(item.text)
                assert left >= -8
                assert left + wide(item.text) <= width + 24
                assert item.y <= drawing.height


def test_a_run_without_a_threshold_is_told_too(worlds):
    """No reading, and the report says why; nothing is drawn that is not there."""
    files, attempts = worlds.run_files(
        rounds=1,
        threshold=None,
        families=("web",),
        budgets=(20_000,),
        transcripts=False,
    )
    from fairlead.bench.outcomes import read_run

    run = read_run(files["manifest.json"])
    estimate = assess(run, attempts, None)
    made = Assessment(estimate=estimate, reading=read(run, estimate, None))
    told = content_of(run, made, None, "d" * 64)
    text = Tags(page(told)).text
    assert "no reading" in text
    assert "No threshold was declared before the run." in text
    assert "threshold +" not in text
    assert paper(told).startswith(b"%PDF")


def test_two_runs_are_compared_task_by_task(worlds):
    """The same tasks: a difference that the runs alone would not show."""
    weak, _ = worlds.run_files(ability=-0.5, rounds=2, transcripts=False)
    strong, _ = worlds.run_files(
        ability=0.9, rounds=2, transcripts=False, scaffold="other-2"
    )
    found = compared(weak, strong)
    whole = found.rows[0]
    assert whole.difference.low > 0
    assert found.first_alone == 0  # the same draws: more ability never solves less
    assert found.second_alone + found.alike == whole.tasks == 40
    assert "They differ in scaffold: react-1 and other-2." in found.notes
    back = compared(strong, weak).rows[0].difference
    assert back.high == pytest.approx(-whole.difference.low)
    other, _ = worlds.run_files(rounds=1, budgets=(999,), transcripts=False)
    with pytest.raises(Invalid):
        compared(weak, other)


def test_numbers_are_printed_as_people_read_them():
    """Signs, shares near the ends, round ticks."""
    assert [signed(v) for v in (-0.004, 0.25, -1.2)] == ["0.00", "+0.25", "\u22121.20"]
    assert [percent(v) for v in (0, 0.001, 0.5, 0.999, 1)] == [
        "0 %",
        "under 1 %",
        "50 %",
        "over 99 %",
        "100 %",
    ]
    assert ticks(-1.3, 1.3, 5) == [-1.0, 0.0, 1.0]
    assert re.match(r"[A-Z]", next(iter(MEANING.values())))
