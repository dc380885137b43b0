"""What supervisors, schedulers and recorders show at /metrics while jobs run."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.eventually import eventually
from tests.integration.metrics.conftest import Deployment
from tests.unit.telemetry.scrape import fetch, samples

_FINISHED = 'tally_job_attempts_total{job_type="note",lane="default",outcome="finished"}'
_DEATHS = 'tally_worker_deaths_total{cause="crashed",lane="default"}'
_NOT_YET = (
    _DEATHS,
    'tally_job_attempts_total{job_type="note",lane="default",outcome="failed"}',
    'tally_job_outcomes_late_total{lane="default"}',
)
_RUNS = 'tally_job_run_seconds_count{job_type="note",lane="default"}'


def test_a_supervisor_adds_up_its_processes_and_no_death_takes_anything_back(
    deployment: Deployment,
) -> None:
    cluster, port = deployment.cluster, deployment.worker_port
    cluster.workers("default", processes=2)

    ids = [cluster.enqueue("note") for _ in range(40)]
    for job_id in ids:
        cluster.ended(job_id)

    eventually(lambda: samples(port).get(_FINISHED) == 40, show=lambda: samples(port))
    shown = samples(port)
    assert shown[_RUNS] == 40
    assert [shown.get(name) for name in _NOT_YET] == [0, 0, 0]
    assert fetch(port, "/livez") == (200, "ok\n")

    for pid in cluster.pids():
        os.kill(pid, signal.SIGKILL)
    cluster.ended(cluster.enqueue("note"))

    eventually(lambda: samples(port).get(_FINISHED) == 41, show=lambda: samples(port))
    eventually(lambda: samples(port).get(_DEATHS) == 2, show=lambda: samples(port))


def test_a_scheduler_shows_the_whole_deployment_and_a_job_that_was_never_on_time(
    deployment: Deployment,
) -> None:
    cluster, port = deployment.cluster, deployment.scheduler_port
    cluster.start("scheduler")
    cluster.enqueue("note")
    cluster.enqueue("note", delay=3600)
    eventually(
        lambda: samples(port).get('tally_leader{duty="scheduler",shard="0"}') == 1, timeout=20
    )
    eventually(lambda: samples(port).get('tally_leader{duty="cron",shard=""}') == 1, timeout=20)

    shown = samples(port)

    assert shown['tally_queue_jobs{queue="normal",shard="0",state="queued"}'] == 1
    assert shown['tally_queue_jobs{queue="normal",shard="0",state="scheduled"}'] == 1
    assert shown['tally_balance_difference_jobs{queue="normal",shard="0"}'] == 0
    assert shown['tally_redis_up{shard="0"}'] == shown["tally_postgres_up"] == 1
    assert shown['tally_recorder_lag_events{shard="0"}'] == 2

    cluster.enqueue("note", delay=0.3)

    eventually(
        lambda: samples(port).get("tally_promoted_jobs_total") == 1, timeout=20, show=cluster.log
    )
    # Of this job, not since 1970.
    assert 0 <= samples(port)["tally_promotion_lateness_seconds"] < 60


def test_a_recorder_counts_what_it_recorded(deployment: Deployment) -> None:
    cluster, port = deployment.cluster, deployment.recorder_port
    cluster.start("recorder")
    cluster.enqueue("note")

    eventually(
        lambda: samples(port).get("tally_recorded_events_total") == 1, timeout=20, show=cluster.log
    )


def test_two_supervisors_on_one_host_both_show_what_they_did(
    deployment: Deployment, tmp_path: Path
) -> None:
    cluster = deployment.cluster
    cluster.environment["TALLY_METRICS__TARGETS_FOLDER"] = str(tmp_path / "targets")
    for _ in range(2):
        cluster.workers("default")

    targets = [
        json.loads(path.read_text())[0]["targets"][0] for path in (tmp_path / "targets").iterdir()
    ]

    assert len(targets) == 2
    assert f"127.0.0.1:{deployment.worker_port}" in targets
    for target in targets:
        assert 'tally_build_info{process="worker"' in str(samples(int(target.rpartition(":")[2])))
