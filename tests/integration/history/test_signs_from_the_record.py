"""What the overview holds against the time before, on real stores."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from backend.broker.jobs.inspection import RedisInspection
from backend.domain.history.history_statistics import TimeWindow
from backend.domain.history.queue_depth import QueueDepth
from backend.domain.history.queue_flow import begin_of_last_hour
from backend.history.reading.depth_store import PostgresDepthStore
from backend.history.reading.flow_store import PostgresFlowStore
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.history.server.connection import connect
from backend.services.finding.history_service import HistoryService
from backend.services.health.overview_service import OverviewService
from backend.telemetry.clock import SystemClock
from tests.integration.broker.bench import new_job
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run
from tests.integration.history.lives import START, Life, events_of

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOW = START + HOUR / 2


class _Clock(SystemClock):
    """Half past twelve."""

    def now(self) -> datetime:
        return NOW


class _Asked(PostgresStatisticsStore):
    """Remembers which stretches it was asked for."""

    windows: list[TimeWindow]

    def by_type(self, window: TimeWindow):  # type: ignore[no-untyped-def]
        self.windows.append(window.in_hours())
        return super().by_type(window)


@pytest.fixture
def statistics(chronicle: Chronicle) -> _Asked:
    run(chronicle.engine, "TRUNCATE queue_depths")
    asked = _Asked(chronicle.engine)
    asked.windows = []
    return asked


def _service(chronicle: Chronicle, statistics: PostgresStatisticsStore) -> OverviewService:
    history = HistoryService(PostgresHistoryStore(chronicle.engine), statistics, _Clock())
    look = RedisInspection(chronicle.redis, chronicle.keys)
    depths = PostgresDepthStore(chronicle.engine)
    flow = PostgresFlowStore(chronicle.engine)
    return OverviewService(look, history, _Clock(), flow=flow, lanes=["default"], depths=depths)


def _ended(at: datetime, well: int, failed: int) -> list[Life]:
    error = ("KeyError", "x")
    good = [Life(at=at) for _ in range(well)]
    return good + [Life(at=at, ends="failed", error=error) for _ in range(failed)]


def _codes(service: OverviewService) -> set[str]:
    return {sign.code for sign in service.overview().signs} - {"no_worker"}


def test_failures_are_held_against_the_day_before_the_last_hours(
    chronicle: Chronicle, statistics: _Asked
) -> None:
    before = START - timedelta(hours=5)
    chronicle.write(*events_of(*_ended(before, 40, 0), *_ended(START - 28 * MINUTE, 19, 2)))

    assert _codes(_service(chronicle, statistics)) == {"failures_grow"}
    assert statistics.windows[0] == TimeWindow(START - 25 * HOUR, START - HOUR)


def test_the_day_before_is_not_asked_for_where_all_is_well(
    chronicle: Chronicle, statistics: _Asked
) -> None:
    chronicle.write(*events_of(*_ended(START, 40, 1)))

    assert _codes(_service(chronicle, statistics)) == set()
    assert statistics.windows == []


def test_what_went_wrong_more_than_an_hour_ago_is_no_sign_any_more(
    chronicle: Chronicle, statistics: _Asked
) -> None:
    chronicle.write(*events_of(*_ended(START - 31 * MINUTE, 0, 40), *_ended(START, 3, 0)))

    found = _service(chronicle, statistics).overview()

    assert found.attempts is not None
    assert (found.attempts.ended, found.attempts.failed) == (3, 0)
    assert [sign.code for sign in found.signs if sign.code.startswith("failures")] == []


def test_each_number_of_the_last_hour_counts_the_same_minutes(
    chronicle: Chronicle, statistics: _Asked
) -> None:
    lives = [
        *_ended(START - 31 * MINUTE, 7, 9),
        *_ended(START - 20 * MINUTE, 5, 2),
        *_ended(START, 3, 1),
    ]
    chronicle.write(*events_of(*lives))

    found = _service(chronicle, statistics).overview()
    queues = PostgresFlowStore(chronicle.engine).by_queue(begin_of_last_hour(NOW), NOW)

    assert found.attempts is not None
    assert (found.attempts.ended, found.attempts.failed) == (11, 3)
    assert sum(each.attempts.ended for each in found.types) == 11
    assert sum(each.attempts.ended for each in queues) == 11


def test_what_waits_is_held_against_a_quarter_of_an_hour_before(
    chronicle: Chronicle, statistics: _Asked
) -> None:
    chronicle.bench.seed(*[new_job() for _ in range(100)])
    service, store = _service(chronicle, statistics), PostgresDepthStore(chronicle.engine)

    assert _codes(service) == set()
    store.add([QueueDepth(NOW - 16 * MINUTE, "", 0, 0.0)])
    assert _codes(service) == {"backlog_grows"}
    store.add([QueueDepth(NOW - 15 * MINUTE, name, 50, 0.0) for name in ("", "normal")])
    assert _codes(service) == set()


def test_without_the_table_of_samples_the_overview_answers(
    chronicle: Chronicle, statistics: _Asked
) -> None:
    chronicle.bench.seed(*[new_job() for _ in range(100)])
    run(chronicle.engine, "ALTER TABLE queue_depths RENAME TO elsewhere")
    try:
        assert _codes(_service(chronicle, statistics)) == set()
    finally:
        run(chronicle.engine, "ALTER TABLE elsewhere RENAME TO queue_depths")


def test_without_postgres_only_one_question_is_asked_of_it(
    chronicle: Chronicle, statistics: _Asked
) -> None:
    chronicle.engine = connect("postgresql+psycopg2://tally@127.0.0.1:1/tally")
    nowhere = _Asked(chronicle.engine)
    nowhere.windows = []
    service = _service(chronicle, nowhere)
    service._overdue = lambda: pytest.fail("the record is away, and was asked again")

    assert _codes(service) == {"history_away"}
