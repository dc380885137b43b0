"""When a process takes no more jobs."""

from __future__ import annotations

import pytest

from workers.runtime.supervision.retirement import Condition, RetirementLimits, reason_to_retire

_FINE = Condition(
    jobs_done=10, rss_bytes=100 * 1024 * 1024, has_forsaken_slot=False, is_asked=False
)


@pytest.mark.parametrize(
    ("limits", "now", "reason"),
    [
        (RetirementLimits(), _FINE, ""),
        (RetirementLimits(jobs=11, memory_mb=100), _FINE, ""),
        (RetirementLimits(jobs=10), _FINE, "jobs"),
        (RetirementLimits(jobs=10), _FINE._replace(is_put_off=True), ""),
        (RetirementLimits(jobs=10, memory_mb=99), _FINE._replace(is_put_off=True), "memory"),
        (RetirementLimits(), _FINE._replace(is_put_off=True, is_asked=True), "asked"),
        (RetirementLimits(memory_mb=99), _FINE, "memory"),
        (RetirementLimits(), _FINE._replace(has_forsaken_slot=True), "hung"),
        (RetirementLimits(), _FINE._replace(is_asked=True), "asked"),
    ],
)
def test_a_process_retires_for_the_first_reason_there_is(
    limits: RetirementLimits, now: Condition, reason: str
) -> None:
    assert reason_to_retire(limits, now) == reason


@pytest.mark.parametrize(
    ("holds_mb", "limit_mb", "replaced_above_mb"),
    [
        (100, 1024, 1024),
        (819, 1024, 1024),
        (900, 1024, 1105),
        (1200, 1024, 1405),
        (5000, 0, 0),
    ],
)
def test_a_process_that_is_large_before_its_first_job_is_judged_by_what_it_grows(
    holds_mb: int, limit_mb: int, replaced_above_mb: int
) -> None:
    limits = RetirementLimits(jobs=7, memory_mb=limit_mb)

    assert limits.above(holds_mb * 1024 * 1024) == (7, replaced_above_mb)
