"""A report as HTML, as a browser lays it out."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from workers.reports.document import Document, Heading, Table
from workers.reports.html_writer import write_html

AT = datetime(2026, 1, 2, tzinfo=UTC)
_ROW = [
    "HTTPError", "sync_customer", 12, AT, AT, "018f2b1c-7c1a-7000-8000-0123456789ab",
    "the upstream answered 503 Service Unavailable: " + "please come back in a while, " * 12, "x" * 300,
]  # fmt: skip
_LINES = """() => [...document.querySelectorAll("td")].map((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return [cell.className, new Set([...range.getClientRects()].map((each) => each.y)).size];
})"""


@pytest.fixture
def report(browser: Any) -> Any:
    """The page of a table with short words beside long texts."""
    headings = [Heading(f"Column {number}", "auto") for number in range(len(_ROW))]
    table = Table("By kind of error", headings, [_ROW], "Nothing.")
    file = io.BytesIO()
    write_html(Document("T", "", [], AT, [table]), file)
    page = browser.new_page(viewport={"width": 1024, "height": 900})
    page.set_content(file.getvalue().decode())
    yield page
    page.close()


def test_no_short_word_is_broken_and_long_texts_fold(report: Any) -> None:
    lines = report.evaluate(_LINES)

    assert [name for name, _ in lines] == [
        "whole", "whole", "number", "whole", "whole", "anywhere", "words", "anywhere"
    ]  # fmt: skip
    assert {many for name, many in lines if name in {"whole", "number"}} == {1}
    assert lines[-1][1] > 1
    assert lines[-2][1] > 1


def test_a_printed_page_cuts_nothing_off(report: Any) -> None:
    report.emulate_media(media="print")
    report.set_viewport_size({"width": 700, "height": 900})

    wide = report.evaluate(
        "[document.documentElement, document.querySelector('.wide')].map((each) => each.scrollWidth)"
    )

    assert max(wide) <= 700
