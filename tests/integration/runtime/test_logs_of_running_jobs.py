"""The lines of a running attempt can be seen, and outlive the process that wrote them."""

from __future__ import annotations

import pytest

from backend.domain.jobs.job import JobView
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def _with_lines(cluster: Cluster, job_id: str) -> JobView:
    """The job once lines are seen."""
    eventually(lambda: cluster.job(job_id).log, timeout=20, show=cluster.log)
    return cluster.job(job_id)


@pytest.mark.parametrize("kind", ["talk_on", "talk_on_apart"])
def test_lines_of_a_running_job_are_seen_beside_its_progress_and_masked(
    pool: Cluster, kind: str
) -> None:
    go = pool.folder / "go"
    job_id = pool.enqueue(kind, {"card": "4111-1111", "until": str(go)})

    running = _with_lines(pool, job_id)
    go.touch()
    ended = pool.ended(job_id)

    assert [(line.level, line.text) for line in running.log] == [("info", "syncing card [hidden]")]
    assert running.progress == {"done": 1, "total": 2, "note": "talking"}
    assert (ended.state, ended.log) == ("finished", ())
    assert ended.progress == running.progress


def test_what_an_isolated_job_logged_before_its_process_died_stays(pool: Cluster) -> None:
    job_id = pool.enqueue("talk_and_die")

    pool.ended(job_id)

    platform = pool.platform
    [event] = [each for each in _events(platform, job_id) if "about to fall" in each]
    assert "about to fall step=3" in event


def _events(platform: object, job_id: str) -> list[str]:
    """The lines of the stream that tell of a job."""
    redis = platform.redis  # type: ignore[attr-defined]
    entries = redis.xrange(platform.keys.events)  # type: ignore[attr-defined]
    texts = [str(fields) for _, fields in entries]
    return [text for text in texts if job_id in text]
