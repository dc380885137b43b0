"""Slots, heartbeats, commands and supervisors outlast errors of every kind, also those nobody expected."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.attempts.death import Death
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import ExtendCode, SettleCode
from backend.domain.ports import Lease, Rescued
from backend.telemetry.outages import Wait
from tests.unit.runtime.attempts import claimed
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.ending import GIVING_BACK_SECONDS, tried_for_some_seconds
from workers.runtime.presence.commands import Commands
from workers.runtime.presence.heartbeat import Heartbeat
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.lost_claims import LostClaims
from workers.runtime.slots.running_table import RunningTable
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_pool import SlotPool, no_tally
from workers.runtime.supervision.rescue import Rescue
from workers.runtime.supervision.rescue_spec import Burial

ERRORS = [
    QueueUnavailable("Redis is away"),
    QueueUnavailable("NEWWORD", reply="NEWWORD", is_known=False),
    ZeroDivisionError("ours"),
]
_BURIAL = Burial("w", Death("crashed", set()))
each_error = pytest.mark.parametrize("error", ERRORS, ids=["away", "unknown", "ours"])
each_outage = pytest.mark.parametrize("error", ERRORS[:2], ids=["away", "unknown"])


class _Store:
    """Everything that the runtime asks of Redis; fails a few times first."""

    def __init__(self, error: Exception, times: int = 3) -> None:
        self._error = error
        self._left = times
        self.done: list[str] = []

    def _answer(self, what: str) -> None:
        if self._left:
            self._left -= 1
            raise self._error
        self.done.append(what)

    def settle_and_claim(
        self, ended: Any, plan: Any, most: int
    ) -> tuple[list[SettleCode], list[Any]]:
        self._answer("traded")
        return [], []

    def claim_when_woken(self, plan: Any, most: int, timeout: float) -> list[ClaimedJob]:
        self._answer("waited")
        return [claimed()]

    def end(self) -> None:
        self.done.append("ended")

    def extend(self, held: Any, lease: float) -> list[ExtendCode]:
        self._answer("extended")
        return []

    def register(self) -> None:
        self._answer("registered")

    def beat(self, jobs: Any, **_: Any) -> None:
        self._answer("beaten")

    def unregister(self) -> None:
        self._answer("unregistered")

    def expired(self, most: int) -> list[Lease]:
        return []

    def of_worker(self, worker: str) -> list[Lease]:
        self._answer("asked")
        return []

    def rescue(self, rescued: Sequence[Rescued], *, only_expired: bool) -> list[bool]:
        self._answer("rescued")
        return []

    def listen(self) -> Iterator[dict[str, Any] | None]:
        self._answer("listened")
        yield {"command": "shutdown"}


def _no_context(_job: ClaimedJob) -> Any:
    raise AssertionError("no job runs here")


def slot_pool_of(store: _Store) -> SlotPool:
    return SlotPool(
        worker="w",
        dispatches=[store],
        order=ClaimOrder(["default"], {}),
        calls=store,
        known=KnownTypes({}, {}, {}, patience_seconds=600),
        running_table=RunningTable.create(1),
        make_context=_no_context,
        batch_seconds=0.01,
        batch_limit=1,
        tally=no_tally,
    )


@each_error
def test_a_slot_goes_on_settling_and_claiming(error: Exception) -> None:
    store = _Store(error)
    slot_pool = slot_pool_of(store)

    assert list(slot_pool.exchange([], 1)) == []

    assert store.done == ["traded"]
    assert slot_pool.in_doubt
    assert slot_pool.outages.reasons() == []


@each_error
def test_an_idle_slot_goes_on_listening(error: Exception) -> None:
    store = _Store(error, times=2)
    slot_pool = slot_pool_of(store)

    slot = Slot(0, slot_pool)

    for _ in range(3):
        assert slot_pool.wait_for_work(slot)

    assert store.done == ["waited"]
    assert slot_pool.in_doubt
    assert list(slot.batch) == [claimed()]


@each_error
def test_a_heart_goes_on_beating(error: Exception) -> None:
    store = _Store(error, times=2)
    slot_pool = slot_pool_of(store)
    heart = Heartbeat(slot_pool, store, store, LostClaims(slot_pool, store), interval=1, lease=9)

    assert [heart.beat() for _ in range(3)] == [False, False, True]

    assert store.done == ["extended", "beaten"]


@each_error
def test_commands_are_listened_to_again(error: Exception) -> None:
    told = threading.Event()
    commands = Commands(slot_pool_of(_Store(error)), _Store(error), told.set)
    commands.start()

    assert told.wait(120)

    commands.end()


@each_error
def test_jobs_of_the_dead_are_given_back_once_the_store_answers(error: Exception) -> None:
    store = _Store(error)
    forgotten: list[str] = []
    pauses: list[float] = []

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    done = Rescue(store, forgotten.append).run([_BURIAL, _BURIAL._replace(worker="v")], wait)

    assert done
    assert store.done == ["asked", "rescued"] * 2
    assert forgotten == ["w", "v"]
    assert len(pauses) == 3


@each_error
def test_who_is_to_end_tries_no_more(error: Exception) -> None:
    store = _Store(error)

    assert not Rescue(store, store.done.append).run([_BURIAL], lambda _seconds: True)

    assert store.done == []


def test_a_record_that_cannot_be_taken_away_is_no_trouble() -> None:
    def refuse(_name: str) -> None:
        raise QueueUnavailable("NOPERM")

    assert Rescue(_Store(ERRORS[0], times=0), refuse).run([_BURIAL], lambda _seconds: True)


def _tries(store: _Store, pauses: list[float]) -> Exception | None:
    slot_pool = slot_pool_of(store)
    error = tried_for_some_seconds(
        lambda: slot_pool.release([claimed()], has_begun=True),
        Wait(slot_pool.outages, "giving back"),
        monotonic=lambda: sum(pauses),
        sleep=pauses.append,
    )
    assert bool(slot_pool.outages.reasons()) == bool(error)
    return error


@each_outage
def test_a_process_that_stops_gives_back_what_runs_once_the_store_answers(
    error: Exception,
) -> None:
    store = _Store(error, times=2)
    pauses: list[float] = []

    assert _tries(store, pauses) is None

    assert store.done == ["traded"]
    assert len(pauses) == 2


@each_outage
def test_it_tries_no_longer_than_its_ending_may_take(error: Exception) -> None:
    store = _Store(error, times=1000)
    pauses: list[float] = []

    assert _tries(store, pauses) is error

    assert store.done == []
    assert GIVING_BACK_SECONDS / 2 < sum(pauses) <= GIVING_BACK_SECONDS
