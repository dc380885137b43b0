"""A program that uses the stores of `tally dev` untold follows them to the next one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.api.config import dev_stores, settings_file
from backend.api.config import settings as settings_of_process
from backend.api.config.dev_stores import DevStores
from backend.api.config.left_by_dev import OWNER
from backend.api.config.settings import default_settings, load_settings
from backend.bootstrap import current

_DEFAULT = "redis://127.0.0.1:6379/0"
_FIRST, _SECOND = "unix:///tmp/first/redis.sock?db=0", "unix:///tmp/second/redis.sock?db=0"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project, and a process that has read no settings yet."""
    for name in list(os.environ):
        if name.startswith(("TALLY_", "REDIS_", "DATABASE_", "JOB_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(settings_file, "_CHECKOUT", tmp_path / "nowhere")
    monkeypatch.setattr(dev_stores, "_PAUSE", 0.0)
    monkeypatch.chdir(tmp_path)
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    for known in (default_settings, current.platform_of_settings, current._dev_stores):
        known.cache_clear()


def _dev_starts(project: Path, url: str) -> None:
    (project / ".tally").mkdir(exist_ok=True)
    left = f"{OWNER.format(pid=os.getpid())}export REDIS_URL='{url}'\n"
    (project / ".tally" / "env").write_text(left)


def _used() -> str:
    return current.platform().settings.redis_url


def test_one_that_was_there_first_uses_them_from_then_on(project: Path) -> None:
    assert _used() == _DEFAULT

    _dev_starts(project, _FIRST)

    assert _used() == _FIRST


def test_it_follows_to_the_next_and_waits_for_it_meanwhile(project: Path) -> None:
    _dev_starts(project, _FIRST)
    before = current.platform()
    assert before.settings.redis_url == _FIRST

    (project / ".tally" / "env").unlink()
    assert current.platform() is before

    _dev_starts(project, _SECOND)
    assert _used() == _SECOND
    assert current.platform() is current.platform()


@pytest.mark.parametrize("name", ["REDIS_URL", "TALLY_ENV"])
def test_one_that_was_told_stays(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, {"REDIS_URL": "redis://own/1", "TALLY_ENV": "production"}[name])
    before = current.platform()

    _dev_starts(project, _FIRST)

    assert current.platform() is before


def test_one_whose_settings_another_process_told_stays(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _dev_starts(project, _FIRST)
    monkeypatch.setattr(settings_of_process, "_handed_on", [load_settings()])
    before = current.platform()

    _dev_starts(project, _SECOND)

    assert current.platform() is before


def test_files_are_asked_for_once_a_second(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev_stores, "_PAUSE", 1.0)
    at = 0.0
    stores = DevStores(load_settings(), now=lambda: at)
    _dev_starts(project, _FIRST)

    at = 0.9
    assert not stores.have_moved()
    at = 1.0
    assert stores.have_moved()
