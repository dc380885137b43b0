"""Each sign at its boundary, and what it tells people to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backend.domain.errors import QueueFull, QueueUnavailable, Unavailable
from backend.domain.history.history_ports import StreamLag
from backend.domain.jobs.pause import Pause
from backend.services.health.health_situation import Severity
from tests.unit.services.situations import (
    ago,
    attempts,
    codes,
    late,
    of_type,
    queue,
    running,
    signs,
    worker,
)


def test_where_all_is_well_there_is_no_sign() -> None:
    assert codes(queues=[queue(queued=3, oldest_enqueued_at=ago(1))]) == []


@pytest.mark.parametrize(
    ("refusal", "goes_on"),
    [
        (QueueUnavailable("its disk is full"), "accepted or started, and all processes wait"),
        (QueueFull("its memory is full"), "accepted; those that are there go on"),
    ],
)
def test_a_redis_that_refuses_is_told_with_what_goes_on(refusal: Unavailable, goes_on: str) -> None:
    [sign] = signs(redis_refuses=refusal)

    assert (sign.code, sign.severity) == ("redis_refuses", Severity.CRITICAL)
    assert sign.text == f"no job is {goes_on}: {refusal}"


@pytest.mark.parametrize("workers", [[], [worker("normal", state="lost")]])
def test_without_a_live_worker_one_sign_says_so_for_all_queues(workers: list[Any]) -> None:
    found = signs(workers=workers, queues=[queue("high", 2), queue("low", 1)])
    sign = found[0]

    assert [each.code for each in found].count("no_worker") == 1
    assert (sign.code, sign.severity, sign.subject) == ("no_worker", Severity.CRITICAL, "")
    assert sign.text == (
        "no worker is alive; 3 jobs wait, and those that come in will wait: "
        "./scripts/workers/start-workers.sh all"
    )


def test_without_a_live_worker_there_is_a_sign_though_nothing_waits() -> None:
    [sign] = signs(workers=[])

    assert sign.text == (
        "no worker is alive; jobs that come in will wait: ./scripts/workers/start-workers.sh all"
    )


def test_a_queue_that_holds_jobs_and_nobody_serves_names_its_lane() -> None:
    [sign] = signs(queues=[queue("low:export", 1), queue("low:email"), queue("low", 1)])

    assert (sign.code, sign.subject) == ("no_worker", "low:export")
    assert sign.text.startswith("1 job waits in low:export and")
    assert sign.text.endswith("start-workers.sh export")


@pytest.mark.parametrize(("waited", "found"), [(300, []), (301, ["backlog"])])
def test_the_oldest_job_may_wait_for_five_minutes(waited: float, found: list[str]) -> None:
    assert codes(queues=[queue(queued=1, oldest_enqueued_at=ago(waited))]) == found


@pytest.mark.parametrize(
    ("pause", "text"),
    [
        (
            Pause("queue:normal", "ada", "the disk is full", ago(2220)),
            (
                "the queue normal has been paused by ada for 37 min (the disk is full); 98 jobs wait: "
                "tally queues resume normal"
            ),
        ),
        (
            Pause("lane:default", "ada", "", ago(90)),
            (
                "the lane default has been paused by ada for 90 s; 98 jobs wait: "
                "tally queues resume lane:default"
            ),
        ),
        (
            Pause("type:charge_card", "ada", "", ago(2220), parked=98),
            (
                "the job type charge_card has been paused by ada for 37 min; 98 jobs wait: "
                "tally queues resume type:charge_card"
            ),
        ),
        (
            Pause("queue:normal"),
            "the queue normal is paused; 98 jobs wait: tally queues resume normal",
        ),
        (Pause("all"), "everything is suspended by RQ; 98 jobs wait: rq resume"),
    ],
    ids=lambda each: each.what if isinstance(each, Pause) else "",
)
def test_a_pause_with_jobs_behind_it_is_the_one_sign_of_their_wait(pause: Pause, text: str) -> None:
    parked = pause.parked
    waits = queue(queued=98, oldest_enqueued_at=ago(2220), paused=not parked, parked=parked)

    [sign] = signs(queues=[waits], pauses=[pause], waited_before={})

    assert sign == ("paused", Severity.WARNING, text, pause.what)


def test_a_pause_with_nothing_behind_it_is_no_sign() -> None:
    pauses = [Pause("queue:normal", "ada"), Pause("lane:email"), Pause("type:charge_card")]

    assert codes(queues=[queue(), queue("low", queued=3)], pauses=pauses) == []


def test_jobs_in_line_beside_those_of_a_paused_type_have_a_sign_of_their_own() -> None:
    waits = queue(queued=98, oldest_enqueued_at=ago(720), parked=90)

    [pause, backlog] = signs(queues=[waits], pauses=[Pause("type:charge_card", parked=90)])

    assert pause.code == "paused"
    assert backlog.text == (
        "the oldest job in normal has waited 12 min; 90 stepped aside for a limit or a pause; "
        "add workers (./scripts/workers/start-workers.sh default), or look at what they do: "
        "tally workers list"
    )


def test_jobs_that_all_wait_behind_a_limit_say_so() -> None:
    waits = queue(queued=2, oldest_enqueued_at=ago(720), parked=2)

    [sign] = signs(queues=[waits])

    assert sign.text == (
        "the oldest job in normal has waited 12 min; a limit, a freeze or the pause of its type "
        "holds it: tally jobs why tells"
    )


@pytest.mark.parametrize(
    ("waiting", "before", "found"),
    [
        (100, {"": 49, "normal": 49}, ["backlog_grows"]),
        (100, {"": 50, "normal": 50}, []),
        (99, {"": 0}, []),
        (100, {"": 0}, ["backlog_grows"]),
        (100, None, []),
    ],
)
def test_a_backlog_grows_when_it_is_large_and_more_than_doubled(
    waiting: int, before: dict[str, int] | None, found: list[str]
) -> None:
    assert codes(queues=[queue(queued=waiting)], waited_before=before) == found


def test_a_growing_backlog_tells_how_it_was() -> None:
    [sign] = signs(queues=[queue(queued=150)], waited_before={"normal": 40})

    assert sign.text.startswith("150 jobs wait in normal, 40 did 15 min ago; add workers (./")
    assert (sign.severity, sign.subject) == (Severity.WARNING, "normal")


@pytest.mark.parametrize(
    ("ran", "timeout", "found"),
    [(300, 60, []), (301, 60, ["stuck"]), (900, 900, []), (901, 900, ["stuck"])],
)
def test_a_job_is_stuck_after_five_minutes_and_its_own_time(
    ran: float, timeout: float, found: list[str]
) -> None:
    assert codes(running=[running(ran, timeout)]) == found


@pytest.mark.parametrize(
    ("last", "found"),
    [
        (attempts(20, failed=2), []),
        (attempts(20, failed=3), ["failures"]),
        (attempts(20, failed=1, retried=1, crashed=1), ["failures"]),
        (attempts(19, failed=19), []),
        (attempts(0), []),
    ],
)
def test_a_tenth_of_enough_attempts_may_go_wrong(last: Any, found: list[str]) -> None:
    assert codes(attempts=last) == found


@pytest.mark.parametrize(
    ("last", "before", "found"),
    [
        (attempts(100, failed=5), attempts(1000, failed=24), ["failures_grow"]),
        (attempts(100, failed=5), attempts(1000, failed=25), []),
        (attempts(1000, failed=49), attempts(1000), []),
        (attempts(20, failed=1), attempts(20), ["failures_grow"]),
        (attempts(19, failed=1), attempts(20), []),
        (attempts(20, failed=1), attempts(19), []),
        (attempts(20, failed=1), None, []),
    ],
)
def test_failures_grow_when_their_share_is_more_than_twice_that_of_the_day_before(
    last: Any, before: Any, found: list[str]
) -> None:
    assert codes(attempts=last, day_before=before) == found


def test_failures_name_the_job_type_with_the_largest_part_in_them() -> None:
    types = [of_type("greet", 60, 2), of_type("report", 40, 10)]

    fixed, grown = signs(attempts=attempts(100, 12), types=types, day_before=attempts(1000, 10))

    assert fixed.text.startswith(
        "12 of 100 attempts of the last hour went wrong, 10 of them report; tally history"
    )
    assert grown.text.startswith(
        "failures grow: 1.0% of attempts went wrong on the day before, 12.0% in the last hour, "
        "10 of them report; tally history"
    )


def test_a_record_that_cannot_be_read_is_critical_and_comes_first() -> None:
    found = signs(attempts=None, queues=[queue(queued=1, oldest_enqueued_at=ago(301))])

    assert [(sign.code, sign.severity.value) for sign in found] == [
        ("history_away", "critical"),
        ("backlog", "warning"),
    ]


def test_each_schedule_whose_tick_is_missing_has_a_sign_the_latest_first() -> None:
    found = signs(overdue=[late(30), late(600)])

    assert [sign.code for sign in found] == ["ticks_missed"] * 2
    assert found[0].text.startswith("the schedule nightly has missed its tick for 10 min; ")
    assert found[1].text.startswith("the schedule nightly has missed its tick for 30 s; ")
    assert found[0].subject == "nightly"


def test_jobs_of_another_program_are_told_with_what_shows_them() -> None:
    [sign] = signs(workers=[worker("normal")], foreign_jobs=3)

    assert (sign.code, sign.severity) == ("foreign_jobs", Severity.WARNING)
    assert sign.text.startswith(
        "3 job(s) of another program were in our queues and are set apart; "
    )


def test_a_lost_worker_is_named() -> None:
    [sign] = signs(workers=[worker("normal"), worker(name="w9", state="lost")])

    assert (sign.code, sign.subject) == ("worker_lost", "w9")


@pytest.mark.parametrize(
    ("lag", "found"),
    [(None, []), (StreamLag(9, 60.0), []), (StreamLag(9, 60.1), ["record_behind"])],
)
def test_the_record_may_be_a_minute_behind(lag: StreamLag | None, found: list[str]) -> None:
    assert codes(lag=lag) == found


def test_no_sign_names_a_method_of_http() -> None:
    everything = signs(
        workers=[worker("low"), worker(name="w9", state="lost")],
        queues=[queue(queued=150, oldest_enqueued_at=ago(900))],
        waited_before={},
        running=[running(9000)],
        attempts=attempts(100, 50),
        day_before=attempts(100),
        overdue=[late(60)],
        lag=StreamLag(9, 90.0),
    )

    assert len({sign.code for sign in everything}) == 9
    assert [s.text for s in everything if re.search(r"GET|POST|/api/", s.text)] == []
    assert [s.code for s in everything if "tally " not in s.text and "./" not in s.text] == []
