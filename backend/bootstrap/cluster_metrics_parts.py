"""Gauges of the whole deployment at /metrics: of schedulers and web processes, the same in each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.registry import Collector
from sqlalchemy import Engine, text

from backend import __version__
from backend.bootstrap.metrics_parts import (
    loop_collector,
    metrics_place,
    metrics_settings,
    not_ready_loops,
)
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import event_stream
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.server.server_facts import RedisFacts
from backend.domain.jobs.queue_name import queues_of
from backend.history.outbox.outbox_store import PostgresOutbox
from backend.history.schedules.duty_leases import PostgresLeadership
from backend.history.server.connection import translated
from backend.loops.loop import Loop
from backend.services.scheduler_service import SchedulerService
from backend.telemetry.metrics.cluster_collector import ClusterCollector
from backend.telemetry.metrics.count_folder import CountFolder
from backend.telemetry.metrics.count_keeper import FOLDER_VARIABLE
from backend.telemetry.metrics.leader_collector import LeaderCollector
from backend.telemetry.metrics.metric_catalogue import (
    OUTBOX,
    OUTBOX_OLDEST,
    SCHEDULES_OVERDUE,
    Metric,
)
from backend.telemetry.metrics.metrics_page import MetricsPage
from backend.telemetry.metrics.metrics_place import served
from backend.telemetry.metrics.process_collectors import (
    BuildCollector,
    FolderCollector,
    LinesLostCollector,
)
from backend.telemetry.metrics.record_collector import RecordCollector


def cluster_collectors(parts: Platform) -> list[Collector]:
    """Gauges of the whole deployment: shown by the API and by schedulers, the same in each."""
    client = parts.home.connector.client("tally-metrics")
    # Two Prometheis may ask at once: with one connection the second would hear that Postgres is away.
    engine = parts.connections.postgres("tally-metrics", connections=2)

    def ping() -> None:
        with translated(), engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    return [
        ClusterCollector(
            parts.inspection,
            RedisFacts(client, parts.home.keys),
            parts.clock,
            shard=parts.home.number,
            queues=[str(queue) for queue in queues_of(parts.catalogue.own_lanes())],
            lag=event_stream(parts, "metrics").lag,
            lag_limit=parts.settings.redis.refused_at,
            check=parts.check_takes_jobs,
        ),
        RecordCollector(ping, _gauges(parts, engine)),
        LeaderCollector(
            {
                str(parts.home.number): RedisLeadership(client, parts.home.keys).led,
                "": PostgresLeadership(engine).led,
            }
        ),
    ]


def _gauges(parts: Platform, engine: Engine) -> Callable[[], Mapping[Metric, float]]:
    """Asks what only the record can tell."""
    outbox = PostgresOutbox(engine, parts.clock.now)
    schedules = SchedulerService(parts.scheduler_parts)

    def ask() -> Mapping[Metric, float]:
        depth = outbox.depth()
        return {
            OUTBOX: depth.waiting,
            OUTBOX_OLDEST: depth.oldest_seconds,
            SCHEDULES_OVERDUE: len(schedules.list_all(overdue=True)),
        }

    return ask


@contextmanager
def scheduler_metrics(parts: Platform, loops: Sequence[Loop]) -> Iterator[None]:
    """Serves what these loops count, and the gauges of the whole deployment."""
    collectors = [loop_collector(loops), LinesLostCollector(), *cluster_collectors(parts)]
    place = metrics_place(parts, metrics_settings(parts).scheduler_port)
    with served(lambda: collectors, "scheduler", place, not_ready_loops(loops)):
        yield


def web_page(parts: Platform) -> MetricsPage:
    """What each web process answers at /metrics: the counts of all of them, and the deployment's."""
    collectors: list[Collector] = [*cluster_collectors(parts)]
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        collectors.append(FolderCollector(CountFolder(Path(folder))))
    token = metrics_settings(parts).token.get_secret_value()
    return MetricsPage([*collectors, BuildCollector(__version__, "web")], token)
