"""The stores of a `tally dev` that runs in a project are used there, unless anybody says something else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.api.config import settings_file
from backend.api.config.left_by_dev import OWNER
from backend.api.config.settings import load_settings
from backend.cli.reference.setting_sources import settings_in_force

_REDIS, _POSTGRES = "unix:///tmp/of dev/redis.sock?db=0", "postgresql+psycopg2://dev/jobs"
_DEFAULT = "redis://127.0.0.1:6379/0"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which this process is such a `tally dev`."""
    for name in list(os.environ):
        if name.startswith(("TALLY_", "REDIS_", "DATABASE_", "JOB_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(settings_file, "_CHECKOUT", tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tally.toml").write_text("max_payload_bytes = 777\n")
    _leave(tmp_path, os.getpid())
    return tmp_path


def _leave(project: Path, pid: int) -> None:
    (project / ".tally").mkdir(exist_ok=True)
    (project / ".tally" / "env").write_text(
        f"{OWNER.format(pid=pid)}export REDIS_URL='{_REDIS}'\nexport DATABASE_URL={_POSTGRES}\n"
        "export TALLY_JOB_PACKAGES=other\n"
    )


def test_they_are_used_where_nothing_names_others() -> None:
    settings = load_settings()

    assert (settings.redis_url, settings.database_url) == (_REDIS, _POSTGRES)
    assert (settings.max_payload_bytes, settings.job_packages) == (777, ())


def test_they_are_found_from_any_folder_of_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "shop" / "web").mkdir(parents=True)
    monkeypatch.chdir(project / "shop" / "web")

    assert load_settings().redis_url == _REDIS


def test_the_file_goes_before_them(project: Path) -> None:
    (project / "tally.toml").write_text('redis_url = "redis://file/1"\n')

    settings = load_settings()

    assert (settings.redis_url, settings.database_url) == ("redis://file/1", _POSTGRES)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "JOB_QUEUE_DATABASE_URL"])
def test_the_environment_goes_before_them(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "postgresql+psycopg2://own/jobs")

    settings = load_settings()

    assert (settings.redis_url, settings.database_url) == (_REDIS, "postgresql+psycopg2://own/jobs")


def test_in_production_they_are_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_ENV", "production")

    assert load_settings().redis_url == _DEFAULT


def test_those_of_a_process_that_has_ended_are_nothing(project: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    _leave(project, ended.pid)

    assert load_settings().redis_url == _DEFAULT


def test_a_file_without_an_owner_is_nothing(project: Path) -> None:
    (project / ".tally" / "env").write_text(f"export REDIS_URL={_REDIS}\n")

    assert load_settings().redis_url == _DEFAULT


@pytest.mark.parametrize("rest", [b"export REDIS_URL='redis://x\n", b"\xff\xfe"])
def test_a_file_that_is_broken_is_nothing(project: Path, rest: bytes) -> None:
    (project / ".tally" / "env").write_bytes(OWNER.format(pid=os.getpid()).encode() + rest)

    assert load_settings().redis_url == _DEFAULT


def test_settings_that_are_shown_say_so() -> None:
    found = {row.name: row.source for row in settings_in_force(load_settings(), os.environ)}

    assert found["redis_url"] == "tally dev"
    assert found["max_payload_bytes"] == "tally.toml"
    assert found["read_url"] == "default"


def test_what_somebody_else_left_is_not_read(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = (project / ".tally" / "env").stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)

    assert load_settings().redis_url == _DEFAULT
