"""The text at /metrics: by Prometheus' rules, bounded, and there when stores are not."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ResponseError

from backend.domain.errors import HistoryUnavailable, QueueUnavailable
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.schedules.freeze import FrozenWindow
from backend.telemetry.metrics.cluster_collector import MOST_QUEUES, ClusterCollector
from backend.telemetry.metrics.count_folder import CountFile, CountFolder
from backend.telemetry.metrics.http_counts import HttpCounts
from backend.telemetry.metrics.job_counts import JobCounts
from backend.telemetry.metrics.leader_collector import LeaderCollector
from backend.telemetry.metrics.metric_catalogue import METRICS, OUTBOX, Metric, MetricKind
from backend.telemetry.metrics.metrics_page import MetricsPage
from backend.telemetry.metrics.metrics_server import MetricsServer
from backend.telemetry.metrics.process_collectors import (
    BuildCollector,
    DeathCollector,
    FolderCollector,
    LinesLostCollector,
    LoopCollector,
)
from backend.telemetry.metrics.record_collector import RecordCollector
from tests.unit.telemetry.scrape import fetch
from tests.unit.telemetry.stand_ins import StandInBroker, StandInFacts, StillClock, no_lag


def _cluster(broker: StandInBroker) -> ClusterCollector:
    return ClusterCollector(broker, StandInFacts(), StillClock(), queues=["low"], lag=no_lag)


def _text(*collectors: object) -> str:
    return MetricsPage(collectors).render().body.decode()  # type: ignore[arg-type]


def _full(folder: Path) -> str:
    jobs, requests = JobCounts("email", ["send_email"]), HttpCounts()
    jobs.count([("send_email", Outcome(OutcomeKind.FINISHED, run_seconds=0.2), 0.1)])
    jobs.count([(None, Outcome(OutcomeKind.FINISHED), 0.0)])
    jobs.count_block("send_email", 0.7)
    requests.answered("GET", "/api/jobs/<id>", 200, 0.004)
    for counts in (jobs, requests):
        CountFile(folder).write(counts.snapshot())

    class Loop:
        promoted, lateness, recorded, set_aside, pruned = 3, 0.2, 5, 0, 1
        waiting, failures = 2, 1

    return _text(
        _cluster(StandInBroker()),
        RecordCollector(lambda: None, lambda: {OUTBOX: 4.0}),
        LeaderCollector({"0": lambda: {"scheduler": True}}),
        FolderCollector(CountFolder(folder)),
        LoopCollector([Loop()]),
        DeathCollector(lambda: {("email", "crashed"): 1}),
        LinesLostCollector(),
        BuildCollector("1.2.3", "worker"),
    )


def test_gauges_say_what_redis_knows() -> None:
    text = _text(_cluster(StandInBroker()))

    assert 'tally_queue_jobs{queue="high",shard="0",state="queued"} 1.0' in text
    assert 'tally_queue_jobs_ended_total{queue="high",shard="0",state="failed"} 2.0' in text
    assert 'tally_queue_oldest_wait_seconds{queue="low",shard="0"} 10.0' in text
    assert 'tally_worker_slots{lane="email",shard="0",state="idle"} 1.0' in text
    assert 'tally_workers{lane="email",shard="0",state="lost"} 1.0' in text
    assert 'tally_redis_up{shard="0"} 1.0' in text


def _away() -> dict[str, bool]:
    raise HistoryUnavailable("away")


def test_leaders_of_both_stores_are_one_gauge_and_a_store_that_is_away_is_left_out() -> None:
    led = _text(LeaderCollector({"0": lambda: {"scheduler": True}, "": lambda: {"cron": False}}))
    half = _text(LeaderCollector({"0": lambda: {"scheduler": True}, "": _away}))

    assert 'tally_leader{duty="scheduler",shard="0"} 1.0' in led
    assert 'tally_leader{duty="cron",shard=""} 0.0' in led
    assert led.count("# TYPE tally_leader gauge") == 1
    assert 'tally_leader{duty="scheduler",shard="0"} 1.0' in half
    assert "cron" not in half


def test_without_redis_only_that_is_told() -> None:
    text = _text(_cluster(StandInBroker(away=True)))

    assert 'tally_redis_up{shard="0"} 0.0' in text
    assert "tally_queue_jobs{" not in text


def test_without_postgres_only_that_is_told() -> None:
    def away() -> None:
        raise HistoryUnavailable("gone")

    text = _text(RecordCollector(away, lambda: {OUTBOX: 4.0}))

    assert "tally_postgres_up 0.0" in text
    assert "tally_outbox_jobs 4" not in text


def test_a_postgres_that_answers_is_up_though_a_gauge_takes_too_long() -> None:
    def too_slow() -> dict[Metric, float]:
        raise HistoryUnavailable("canceling statement due to statement timeout", sqlstate="57014")

    text = _text(RecordCollector(lambda: None, too_slow))

    assert "tally_postgres_up 1.0" in text
    assert "tally_outbox_jobs" not in text


@pytest.mark.parametrize(
    ("minutes", "frozen"),
    [(-10, 1), (-61, 1), (-70, 0), (10, 0)],
    ids=["holds", "lets out", "over", "to come"],
)
@pytest.mark.parametrize("what", ["queue:low", "lane:default", "type:greet"])
def test_a_queue_is_frozen_while_a_window_keeps_all_of_it(
    what: str, minutes: int, frozen: int
) -> None:
    starts_at = StillClock().now() + timedelta(minutes=minutes)
    window = FrozenWindow("w", what, starts_at, starts_at + timedelta(hours=1), 300.0)
    broker = StandInBroker()
    broker.frozen = lambda: [window]  # type: ignore[method-assign]

    text = _text(_cluster(broker))

    kept = 0 if what == "type:greet" else frozen
    assert f'tally_queue_frozen{{queue="low",shard="0"}} {kept}.0' in text


def test_how_many_events_may_wait_is_told_beside_how_many_do() -> None:
    cluster = ClusterCollector(
        StandInBroker(), StandInFacts(), StillClock(), queues=[], lag=no_lag, lag_limit=500_000
    )

    assert 'tally_recorder_lag_limit_events{shard="0"} 500000.0' in _text(cluster)


def test_queues_that_strangers_write_are_bounded() -> None:
    text = _text(_cluster(StandInBroker([f"made-up-{number}" for number in range(5000)])))

    assert (
        len(re.findall(r"^tally_dead_jobs|^tally_queue_paused\{", text, re.MULTILINE))
        == MOST_QUEUES + 1
    )
    assert 'tally_queues_left_out{shard="0"} 4801.0' in text


def test_names_and_units_keep_the_rules() -> None:
    for metric in METRICS:
        assert re.fullmatch(r"tally_[a-z_]+[a-z]", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER)
        assert not re.search(r"_(milli|micro|minutes|kilo|mb|ms)(_|$)", metric.name)
        assert not set(metric.labels) & {"job_id", "id", "worker", "url", "le"}


def test_every_metric_is_shown_somewhere(tmp_path: Path) -> None:
    text = _full(tmp_path)
    elsewhere = {"tally_schedules_overdue", "tally_outbox_oldest_seconds"}

    missing = [metric.name for metric in METRICS if f"# HELP {metric.name}" not in text]

    assert set(missing) <= elsewhere


def test_promtool_has_nothing_to_say(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")

    lint = subprocess.run(
        [promtool, "check", "metrics"], input=_full(tmp_path), text=True, capture_output=True,
        check=False, timeout=30,
    )  # fmt: skip

    complaints = [
        line for line in lint.stdout.splitlines() + lint.stderr.splitlines() if "tally" in line
    ]
    assert complaints == []


def test_a_histogram_adds_up(tmp_path: Path) -> None:
    text = _full(tmp_path)

    assert 'tally_job_run_seconds_bucket{job_type="send_email",lane="email",le="0.1"} 0.0' in text
    assert 'tally_job_run_seconds_bucket{job_type="send_email",lane="email",le="0.25"} 1.0' in text
    assert 'tally_job_run_seconds_bucket{job_type="send_email",lane="email",le="+Inf"} 1.0' in text
    assert 'tally_job_run_seconds_count{job_type="send_email",lane="email"} 1.0' in text
    assert 'tally_job_run_seconds_sum{job_type="send_email",lane="email"} 0.2' in text


def test_a_scraper_gets_the_format_it_asks_for() -> None:
    page = MetricsPage([BuildCollector("1.2.3", "worker")])

    plain, open_metrics = page.render(), page.render("application/openmetrics-text;version=1.0.0")

    assert plain.content_type.startswith("text/plain")
    assert open_metrics.content_type.startswith("application/openmetrics-text")
    assert open_metrics.body.endswith(b"# EOF\n")


def test_a_small_server_serves_it() -> None:
    server = MetricsServer(
        lambda: MetricsPage([BuildCollector("1.2.3", "w")]), host="127.0.0.1", port=0
    )
    try:
        assert 'tally_build_info{process="w",version="1.2.3"} 1.0' in fetch(server.port)[1]
        assert fetch(server.port, "/livez") == (200, "ok\n")
        assert fetch(server.port, "/etc/passwd")[0] == 404
    finally:
        server.close()


def test_with_a_token_the_page_is_for_who_has_it() -> None:
    page = MetricsPage([BuildCollector("1.2.3", "w")], "a-token-of-twenty-bytes")
    server = MetricsServer(lambda: page, host="127.0.0.1", port=0)
    try:
        status, text = fetch(server.port)
        assert (status, text) == (
            401,
            "send the token of metrics.token: Authorization: Bearer …\n",
        )
        assert fetch(server.port, "/livez")[0] == 200
        assert not page.is_open_to("Bearer a-token-of-twenty-byteS")
        assert not page.is_open_to("a-token-of-twenty-bytes")
        assert not page.is_open_to("Bearer é")
        assert page.is_open_to("Bearer a-token-of-twenty-bytes")
    finally:
        server.close()


def test_a_process_says_that_it_lives_and_whether_it_can_do_its_work() -> None:
    reasons: list[str] = [
        "promoter: Redis is away at redis://u:secret@host/0",
        "lane email: crashes",
    ]
    server = MetricsServer(
        lambda: MetricsPage([]), host="127.0.0.1", port=0, not_ready=lambda: tuple(reasons)
    )
    try:
        assert fetch(server.port, "/livez") == (200, "ok\n")
        status, text = fetch(server.port, "/readyz")
        assert (status, text.splitlines()[0]) == (503, "not ready")
        assert text.splitlines()[2] == "lane email: crashes"
        assert "secret" not in text
        reasons.clear()
        assert fetch(server.port, "/readyz") == (200, "ready\n")
    finally:
        server.close()


def test_a_redis_with_which_nothing_works_is_told_as_one_that_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> Any:
        raise ResponseError("DB index is out of range")

    broker = StandInBroker()
    broker.queue_names = fail  # type: ignore[method-assign]
    cluster = ClusterCollector(broker, StandInFacts(), StillClock(), queues=[], lag=no_lag)

    text = _text(cluster, LeaderCollector({"0": fail, "": lambda: {"cron": True}}))

    assert 'tally_redis_up{shard="0"} 0.0' in text
    assert 'tally_leader{duty="cron",shard=""} 1.0' in text
    assert caplog.text.count("metrics.not_read") == 2


def test_a_redis_that_refuses_is_up_and_takes_nothing() -> None:
    def refuse() -> None:
        raise QueueUnavailable("MISCONF")

    text = _text(
        ClusterCollector(
            StandInBroker(), StandInFacts(), StillClock(), queues=[], lag=no_lag, check=refuse
        )
    )

    assert 'tally_redis_up{shard="0"} 1.0' in text
    assert 'tally_redis_writable{shard="0"} 0.0' in text
