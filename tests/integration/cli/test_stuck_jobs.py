"""Giving back jobs that are started and do not get on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.cli.commands.jobs import stuck
from backend.cli.input.identity import who
from backend.cli.input.parts import stuck_jobs
from tests.eventually import eventually
from tests.integration.cli.shell import Shell
from tests.integration.runtime.cluster import Cluster


def _held(cluster: Cluster, tmp_path: Path) -> str:
    job_id = cluster.enqueue("hold", {"until": str(tmp_path / "go")})
    cluster.running(job_id)
    return job_id


def test_a_living_workers_job_is_left_alone_but_by_force_and_its_first_run_has_no_say(
    shell: Shell, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.workers("default")
    job_id = _held(cluster, tmp_path)

    alone = shell.json("jobs", "reset-stuck", "--older-than", "0")
    assert alone == {"reset": [], "found": [job_id]}
    assert cluster.job(job_id).state == "started"

    answer = shell.json("jobs", "reset-stuck", job_id, "--force", "--yes")
    (tmp_path / "go").touch()

    assert answer["reset"] == [job_id]
    assert cluster.ended(job_id).attempt == 2
    assert cluster.difference() == 0


def test_what_was_named_and_stays_is_status_1(
    shell: Shell, cluster: Cluster, tmp_path: Path
) -> None:
    supervisor = cluster.workers("default")
    lost = _held(cluster, tmp_path)
    cluster.vanish(supervisor)
    cluster.workers("default")
    kept = _held(cluster, tmp_path)

    answer = shell.json("jobs", "reset-stuck", lost, kept, "--yes", status=1)
    (tmp_path / "go").touch()

    assert answer["reset"] == [lost]
    assert cluster.ended(lost).attempt == 2
    assert cluster.ended(kept).attempt == 1


def test_a_job_of_a_dead_worker_is_reset_at_once(
    shell: Shell, cluster: Cluster, tmp_path: Path
) -> None:
    supervisor = cluster.workers("default")
    job_id = _held(cluster, tmp_path)

    cluster.vanish(supervisor)
    assert [worker["state"] for worker in shell.json("workers", "list")] == ["lost"]

    answer = shell.json("jobs", "reset-stuck", "--older-than", "0", "--yes")

    assert answer["reset"] == [job_id]
    assert cluster.job(job_id).state == "queued"


@pytest.mark.parametrize("force", [False, True])
def test_what_another_worker_began_while_the_question_was_read_is_left_alone(
    shell: Shell, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    supervisor = cluster.workers("default")
    job_id = _held(cluster, tmp_path)
    cluster.vanish(supervisor)

    def ask(*_: Any, **__: Any) -> None:
        """Meanwhile it is rescued, and begins anew."""
        seen = stuck_jobs().held([cluster.job(job_id)])
        assert stuck_jobs().reset(seen, by=who(), reason="", force=True) == [job_id]
        cluster.workers("default")
        eventually(lambda: cluster.job(job_id).state == "started", timeout=30)

    monkeypatch.setattr(stuck, "confirm", ask)
    words = ("--force",) if force else ()

    answer = shell.json("jobs", "reset-stuck", "--older-than", "0", *words, status=1)
    (tmp_path / "go").touch()

    assert answer == {"reset": [], "found": [job_id]}
    assert cluster.ended(job_id).attempt == 2
    assert cluster.difference() == 0
