"""The benchmark runs from its first line to its file, on real servers, with few jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_SERVERS = ["default settings", "as shipped", "embedded"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """One round of each kind of measurement, as it is written for the page."""
    written = tmp_path_factory.mktemp("run") / "figures.json"
    words = ("--rows", "enqueue,pickup,memory", "--rounds", "1", "--scale", "0.002")
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.side_by_side", *words, "--json", str(written)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(written.read_text())


def test_every_server_gives_a_figure_for_every_row(run: dict) -> None:
    names = {"Tally", "Tally, as shipped", "Tally, embedded"}

    assert run["skipped"] == {}
    assert {row for row, by in run["rows"].items() if set(by) != names} == set()
    assert {"enqueue", "pickup_p99", "waiting_bytes", "memory_all"} <= set(run["rows"])


def test_the_settings_of_the_servers_are_told(run: dict) -> None:
    told = [run["servers"][name] for name in _SERVERS]

    assert [facts["hash-max-listpack-value"] for facts in told] == ["64", "1024", "1024"]
    assert [facts["hz"] for facts in told] == ["10", "10", "10"]
    assert {facts["appendonly"] for facts in told} == {"yes"}
    assert all(facts["allocator"] for facts in told)


def test_a_waiting_job_is_smaller_where_hashes_stay_compact(run: dict) -> None:
    of = {name: values[0] for name, values in run["rows"]["waiting_bytes"].items()}

    assert of["Tally, as shipped"] < of["Tally"]
