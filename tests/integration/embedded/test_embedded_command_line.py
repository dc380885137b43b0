"""``python -m backend.embedded``: servers that stay when the command has ended."""

from __future__ import annotations

import shlex

import pytest

from backend.embedded.state.state_directory import StateDirectory


@pytest.fixture
def command(other_process, state_dir):
    def run(*words):
        process = other_process("-m", "backend.embedded", *words, "--state-dir", state_dir)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    return run


def test_start_leaves_servers_behind_and_prints_their_urls(command, state_dir):
    code, output = command("start")

    exported = dict(word.split("=", 1) for word in shlex.split(output) if "=" in word)
    redis_server, postgres_server = StateDirectory(state_dir).servers()
    assert code == 0
    assert exported == {"REDIS_URL": redis_server.url, "DATABASE_URL": postgres_server.url}
    assert redis_server.answers()
    assert postgres_server.answers()


def test_status_and_stop_tell_what_runs(command):
    assert command("status") == (3, "nothing is running\n")
    assert command("stop") == (0, "nothing was running\n")

    command("start", "--redis-only")
    code, output = command("status")

    assert code == 0
    assert output.startswith("Redis: ")
    assert command("stop") == (0, "stopped: Redis\n")
    assert command("status") == (3, "nothing is running\n")
