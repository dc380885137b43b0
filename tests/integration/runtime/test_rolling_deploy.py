"""A deploy of an application: its callers first, its workers later, and no job notices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.domain.errors import UnknownJobType
from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import ROOT, Cluster

JOBS = 1000 if os.environ.get("TALLY_TEST_DRILL") == "full" else 30
_OLD = """
from pydantic import BaseModel
from tally import job_type

class Greeting(BaseModel):
    name: str

@job_type("shop.greet")
def greet(payload: Greeting) -> str:
    return payload.name
"""
_NEW = """
from pydantic import BaseModel
from tally import job_type

class Greeting(BaseModel):
    name: str
    title: str = ""

@job_type("shop.greet", version=2)
def greet(payload: Greeting) -> str:
    return f"{payload.title} {payload.name}"

@job_type("shop.wave", limit=2)
def wave(payload: Greeting) -> str:
    return f"{payload.name} waves"
"""
_CALL = """
import json
from shop_jobs import Greeting, greet, wave
new = wave.enqueue_many([Greeting(name=str(n)) for n in range({jobs})])
changed = greet.enqueue_many([Greeting(name=str(n), title="Dr") for n in range({jobs})])
print(json.dumps([job.id for job in [*new, *changed]]))
"""


def _release(make: Callable[..., Cluster], folder: Path, code: str) -> Cluster:
    folder.mkdir()
    (folder / "shop_jobs.py").write_text(code)
    path = os.pathsep.join([str(ROOT), str(folder)])
    patience = {"TALLY_WORKER__UNKNOWN_TYPE_PATIENCE_SECONDS": "80"}
    return make(TALLY_JOB_PACKAGES="shop_jobs", PYTHONPATH=path, **patience)


def _called_by(release: Cluster) -> list[str]:
    """The ids of jobs of a new type, and of one with a new field."""
    called = subprocess.run(
        [sys.executable, "-c", _CALL.format(jobs=JOBS)],
        env=release.environment,
        cwd=release.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert called.returncode == 0, called.stderr
    ids: list[str] = json.loads(called.stdout.splitlines()[-1])
    return ids


def test_callers_of_a_new_release_lose_nothing_to_workers_of_the_old_one(
    make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    old = _release(make_cluster, tmp_path / "old", _OLD)
    new = _release(make_cluster, tmp_path / "new", _NEW)
    old.start("scheduler")
    supervisor = old.workers()

    ids = _called_by(new)
    queue = old.platform.inspection

    def jobs() -> list[Any]:
        return queue.jobs(ids)

    put_off: set[str] = set()

    def all_were_put_off() -> bool:
        put_off.update(job.id for job in jobs() if job.state is JobState.SCHEDULED)
        return len(put_off) == len(ids)

    # Each was claimed by the old release, which began no attempt.
    eventually(all_were_put_off, timeout=60, show=old.log)
    assert {job.state for job in jobs()} <= {JobState.SCHEDULED, JobState.QUEUED, JobState.STARTED}
    assert sum(job.failures for job in jobs()) == 0
    new.workers()
    supervisor.terminate()
    eventually(lambda: all(j.state.is_final for j in jobs()), timeout=120, show=new.log)

    ended = jobs()
    assert {job.state for job in ended} == {JobState.FINISHED}
    assert sum(job.failures for job in ended) == 0
    assert old.platform.inspection.dead_count() == 0
    assert [old.job(ids[at]).result for at in (0, JOBS)] == ["0 waves", "Dr 0"]
    assert old.difference() == 0


def test_a_caller_without_the_code_enqueues_by_name_what_workers_published(
    make_cluster: Callable[..., Cluster], tmp_path: Path
) -> None:
    deployment = _release(make_cluster, tmp_path / "new", _NEW)
    deployment.workers()
    queue = deployment.platform.queue_service

    job_id = queue.enqueue_job("shop.wave", {"name": "Ada"}, priority="high")

    assert deployment.ended(job_id).result == "Ada waves"
    assert queue.catalogue.get("shop.greet").version == 2
    assert queue.limits() == {"shop.wave": 2}
    assert "shop.wave" not in {kind.name for kind in queue.catalogue.own()}
    with pytest.raises(UnknownJobType, match="did you mean"):
        queue.enqueue_job("shop.wav", {"name": "Ada"})
