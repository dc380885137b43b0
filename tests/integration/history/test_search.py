"""Search in the record: each condition, pages that hold still, and one job's whole story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.errors import HistoryUnavailable, InvalidOption, JobNotFound
from backend.domain.history.history_search import Bookmark
from backend.domain.history.history_statistics import TimeWindow
from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.history.server.connection import connect
from backend.services.finding.history_service import HistoryService
from backend.telemetry.clock import SystemClock
from tests.integration.broker.bench import ERROR
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import START, Life, events_of


@pytest.fixture
def service(chronicle: Chronicle) -> HistoryService:
    """The door to the record."""
    store, statistics = (
        PostgresHistoryStore(chronicle.engine),
        PostgresStatisticsStore(chronicle.engine),
    )
    return HistoryService(store, statistics, SystemClock())


def found(service: HistoryService, **search: Any) -> list[str]:
    """The ids on the first page."""
    return [job.id for job in service.search(JobFilter(**search)).jobs]


def at(seconds: float) -> datetime:
    """A time of the made-up lives."""
    return START + timedelta(seconds=seconds)


LIVES = (
    Life("a", at(0), "send_email", "high:email", "w1", {"tags": ["x", "y"], "tenant": "acme"}),
    Life("b", at(10), "send_email", "normal", "w2", {"trace_id": "t1", "tags": ["y"]}, ends="failed",
         error=("ConnectionError", "100% of db_1 refused\nTry later")),
    Life("c", at(20), "export", "low:export", "w1",
         {"context_id": "c1", "tenant": "other", "environment": "staging", "version": 3}),
    Life("d", at(30), "export", "low:export", ends=""),
)  # fmt: skip


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ({}, ["d", "c", "b", "a"]),
        ({"job_type": "export"}, ["d", "c"]),
        ({"queue": "high:email"}, ["a"]),
        ({"states": frozenset([JobState.FINISHED])}, ["c", "a"]),
        ({"states": frozenset([JobState.QUEUED])}, ["d"]),
        ({"tag": "y"}, ["b", "a"]),
        ({"tag": "z"}, []),
        ({"trace_id": "t1"}, ["b"]),
        ({"context_id": "c1"}, ["c"]),
        ({"environment": "staging"}, ["c"]),
        ({"environment": "production"}, []),
        ({"tenant": "acme"}, ["a"]),
        ({"worker": "w1"}, ["c", "a"]),
        ({"error_text": "DB_1 REFUSED"}, ["b"]),
        ({"error_text": "connectionerror: 100%"}, ["b"]),
        ({"error_text": "d%1"}, []),
        ({"error_text": "dbx1"}, []),
        ({"error_text": "later"}, ["b"]),
        ({"states": frozenset([JobState.QUEUED, JobState.FAILED])}, ["d", "b"]),
        ({"error_kind": "ConnectionError"}, ["b"]),
        ({"error_kind": "Connection"}, []),
        ({"died_after": START}, ["b"]),
        ({"died_before": at(3600)}, ["b"]),
        ({"died_after": START, "died_before": START}, []),
        ({"accepted_since": at(10)}, ["d", "c", "b"]),
        ({"accepted_until": at(10)}, ["a"]),
        ({"accepted_since": at(10), "accepted_until": at(30)}, ["c", "b"]),
        ({"job_type": "export", "states": frozenset([JobState.FINISHED]), "worker": "w1"}, ["c"]),
        ({"job_type": "export", "queue": "normal"}, []),
    ],
)
def test_each_condition_finds_what_it_says(
    chronicle: Chronicle, service: HistoryService, search: dict[str, Any], expected: list[str]
) -> None:
    chronicle.write(*events_of(*LIVES))

    assert found(service, **search) == expected


def test_a_found_job_says_its_environment_and_version(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(*LIVES))

    found = {job.id: (job.environment, job.version) for job in service.search(JobFilter()).jobs}

    assert found == {"a": ("", 1), "b": ("", 1), "c": ("staging", 3), "d": ("", 1)}


def test_text_in_errors_is_found_without_the_index_for_it(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(*LIVES))
    [index] = chronicle.rows("SELECT pg_get_indexdef('jobs_by_error_text'::regclass) AS made")
    run(chronicle.engine, "DROP INDEX jobs_by_error_text")
    try:
        assert found(service, error_text="refused") == ["b"]
    finally:
        run(chronicle.engine, index["made"])


def test_pages_follow_each_other_whatever_comes_meanwhile(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(*(Life(f"j{n}", at(n), ends="") for n in range(7))))

    first = service.search(JobFilter(), limit=3)
    chronicle.write(*events_of(Life("new", at(100)), Life("j5", at(5), ends="")))
    assert first.next is not None
    second = service.search(JobFilter(), limit=3, after=Bookmark.parse(str(first.next)))
    third = service.search(JobFilter(), limit=3, after=second.next)

    pages = [[job.id for job in page.jobs] for page in (first, second, third)]
    assert pages == [["j6", "j5", "j4"], ["j3", "j2", "j1"], ["j0"]]
    assert third.next is None


def test_a_page_that_is_just_full_is_the_last_one(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(Life("a"), Life("b")))

    assert service.search(JobFilter(), limit=2).next is None


def test_jobs_known_only_by_later_events_are_not_listed_but_can_be_looked_at(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(Life("a"))[1:])

    assert found(service) == []
    assert service.get_job("a").job.state is JobState.FINISHED


@pytest.mark.parametrize("limit", [0, 501])
def test_pages_have_a_sensible_size(service: HistoryService, limit: int) -> None:
    with pytest.raises(InvalidOption, match="1 to 500"):
        service.search(JobFilter(), limit=limit)


def test_text_in_errors_must_be_long_enough_to_be_found_quickly(service: HistoryService) -> None:
    with pytest.raises(InvalidOption, match="3 characters"):
        service.search(JobFilter(error_text="ab"))


@pytest.mark.parametrize("text", ["nul\0", "half \ud800"])
def test_what_no_text_on_record_can_be_is_not_found_and_not_searched(
    service: HistoryService, text: str
) -> None:
    with pytest.raises(JobNotFound):
        service.get_job(text)
    with pytest.raises(InvalidOption, match="no character"):
        JobFilter(tag=text)
    assert service.by_hour(job_type=text) == service.failures(job_type=text) == []


@pytest.mark.parametrize("moment", [datetime.min, datetime.max])
def test_the_ends_of_the_calendar_disturb_nobody(
    chronicle: Chronicle, service: HistoryService, moment: datetime
) -> None:
    chronicle.write(*events_of(*LIVES))
    edge = moment.replace(tzinfo=UTC)

    assert len(found(service, accepted_since=edge) + found(service, accepted_until=edge)) == len(
        LIVES
    )
    assert sum(service.count_by_state(min(edge, START), max(edge, START)).values()) in {0, 4}
    with pytest.raises(InvalidOption, match="calendar"):
        service.by_hour(START, datetime.max)


def test_one_job_is_told_from_beginning_to_end(
    chronicle: Chronicle, service: HistoryService
) -> None:
    job = chronicle.bench.started(options={"tags": ["x"]}, payload='{"name":"Ada"}')
    chronicle.bench.settle(job, "retried", body=ERROR)
    chronicle.bench.make_due(job.id)
    chronicle.bench.promote()
    chronicle.bench.settle(chronicle.bench.claim()[0], "finished", body='{"n":1}', result="MQ==")
    chronicle.record()

    history = service.get_job(job.id)

    assert (history.payload, history.current_payload) == ({"name": "Ada"}, {"name": "Ada"})
    assert (history.job.state, history.job.tags) == (JobState.FINISHED, ("x",))
    assert [line.kind.value for line in history.timeline] == [
        "enqueued", "started", "retried", "promoted", "started", "finished",
    ]  # fmt: skip
    assert [line.state for line in history.timeline][:2] == [JobState.QUEUED, JobState.STARTED]
    first, second = history.attempts
    assert (first.outcome, first.ran, first.worker) == (OutcomeKind.RETRIED, 0.0015, "w1")
    assert first.error is not None
    assert (first.error.error, first.error.traceback) == ("ValueError", "…")
    assert (second.outcome, second.result, second.error) == (OutcomeKind.FINISHED, {"n": 1}, None)
    assert second.waited is not None


def test_what_a_handler_logged_stays_with_its_attempt(
    chronicle: Chronicle, service: HistoryService
) -> None:
    life = Life("a", START, log='[[1773144000000,"info","half of it"],[1773144001500,"error","…"]]')
    chronicle.write(*events_of(life, Life("b", at(10))))

    [attempt] = service.get_job("a").attempts
    assert [line.text for line in attempt.log] == ["half of it", "…"]
    assert (attempt.log[1].level, attempt.log[1].at) == ("error", at(1.5))
    assert service.get_job("b").attempts[0].log == ()


def test_what_was_never_recorded_is_not_found(service: HistoryService) -> None:
    with pytest.raises(JobNotFound, match="never accepted"):
        service.get_job("nobody")


def test_jobs_are_counted_by_state(chronicle: Chronicle, service: HistoryService) -> None:
    chronicle.write(*events_of(*LIVES))

    everything = service.count_by_state()
    some = service.count_by_state(at(10), at(30))

    assert everything[JobState.FINISHED] == 2
    assert everything[JobState.QUEUED] == everything[JobState.FAILED] == 1
    assert everything[JobState.STARTED] == 0
    assert {state: jobs for state, jobs in some.items() if jobs} == {
        JobState.FINISHED: 1,
        JobState.FAILED: 1,
    }


def test_without_postgres_history_is_unavailable() -> None:
    nowhere = connect("postgresql+psycopg2://tally@/tally?host=/nowhere")
    service = HistoryService(
        PostgresHistoryStore(nowhere), PostgresStatisticsStore(nowhere), SystemClock()
    )

    for ask in (lambda: service.get_job("j"), lambda: service.search(JobFilter()),
                service.count_by_state, service.by_hour, service.by_type, service.failures):  # fmt: skip
        with pytest.raises(HistoryUnavailable):
            ask()


def test_a_bookmark_that_is_not_ours_is_refused() -> None:
    with pytest.raises(InvalidOption, match="cursor"):
        Bookmark.parse("not-a-bookmark!")


def test_a_window_must_end_after_it_begins() -> None:
    with pytest.raises(InvalidOption, match="end after"):
        TimeWindow.to(START, since=START, length=timedelta(hours=1))
