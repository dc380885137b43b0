"""Statistics: right while an hour runs, right once it is summed up, right when something comes late."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.history.history_statistics import AttemptCounts, TimeWindow
from backend.history.reading.flow_store import PostgresFlowStore
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.services.finding.history_service import HistoryService
from backend.shipped import shipped
from backend.telemetry.clock import SystemClock
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import START, Life, events_of

HOUR = timedelta(hours=1)


@pytest.fixture
def service(chronicle: Chronicle) -> HistoryService:
    """The door to the record."""
    store, statistics = (
        PostgresHistoryStore(chronicle.engine),
        PostgresStatisticsStore(chronicle.engine),
    )
    return HistoryService(store, statistics, SystemClock())


def busy_hours() -> list[Life]:
    """Two hours of mails and exports, some of which fail."""
    lives = [
        Life(at=START + timedelta(minutes=n / 2), runs=0.1 if n < 90 else 10, waits=2)
        for n in range(100)
    ]
    error = ("ConnectionError", "refused")
    lives += [Life(at=START + timedelta(minutes=n), ends="failed", error=error) for n in range(3)]
    lives += [
        Life(at=START + HOUR, job_type="export", ends="retried", error=("OSError", f"disk {n}"))
        for n in range(5)
    ]
    lives += [Life(at=START + HOUR, job_type="export", ends="crashed", error=error)]
    return [*lives, Life(at=START + 2 * HOUR, ends="released")]


@pytest.mark.parametrize("summed", [False, True])
def test_each_hour_says_what_ended_in_it_and_how_long_it_took(
    chronicle: Chronicle, service: HistoryService, summed: bool
) -> None:
    chronicle.write(*events_of(*busy_hours()))
    if summed:
        assert PostgresUpkeepStore(chronicle.engine).sum_up_hours(10) == 3

    first, second, third = service.by_hour(START, START + 3 * HOUR)

    assert (first.hour, first.attempts) == (START, AttemptCounts(103, 100, 3, 0, 0))
    assert second.attempts == AttemptCounts(6, 0, 0, 5, 1)
    assert third.attempts == AttemptCounts(1, 0, 0, 0, 0)
    assert third.run is None
    assert first.run is not None
    assert first.wait is not None
    assert first.run.count == 103
    assert first.run.mean == pytest.approx((90 * 0.1 + 10 * 10 + 3 * 0.25) / 103)
    assert first.run.p50 == pytest.approx(0.1, rel=0.07)
    assert first.run.p95 == pytest.approx(10, rel=0.07)
    assert first.wait.p50 == pytest.approx(2, rel=0.07)


def test_one_type_may_be_asked_for(chronicle: Chronicle, service: HistoryService) -> None:
    chronicle.write(*events_of(*busy_hours()))

    [only] = service.by_hour(START, START + 3 * HOUR, job_type="export")

    assert only.attempts == AttemptCounts(6, 0, 0, 5, 1)


@pytest.mark.parametrize("summed", [False, True])
def test_types_are_put_together_over_many_hours(
    chronicle: Chronicle, service: HistoryService, summed: bool
) -> None:
    chronicle.write(*events_of(*busy_hours()))
    if summed:
        PostgresUpkeepStore(chronicle.engine).sum_up_hours(10)

    mails, exports = service.by_type(START, START + 3 * HOUR)

    assert (mails.job_type, mails.attempts) == ("send_email", AttemptCounts(104, 100, 3, 0, 0))
    assert (exports.job_type, exports.attempts) == ("export", AttemptCounts(6, 0, 0, 5, 1))
    assert mails.run is not None
    assert mails.run.p99 == pytest.approx(10, rel=0.07)


@pytest.mark.parametrize("summed", [False, True])
def test_queues_are_put_together_over_many_hours_and_one_may_be_asked_for(
    chronicle: Chronicle, service: HistoryService, summed: bool
) -> None:
    urgent = [Life(at=START + n * HOUR, queue="high", runs=3, waits=1) for n in range(4)]
    chronicle.write(*events_of(*busy_hours(), *urgent))
    if summed:
        PostgresUpkeepStore(chronicle.engine).sum_up_hours(10)
    window = (START, START + 4 * HOUR)

    high, normal = service.by_queue(*window)
    hours = service.by_hour(*window, queue="high")

    assert (high.queue, high.attempts) == ("high", AttemptCounts(4, 4, 0, 0, 0))
    assert (normal.queue, normal.attempts) == ("normal", AttemptCounts(110, 100, 3, 5, 1))
    assert high.run is not None
    assert high.run.p99 == pytest.approx(3, rel=0.07)
    assert [each.attempts.ended for each in hours] == [1, 1, 1, 1]
    assert sum(each.attempts.ended for each in service.by_hour(*window)) == 114
    assert sum(each.attempts.ended for each in service.by_type(*window)) == 114


def test_a_queue_and_a_type_together_are_refused(service: HistoryService) -> None:
    with pytest.raises(InvalidOption, match="leave one out"):
        service.by_hour(job_type="export", queue="high")


def test_to_the_second_a_queue_has_the_sums_of_its_whole_hours(chronicle: Chronicle) -> None:
    chronicle.write(*events_of(*busy_hours(), Life(at=START, queue="high")))
    flow, window = PostgresFlowStore(chronicle.engine), TimeWindow(START, START + 3 * HOUR)

    assert flow.by_queue(*window) == PostgresStatisticsStore(chronicle.engine).by_queue(window)
    assert flow.by_type(*window) == PostgresStatisticsStore(chronicle.engine).by_type(window)
    assert flow.failures(*window) == PostgresStatisticsStore(chronicle.engine).failures(window)
    assert flow.by_hour(*window) == flow.by_slice(*window, 3600)


def test_percentiles_of_a_queue_are_its_own(chronicle: Chronicle) -> None:
    lives = [Life(at=START, queue=name, runs=runs) for name, runs in (("high", 1), ("low", 60))]
    chronicle.write(*events_of(*lives))
    flow = PostgresFlowStore(chronicle.engine)

    [fast] = flow.percentiles(START, START + HOUR, 3600, "high")
    [both] = flow.percentiles(START, START + HOUR, 3600)

    assert fast.run == pytest.approx((1, 1, 1))
    assert both.run[0] == pytest.approx(30.5)


def test_what_went_wrong_may_be_asked_for_a_queue(
    chronicle: Chronicle, service: HistoryService
) -> None:
    urgent = Life(at=START, queue="high", ends="failed", error=("KeyError", "x"))
    chronicle.write(*events_of(*busy_hours(), urgent))

    [group] = service.failures(START, START + 3 * HOUR, queue="high")

    assert (group.error_kind, group.attempts) == ("KeyError", 1)


def _text_of(number: str) -> str:
    [found] = shipped("migrations").glob(f"*_{number}_*.sql")
    return found.read_text("utf-8")


def test_sums_of_an_older_version_are_counted_anew_by_queue(
    chronicle: Chronicle, service: HistoryService
) -> None:
    recent = datetime.now(UTC) - timedelta(hours=30)
    chronicle.write(*events_of(Life(at=recent, queue="high")))
    PostgresUpkeepStore(chronicle.engine).sum_up_hours(10)
    run(chronicle.engine, "DELETE FROM job_statistics WHERE queue <> ''")
    [mark] = re.findall(r"(?s)INSERT INTO stale_hours.*", _text_of("018"))

    run(chronicle.engine, mark.rstrip().rstrip(";"))

    window = (recent - HOUR, recent + HOUR)
    assert [each.queue for each in service.by_queue(*window)] == ["high"]


DAY = timedelta(days=1)


def test_days_that_are_over_are_put_together_from_their_hours_and_taken_apart_by_what_comes_late(
    chronicle: Chronicle, service: HistoryService
) -> None:
    upkeep = PostgresUpkeepStore(chronicle.engine)
    lives = [Life(at=START + n * timedelta(hours=5), runs=0.1 * (n + 1)) for n in range(20)]
    chronicle.write(*events_of(*lives))
    window = (START - DAY, START + 6 * DAY)
    expected = service.by_type(*window)

    upkeep.sum_up_hours(100)
    assert len(days(chronicle)) == 5
    assert service.by_type(*window) == expected

    chronicle.write(*events_of(Life(at=START + DAY)))
    assert service.by_type(*window)[0].attempts.ended == 21
    upkeep.sum_up_hours(100)
    assert len(days(chronicle)) == 5
    assert service.by_type(*window)[0].attempts.ended == 21


def days(chronicle: Chronicle) -> list[datetime]:
    """The days that are put together."""
    sql = "SELECT since FROM job_statistics WHERE grain = 'day' AND queue = '' AND job_type = ''"
    return [row["since"] for row in chronicle.rows(sql)]


def test_a_day_is_not_put_together_while_one_of_its_hours_is_stale(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(Life(at=START), Life(at=START + HOUR)))

    PostgresUpkeepStore(chronicle.engine).sum_up_hours(1)

    assert days(chronicle) == []
    assert service.by_type(START, START + DAY)[0].attempts.ended == 2


def test_the_hours_that_a_window_touches_are_counted_whole(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(*busy_hours()))
    half = timedelta(minutes=30)

    hours = service.by_hour(START + half, START + HOUR + half)

    assert [hour.hour for hour in hours] == [START, START + HOUR]


def test_the_last_day_is_meant_where_nothing_is_said(
    chronicle: Chronicle, service: HistoryService
) -> None:
    now = datetime.now(UTC)
    chronicle.write(
        *events_of(Life(at=now - timedelta(hours=2)), Life(at=now - timedelta(hours=30)))
    )

    assert [hour.attempts.ended for hour in service.by_hour()] == [1]


@pytest.mark.parametrize("parts", [1, 2])
def test_what_comes_after_an_hour_was_summed_up_is_counted_at_once_and_once(
    chronicle: Chronicle, service: HistoryService, parts: int
) -> None:
    upkeep = PostgresUpkeepStore(chronicle.engine)
    chronicle.write(*events_of(Life()))
    assert upkeep.sum_up_hours(10) == 1
    assert upkeep.sum_up_hours(10) == 0

    late = events_of(Life(runs=1), Life(job_type="export"))
    chronicle.write(*late[:parts])
    chronicle.write(*late)

    assert service.by_hour(START, START + HOUR)[0].attempts.ended == 3
    assert upkeep.sum_up_hours(10) == 1
    assert service.by_hour(START, START + HOUR)[0].attempts.ended == 3
    assert chronicle.rows("SELECT count(*) FROM stale_hours") == [{"count": 0}]


def test_a_job_type_that_becomes_known_late_is_counted_under_its_name(
    chronicle: Chronicle, service: HistoryService
) -> None:
    accepted, started, ended = events_of(Life())
    chronicle.write(started, ended)
    PostgresUpkeepStore(chronicle.engine).sum_up_hours(10)
    assert service.by_type(START, START + HOUR) == []

    chronicle.write(accepted)

    [mails] = service.by_type(START, START + HOUR)
    assert mails.job_type == "send_email"
    assert mails.wait is not None


def test_an_hour_that_is_not_over_is_not_summed_up(
    chronicle: Chronicle, service: HistoryService
) -> None:
    # Of an hour that is not over for half an hour yet.
    at = datetime.now(UTC) + timedelta(minutes=30)
    chronicle.write(*events_of(Life(at=at, waits=0, runs=0)))
    chronicle.write(*events_of(Life(at=at, waits=0, runs=0)))

    assert PostgresUpkeepStore(chronicle.engine).sum_up_hours(10) == 0
    assert sum(hour.attempts.ended for hour in service.by_hour(at - HOUR, at + HOUR)) == 2
    assert chronicle.rows("SELECT count(*) FROM stale_hours") == [{"count": 1}]


def test_failures_are_grouped_by_what_went_wrong(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(*busy_hours()))

    groups = service.failures(START, START + 3 * HOUR)

    assert [
        (group.error_kind, group.job_type, group.attempts, group.failed) for group in groups
    ] == [
        ("OSError", "export", 5, 0),
        ("ConnectionError", "send_email", 3, 3),
        ("ConnectionError", "export", 1, 0),
    ]
    assert groups[1].message == "refused"
    newest = chronicle.results(groups[1].job_id)[0]
    assert newest["ended_at"] == groups[1].last_at


def test_failures_can_be_narrowed_to_a_type_and_to_the_worst(
    chronicle: Chronicle, service: HistoryService
) -> None:
    chronicle.write(*events_of(*busy_hours()))

    assert len(service.failures(START, START + 3 * HOUR, job_type="export")) == 2
    assert len(service.failures(START, START + 3 * HOUR, limit=1)) == 1
    assert service.failures(START + 5 * HOUR, START + 6 * HOUR) == []
