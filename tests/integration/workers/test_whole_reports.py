"""Reports hold all that was asked for, or the file and the job's result tell what is left out."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest

from backend.domain.errors import PermanentFailure
from tests.integration.workers.test_generating_reports import FORMATS, Page, defined, made
from tests.workers_at_work import Settings

#: ``TALLY_TEST_REPORT_ROWS=100000`` is the promised size.
ROWS = int(os.environ.get("TALLY_TEST_REPORT_ROWS", "3000"))
LEFT_OUT = "N: Only the first 10 rows are shown."


def numbered(settings: Settings, folder: Path, url: str, rows: int, *blocks: Any) -> Settings:
    """A report on the numbers from 1 to ``rows`` and a name for each."""
    sql = f"SELECT n, 'row ' || n AS name FROM generate_series(1, {rows}) AS n"
    layout = list(blocks) or [{"table": "n", "title": "N"}]
    return defined(settings, folder, url, datasets={"n": sql}, layout=layout)


def rows_of(kind: str, content: bytes) -> list[tuple[int, str]]:
    """The table's rows, as readers of each format find them."""
    if kind == "csv":
        lines = csv.reader(io.StringIO(content.decode(), newline=""))
        return [(int(line[0]), line[1]) for line in lines if len(line) == 2 and line[0].isdigit()]
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True)["N"]
        return [(row[0], row[1]) for row in sheet.iter_rows(min_row=2, values_only=True)]
    if kind == "html":
        cells = re.findall(r"<td[^>]*>(.*?)</td>", content.decode())
        return [
            (int(n.replace(",", "")), name) for n, name in zip(cells[::2], cells[1::2], strict=True)
        ]
    text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    found = re.findall(r"^([\d,]+) (row \d+)$", text, re.MULTILINE)
    return [(int(n.replace(",", "")), name) for n, name in found]


@pytest.mark.timeout(max(900, ROWS // 100))
@pytest.mark.parametrize("kind", FORMATS)
def test_every_row_is_in_the_file(
    settings: Settings, tmp_path: Path, shop_url: str, kind: str
) -> None:
    settings = numbered(settings, tmp_path, shop_url, ROWS)
    allowed = settings.report.model_copy(update={"most_rows": 100_000, "statement_timeout": 60})

    result, content = made(settings.but(report=allowed), "own", format=kind)

    assert rows_of(kind, content) == [(n, f"row {n}") for n in range(1, ROWS + 1)]
    assert result["rows"] == {"n": ROWS}
    assert result["left_out"] == []


@pytest.mark.parametrize("kind", FORMATS)
def test_rows_beyond_the_setting_are_told_in_the_file_and_in_the_result(
    settings: Settings, tmp_path: Path, shop_url: str, kind: str
) -> None:
    settings = numbered(settings, tmp_path, shop_url, 11)

    result, content = made(settings, "own", format=kind)

    assert rows_of(kind, content) == [(n, f"row {n}") for n in range(1, 11)]
    assert (result["rows"], result["left_out"]) == ({"n": 10}, [LEFT_OUT])
    if kind == "csv":
        assert content.decode().splitlines()[-2:] == [
            "10,row 10",
            "Only the first 10 rows are shown.",
        ]
    elif kind == "xlsx":
        cover = openpyxl.load_workbook(io.BytesIO(content))["Report"]
        assert [cell.value for cell in cover["A"]][-2:] == ["N", LEFT_OUT.removeprefix("N: ")]
    elif kind == "html":
        assert Page(content).texts[-1] == "Only the first 10 rows are shown."
    else:
        text = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
        assert "Only the first 10 rows are shown." in text


CHART = {"chart": "n", "title": "C", "category": "name", "series": {"n": "count"}}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_chart_of_many_categories_is_whole_or_tells_how_many_it_draws(
    settings: Settings, tmp_path: Path, shop_url: str, kind: str
) -> None:
    settings = numbered(settings, tmp_path, shop_url, 401, CHART)
    allowed = settings.report.model_copy(update={"most_rows": 1000})

    result, content = made(settings.but(report=allowed), "own", format=kind)

    note = "Only the first 400 of 401 categories are drawn."
    assert result["left_out"] == ([f"C: {note}"] if kind in ("html", "pdf") else [])
    if kind == "csv":
        assert content.decode().splitlines()[-1] == "row 401,401.0"
    elif kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content))["C data"]
        assert [cell.value for cell in sheet[402]] == ["row 401", 401]
    elif kind == "html":
        assert Page(content).texts[-1] == note
    else:
        assert note in pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", ["bar", "line"])
@pytest.mark.parametrize("rows", [0, 1])
def test_a_quiet_day_makes_a_chart_in_every_format(
    settings: Settings, tmp_path: Path, shop_url: str, *, kind: str, shape: str, rows: int
) -> None:
    settings = numbered(settings, tmp_path, shop_url, rows, {**CHART, "kind": shape})

    result, content = made(settings, "own", format=kind)

    assert result["rows"] == {"n": rows}
    if kind == "html":
        assert ("Nothing to draw." in Page(content).texts) is (rows == 0)


@pytest.mark.parametrize("kind", FORMATS)
def test_two_columns_of_one_name_are_refused(
    settings: Settings, tmp_path: Path, shop_url: str, kind: str
) -> None:
    layout = [{"table": "n", "title": "N"}]
    settings = defined(
        settings, tmp_path, shop_url, datasets={"n": "SELECT 1 AS id, 10 AS id"}, layout=layout
    )

    with pytest.raises(PermanentFailure, match="dataset 'n' has more than one column named 'id'"):
        made(settings, "own", format=kind)


def test_a_value_that_a_sheet_cannot_hold_is_named(
    settings: Settings, tmp_path: Path, shop_url: str
) -> None:
    layout = [{"table": "n", "title": "N", "columns": {"note": "The note"}}]
    sql = "SELECT repeat('x', 40000) AS note"
    settings = defined(settings, tmp_path, shop_url, datasets={"n": sql}, layout=layout)

    with pytest.raises(
        PermanentFailure, match=r"row 1, column 'The note' .*another format than xlsx"
    ):
        made(settings, "own", format="xlsx")
    assert made(settings, "own", format="pdf")[0]["left_out"] == [
        "1 cells of more than 600 letters end in …; the other formats hold all of them."
    ]


def test_values_are_read_exactly_in_reports_too(
    settings: Settings, tmp_path: Path, shop_url: str
) -> None:
    sql = "SELECT interval '11 days 1.5 s' AS i, date 'infinity' AS d, ARRAY[date '0044-03-15 BC'] AS a"
    layout = [{"table": "n", "title": "N"}]
    settings = defined(settings, tmp_path, shop_url, datasets={"n": sql}, layout=layout)

    _, content = made(settings, "own", format="csv")

    last = list(csv.reader(io.StringIO(content.decode())))[-1]
    assert last == ["P11DT1.5S", "infinity", '["0044-03-15 BC"]']
