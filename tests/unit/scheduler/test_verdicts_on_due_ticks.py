"""What becomes of ticks that are due: on time, late, missed, or in the way of each other."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.domain.schedules.schedule import MissedRuns
from backend.domain.schedules.schedule_tick import TickOutcome
from backend.domain.schedules.schedule_verdict import CatchUpRules, judge
from tests.unit.scheduler.builders import NOON, schedule

RULES = CatchUpRules(missed_after=30, most=100)
MINUTE = timedelta(minutes=1)
RAN, MISSED, SKIPPED = TickOutcome.PLANNED, TickOutcome.MISSED, TickOutcome.SKIPPED


def outcomes(
    policy: str, ticks: list[datetime], now: datetime, *, later: int = 0, **more: object
) -> list[TickOutcome]:
    verdicts = judge(schedule(missed_runs=policy, **more), ticks, later, now, rules=RULES)
    return [tick.outcome for tick in verdicts]


@pytest.mark.parametrize("policy", list(MissedRuns))
def test_a_tick_that_is_on_time_or_a_little_late_runs(policy: str) -> None:
    assert outcomes(policy, [NOON], NOON) == [RAN]
    assert outcomes(policy, [NOON], NOON + timedelta(seconds=30)) == [RAN]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("skip", [MISSED] * 5),
        ("last", [MISSED] * 4 + [RAN]),
        ("all", [RAN] * 5),
    ],
)
def test_after_a_stop_over_five_ticks_the_policy_says_how_many_run(
    policy: str, expected: list[TickOutcome]
) -> None:
    ticks = [NOON + MINUTE * number for number in range(5)]

    assert outcomes(policy, ticks, ticks[-1] + timedelta(seconds=40)) == expected


def test_last_runs_nothing_for_the_missed_when_a_tick_is_on_time_again() -> None:
    ticks = [NOON + MINUTE * number for number in range(5)]

    assert outcomes("last", ticks, ticks[-1]) == [MISSED] * 4 + [RAN]


def test_all_makes_up_for_the_newest_hundred() -> None:
    ticks = [NOON + MINUTE * number for number in range(250)]

    runs = outcomes("all", ticks, ticks[-1] + MINUTE)

    assert runs == [MISSED] * 150 + [RAN] * 100


def test_a_missed_tick_says_how_late_it_was_and_why_it_does_not_run() -> None:
    tick = judge(schedule(missed_runs="skip"), [NOON], 0, NOON + MINUTE, rules=RULES)[0]

    assert tick.reason == "nobody fired it for 60 s, and missed runs are skipped"
    assert tick.job_id == ""


@given(
    policy=some.sampled_from(list(MissedRuns)),
    count=some.integers(1, 260),
    cut=some.integers(0, 260),
    late=some.integers(0, 300),
)
def test_looking_in_pieces_comes_to_the_same_as_looking_once(
    policy: MissedRuns, count: int, cut: int, late: int
) -> None:
    ticks = [NOON + MINUTE * number for number in range(count)]
    now, cut = ticks[-1] + timedelta(seconds=late), min(cut, count)

    pieces = outcomes(policy, ticks[:cut], now, later=min(count - cut, RULES.most))
    pieces += outcomes(policy, ticks[cut:], now)

    assert pieces == outcomes(policy, ticks, now)


def test_a_tick_is_skipped_while_an_earlier_job_runs() -> None:
    tick = judge(schedule(overlap="skip"), [NOON], 0, NOON, rules=RULES, busy="job x is started")[0]

    assert tick.outcome is SKIPPED
    assert tick.reason == "job x is started"


def test_ticks_made_up_for_together_do_not_overlap_either() -> None:
    ticks = [NOON + MINUTE * number for number in range(3)]

    assert outcomes("all", ticks, ticks[-1], overlap="skip") == [RAN, SKIPPED, SKIPPED]
    assert outcomes("all", ticks, ticks[-1], overlap="allow") == [RAN] * 3


def test_jitter_is_no_lateness() -> None:
    jittered = schedule(missed_runs="skip", interval=3600.0, jitter=600.0)
    due_at = judge(jittered, [NOON], 0, NOON, rules=RULES)[0].due_at

    on_time = judge(jittered, [NOON], 0, due_at, rules=RULES)[0]

    assert due_at > NOON
    assert on_time.outcome is RAN
