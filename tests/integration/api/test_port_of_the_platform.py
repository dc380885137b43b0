"""`tally api` listens where a platform looks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.free_port import free_port
from tests.unit.telemetry.scrape import fetch


def _started(folder: Path, *words: str, **environment: str) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "backend.cli.main", "api", *words],
            env={**os.environ, "REDIS_URL": "unix:///nowhere", **environment},
            stdout=log, stderr=log,
        )  # fmt: skip


@pytest.mark.parametrize("asked_by", ["platform", "setting", "option"])
def test_port_is_the_platforms_unless_somebody_says_more(tmp_path: Path, asked_by: str) -> None:
    port = free_port()
    environment, words = {"PORT": str(port)}, []
    if asked_by == "setting":
        environment = {"PORT": "1", "TALLY_API__PORT": str(port)}
    elif asked_by == "option":
        environment, words = {"PORT": "1", "TALLY_API__PORT": "1"}, ["--port", str(port)]

    process = _started(tmp_path, *words, **environment)
    try:
        eventually(lambda: _answers(port), timeout=30, show=(tmp_path / "log").read_text)
    finally:
        process.terminate()
        process.wait(120)


def test_a_port_that_is_no_number_is_told(tmp_path: Path) -> None:
    process = _started(tmp_path, PORT="tcp://10.0.0.1:80")

    assert process.wait(60) == 1
    assert (
        "PORT is 'tcp://10.0.0.1:80': it must be a number up to 65535"
        in (tmp_path / "log").read_text()
    )


def _answers(port: int) -> bool:
    try:
        return fetch(port, "/healthz")[0] == 200
    except OSError:
        return False
