"""Exports under pressure: limits, cancels, kills, a full disk, two attempts at once, and little memory."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from backend.api.config.worker_settings import ArtifactSettings
from backend.domain.errors import ArtifactError, PermanentFailure, RetryLater
from tests.integration.workers.test_exporting_data import exported, visible
from tests.workers_at_work import AtWork, Settings, Steps, context
from workers import export_worker
from workers.artifacts.open_store import open_store
from workers.base_worker import StopRequested
from workers.exports.xlsx_writer import XlsxWriter


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(shop: Settings) -> None:
    small = shop.but(artifacts=ArtifactSettings(folder=shop.artifacts.folder, max_mb=1))

    with pytest.raises(PermanentFailure, match=r"over 1048576 bytes.*artifacts\.max_mb"):
        exported(small, query="many", parameters={"most": 100_000})

    assert visible(small) == []


def test_progress_is_told_while_it_runs(shop: Settings) -> None:
    steps = Steps()

    with AtWork(export_worker, shop) as worker:
        worker.run(
            "export_data",
            {"source": "shop", "query": "many", "parameters": {"most": 10_000}},
            context(report_progress=steps),
        )

    assert len(steps.said) >= 5
    assert steps.said[-1] == (10_000, None, "10,000 rows")


def test_an_export_that_somebody_canceled_stops_and_leaves_nothing(shop: Settings) -> None:
    running = context()

    def cancel(_done: float, _total: float | None, _note: str) -> None:
        running.canceled = True

    running.report_progress = cancel
    with AtWork(export_worker, shop) as worker, pytest.raises(StopRequested):
        worker.run(
            "export_data",
            {"source": "shop", "query": "many", "parameters": {"most": 10_000}},
            running,
        )

    assert visible(shop) == []


def test_a_test_run_writes_few_rows_for_a_day(shop: Settings) -> None:
    with AtWork(export_worker, shop) as worker:
        result = worker.run(
            "export_data",
            {"source": "shop", "query": "many", "parameters": {"most": 10_000}},
            context(is_test=True),
        )

    kept = datetime.fromisoformat(result["artifact"]["expires_at"]) - datetime.now(UTC)
    assert result["rows"] == 100
    assert kept.total_seconds() == pytest.approx(86_400, abs=60)


def test_two_attempts_at_once_do_not_meet(shop: Settings) -> None:
    results: list[dict[str, Any]] = []

    def attempt(number: int) -> None:
        with AtWork(export_worker, shop) as worker:
            payload = {"source": "shop", "query": "many", "parameters": {"most": 20_000}}
            results.append(worker.run("export_data", payload, context(attempt=number)))

    threads = [threading.Thread(target=attempt, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    first, second = results
    assert first["artifact"]["id"] != second["artifact"]["id"]
    assert first["sha256"] == second["sha256"]


IN_A_PROCESS = """
import sys
from pathlib import Path
from tests.integration.workers.shop import QUERIES
from tests.workers_at_work import *
from workers import export_worker
url, folder, most, kind, started = sys.argv[1:]
settings = settings_for(Path(folder)).but(
    sources={"shop": SourceSettings(url=url, queries=QUERIES, statement_timeout=300)})

def progress(done, total, note):
    if started and done > 2000:
        Path(started).touch()

with AtWork(export_worker, settings) as worker:
    payload = {"source": "shop", "query": "many", "parameters": {"most": int(most)}, "format": kind}
    result = worker.run("export_data", payload, context(report_progress=progress))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(result["rows"], int(status["VmHWM"].split()[0]) // 1024)
"""


#: ``TALLY_TEST_EXPORT_ROWS=5000000`` is the promised size.
ROWS = int(os.environ.get("TALLY_TEST_EXPORT_ROWS", "60000"))


@pytest.mark.timeout(max(900, ROWS // 5000))
@pytest.mark.parametrize(
    ("kind", "most_mb"), [("csv", 130), ("jsonl", 130), ("parquet", 300), ("xlsx", 150)]
)
def test_memory_does_not_grow_with_the_rows(
    shop_url: str, tmp_path: Path, kind: str, most_mb: int
) -> None:
    def megabytes(rows: int) -> int:
        command = [sys.executable, "-c", IN_A_PROCESS, shop_url, str(tmp_path), str(rows), kind, ""]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        written, used = ended.stdout.split()
        assert int(written) == rows
        return int(used)

    # A sheet ends at 1,048,576 rows.
    assert megabytes(ROWS if kind != "xlsx" else 30_000) < most_mb


WIDE_ROWS = """
import resource, sys
from pathlib import Path
from backend.api.config.settings import default_settings
from tests.integration.workers.shop import QUERIES
from tests.workers_at_work import *
from workers import export_worker
from workers.runtime.children.child import limit_resources
url, folder, kind, rows, most, megabytes = sys.argv[1:]
settings = settings_for(Path(folder)).but(
    sources={"shop": SourceSettings(url=url, queries=QUERIES, statement_timeout=300)})
with AtWork(export_worker, settings) as worker:
    if kind == "parquet":
        import pyarrow.parquet
    whole = default_settings()
    limits = dict(child_memory_limit_mb=int(megabytes), child_cpu_seconds=0, child_file_mb=0)
    limit_resources(whole.model_copy(update={"worker": whole.worker.model_copy(update=limits)}))
    payload = {"source": "shop", "query": "wide", "format": kind,
               "parameters": {"rows": int(rows), "most": int(most)}}
    try:
        print(worker.run("export_data", payload)["rows"])
    except Exception as error:
        print(type(error).__name__, error)
"""
#: As many rows of 400 kB as ``TALLY_TEST_WIDE_ROWS`` says; what a child may have by default is 2,048 MB.
WIDE = int(os.environ.get("TALLY_TEST_WIDE_ROWS", "300"))


def _wide(url: str, folder: Path, kind: str, **numbers: int) -> str:
    numbered = [str(numbers[name]) for name in ("rows", "most", "megabytes")]
    command = [sys.executable, "-c", WIDE_ROWS, url, str(folder), kind, *numbered]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return ended.stdout.strip()


@pytest.mark.timeout(max(900, WIDE))
@pytest.mark.parametrize(("kind", "megabytes"), [("csv", 400), ("jsonl", 400), ("parquet", 1000)])
def test_rows_of_hundreds_of_kilobytes_do_not_fill_the_memory(
    shop_url: str, tmp_path: Path, kind: str, megabytes: int
) -> None:
    assert _wide(shop_url, tmp_path, kind, rows=WIDE, most=400_000, megabytes=megabytes) == str(
        WIDE
    )


def test_a_cell_of_a_hundred_megabytes_passes_within_the_memory_of_a_child(
    shop_url: str, tmp_path: Path
) -> None:
    numbers = {"rows": 1, "most": 100_000_000, "megabytes": 2048}

    assert _wide(shop_url, tmp_path, "csv", **numbers) == "1"


def test_a_cell_that_does_not_fit_into_the_memory_fails_once_and_is_named(
    shop_url: str, tmp_path: Path
) -> None:
    words = _wide(shop_url, tmp_path, "jsonl", rows=1, most=60_000_000, megabytes=400)

    assert words.startswith(
        "PermanentFailure row 1 is too large to be written: column 'text' holds"
    )
    assert list(tmp_path.glob("artifacts/*")) == []


def test_rows_that_the_driver_cannot_hold_fail_once(shop_url: str, tmp_path: Path) -> None:
    words = _wide(shop_url, tmp_path, "csv", rows=1, most=200_000_000, megabytes=320)

    assert words.startswith("PermanentFailure ")
    assert "too large to be read" in words


def test_a_source_that_is_lost_in_the_middle_is_asked_again_later(shop: Settings) -> None:
    def end_the_session(done: float, _total: float | None, _note: str) -> None:
        if done > 500:
            with psycopg2.connect(
                shop.sources["shop"].url.get_secret_value().replace("+psycopg2", "")
            ) as other:
                other.cursor().execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = 'shop' AND pid <> pg_backend_pid()"
                )
            other.close()

    payload = {"source": "shop", "query": "many", "parameters": {"most": 100_000}}
    with (
        AtWork(export_worker, shop) as worker,
        pytest.raises(RetryLater, match="cannot be read now"),
    ):
        worker.run("export_data", payload, context(report_progress=end_the_session))
    assert visible(shop) == []


def test_an_export_that_is_killed_shows_nothing(
    shop_url: str, tmp_path: Path, settings: Settings
) -> None:
    started = tmp_path / "started"
    command = [
        sys.executable,
        "-c",
        IN_A_PROCESS,
        shop_url,
        str(tmp_path),
        "5000000",
        "csv",
        str(started),
    ]
    with subprocess.Popen(command) as process:
        gone = threading.Event()
        while not started.exists() and process.poll() is None:
            gone.wait(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    store = open_store(settings.artifacts)
    assert list(store.all()) == []
    assert store.sweep(datetime.now(UTC), dry_run=True) == 1
    assert store.sweep(datetime.now(UTC)) == 1
    assert visible(settings) == []


@contextmanager
def full_disk() -> Iterator[None]:
    """No file gets larger than a few bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_fails_the_export_and_leaves_nothing(shop: Settings) -> None:
    with full_disk(), pytest.raises(ArtifactError, match="File too large"):
        exported(shop, query="many", parameters={"most": 100_000})

    assert visible(shop) == []


def test_a_disk_that_fills_up_under_rows_of_a_workbook_does_not_end_its_export_for_good(
    shop: Settings,
) -> None:
    with (
        full_disk(),
        pytest.raises(ArtifactError, match=r"in /.*: File too large; make room there"),
    ):
        exported(shop, query="many", parameters={"most": 100_000}, format="xlsx")

    assert visible(shop) == []


def test_nor_does_one_that_fills_up_when_it_is_put_together(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = XlsxWriter.close

    def close_on_a_full_disk(writer: XlsxWriter) -> None:
        with full_disk():
            close(writer)

    monkeypatch.setattr(XlsxWriter, "close", close_on_a_full_disk)

    with pytest.raises(ArtifactError, match=r"in /.*: File too large; make room there"):
        exported(shop, query="many", parameters={"most": 10_000}, format="xlsx")

    assert visible(shop) == []
    # What was left open would be told of in the middle of another test.
    gc.collect()
