"""What people are told of a breaker: since when, why, who waits, and what comes next."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.options.breaker_state import BreakerState, BreakerStatus
from backend.services.finding.breaker_words import breaker_words
from backend.services.health.health_situation import Severity
from tests.unit.services.situations import NOW, ago, signs, worker

HOST = "webhook:a.example:443"


def _state(status: BreakerStatus = BreakerStatus.OPEN, **fields: Any) -> BreakerState:
    return BreakerState(**{"destination": HOST, "status": status, "since": ago(120)} | fields)


def test_an_open_one_says_since_when_why_and_when_the_next_try_is() -> None:
    found = _state(probe_at=ago(-30), waiting=7, error="ConnectionRefusedError: no")

    assert breaker_words(found, NOW) == (
        f"{HOST} has been away for 2 min (ConnectionRefusedError: no): 7 job(s) wait, "
        "the next try is in 30 s"
    )


def test_one_that_a_person_opened_says_who_and_how_it_ends() -> None:
    assert breaker_words(_state(by="ada", reason="they asked"), NOW) == (
        f"the breaker of {HOST} was opened by ada for 2 min (they asked): "
        f"tally breakers close {HOST}"
    )


def test_a_half_open_one_says_that_somebody_tries() -> None:
    words = breaker_words(_state(BreakerStatus.HALF_OPEN, probing=1, waiting=4), NOW)

    assert words.endswith(": 1 job(s) try it now, 4 wait for what comes of that")


def test_a_half_open_one_for_which_no_job_is_there_says_that_the_next_starts() -> None:
    found = _state(BreakerStatus.HALF_OPEN, error="ConnectionRefusedError: no")

    assert found.keeps_nobody
    assert breaker_words(found, NOW) == (
        f"{HOST} has been away for 2 min (ConnectionRefusedError: no): the next job for it starts at once "
        "and tries it"
    )


def test_one_that_is_back_says_how_its_jobs_come() -> None:
    words = breaker_words(_state(BreakerStatus.RAMPING, waiting=4), NOW)

    assert words == (
        f"{HOST} was away and is back: who waited is let through, twice as many each second, "
        "4 still wait"
    )


def test_destinations_that_hold_jobs_back_have_a_sign_each_and_many_have_one_for_the_rest() -> None:
    away = [_state(destination=f"d{n}", probe_at=ago(-9), waiting=1) for n in range(7)]

    found = signs(workers=[worker("normal")], breakers=away)

    assert [sign.code for sign in found] == ["breaker_open"] * 6
    assert [sign.subject for sign in found] == ["d0", "d1", "d2", "d3", "d4", ""]
    assert found[0].severity is Severity.WARNING
    assert found[5].text == "2 more destinations cannot be reached: tally breakers list"


def test_one_that_holds_nobody_back_is_no_sign_unless_a_person_opened_it() -> None:
    idle, by_hand = _state(probe_at=ago(-9)), _state(destination="b", by="ada")

    found = signs(workers=[worker("normal")], breakers=[idle, by_hand])

    assert [sign.subject for sign in found] == ["b"]
