"""Reports on real data in each format: the two that Tally ships, and those of one's own."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
import yaml

from backend.api.config.worker_settings import ReportSettings, SourceSettings
from tests.integration.workers.shop import QUERIES
from tests.workers_at_work import AtWork, Settings, Steps, context
from workers import report_worker
from workers.artifacts.open_store import open_store
from workers.base_worker import JobContext, StopRequested

FORMATS = ["html", "pdf", "xlsx", "csv"]
SHIPPED = [
    ("queue_activity_of_a_day", {"day": "2026-01-02"}),
    ("failures_of_a_week", {"last_day": "2026-01-04"}),
]


def made(
    settings: Settings, report: str, given: JobContext | None = None, **payload: Any
) -> tuple[dict[str, Any], bytes]:
    with AtWork(report_worker, settings) as worker:
        result = worker.run("generate_report", {"report": report, **payload}, given)
    with open_store(settings.artifacts).open(result["artifact"]["id"]) as file:
        return result, file.read()


def defined(settings: Settings, folder: Path, shop_url: str = "", **definition: Any) -> Settings:
    """Settings whose only report is ``own``, on the shop."""
    reports = folder / "reports"
    reports.mkdir(exist_ok=True)
    text = yaml.safe_dump({"title": "Own", "source": "shop", **definition}, allow_unicode=True)
    (reports / "own.yaml").write_text(text, encoding="utf-8")
    sources = {"shop": SourceSettings(url=shop_url, queries=QUERIES)} if shop_url else {}
    return settings.but(
        report=ReportSettings(folder=reports, statement_timeout=5, most_rows=10), sources=sources
    )


class Page(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


def test_the_activity_of_a_day_counts_what_happened(own: Settings) -> None:
    _, content = made(own, "queue_activity_of_a_day", parameters={"day": "2026-01-02"})

    texts = Page(content).texts
    figures = dict(
        zip(texts[texts.index("Jobs accepted") :: 2], texts[texts.index("60") :: 2], strict=False)
    )
    assert figures["Jobs accepted"] == "60"
    assert figures["Attempts finished"] == "54"
    assert figures["Jobs failed"] == "6"
    assert figures["Wait, median"] == "2.0 s"
    assert texts[texts.index("send_email") + 1] == "20"
    assert Page(content).tags.count("rect") == 20 + 6 + 3


def test_a_day_begins_where_its_time_zone_says(own: Settings) -> None:
    parameters = {"day": "2026-01-02", "time_zone": "Asia/Tokyo"}

    _, content = made(own, "queue_activity_of_a_day", parameters=parameters)

    texts = Page(content).texts
    assert texts[texts.index("Jobs accepted") + 1] == "45"


def test_the_failures_of_a_week_are_grouped(own: Settings) -> None:
    _, content = made(own, "failures_of_a_week", parameters={"last_day": "2026-01-04"})

    texts = Page(content).texts
    assert texts[texts.index("Jobs failed") + 1] == "6"
    assert texts[texts.index("Share of attempts") + 1] == "10.0 %"
    assert texts[texts.index("In the dead-letter queue now") + 1] == "6"
    assert "ValueError" in texts
    assert "job-050" in texts


@pytest.mark.parametrize(("report", "parameters"), SHIPPED)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_shipped_report_comes_in_every_format(
    own: Settings, report: str, parameters: dict[str, Any], kind: str
) -> None:
    result, content = made(own, report, format=kind, parameters=parameters)

    assert result["size_bytes"] == len(content) > 500
    assert result["artifact"]["name"].endswith(f"{next(iter(parameters.values()))}.{kind}")
    assert content.startswith(
        {"pdf": b"%PDF-", "xlsx": b"PK", "html": b"<!doctype html>"}.get(kind, b"")
    )


@pytest.mark.parametrize(("report", "parameters"), SHIPPED)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_day_without_jobs_makes_a_report_too(
    own: Settings, report: str, parameters: dict[str, Any], kind: str
) -> None:
    quiet = dict.fromkeys(parameters, "2020-01-01")

    _, content = made(own, report, format=kind, parameters=quiet)

    assert len(content) > 300


def test_by_default_a_report_is_about_yesterday(own: Settings) -> None:
    before = datetime.now(UTC).date()
    result, _ = made(own, "queue_activity_of_a_day")
    after = datetime.now(UTC).date()

    # A day may have begun meanwhile.
    yesterdays = [day - timedelta(days=1) for day in (before, after)]
    names = [f"queue-activity-of-a-day-{day}.html" for day in yesterdays]
    assert result["artifact"]["name"] in names


def test_hostile_words_stay_words_on_a_page(own: Settings) -> None:
    _, content = made(own, "failures_of_a_week", parameters={"last_day": "2026-01-04"})

    page = Page(content)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert any("<script>alert(" in text for text in page.texts)
    assert b"default-src 'none'" in content


def test_hostile_words_stay_words_in_a_pdf(own: Settings) -> None:
    _, content = made(
        own, "failures_of_a_week", format="pdf", parameters={"last_day": "2026-01-04"}
    )

    reader = pypdf.PdfReader(io.BytesIO(content))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert "<script>alert(" in text
    assert "file:///etc/passwd" in text.replace("file:///etc/ passwd", "file:///etc/passwd")
    assert b"/URI" not in content
    assert b"/JavaScript" not in content
    assert reader.metadata is not None
    assert reader.metadata.title == "Failures of a week"


def test_hostile_words_stay_words_in_a_sheet(own: Settings) -> None:
    _, content = made(
        own, "failures_of_a_week", format="xlsx", parameters={"last_day": "2026-01-04"}
    )

    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    assert any(str(cell.value).startswith("=cmd|") for cell in cells)
    assert len(book["Report"]._charts) == 1


def test_hostile_words_are_made_harmless_in_csv(own: Settings) -> None:
    _, content = made(
        own, "failures_of_a_week", format="csv", parameters={"last_day": "2026-01-04"}
    )

    cells = [cell for row in csv.reader(io.StringIO(content.decode())) for cell in row]
    assert any(cell.startswith("'=cmd|") for cell in cells)
    assert not any(cell.startswith("=") for cell in cells)


def test_the_same_data_makes_the_same_pdf(settings: Settings, tmp_path: Path) -> None:
    from workers.reports.document import Document
    from workers.reports.pdf.writer import write_pdf

    document = Document("T", "", [], datetime(2026, 1, 2, tzinfo=UTC), [])
    first, second = io.BytesIO(), io.BytesIO()
    write_pdf(document, first)
    write_pdf(document, second)

    assert first.getvalue() == second.getvalue()


def test_a_report_of_ones_own_needs_a_file_and_nothing_else(
    settings: Settings, tmp_path: Path, shop_url: str
) -> None:
    settings = defined(
        settings, tmp_path, shop_url,
        parameters={"customer": {"type": "text", "required": True}},
        datasets={"orders": "SELECT id, amount FROM orders WHERE customer = :customer"},
        layout=[
            {"text": "Orders & more"},
            {"table": "orders", "title": "Orders", "columns": {"amount": {"label": "€",
            "format": "number"}}},
        ],
    )  # fmt: skip

    _, found = made(settings, "own", parameters={"customer": "Zoë"})
    _, none = made(settings, "own", parameters={"customer": "x' OR '1'='1"})

    assert "19.90" in Page(found).texts
    assert "Nothing to show." in Page(none).texts
    assert "Orders & more" in Page(found).texts


def sales(parameters: dict[str, Any], running: JobContext) -> dict[str, Any]:
    running.progress(1, 1)
    return {"sales": [{"month": "Jan", "sum": parameters["factor"]}, {"month": "Feb", "sum": 2.5}]}


def test_a_function_can_bring_the_data(settings: Settings, tmp_path: Path) -> None:
    settings = defined(
        settings, tmp_path, function=f"{__name__}:sales",
        parameters={"factor": {"type": "number", "default": 4}},
        layout=[{"chart": "sales", "title": "Sales", "kind": "line", "category": "month",
        "series": {"sum": "€"}}],
    )  # fmt: skip

    _, content = made(settings, "own", format="csv")

    assert list(csv.reader(io.StringIO(content.decode())))[-3:] == [
        ["", "€"], ["Jan", "4.0"], ["Feb", "2.5"]
    ]  # fmt: skip


def test_more_rows_than_allowed_are_left_out_and_that_is_said(
    settings: Settings, tmp_path: Path, shop_url: str
) -> None:
    settings = defined(
        settings, tmp_path, shop_url,
        datasets={"n": "SELECT * FROM generate_series(1, 11) AS n"}, layout=[{"table": "n",
        "title": "N"}],
    )  # fmt: skip

    _, content = made(settings, "own")

    assert "Only the first 10 rows are shown." in Page(content).texts
    assert Page(content).tags.count("td") == 10


def test_long_tables_and_texts_fit_the_pages_of_a_pdf(
    settings: Settings, tmp_path: Path, shop_url: str
) -> None:
    columns = ", ".join(f"repeat('word ', {n * 40}) || n AS c{n}" for n in range(1, 10))
    settings = defined(
        settings, tmp_path, shop_url,
        datasets={"n": f"SELECT {columns}, repeat('x', 3000) AS long FROM generate_series(1, 10) AS n"},
        layout=[{"table": "n", "title": "N"}],
    )  # fmt: skip

    _, content = made(settings, "own", format="pdf")

    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) >= 2


def test_progress_is_told_and_a_cancel_is_heard(own: Settings) -> None:
    steps = Steps()
    made(own, "queue_activity_of_a_day", context(report_progress=steps))

    assert steps.said[-1] == (6, 6, "slowest")
    with pytest.raises(StopRequested):
        made(own, "queue_activity_of_a_day", context(canceled=True))


def test_a_test_run_is_kept_for_a_day(own: Settings) -> None:
    result, _ = made(own, "queue_activity_of_a_day", context(is_test=True))

    kept = datetime.fromisoformat(result["artifact"]["expires_at"]) - datetime.now(UTC)
    assert kept.total_seconds() == pytest.approx(86_400, abs=60)


WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from tests.workers_at_work import *
from workers import export_worker, report_worker
from workers.exports.row_writer import Column
from workers.exports.parquet_writer import ParquetWriter
from workers.exports.xlsx_writer import XlsxWriter
from workers.reports.document import Document
from workers.reports.pdf.writer import write_pdf
from datetime import UTC, datetime
import io
empty = Document("T", "", [], datetime(2026, 1, 2, tzinfo=UTC), [])
deeds = {"fpdf": lambda: write_pdf(empty, io.BytesIO()),
"pyarrow": lambda: ParquetWriter(io.BytesIO(), []),
         "xlsxwriter": lambda: XlsxWriter(io.BytesIO(), [])}
try:
    deeds[sys.argv[1]]()
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("library", "extra"), [("fpdf", "reports"), ("pyarrow", "parquet"), ("xlsxwriter", "xlsx")]
)
def test_a_library_that_is_not_installed_is_named_with_the_command(
    library: str, extra: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, library],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    expected = f"{library} is not installed here; type: pip install 'tally-queue[{extra}]'"
    assert ended.stdout.strip() == f"PermanentFailure {expected}"
