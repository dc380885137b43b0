"""The pid file of a supervisor: whole at every moment, and told in a line where it cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.domain.errors import ConfigurationError
from workers.runtime.supervision.pid_file import noted


def test_it_holds_the_number_of_the_process_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "pid"

    with noted(str(path)):
        assert path.read_text() == f"{os.getpid()}\n"

    assert list(tmp_path.iterdir()) == []


def test_who_reads_it_as_it_is_written_finds_no_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("12345\n")

    with path.open() as reader, noted(str(path)):
        assert reader.read() == "12345\n"


@pytest.mark.parametrize(("name", "why"), [("no/pid", "No such file"), (".", "Is a directory")])
def test_one_that_cannot_be_written_is_told(tmp_path: Path, name: str, why: str) -> None:
    path = tmp_path / name

    with (
        pytest.raises(ConfigurationError, match=f"pid file {path} cannot be written: {why}"),
        noted(str(path)),
    ):
        raise AssertionError("it went on")

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pid"
    path.write_text("12345\n")
    monkeypatch.setattr(Path, "replace", _refuse)

    with pytest.raises(ConfigurationError, match="No space left"), noted(str(path)):
        raise AssertionError("it went on")

    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("pid", "12345\n")]


def test_a_device_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    with noted(str(pipe)):
        assert os.read(reader, 100) == f"{os.getpid()}\n".encode()

    os.close(reader)
    assert pipe.is_fifo()


def _refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")
