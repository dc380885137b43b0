"""A deploy: processes of the last release and of this one share the stores, and no job notices.

``scripts/test-last-release.sh`` puts the last release into a folder, TALLY_TEST_LAST_RELEASE.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from backend.broker.events.event_stream import GROUP, LAST_GROUP
from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import start_servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from tests.conftest import CACHE
from tests.eventually import eventually
from tests.integration.runtime.cluster import THIS_RELEASE, Cluster, Release

_CHECKOUT = os.environ.get("TALLY_TEST_LAST_RELEASE", "")
pytestmark = pytest.mark.skipif(not _CHECKOUT, reason="run by scripts/test-last-release.sh")
LAST = Release(Path(_CHECKOUT), str(Path(_CHECKOUT, ".venv/bin/python")))
JOBS = 200
#: Says in the other release's own words that a job is wanted, and prints the ids.
_ENQUEUE = """
import json, sys
from backend.services.queue_service import QueueService
print(json.dumps(QueueService().enqueue_many(json.load(sys.stdin))))
"""


class Deploy(Cluster):
    """A deployment on this release's schema and functions, with processes of both releases."""

    def __init__(self, redis_url: str, database_url: str, folder: Path) -> None:
        super().__init__(redis_url, folder, JOB_QUEUE_DATABASE_URL=database_url)
        self.engine = connect(database_url, statement_timeout=30)

    def enqueue_by(self, release: Release, requests: list[dict[str, Any]]) -> list[str]:
        """The ids of jobs that a program of that release asked for."""
        asked = subprocess.run(
            [release.python, "-c", _ENQUEUE],
            input=json.dumps(requests),
            env=self.environment,
            cwd=release.checkout,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert asked.returncode == 0, asked.stderr
        ids: list[str] = json.loads(asked.stdout.splitlines()[-1])
        return ids

    def requests(self, count: int) -> list[dict[str, Any]]:
        """Jobs of which every tenth fails once before it succeeds."""
        return [
            {
                "job_type": "fail",
                "payload": {"file": str(self.file), "until": 2 if number % 10 == 0 else 1},
                "context_id": "2" if number % 10 == 0 else "1",
            }
            for number in range(count)
        ]

    def recorded(self) -> list[tuple[str, int, int]]:
        """State, attempts, and attempts that were expected, of each job on record."""
        asked = text(
            "SELECT status, attempt, (options->>'context_id')::int FROM jobs WHERE job_type = 'fail'"
        )
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(asked)]

    def groups(self) -> set[str]:
        """Who reads the event stream."""
        redis, key = self.platform.redis, self.platform.keys.events
        found: Any = redis.xinfo_groups(key) if redis.exists(key) else []
        return {group["name"].decode() for group in found}

    def writes_lines(self) -> bool:
        """Whether steps write what recorders of the last release cannot read."""
        return self.platform.redis.hget(self.platform.keys.stream, "schema") == b"2"

    def schemas(self) -> set[bytes]:
        """How the entries that are still in the stream are written."""
        found: Any = self.platform.redis.xrange(self.platform.keys.events)
        return {name for _, fields in found for name in fields}

    def set_aside(self) -> int:
        """How many entries somebody could not record."""
        with self.engine.connect() as connection:
            asked = text("SELECT count(*) FROM set_aside_events")
            return int(connection.execute(asked).scalar_one())

    def are_recorded(self, count: int) -> None:
        """Blocks until so many jobs are finished on record, with as many attempts as they took."""
        eventually(
            lambda: [row[0] for row in self.recorded()].count("finished") == count,
            timeout=60,
            show=self.log,
        )
        assert [row for row in self.recorded() if row[1] != row[2]] == []
        assert self.difference() == 0


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Deploy]:
    """Stores of its own, migrated and loaded by this release."""
    state = Path(tempfile.mkdtemp(prefix="tally-deploy-"))
    with start_servers(state, for_tests=True, template_cache=CACHE) as servers:
        engine = connect(servers.database_url, statement_timeout=60)
        Migrator(engine).apply()
        engine.dispose()
        made = Deploy(servers.redis_url, servers.database_url, tmp_path)
        yield made
        made.engine.dispose()
        made.end()
    shutil.rmtree(state, ignore_errors=True)


_PAIRS = pytest.mark.parametrize(
    ("caller", "worker", "recorder"),
    [
        (THIS_RELEASE, LAST, THIS_RELEASE),
        (LAST, THIS_RELEASE, THIS_RELEASE),
        (LAST, LAST, THIS_RELEASE),
        (THIS_RELEASE, THIS_RELEASE, LAST),
    ],
    ids=["old-worker", "old-caller", "old-caller-and-worker", "old-recorder"],
)


@_PAIRS
def test_jobs_run_whichever_release_enqueues_runs_and_records_them(
    deploy: Deploy, caller: Release, worker: Release, recorder: Release
) -> None:
    deploy.start("recorder", release=recorder)
    # A stream that is not there yet begins with what this release's recorders read.
    eventually(lambda: deploy.groups() != set(), timeout=30)
    deploy.start("scheduler")
    deploy.workers(concurrency=8, release=worker)

    ids = deploy.enqueue_by(caller, deploy.requests(JOBS))

    assert len(set(ids)) == JOBS
    deploy.are_recorded(JOBS)


def test_recorders_of_the_last_release_may_be_replaced_last(deploy: Deploy) -> None:
    old = deploy.start("recorder", release=LAST)
    eventually(lambda: deploy.groups() == {LAST_GROUP}, timeout=30)
    deploy.start("scheduler")
    deploy.workers(concurrency=8)
    deploy.enqueue_by(THIS_RELEASE, deploy.requests(JOBS))
    deploy.are_recorded(JOBS)
    assert deploy.schemas() <= {b"e"}

    deploy.start("recorder")
    eventually(lambda: GROUP in deploy.groups(), timeout=30)
    deploy.enqueue_by(THIS_RELEASE, deploy.requests(JOBS))
    old.send_signal(signal.SIGTERM)
    old.wait(60)
    eventually(lambda: deploy.groups() == {GROUP}, timeout=60, show=deploy.log)
    deploy.enqueue_by(THIS_RELEASE, deploy.requests(JOBS))

    deploy.are_recorded(3 * JOBS)
    assert deploy.writes_lines()
    assert deploy.set_aside() == 0


def test_recorders_may_be_replaced_first(deploy: Deploy) -> None:
    old = deploy.start("recorder", release=LAST)
    eventually(lambda: deploy.groups() == {LAST_GROUP}, timeout=30)
    deploy.start("scheduler")
    deploy.workers(concurrency=8, release=LAST)
    deploy.start("recorder")
    old.send_signal(signal.SIGTERM)
    old.wait(60)
    eventually(lambda: deploy.groups() == {GROUP}, timeout=60, show=deploy.log)

    deploy.enqueue_by(LAST, deploy.requests(JOBS))
    deploy.enqueue_by(THIS_RELEASE, deploy.requests(JOBS))

    deploy.are_recorded(2 * JOBS)
    assert deploy.set_aside() == 0


def test_a_recorder_of_the_last_release_that_comes_late_takes_no_event_away(deploy: Deploy) -> None:
    """It cannot read lines, sets them aside and is done with them: for itself alone."""
    deploy.start("scheduler")
    reader = deploy.start("recorder")
    eventually(deploy.writes_lines, timeout=30)
    reader.send_signal(signal.SIGKILL)
    deploy.start("recorder", release=LAST)
    eventually(lambda: LAST_GROUP in deploy.groups(), timeout=30)
    deploy.workers(concurrency=8)
    ids = deploy.enqueue_by(THIS_RELEASE, deploy.requests(JOBS))
    for job_id in ids:
        deploy.ended(job_id, timeout=60)
    eventually(lambda: deploy.set_aside() > 0, timeout=30)

    deploy.start("recorder")

    deploy.are_recorded(JOBS)


def test_jobs_of_a_killed_worker_of_the_last_release_are_finished_by_this_one(
    deploy: Deploy,
) -> None:
    deploy.start("scheduler")
    deploy.start("recorder")
    old = deploy.workers(concurrency=4, release=LAST)
    held = [
        deploy.enqueue("hold", {"until": str(deploy.folder / "go")}, timeout=60) for _ in range(4)
    ]
    for job_id in held:
        deploy.running(job_id)

    # The supervisor first, which would replace the others.
    for process in [psutil.Process(old.pid), *psutil.Process(old.pid).children(recursive=True)]:
        process.send_signal(signal.SIGKILL)
    (deploy.folder / "go").touch()
    deploy.workers(concurrency=4)

    states = {deploy.ended(job_id, timeout=200).state for job_id in held}
    assert states == {JobState.FINISHED}
    assert deploy.difference() == 0


def test_a_worker_of_the_last_release_gives_back_what_this_one_goes_on_with(deploy: Deploy) -> None:
    deploy.start("scheduler")
    deploy.start("recorder")
    deploy.environment["TALLY_WORKER__GRACE"] = "1"
    old = deploy.workers(concurrency=4, release=LAST)
    held = deploy.enqueue("hold", {"until": str(deploy.folder / "go")}, timeout=60)
    deploy.running(held)

    old.send_signal(signal.SIGTERM)
    deploy.workers(concurrency=4)
    old.wait(60)
    (deploy.folder / "go").touch()

    ended = deploy.ended(held, timeout=60)
    assert (ended.state, ended.failures) == (JobState.FINISHED, 0)
    assert deploy.difference() == 0
