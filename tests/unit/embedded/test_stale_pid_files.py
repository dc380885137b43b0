"""A pid file that a crash left, and one of a Postgres that really runs."""

from __future__ import annotations

import os
import subprocess

import pytest

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.postgres_data import clear_stale_pid_file


@pytest.mark.parametrize(
    "text",
    ["", "not a number", "999999999\n", f"{os.getpid()}\n/data\n"],
    ids=["empty", "words", "nobody", "a stranger"],
)
def test_a_pid_file_of_no_postgres_here_is_removed(tmp_path, text):
    (tmp_path / "postmaster.pid").write_text(text)

    clear_stale_pid_file(tmp_path / "postmaster.pid")
    clear_stale_pid_file(tmp_path / "postmaster.pid")

    assert list(tmp_path.iterdir()) == []


def test_a_postgres_started_by_other_means_is_left_alone(tmp_path):
    foreign = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, cwd=tmp_path)
    (tmp_path / "postmaster.pid").write_text(f"{foreign.pid}\n")

    with pytest.raises(EmbeddedServerError, match=f"kill -INT {foreign.pid}"):
        clear_stale_pid_file(tmp_path / "postmaster.pid")

    assert (tmp_path / "postmaster.pid").exists()
    foreign.kill()
    foreign.communicate()
