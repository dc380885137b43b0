"""The runbook's procedures, walked through on a real deployment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.acceptance.night import Night
from tests.eventually import eventually


def test_a_worker_crash_needs_nobody(night: Night, tmp_path: Path) -> None:
    job_id = night.cluster.enqueue("hold", {"until": str(tmp_path / "go")})
    night.cluster.running(job_id)

    os.kill(night.cluster.pids()[0], signal.SIGKILL)
    eventually(lambda: night.cluster.job(job_id).attempt == 2, timeout=20, show=night.cluster.log)
    (tmp_path / "go").touch()

    assert night.cluster.ended(job_id).state == "finished"
    shown = night.run("jobs/job-status.sh", job_id)
    assert "crashed" in shown
    assert "balance" in night.run("jobs/queue-stats.sh")


def test_a_stuck_job_is_seen_reset_and_has_no_say(night: Night, tmp_path: Path) -> None:
    job_id = night.cluster.enqueue("hold", {"until": str(tmp_path / "go")})
    night.cluster.running(job_id)

    assert "alive" in night.run("jobs/reset-stuck.sh", "0", "--dry-run")
    assert job_id in night.run("jobs/reset-stuck.sh", "0", "--yes")
    assert night.cluster.job(job_id).attempt == 1
    assert "1 of 1 reset" in night.run("jobs/reset-stuck.sh", job_id, "--force", "--yes")
    (tmp_path / "go").touch()

    job = night.cluster.ended(job_id)
    assert (job.state, job.attempt) == ("finished", 2)
    assert night.cluster.difference() == 0


def test_a_failing_destination_is_paused_repaired_and_redriven(night: Night) -> None:
    dead = [night.cluster.enqueue("fail", max_retries=0) for _ in range(3)]
    for job_id in dead:
        night.cluster.ended(job_id)
    night.run("tally", "queues", "pause", "type:fail", "--reason", "receiver is down")
    held = night.cluster.enqueue("fail", {"until": 1})
    night.recorded(dead[0], "failed")

    assert "ValueError" in night.run("jobs/list-failed.sh", "--groups")
    assert "ValueError" in night.tally("history", "failures", "--since", "1h")
    assert "the job type fail has been paused by" in night.tally("jobs", "why", held)
    night.tally("queues", "resume", "type:fail", "--reason", "it is back")
    assert night.cluster.ended(held).state == "finished"
    assert "3 queued again" in night.run("jobs/retry-all-failed.sh", "normal", "--yes")
    assert "receiver is down" in night.tally("audit", "list", "--action", "types.pause")


def test_without_postgres_jobs_go_on_and_history_catches_up(night: Night) -> None:
    night.servers.kill_postgres()
    try:
        job_id = night.cluster.enqueue("note")

        assert night.cluster.ended(job_id).state == "finished"
        assert night.findings() == {"postgres_down"}
        assert "finished" in night.run("jobs/job-status.sh", job_id)
        assert "is paused" in night.tally("queues", "pause", "low")
    finally:
        night.servers.start_postgres()

    night.recorded(job_id, "finished")
    night.tally("queues", "resume", "low")
    assert "the chain holds" in night.tally("audit", "verify")


def test_without_redis_callers_hear_one_error_and_nothing_accepted_is_lost(night: Night) -> None:
    waiting = night.cluster.enqueue("note", delay=3600)
    night.recorded(waiting, "scheduled")
    night.servers.kill_redis()
    try:
        refused = night.tally("jobs", "enqueue", "note", "{}", status=1)

        assert "[queue_unavailable]" in refused
        assert night.findings() == {"redis_down"}
        assert waiting in night.run("jobs/job-status.sh", waiting)
    finally:
        night.servers.restart_redis()

    eventually(lambda: night.cluster.job(waiting).state == "scheduled", timeout=20)
    job_id = night.cluster.enqueue("note")
    assert night.cluster.ended(job_id, timeout=30).state == "finished"
    assert night.cluster.difference() == 0


def test_poison_is_found_and_hurts_only_itself(night: Night) -> None:
    poison = night.cluster.enqueue("segfault")
    healthy = [night.cluster.enqueue("note") for _ in range(5)]

    assert night.cluster.ended(poison, timeout=40).state == "failed"

    assert [night.cluster.ended(job_id).state for job_id in healthy] == ["finished"] * 5
    assert poison in night.run("jobs/list-failed.sh", "--error", "poison")
    assert "discarded" in night.tally("dlq", "discard", poison, "--yes", "--reason", "bad code")


def test_a_backlog_is_seen_explained_and_cleared(night: Night) -> None:
    night.tally("queues", "pause", "normal")
    ids = night.cluster.platform.queue_service.enqueue_many(
        [{"job_type": "note", "payload": {"file": str(night.cluster.file)}}] * 200
    )

    normal = next(q for q in night.json("queues", "list")["queues"] if q["name"] == "normal")
    assert normal["counts"]["queued"] == 200
    assert "the queue normal has been paused by" in night.tally("jobs", "why", ids[-1])
    assert "--yes" in night.run("jobs/clear-pending.sh", "normal", status=2)
    assert "normal: 200 canceled" in night.run("jobs/clear-pending.sh", "normal", "--yes")
    night.tally("queues", "resume", "normal")
    assert night.cluster.difference() == 0
    assert night.cluster.ended(night.cluster.enqueue("note")).state == "finished"
