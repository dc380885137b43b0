"""Short forms of the drills; `tally drill` runs the long ones.

One blow of each kind and two against workers; ``TALLY_TEST_DRILL=full`` adds twenty kills of workers alone.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.drills.drill import run_drill

FULL = os.environ.get("TALLY_TEST_DRILL") == "full"
#: Seven blows: after the sixth, the list of harms begins again with a worker's death.
DRILLS = [("workers", 5000, 20), ("everything", 5000, 24)] if FULL else [("everything", 800, 7)]


@pytest.mark.timeout(600 if FULL else 120)
@pytest.mark.parametrize(("harm", "jobs", "blows"), DRILLS)
def test_nothing_is_lost_stuck_or_out_of_balance(
    tmp_path: Path, harm: str, jobs: int, blows: int
) -> None:
    said: list[str] = []

    report = run_drill(tmp_path, harm=harm, jobs=jobs, blows=blows, seed=7, say=said.append)

    assert report.passed, (report, said, (tmp_path / "log").read_text()[-4000:])
    assert report.finished == report.accepted == jobs
