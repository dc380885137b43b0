"""Short forms of the drills; `tally drill` runs the long ones.

Each harm's blows fall once, those of `everything` as well; ``TALLY_TEST_DRILL=full`` adds long ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.drills.drill import run_drill
from backend.drills.harms import HARMS

FULL = os.environ.get("TALLY_TEST_DRILL") == "full"
#: Jobs and blows; those not named here are short: each blow once.
LONG = {"workers": (5000, 20), "everything": (5000, 60)} if FULL else {}
#: What must be in the log of the processes, or of Postgres, or the blow missed.
SEEN = {
    "starting": ("store.waiting",),
    "recycled": ('"reason": "asked"',),
    "hungry": ('"reason": "memory"',),
    "postgres": (
        "cannot execute INSERT in a read-only transaction",
        "too many clients already",
        "canceling statement due to lock timeout",
        "No space left on device",
    ),
}
SHORT = ("refused", "starting", "everybody-stopped", "recycled", "hungry", "mute", "postgres")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("harm", [*SHORT, "everything", *(["workers"] if FULL else [])])
def test_nothing_is_lost_stuck_or_out_of_balance(tmp_path: Path, harm: str) -> None:
    said: list[str] = []
    jobs, blows = LONG.get(harm, (40 * len(HARMS[harm].blows) + 40, len(HARMS[harm].blows)))

    report = run_drill(
        tmp_path, harm=harm, jobs=jobs, blows=blows, seed=7, say=said.append, hold_seconds=1.5
    )

    logs = [tmp_path / "log", tmp_path / "state" / "log" / "postgres.log"]
    log = "".join(path.read_text() for path in logs if path.exists())
    assert report.passed, (report, said, log[-4000:])
    assert report.finished == report.accepted >= jobs
    assert [word for word in SEEN.get(harm, ()) if word not in log] == []
    if harm == "refused":
        assert set(report.refusals) >= {"NOREPLICAS", "MISCONF", "BUSY", "READONLY"}
