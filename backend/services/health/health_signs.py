"""What a person on call should look at: each sign a sentence that says what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from backend.domain.errors import QueueFull
from backend.domain.history.history_statistics import AttemptCounts
from backend.services.finding.breaker_words import breaker_words
from backend.services.finding.quota_words import used_up_words
from backend.services.health.health_situation import Severity, Sign, Situation, long
from backend.services.health.queue_signs import (
    backlogs,
    growing_backlogs,
    lost_workers,
    paused,
    stuck,
    unserved,
)

#: Share of attempts that may go wrong in an hour, once there are enough to speak of a share.
FAILURE_SHARE, ENOUGH_ATTEMPTS = 0.1, 20
#: Share from which more than twice that of the day before is worth a word.
GROWING_SHARE, GROWTH = 0.05, 2
#: Seconds that the record may be behind.
LONG_LAG_SECONDS = 60.0
#: Destinations that are away, and tenants, of which each has a sign of its own.
_MOST_NAMED = 5
_ALL_WAIT = "accepted or started, and all processes wait"
_GROUPED = "tally history failures groups them by kind of error"


def signs_of(found: Situation) -> list[Sign]:
    """Every sign, the critical ones first."""
    signs = [
        *_redis_refuses(found),
        *unserved(found),
        *paused(found),
        *_breakers(found),
        *_quotas(found),
        *backlogs(found),
        *growing_backlogs(found),
        *stuck(found),
        *_foreign_jobs(found),
        *_record_away(found),
        *_failures(found),
        *_growing_failures(found),
        *_missed_ticks(found),
        *lost_workers(found),
        *_lagging(found),
    ]
    return sorted(signs, key=lambda sign: sign.severity is not Severity.CRITICAL)


def wants_comparison(attempts: AttemptCounts) -> bool:
    """Whether so much went wrong that it matters how the day before was."""
    return attempts.ended >= ENOUGH_ATTEMPTS and _share(attempts) >= GROWING_SHARE


def _redis_refuses(found: Situation) -> Iterator[Sign]:
    if found.redis_refuses:
        is_full = isinstance(found.redis_refuses, QueueFull)
        what = "accepted; those that are there go on" if is_full else _ALL_WAIT
        text = f"no job is {what}: {found.redis_refuses}"
        yield Sign("redis_refuses", Severity.CRITICAL, text)


def _record_away(found: Situation) -> Iterator[Sign]:
    if found.attempts is None:
        text = "the record in Postgres cannot be read (tally doctor says why); jobs go on, "
        later = "history catches up when it is back"
        yield Sign("history_away", Severity.CRITICAL, text + later)


def _failures(found: Situation) -> Iterator[Sign]:
    last = found.attempts
    if last and last.ended >= ENOUGH_ATTEMPTS and _share(last) > FAILURE_SHARE:
        text = f"{last.wrong} of {last.ended} attempts of the last hour went wrong"
        yield Sign("failures", Severity.WARNING, f"{text}{_most(found, last)}; {_GROUPED}")


def _growing_failures(found: Situation) -> Iterator[Sign]:
    last, before = found.attempts, found.day_before
    if last is None or before is None or before.ended < ENOUGH_ATTEMPTS:
        return
    if wants_comparison(last) and _share(last) > GROWTH * _share(before):
        text = f"failures grow: {_share(before):.1%} of attempts went wrong on the day before, "
        now = f"{_share(last):.1%} in the last hour{_most(found, last)}; {_GROUPED}"
        yield Sign("failures_grow", Severity.WARNING, text + now)


def _share(attempts: AttemptCounts) -> float:
    return attempts.wrong / attempts.ended if attempts.ended else 0.0


def _most(found: Situation, last: AttemptCounts) -> str:
    """The job type that has the largest part in it."""
    worst = max(found.types, key=lambda each: each.attempts.wrong, default=None)
    if worst is None or not worst.attempts.wrong:
        return ""
    number = "all" if worst.attempts.wrong == last.wrong else worst.attempts.wrong
    return f", {number} of them {worst.job_type}"


def _breakers(found: Situation) -> Iterator[Sign]:
    """The first ones: an outage of a network opens those of very many destinations."""
    holding = [each for each in found.breakers if each.waiting or each.is_by_hand]
    for each in holding[:_MOST_NAMED]:
        text = breaker_words(each, found.now)
        yield Sign("breaker_open", Severity.WARNING, text, each.destination)
    if (left := len(holding) - _MOST_NAMED) > 0:
        text = f"{left} more destinations cannot be reached: tally breakers list"
        yield Sign("breaker_open", Severity.WARNING, text)


def _quotas(found: Situation) -> Iterator[Sign]:
    """Those first whose new jobs are refused: the others only wait."""
    used_up = [each for each in found.quotas if each.used_up]
    used_up.sort(key=lambda each: "waiting" not in each.used_up)
    for each in used_up[:_MOST_NAMED]:
        yield Sign("quota_used_up", Severity.WARNING, used_up_words(each), each.tenant)
    if (left := len(used_up) - _MOST_NAMED) > 0:
        text = f"{left} more tenants have used up their quotas: tally tenants list"
        yield Sign("quota_used_up", Severity.WARNING, text)


def _foreign_jobs(found: Situation) -> Iterator[Sign]:
    if found.foreign_jobs:
        text = (
            f"{found.foreign_jobs} job(s) of another program were in our queues and are set apart; "
        )
        ask = "it uses RQ under the same prefix: tally queues foreign and give-back"
        yield Sign("foreign_jobs", Severity.WARNING, text + ask)


def _missed_ticks(found: Situation) -> Iterator[Sign]:
    for view in sorted(found.overdue, key=lambda each: -each.overdue_seconds):
        name, late = view.schedule.name, long(view.overdue_seconds)
        text = f"the schedule {name} has missed its tick for {late}; "
        ask = "is a scheduler running? tally scheduler starts one"
        yield Sign("ticks_missed", Severity.WARNING, text + ask, name)


def _lagging(found: Situation) -> Iterator[Sign]:
    lag = found.lag
    if lag is not None and lag.seconds > LONG_LAG_SECONDS:
        text = f"the record is {long(lag.seconds)} and {lag.events} events behind; "
        ask = "is a recorder running (tally recorder), and is Postgres well (tally doctor)?"
        yield Sign("record_behind", Severity.WARNING, text + ask)
