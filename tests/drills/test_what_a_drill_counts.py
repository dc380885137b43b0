"""A drill passes only when each job did what it was accepted for, and what was asked was done to it."""

from __future__ import annotations

from typing import Any

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform

HOUR = 3600
DRILL_JOBS: dict[str, dict[str, Any]] = {
    "drill_effect": {"file": "-", "seconds": 0},
    "drill_hoard": {"file": "-", "seconds": 0, "megabytes": 1},
    "drill_wait": {"file": "-", "seconds": 0, "gate": "-"},
    "drill_block": {"file": "-", "seconds": 0},
}


@pytest.mark.parametrize("job_type", sorted(DRILL_JOBS))
def test_what_has_ended_is_still_there_when_a_long_drill_counts(
    monkeypatch: pytest.MonkeyPatch, job_type: str
) -> None:
    monkeypatch.setenv("TALLY_REDIS__RESULT_TTL", "1")
    settings: Any = load_settings(job_packages="backend.drills.jobs")

    request = {"job_type": job_type, "payload": DRILL_JOBS[job_type]}
    job = Platform(settings).intake.check_request(request)

    # 10,000 blows, each with a refusal of an hour.
    assert job.result_ttl > 300 * 24 * HOUR
