"""A whole deployment whose processes have the shipped accounts, upkeep and the `tally` command included."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.jobs.job_state import JobState
from tests.integration.cli.conftest import record_url
from tests.integration.interop.acl_servers import acl_server, login, url_of

__all__ = ["acl_server", "record_url"]

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(acl_server: Path, record_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a `tally` command under an account; its output is in the file ``log``."""
    started: list[subprocess.Popen[bytes]] = []
    (tmp_path / "config.yaml").write_text("{}\n")

    def begin(account: str, *words: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "REDIS_URL": url_of(acl_server, account),
            "JOB_QUEUE_DATABASE_URL": record_url,
            "TALLY_CONFIG": str(tmp_path / "config.yaml"),
            **{f"TALLY_METRICS__{kind}_PORT": "0" for kind in ("WORKER", "SCHEDULER", "RECORDER")},
        }
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "backend.cli.main", *words],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        started.append(process)
        return process

    yield begin
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)


def test_jobs_upkeep_and_commands_run_and_nothing_is_denied(
    acl_server: Path, record_url: str, start: Start, tmp_path: Path
) -> None:
    admin = login(acl_server, "admin")
    admin.flushall()
    deploy = Platform(load_settings(redis_url=url_of(acl_server, "tally-deploy")))
    deploy.load_library()
    admin.execute_command("ACL", "LOG", "RESET")
    for account, *words in (
        ("tally-clock", "scheduler"),
        ("tally-clock", "recorder"),
        # One process for every lane: each lane has the same rights.
        ("tally-worker", "worker", "--together"),
    ):
        start(account, *words)
    parts = Platform(
        load_settings(redis_url=url_of(acl_server, "tally-api"), database_url=record_url)
    )
    queue = parts.queue_service

    kinds = ("log_message", "check_workers", "cleanup", "prune_history", "reconcile")
    ids = {kind: queue.enqueue_job(kind, {}) for kind in kinds}
    ended = {kind: queue.wait(job_id, 300) for kind, job_id in ids.items()}
    reconciled = start("tally-operator", "reconcile").wait(300)

    said = (tmp_path / "log").read_text()
    assert {kind: job.state for kind, job in ended.items()} == dict.fromkeys(
        kinds, JobState.FINISHED
    ), said
    assert reconciled == 0, said
    denied = [(entry["username"], entry["object"]) for entry in admin.acl_log()]
    assert denied == []
    parts.close()
