"""`tally worker --reload`: new code takes over, jobs are given back, uncharged."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.development.watching import watch
from backend.domain.errors import ConfigurationError
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.development.dev_process import Project, Running


@pytest.fixture
def project(tmp_path: Path, servers: Servers) -> Project:
    """A project on the Redis of this session, under a prefix of its own."""
    found = Project(tmp_path, REDIS_URL=servers.redis_url, TALLY_REDIS__PREFIX="reloading")
    _platform(servers).load_library()
    return found


@pytest.fixture
def worker(project: Project) -> Iterator[Running]:
    """Workers of its lane that start again."""
    running = Running(project, "worker", "default", "--reload")
    running.says("worker.started")
    yield running
    running.end()


def _platform(servers: Servers) -> Platform:
    return Platform(load_settings(redis_url=servers.redis_url, redis={"prefix": "reloading"}))


def test_new_code_takes_over(project: Project, worker: Running) -> None:
    assert project.answer() == "first"

    project.write("second")

    worker.says("answers.py changed")
    worker.says("worker.started", times=2)
    assert project.answer() == "second"


def test_a_job_that_runs_is_given_back_uncharged(
    project: Project, worker: Running, servers: Servers, tmp_path: Path
) -> None:
    asked = project.run(
        "-c",
        f"from answers import linger; print(linger.delay(file={str(tmp_path / 'began')!r}).id)",
    )
    job_id = asked.stdout.strip()
    eventually((tmp_path / "began").exists, timeout=30, show=lambda: asked.stderr + worker.said())
    (tmp_path / "began").unlink()

    project.write("second")

    eventually((tmp_path / "began").exists, timeout=30, show=worker.said)
    job = _platform(servers).queue_service.get_job(job_id)
    assert (job.attempt, job.failures) == (2, 0)
    worker.interrupt()
    worker.interrupt()
    assert worker.process.wait(120) == 0


def test_in_production_it_refuses(project: Project) -> None:
    project.environment["TALLY_ENV"] = "production"

    refused = project.run("-m", "backend.cli.main", "worker", "--reload")

    assert refused.returncode == 1
    assert "--reload is not for production" in refused.stderr


def test_a_folder_that_is_none_is_named(project: Project) -> None:
    refused = project.run("-m", "backend.cli.main", "worker", "--reload", "--watch=nowhere")

    assert refused.returncode == 1
    assert "nowhere cannot be watched: it is no folder" in refused.stderr


def test_without_watchfiles_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)

    with pytest.raises(
        ConfigurationError, match=r"needs watchfiles: pip install 'tally-queue\[dev"
    ):
        watch([tmp_path], lambda _: None, needed_by="--reload")
