"""Schedulers live on while Redis loses its data, goes back to older data, or has its clock set back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from structlog.testing import capture_logs

from backend.broker.keys import Keys
from backend.broker.ledger.redis_controls import RedisControls
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.broker.schedules.timetable import RedisTimetable
from backend.domain.schedules.freeze import Freeze
from backend.loops.calendar import Calendar
from backend.loops.leader import Leader
from backend.loops.loop import Loop
from backend.loops.promoter import Promoter
from backend.memory.standing_clock import StandingClock
from backend.services.schedules.freeze_planner import FreezePlanner
from tests.eventually import eventually
from tests.integration.broker.bench import Bench, new_job

KEYS = Keys("rq")
LEASE_SECONDS = 3.0
#: A leader renews after a second; so many seconds are more than two schedulers need to agree.
TURNS = 10
DAY_MS = 86_400_000


class Schedulers:
    """Two that live on: one loop of a duty in each, and a Redis that is changed under them."""

    def __init__(self, redis: Redis, duty: str) -> None:
        self.bench, self.duty, self.clock = Bench(redis, KEYS), duty, StandingClock()
        self.bench.tampered = True
        self.asked: list[str] = []
        self.leadership = RedisLeadership(redis, KEYS)
        make = self._promoter if duty == "scheduler" else self._calendar
        self.loops = [make(self.leader(name)) for name in ("first", "second")]

    def leader(self, holder: str) -> Leader:
        return Leader(
            self.leadership, self.clock, duty=self.duty, holder=holder, lease=LEASE_SECONDS
        )

    def restart_often(self, times: int) -> None:
        """So many deploys of the scheduler."""
        for number in range(times):
            leader = self.leader(f"old-{number}")
            leader.leads()
            leader.give_up()

    def turn(self) -> None:
        for loop in self.loops:
            loop.run_once()

    def let_time_pass(self) -> None:
        for _ in range(TURNS):
            self.clock.move(1.0)
            self.turn()

    def does_its_duty(self) -> bool:
        """Whether what is due by now is done."""
        if self.duty == "calendar":
            planned = {window.name for window in RedisFreezes(self.redis, KEYS).windows()}
            return planned == set(self.asked)
        return all(self.bench.field(job_id, "status") == "queued" for job_id in self.asked)

    def ask_for_it(self) -> None:
        name = f"n{len(self.asked)}"
        self.asked.append(name)
        if self.duty == "calendar":
            # A word whose windows are left to the calendar.
            begins = datetime.now(UTC) + timedelta(hours=1)
            said = Freeze(name, "queue:low", begins, begins + timedelta(hours=1))
            RedisFreezes(self.redis, KEYS).set(said, [], by="ada", reason="")
        else:
            self.bench.seed(new_job(name, delay=100))
            self.bench.make_due(name)

    @property
    def redis(self) -> Redis:
        return self.bench.redis

    def key(self, what: str) -> str:
        return f"{KEYS.leader(self.duty)}{what}"

    def _promoter(self, leader: Leader) -> Loop:
        return Promoter(RedisTimetable(self.redis, self.redis, KEYS), leader, batch=10)

    def _calendar(self, leader: Leader) -> Loop:
        planner = FreezePlanner(RedisFreezes(self.redis, KEYS), lambda: datetime.now(UTC))
        return Calendar(planner, leader, self.clock)


def _flushed(them: Schedulers) -> None:
    them.redis.flushall()


def _older(them: Schedulers) -> None:
    """A copy of the time before the last deploys."""
    them.redis.flushall()
    them.redis.set(them.key(":fence"), 2)
    them.redis.set(them.key(":seen"), 2)


def _held_by_one_who_is_gone(them: Schedulers) -> None:
    """A copy of a moment at which somebody led who died since; his lease ends."""
    _older(them)
    them.redis.hset(them.key(""), mapping={"holder": "gone", "fence": "2"})
    them.redis.pexpire(them.key(""), 1)
    eventually(lambda: not them.redis.exists(them.key("")))


def _led_by_a_clock_ahead(them: Schedulers) -> None:
    """Its clock was a day ahead until now; what it knew of fences is from then."""
    ahead = them.redis.time()[0] * 1000 + DAY_MS
    them.redis.delete(them.key(""))
    them.redis.set(them.key(":fence"), ahead)
    them.redis.set(them.key(":seen"), ahead)


def _forgot_its_counter(them: Schedulers) -> None:
    """What was seen is higher than what is handed out: the state that earlier releases came to."""
    ahead = them.redis.time()[0] * 1000 + DAY_MS
    them.redis.delete(them.key(""))
    them.redis.set(them.key(":fence"), 1)
    them.redis.set(them.key(":seen"), ahead)


LOSSES = [_flushed, _older, _held_by_one_who_is_gone, _led_by_a_clock_ahead, _forgot_its_counter]


@pytest.mark.parametrize("duty", ["scheduler", "calendar"])
@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize(
    "acts_before", [True, False], ids=["acts before it renews", "renews first"]
)
def test_a_scheduler_that_lives_on_does_its_duty_all_the_same(
    redis: Redis, duty: str, lose: Callable[[Schedulers], None], acts_before: bool
) -> None:
    them = Schedulers(redis, duty)
    them.restart_often(5)
    them.turn()

    lose(them)
    if acts_before:
        # Within the second before it renews: what it was told before is higher than what Redis knows.
        them.ask_for_it()
        them.turn()
    them.let_time_pass()
    them.ask_for_it()
    them.let_time_pass()

    assert them.does_its_duty()


@pytest.mark.parametrize("duty", ["scheduler", "calendar"])
def test_who_goes_by_an_older_fence_than_was_seen_gives_the_lead_up_and_says_so(
    redis: Redis, duty: str
) -> None:
    them = Schedulers(redis, duty)
    first = them.loops[0]
    first.run_once()
    fence = int(redis.hget(them.key(""), "fence"))
    redis.set(them.key(":seen"), fence + 5)

    them.ask_for_it()
    with capture_logs() as logs:
        first.run_once()

    assert not redis.exists(them.key(""))
    assert [line["fence"] for line in logs if line["event"] == "leader.superseded"] == [fence]
    them.let_time_pass()
    assert them.does_its_duty()
    assert int(redis.hget(them.key(""), "fence")) > fence + 5


@pytest.mark.parametrize("chunks", [1, 2], ids=["at once", "the newest first"])
def test_freezes_that_come_back_from_the_record_are_planned_again(
    redis: Redis, chunks: int
) -> None:
    them = Schedulers(redis, "calendar")
    them.ask_for_it()
    them.ask_for_it()
    them.let_time_pass()
    controls = RedisControls(redis, KEYS)
    words = sorted(controls.read(), key=lambda word: word.version)

    redis.flushall()
    them.turn()
    for chunk in [words] if chunks == 1 else [words[1:], words[:1]]:
        controls.adopt(chunk)
        them.let_time_pass()

    assert them.does_its_duty()
