"""PDFs of reports, read back: letters of all scripts, tables of any size, and what has no room is told."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdf
import pytest

from backend.domain.errors import PermanentFailure
from workers.reports.document import Block, Chart, Document, Heading, Paragraph, Series, Table
from workers.reports.pdf.paper import Paper, Style, direction_of
from workers.reports.pdf.writer import write_pdf

AT = datetime(2026, 1, 2, tzinfo=UTC)
A4 = (595.28, 841.89)
STYLE = Style(10.0)

Written = tuple[list[str], pypdf.PdfReader]


def written(*blocks: Block, title: str = "T", font: Path | None = None) -> Written:
    file = io.BytesIO()
    notes = write_pdf(Document(title, "", [], AT, blocks), file, font)
    return notes, pypdf.PdfReader(file)


def text_of(reader: pypdf.PdfReader) -> str:
    """All text, without what pypdf makes of the codes of glyphs that stand for no letter."""
    return "\n".join(re.sub(r"[\x00-\x08]", "", page.extract_text()) for page in reader.pages)


def table(rows: Sequence[Sequence[Any]], *labels: str) -> Table:
    return Table("Table", [Heading(label, "auto") for label in labels], rows, "Nothing.")


def fonts_of(reader: pypdf.PdfReader) -> set[str]:
    return {
        str(font.get_object()["/BaseFont"]).partition("+")[2]
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }


SCRIPTS = [
    ("Größe ελ жук №", "DejaVuSansBook"),
    ("报告：本周的数据", "NotoSansCJKJP"),
    ("日本語のレポート", "NotoSansCJKJP"),
    ("한국어", "NotoSansCJKJP"),
    ("हिन्दी", "NotoSansDevanagari"),
    ("ภาษาไทย", "NotoSansThai"),
    ("\U0001f389 \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd", "NotoEmoji"),
    ("שלום", "DejaVuSansBook"),
    ("مرحبا", "DejaVuSansBook"),
]


@pytest.mark.parametrize(("text", "font"), SCRIPTS)
def test_letters_of_all_scripts_are_drawn_in_title_text_table_and_chart(
    text: str, font: str
) -> None:
    notes, reader = written(
        Paragraph(text), table([[text]], text), Chart(text, "bar", [text], [Series(text, [1])]),
        title=text,
    )  # fmt: skip

    assert notes == []
    assert font in fonts_of(reader)
    # Title and foot, paragraph, heading and cell, the chart's title, category and legend.
    assert text_of(reader).replace(" ", "").count(text.replace(" ", "")) == 8


def test_a_letter_that_no_font_has_is_told() -> None:
    notes, _ = written(Paragraph("a \ue123 b"), title="\ue123")

    assert notes == ["No font has a glyph for \ue123 (U+E123); name one with report.font."]


@pytest.fixture
def paper() -> Iterator[Paper]:
    """A page to measure on."""
    with closing(Paper(A4, "T", AT, None)) as opened:
        yield opened


def test_arabic_letters_are_joined(paper: Paper) -> None:
    alone = paper.measure("\u0644", STYLE) + paper.measure("\u0627", STYLE)
    assert paper.measure("\u0644\u0627", STYLE) < 0.8 * alone


def test_an_emoji_of_several_is_one_sign(paper: Paper) -> None:
    one = paper.measure("\U0001f469", STYLE)
    family = paper.measure("\U0001f469\u200d\U0001f469\u200d\U0001f467", STYLE)
    assert family == pytest.approx(one, rel=0.2)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils are not installed")
def test_texts_from_right_to_left_run_and_stand_that_way(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    with file.open("wb") as opened:
        write_pdf(Document("T", "", [], AT, [Paragraph("שלום abc עולם")]), opened)
    command = ["pdftotext", "-bbox", str(file), "-"]
    boxes = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    left = {word: float(x) for x, word in re.findall(r'xMin="([\d.]+)".*?>(.*?)</word>', boxes)}

    # The letters of a word come as they stand on paper, from the left.
    assert 400 < left["עולם"[::-1]] < left["abc"] < left["שלום"[::-1]] < A4[0] - 42
    assert direction_of("12 שלום abc") == "rtl"
    assert direction_of("abc שלום") == "ltr"


def test_what_looks_like_a_place_for_the_number_of_pages_stays_as_it_is() -> None:
    assert "{nb} <b>&amp;" in text_of(written(Paragraph("{nb} <b>&amp;"))[1])


def test_a_font_of_ones_own_comes_first_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "a.ttf"
    wrong.write_bytes(b"no font")

    _, reader = written(Paragraph("نص and 数"), font=_bold())
    assert {"DejaVuSansBold", "NotoSansCJKJP"} <= fonts_of(reader)
    for font in (wrong, tmp_path / "missing.ttf"):
        with pytest.raises(PermanentFailure, match=r"report\.font cannot be used"):
            written(Paragraph("x"), font=font)


def _bold() -> Path:
    from workers.reports.pdf.fonts import plain_and_bold

    return plain_and_bold(None)[1]


def test_every_row_of_a_long_table_is_on_paper_in_order() -> None:
    rows = [[number, f"customer {number}"] for number in range(3_000)]

    notes, reader = written(table(rows, "n", "who"))
    lines = [line for line in text_of(reader).splitlines() if "customer" in line]
    assert notes == []
    assert lines == [f"{number:,} customer {number}" for number in range(3_000)]
    assert all("n who" in page.extract_text() for page in reader.pages)


def test_the_work_for_a_row_does_not_grow_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    measure = Paper.measure

    def counted(self: Paper, text: str, style: Style) -> float:
        nonlocal calls
        calls += 1
        return measure(self, text, style)

    monkeypatch.setattr(Paper, "measure", counted)
    counts = []
    for rows in (1_000, 2_000, 4_000):
        calls = 0
        written(table([[number] for number in range(rows)], "n"))
        counts.append(calls)

    first, second, third = counts
    assert third - second == pytest.approx(2 * (second - first), rel=0.05)


def test_columns_beyond_the_page_follow_on_further_pages() -> None:
    rows = [[f"v{column}.{row}" for column in range(40)] for row in range(3)]

    notes, reader = written(table(rows, *(f"Name {column}" for column in range(40))))
    words = text_of(reader).split()
    assert notes == []
    assert {word for row in rows for word in row} <= set(words)
    assert words.count("v0.0") == len(reader.pages) == 3
    assert "Columns 16 to 29 of 40" in text_of(reader)


def test_a_table_that_no_paper_holds_is_refused_at_once() -> None:
    with pytest.raises(
        PermanentFailure, match="'Table' has 201 columns and a PDF has room for 200"
    ):
        written(table([[1] * 201], *map(str, range(201))))


def test_a_row_higher_than_a_page_goes_on_on_the_next() -> None:
    words = [f"w{number}" for number in range(115)]
    narrow = [" ".join(words), *["x" * 30] * 9]

    notes, reader = written(table([narrow], *"abcdefghij"))
    assert notes == []
    assert [word for word in text_of(reader).split() if word in set(words)] == words


def test_a_cell_that_is_shortened_is_told() -> None:
    notes, reader = written(table([["y" * 601], ["z" * 600]], "a"))

    assert notes == [
        "1 cells of more than 600 letters end in …; the other formats hold all of them."
    ]
    assert text_of(reader).count("…") == 1
    assert text_of(reader).count("z") == 600
