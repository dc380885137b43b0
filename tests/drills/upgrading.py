"""A deployment of the last release with jobs in every state, and what must be so after its upgrade."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from backend.history.server.connection import connect
from tests.integration.history.databases import rows
from tests.integration.runtime.cluster import THIS_RELEASE, Cluster, Release

#: Says in a release's own words what is wanted; prints the ids by their kind.
_ENQUEUE = """
import json, sys
from backend.services.queue_service import QueueService
queue, ids = QueueService(), {}
for kind, requests in json.load(sys.stdin).items():
    ids[kind] = [queue.enqueue_many(requests[at:at + 500]) for at in range(0, len(requests), 500)]
    ids[kind] = [job_id for part in ids[kind] for job_id in part]
print(json.dumps(ids))
"""
_TALLY = ("-m", "backend.cli.main")
#: Of 20 jobs so many of each kind; what becomes of a kind, and in how many attempts.
_SHARES = {"finished": 11, "retried": 3, "failed": 2, "canceled": 1, "scheduled": 2, "queued": 1}
_BECOMES = {
    "finished": ("finished", 1),
    "retried": ("finished", 2),
    "failed": ("failed", 3),
    "canceled": ("canceled", 0),
    "scheduled": ("scheduled", 0),
    "queued": ("queued", 0),
}
#: No worker of the drill serves this queue.
_UNSERVED = "high:export"


class Upgrade(Cluster):
    """Stores, processes of two releases on them, and everything that was accepted."""

    def __init__(self, redis_url: str, database_url: str, folder: Path) -> None:
        # What holds a stop up is given back by the old workers, for the new ones.
        grace = {"TALLY_WORKER__GRACE": "5"}
        super().__init__(redis_url, folder, JOB_QUEUE_DATABASE_URL=database_url, **grace)
        self.engine = connect(database_url, statement_timeout=60)
        self.accepted: dict[str, list[str]] = {kind: [] for kind in _SHARES}
        self._lock = threading.Lock()

    def migrate(self, release: Release) -> str:
        """Brings the schema to what a release needs; what it said."""
        done = self._run(release, *_TALLY, "migrate")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def enqueue_by(self, release: Release, count: int) -> None:
        """So many jobs of all kinds, asked for by a program of a release."""
        share = count // sum(_SHARES.values())
        wanted = {
            kind: [self._request(kind)] * (number * share) for kind, number in _SHARES.items()
        }
        done = self._run(release, "-c", _ENQUEUE, given=json.dumps(wanted))
        assert done.returncode == 0, done.stderr
        ids: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
        withdrawn = ids["canceled"]
        for at in range(0, len(withdrawn), 500):
            some = withdrawn[at : at + 500]
            assert self._run(release, *_TALLY, "jobs", "cancel", "--yes", *some).returncode == 0
        with self._lock:
            for kind, some in ids.items():
                self.accepted[kind] += some

    def _request(self, kind: str) -> dict[str, Any]:
        payload: dict[str, Any] = {"file": str(self.file)}
        options: dict[str, Any] = {"tags": [kind], "tenant": "acme", "context_id": kind}
        if kind in {"retried", "failed"}:
            until = {"until": 2} if kind == "retried" else {}
            return {"job_type": "fail", "payload": {**payload, **until}, **options}
        if kind in {"canceled", "scheduled"}:
            options["delay"] = 86_400
        if kind == "queued":
            options["queue"] = _UNSERVED
        return {"job_type": "note", "payload": payload, **options}

    def _run(
        self, release: Release, *arguments: str, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [release.python, *arguments],
            input=given,
            env=self.environment,
            cwd=release.checkout,
            capture_output=True,
            text=True,
            check=False,
        )

    def expected(self) -> dict[str, tuple[str, int]]:
        """State and attempts that each accepted job comes to."""
        return {id_: _BECOMES[kind] for kind, ids in self.accepted.items() for id_ in ids}

    def on_record(self) -> dict[str, tuple[str, int]]:
        """State and attempts of each job that the record knows of those that were accepted in bulk."""
        found = rows(self.engine, "SELECT id, status, attempt FROM jobs WHERE tenant = 'acme'")
        return {row["id"]: (row["status"], row["attempt"]) for row in found}

    def run_twice(self) -> list[str]:
        """Jobs whose effect there is more than once."""
        return [job_id for job_id, times in Counter(self.lines()).items() if times > 1]

    def gaps_in_history(self) -> list[dict[str, Any]]:
        """Jobs whose events or attempts do not tell what their row says."""
        return rows(self.engine, _GAPS)

    def reconciled(self) -> dict[str, Any]:
        """What the ledger finds, read by this release."""
        done = self._run(THIS_RELEASE, *_TALLY, "reconcile", "--json")
        report: dict[str, Any] = json.loads(done.stdout)
        return report


#: An acceptance each, an end for each attempt, and a result for each end.
_GAPS = """
SELECT j.id, j.status, e.accepted, e.started, e.ended, r.results FROM jobs j
LEFT JOIN (
  SELECT job_id, count(*) FILTER (WHERE kind = 'enqueued') AS accepted,
    count(*) FILTER (WHERE kind = 'started') AS started,
    count(*) FILTER (WHERE kind IN ('finished', 'failed', 'retried')) AS ended
  FROM job_events GROUP BY job_id) e ON e.job_id = j.id
LEFT JOIN (
  SELECT job_id, count(*) FILTER (WHERE status IN ('finished', 'failed', 'retried')) AS results
  FROM job_results GROUP BY job_id) r ON r.job_id = j.id
WHERE j.tenant = 'acme' AND (e.accepted IS DISTINCT FROM 1 OR e.started < j.attempt OR e.ended <> j.attempt
  OR coalesce(r.results, 0) <> j.attempt OR j.job_type = '')
"""
