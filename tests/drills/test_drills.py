"""Short forms of the drills; `tally drill` runs the long ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.drills.drill import run_drill


@pytest.mark.parametrize(
    ("harm", "jobs", "blows"),
    [
        ("workers", 1000, 4),
        ("everything", 1000, 6),
    ],
)
def test_nothing_is_lost_stuck_or_out_of_balance(
    tmp_path: Path, harm: str, jobs: int, blows: int
) -> None:
    said: list[str] = []

    report = run_drill(tmp_path, harm=harm, jobs=jobs, blows=blows, seed=7, say=said.append)

    assert report.passed, (report, said, (tmp_path / "log").read_text()[-4000:])
    assert report.finished == report.accepted == jobs
