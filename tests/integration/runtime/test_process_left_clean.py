"""What an isolated job leaves behind in its process does not reach the next one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import ROOT, Cluster
from tests.jobs.leaving import CHANGES

#: What can be put back costs no new process; only root may be nicer to itself again.
RETIRED = {"thread", "closed input"} | ({"niceness"} if os.geteuid() else set())


def _found(pool: Cluster) -> dict[str, Any]:
    found: dict[str, Any] = pool.ended(pool.enqueue("find")).result
    return found


@pytest.mark.parametrize("what", CHANGES)
def test_the_next_job_finds_what_the_one_before_had_found(pool: Cluster, what: str) -> None:
    before = _found(pool)

    changed = pool.ended(pool.enqueue("change", {"what": what}))

    assert (changed.state, changed.result) == (JobState.FINISHED, before["pid"])
    after = _found(pool)
    assert after["found"] == before["found"]
    assert (after["pid"] != before["pid"]) == (what in RETIRED)


def test_an_alarm_left_behind_does_not_kill_the_next_job(pool: Cluster) -> None:
    pool.ended(pool.enqueue("change", {"what": "alarm"}))

    assert pool.ended(pool.enqueue("isolated_sleep", {"seconds": 1.5})).state is JobState.FINISHED


def test_a_process_left_behind_is_ended(pool: Cluster) -> None:
    before = _found(pool)

    assert pool.ended(pool.enqueue("leave_child")).state is JobState.FINISHED

    left = int(pool.lines()[0])
    eventually(lambda: not psutil.pid_exists(left))
    assert _found(pool)["pid"] != before["pid"]


def test_a_process_that_a_worker_opened_is_there_for_each_job_and_ends_with_theirs(
    pool: Cluster,
) -> None:
    helped = [pool.ended(pool.enqueue("be_helped")) for _ in range(3)]

    assert [job.error for job in helped] == [None] * 3
    assert len({(job.result["pid"], job.result["helper"]) for job in helped}) == 1
    helpers = [helped[0].result["helper"], *(job.result["below"] for job in helped)]
    assert [pid for pid in helpers if not psutil.pid_exists(pid)] == []

    # What a job leaves is ended all the same, and with its process what that had opened.
    pool.ended(pool.enqueue("leave_child"))

    eventually(lambda: not any(map(psutil.pid_exists, [*helpers, int(pool.lines()[0])])))


def test_a_job_that_changes_the_folder_of_its_worker_process_moves_nothing_of_ours(
    pool: Cluster, tmp_path: Path
) -> None:
    """Another folder with settings of its own, in which a new child must not begin."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "queue-config.yaml").write_text("max_payload_bytes: 77777\n")
    first = _found(pool)
    try:
        pool.ended(pool.enqueue("change_folder", {"folder": str(tmp_path)}))
        pool.ended(pool.enqueue("change", {"what": "thread"}))
        settings = pool.ended(pool.enqueue("tell_settings"))

        after = _found(pool)
    finally:
        pool.ended(pool.enqueue("change_folder", {"folder": str(ROOT)}))
    assert after["pid"] != first["pid"]
    assert after["found"] == first["found"]
    assert settings.result == {
        "largest payload": 262144,
        "artifacts": str(ROOT / "var" / "artifacts"),
        "backups": str(ROOT / "var" / "backups"),
    }
