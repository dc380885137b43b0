"""``tally quickstart --fresh`` throws away what earlier starts made, whatever folder it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.domain.errors import ConfigurationError
from backend.quickstart.stack import Stack
from tests.unit.cli.typed import typed

#: What a start makes itself, with the stores of others and with its own.
_MADE = (
    "log/api.log",
    "artifacts/report.pdf",
    "backups/tally.dump",
    "redis/dump.rdb",
    "token",
    "env",
)


@contextmanager
def _start(folder: Path) -> Iterator[Stack]:
    stack = Stack(folder)
    stack.hold()
    yield stack
    stack.stop()


def _make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n")


def _left(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_what_earlier_starts_made_is_gone(tmp_path: Path) -> None:
    with _start(tmp_path):
        _make(tmp_path, *_MADE)

    with _start(tmp_path) as again:
        assert again.clear() == []

    assert _left(tmp_path) <= {"in-use", "start.lock"}


def test_what_others_keep_beside_it_stays(tmp_path: Path) -> None:
    _make(tmp_path, "mine", "src/main.py", ".gitignore")
    with _start(tmp_path):
        _make(tmp_path, *_MADE)

    with _start(tmp_path) as again:
        assert again.clear() == []

    assert _left(tmp_path) - {"in-use", "start.lock"} == {"mine", "src/main.py", ".gitignore"}


def test_what_was_there_before_the_first_start_stays_under_names_that_starts_use(
    tmp_path: Path,
) -> None:
    theirs = {"backups/of-years.dump", "redis/redis.conf", "log/own.log"}
    _make(tmp_path, *theirs)
    for _ in range(2):
        with _start(tmp_path):
            _make(tmp_path, "token", "artifacts/report.pdf")

    with _start(tmp_path) as again:
        assert again.clear() == ["backups", "log", "redis"]

    assert theirs <= _left(tmp_path)
    assert not (tmp_path / "artifacts").exists()


def test_the_first_start_of_all_throws_nothing_away(tmp_path: Path) -> None:
    _make(tmp_path, "artifacts/report.pdf", "log/own.log")

    with _start(tmp_path) as first:
        assert first.clear() == ["artifacts", "log"]

    assert {"artifacts/report.pdf", "log/own.log"} <= _left(tmp_path)


def test_pid_files_of_workers_that_may_live_stay(tmp_path: Path) -> None:
    with _start(tmp_path):
        _make(tmp_path, "run/workers-1.pid")

    with _start(tmp_path) as again:
        again.clear()

    assert "run/workers-1.pid" in _left(tmp_path)


@pytest.mark.parametrize("name", ["env", "token"])
def test_a_folder_where_a_start_would_write_over_a_file_of_others_is_refused(
    tmp_path: Path, name: str
) -> None:
    _make(tmp_path, name)

    with pytest.raises(ConfigurationError, match=f"no start of Tally made {name} in "):
        Stack(tmp_path).hold()

    assert (tmp_path / name).read_text() == f"{name}\n"
    assert _left(tmp_path) == {name}


def test_a_virtual_environment_is_of_others_too(tmp_path: Path) -> None:
    _make(tmp_path, "env/bin/python")

    ended = typed("quickstart", "--fresh", "--state-dir", str(tmp_path), folder=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr.startswith("tally: no start of Tally made env in ")
    assert _left(tmp_path) == {"env/bin/python"}


@pytest.mark.parametrize(
    ("name", "text"),
    [("env", "export REDIS_URL=redis://127.0.0.1/0\n"), ("token", "tally_key_of_earlier\n")],
)
def test_what_a_release_without_a_sign_of_its_starts_left_is_ours(
    tmp_path: Path, name: str, text: str
) -> None:
    _make(tmp_path, "artifacts/report.pdf")
    (tmp_path / name).write_text(text)

    with _start(tmp_path) as again:
        assert again.clear() == []

    assert _left(tmp_path) <= {"in-use", "start.lock"}
