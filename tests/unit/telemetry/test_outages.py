"""What a process says of a store that does not serve it: little, at the right moments."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.errors import HistoryUnavailable, QueueUnavailable
from backend.telemetry.outages import Outages, Wait

_AWAY = QueueUnavailable("Redis is away")
_POSTGRES = HistoryUnavailable("Postgres is away", sqlstate="")
_UNKNOWN = QueueUnavailable("NEWWORD no idea", reply="NEWWORD", is_known=False)


class _Time:
    """Passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> _Time:
    return _Time()


@pytest.fixture
def outages(time: _Time) -> Outages:
    return Outages(time)


def _told(lines: list[Any]) -> list[tuple[str, str]]:
    return [(line["event"], line["log_level"]) for line in lines]


def test_an_outage_is_one_warning_and_one_line_at_its_end(outages: Outages, time: _Time) -> None:
    first, second = Wait(outages, "promoter"), Wait(outages, "rescuer")
    with capture_logs() as lines:
        for _ in range(5):
            first.failed(_AWAY)
            second.failed(_AWAY)
        time.now = 12.34
        first.over()
        second.over()

    assert lines == [
        {
            "event": "store.waiting",
            "log_level": "warning",
            "waits": "promoter",
            "code": "queue_unavailable",
            "error": "Redis is away",
        },
        {"event": "store.back", "log_level": "info", "seconds": 12.3},
    ]


def test_each_store_that_is_away_is_told_once(outages: Outages) -> None:
    wait, other = Wait(outages, "relay"), Wait(outages, "recorder")
    with capture_logs() as lines:
        for _ in range(3):
            wait.failed(_AWAY)
            other.failed(_POSTGRES)

    assert [line["code"] for line in lines] == ["queue_unavailable", "history_unavailable"]


def test_the_next_outage_is_told_again(outages: Outages, time: _Time) -> None:
    wait = Wait(outages, "relay")
    with capture_logs() as lines:
        wait.failed(_AWAY)
        wait.over()
        time.now = 11.0
        wait.failed(_AWAY)

    assert _told(lines) == [
        ("store.waiting", "warning"),
        ("store.back", "info"),
        ("store.waiting", "warning"),
    ]


def test_what_comes_and_goes_within_seconds_is_told_once(outages: Outages, time: _Time) -> None:
    wait = Wait(outages, "relay")
    with capture_logs() as lines:
        for now in range(20):
            time.now = float(now)
            wait.failed(_AWAY)
            wait.over()

    assert _told(lines) == [("store.waiting", "warning"), ("store.back", "info")]


def test_a_wait_that_was_cut_short_once_is_no_outage(outages: Outages) -> None:
    wait = Wait(outages, "promoter (idle)", quiet_failures=1)
    with capture_logs() as lines:
        wait.failed(_AWAY)
        assert outages.reasons() == []
        wait.over()
        wait.failed(_AWAY)
        wait.failed(_AWAY)

    assert _told(lines) == [("store.waiting", "warning")]
    assert outages.reasons() == ["promoter (idle): Redis is away"]


@pytest.mark.parametrize("error", [_UNKNOWN, ZeroDivisionError("ours")])
def test_what_nobody_expected_is_told_with_its_traceback_once_a_minute(
    outages: Outages, time: _Time, error: Exception
) -> None:
    wait = Wait(outages, "cron")
    with capture_logs() as lines:
        for now in (0.0, 1.0, 59.0, 60.0, 61.0):
            time.now = now
            wait.failed(error)

    assert _told(lines) == [("step.failed", "critical")] * 2
    assert lines[0]["exc_info"] is error
    assert outages.failures == 5


@pytest.mark.parametrize("is_loud_already", [False, True])
def test_an_outage_that_begins_with_an_unknown_reply_is_told_once_it_has_a_name(
    outages: Outages, is_loud_already: bool
) -> None:
    if is_loud_already:
        with capture_logs():
            Wait(outages, "cron").failed(ZeroDivisionError("ours"))
    wait = Wait(outages, "relay")
    wait.failed(_UNKNOWN)
    with capture_logs() as lines:
        wait.failed(_AWAY)
        wait.failed(_AWAY)

    assert _told(lines) == [("store.waiting", "warning")]


def test_the_end_of_an_outage_that_began_with_an_unknown_reply_is_told(outages: Outages) -> None:
    wait = Wait(outages, "relay")
    wait.failed(_UNKNOWN)
    wait.failed(_AWAY)
    with capture_logs() as lines:
        wait.over()

    assert _told(lines) == [("store.back", "info")]


def test_nothing_is_told_while_all_goes_well(outages: Outages) -> None:
    wait = Wait(outages, "cron")
    with capture_logs() as lines:
        wait.over()
        wait.over()

    assert lines == []


def test_who_waits_and_why_can_be_asked(outages: Outages) -> None:
    first, second = Wait(outages, "promoter"), Wait(outages, "rescuer")
    first.failed(_AWAY)
    second.failed(_POSTGRES)

    assert outages.waiting == 2
    assert outages.reasons() == ["promoter: Redis is away", "rescuer: Postgres is away"]
    first.over()
    second.over()
    assert (outages.waiting, outages.reasons()) == (0, [])


def test_pauses_grow_to_a_second_and_begin_anew(outages: Outages) -> None:
    wait = Wait(outages, "promoter")

    assert [wait.failed(_AWAY) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    wait.over()
    assert wait.failed(_AWAY) == 0.1
