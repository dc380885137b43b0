"""Search by text in errors: the newest of many, however they are found."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.domain.history.history_search import Bookmark
from backend.domain.jobs.job_filter import JobFilter
from backend.history.reading import error_search
from backend.history.reading.history_store import PostgresHistoryStore
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import START, Life, events_of

LIMIT = 5


@pytest.fixture
def failures(chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch) -> Chronicle:
    """Jobs of which two in three fail, over months; the search looks at few of them at a time."""
    monkeypatch.setattr(error_search, "_NEWEST", 12)
    monkeypatch.setattr(error_search, "_MOST", 60)
    lives = [
        Life(
            at=START + timedelta(hours=n * 7),
            ends=("failed", "retried", "finished")[n % 3],
            job_type=("send_email", "export")[n % 2],
            error=("OSError", f"disk {n % 10} of host-{n % 37} at {n}") if n % 3 < 2 else ("", ""),
        )
        for n in range(400)
    ]
    chronicle.write(*events_of(*lives))
    return chronicle


def expected(chronicle: Chronicle, text: str) -> list[str]:
    sql = (
        "SELECT id FROM jobs WHERE strpos(lower(last_error), lower(:text)) > 0"
        " ORDER BY position DESC, id DESC"
    )
    return [row["id"] for row in chronicle.rows(sql, text=text)]


def pages(chronicle: Chronicle, wanted: JobFilter) -> list[str]:
    """All that is found, page by page."""
    store, ids = PostgresHistoryStore(chronicle.engine), []
    after: Bookmark | None = None
    while True:
        page = store.search(wanted, LIMIT, after)
        ids += [job.id for job in page.jobs]
        after = page.next
        if after is None:
            return ids


@pytest.mark.parametrize("has_index", [True, False])
def test_every_page_has_what_is_meant_however_rare_it_is(
    failures: Chronicle, has_index: bool
) -> None:
    [index] = failures.rows("SELECT pg_get_indexdef('jobs_by_error_text'::regclass) AS made")
    if not has_index:
        run(failures.engine, "DROP INDEX jobs_by_error_text")
    try:
        assert_each_page_is_right(failures)
    finally:
        if not has_index:
            run(failures.engine, index["made"])


def assert_each_page_is_right(failures: Chronicle) -> None:
    """Of texts that most errors have, some, one, and none."""
    for text in (
        "OSError",
        "disk 3",
        "HOST-12 ",
        "disk 7 of host-7 ",
        " at 399",
        " at 12",
        "nobody",
    ):
        assert pages(failures, JobFilter(error_text=text)) == expected(failures, text), text


def test_other_conditions_are_met_as_well(failures: Chronicle) -> None:
    of_type = failures.rows("SELECT id FROM jobs WHERE job_type = 'export'")
    exports = {row["id"] for row in of_type}
    middle = START + timedelta(hours=200 * 7)
    early = {
        row["id"] for row in failures.rows("SELECT id FROM jobs WHERE created_at < :at", at=middle)
    }
    matching = expected(failures, "disk 3")

    found = pages(failures, JobFilter(error_text="disk 3", job_type="export"))
    before = pages(failures, JobFilter(error_text="disk 3", accepted_until=middle))

    assert found == [job_id for job_id in matching if job_id in exports]
    assert before == [job_id for job_id in matching if job_id in early]
    assert found
    assert before
