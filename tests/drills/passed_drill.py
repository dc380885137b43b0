"""Short forms of the drills; `tally drill` runs the long ones.

Each blow of a harm falls once; ``TALLY_TEST_DRILL=full`` makes some long.
"""

from __future__ import annotations

import os
from pathlib import Path

from backend.drills.blows.hurting_postgres import DISK_FULL, LOCK_TIMEOUT, NO_CONNECTION, READ_ONLY
from backend.drills.drill import run_drill
from backend.drills.harms import HARMS

FULL = os.environ.get("TALLY_TEST_DRILL") == "full"
#: Jobs and blows of those that are not short.
_LONG = {"workers": (5000, 20), "everything": (5000, 60)} if FULL else {}
#: What must be in the log of the processes, or of Postgres, or the blow missed.
_SEEN = {
    "async": ("loop.blocked", '"job_type": "drill_block"', "worker.rescued"),
    "starting": ("store.waiting",),
    "recycled": ('"reason": "asked"',),
    "hungry": ('"reason": "memory"',),
    "postgres": (
        READ_ONLY,
        NO_CONNECTION,
        LOCK_TIMEOUT,
        DISK_FULL,
    ),
}
#: What Redis must have refused.
_REFUSED = {"refused": {"NOREPLICAS", "MISCONF", "BUSY", "READONLY", "OOM"}}


def drill_and_pass(folder: Path, harm: str) -> None:
    """Runs a drill; fails unless every promise held, and unless the harm was felt."""
    said: list[str] = []
    blows = len(HARMS[harm].blows)
    jobs, blows = _LONG.get(harm, (40 * blows + 40, blows))

    report = run_drill(
        folder,
        harm=harm,
        jobs=jobs,
        blows=blows,
        seed=7,
        say=said.append,
        hold_seconds=1.5,
        # A worker process that the machine keeps from running for seconds has ended of no blow.
        lease_seconds=10,
    )

    logs = [folder / "log", folder / "state" / "log" / "postgres.log"]
    log = "".join(path.read_text() for path in logs if path.exists())
    assert report.passed, (report, said, log[-4000:])
    assert report.finished == report.accepted >= jobs
    missed = [word for word in _SEEN.get(harm, ()) if word not in log]
    assert missed == [], (missed, said)
    assert _REFUSED.get(harm, set()) <= set(report.refusals)
