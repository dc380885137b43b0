"""Folders of counts: one for each family of processes, none that stays behind for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from backend.telemetry.metrics.count_folder import CountFile
from backend.telemetry.metrics.count_places import clear_abandoned, new_count_folder


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def _in_a_while() -> float:
    return time.time() + 3600


def test_a_folder_ends_with_its_block(tmp_path: Path) -> None:
    with new_count_folder() as folder:
        assert folder.parent == tmp_path

    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_process_left_is_cleared(tmp_path: Path) -> None:
    left = tmp_path / "tally-counts-left"
    left.mkdir()
    CountFile(left).close()
    (left / "ended.sum").write_text("{}")

    clear_abandoned(tmp_path, now=_in_a_while())

    assert not left.exists()


def test_what_a_living_process_uses_stays(tmp_path: Path) -> None:
    used = tmp_path / "tally-counts-used"
    used.mkdir()
    file = CountFile(used)
    with new_count_folder() as own:
        clear_abandoned(tmp_path, now=_in_a_while())

        assert used.exists()
        assert own.exists()
    file.close()


def test_what_is_too_new_for_a_lock_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    new = tmp_path / "tally-counts-new"
    other = tmp_path / "something-else"
    for folder in (new, other):
        folder.mkdir()
    os.utime(other, (0, 0))

    clear_abandoned(tmp_path, now=time.time())

    assert new.exists()
    assert other.exists()
