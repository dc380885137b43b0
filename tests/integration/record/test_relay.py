"""The relay brings each job from the outbox to Redis once, whatever happens to it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.broker.events.relay_target import RedisRelayTarget
from backend.domain.errors import HistoryUnavailable, QueueUnavailable
from backend.domain.jobs.queue_state import QueueState
from backend.history.outbox.relay_store import PostgresRelayStore
from backend.loops.relay import Relay
from tests.integration.record.bureau import Bureau


class Interrupted:
    """A part that fails at one of its calls: before it does its work, or after."""

    def __init__(self, part: Any, call: str, *, after: bool, error: Exception) -> None:
        self._part = part
        self._call = call
        self._after = after
        self._error = error

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._part, name)
        if name != self._call:
            return call

        def interrupted(*arguments: Any) -> Any:
            if self._after:
                call(*arguments)
            raise self._error

        return interrupted


def _unsent(bureau: Bureau) -> int:
    return len(bureau.rows("SELECT 1 FROM job_outbox WHERE sent_at IS NULL"))


def _state(bureau: Bureau) -> QueueState:
    return bureau.inspection.queue_states(["normal"])[0]


def test_jobs_reach_redis_in_the_order_of_creation(bureau: Bureau) -> None:
    jobs = [bureau.job() for _ in range(250)]
    for job in jobs:
        bureau.outbox_service.enqueue([job])

    bureau.relay_all()

    assert bureau.bench.queue() == [job.id for job in jobs]
    assert bureau.rows("SELECT count(*) AS n FROM job_outbox WHERE accepted_as = job_id") == [
        {"n": 250}
    ]
    assert bureau.outbox.depth().waiting == 0


def test_a_commit_wakes_the_relay_at_once(bureau: Bureau) -> None:
    relay, stop = bureau.relay(), threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        bureau.eventually(lambda: relay.run_once and bureau.redis.exists("rq:tally:leader:relay"))
        bureau.outbox_service.enqueue([job := bureau.job()])
        bureau.eventually(lambda: bureau.queue.find(job.id), seconds=3)
    finally:
        stop.set()
        thread.join()


def _died(bureau: Bureau, *, call: str, after: bool, part: str) -> None:
    """A relay that died at one of its calls."""
    error = KeyboardInterrupt()
    store: Any = PostgresRelayStore(bureau.engine)
    gate: Any = RedisRelayTarget(bureau.redis, bureau.keys)
    if part == "store":
        store = Interrupted(store, call, after=after, error=error)
    else:
        gate = Interrupted(gate, call, after=after, error=error)
    with pytest.raises(KeyboardInterrupt):
        bureau.relay(store=store, gate=gate).run_once()
    bureau.depose()


_DEATHS = [
    pytest.param({"part": "store", "call": "claim", "after": True}, id="between claim and send"),
    pytest.param({"part": "gate", "call": "send", "after": False}, id="while sending, too early"),
    pytest.param({"part": "gate", "call": "send", "after": True}, id="while sending, too late"),
    pytest.param({"part": "store", "call": "sent", "after": False}, id="between send and note"),
]


@pytest.mark.parametrize("death", _DEATHS)
def test_a_killed_relay_neither_loses_nor_doubles_a_job(
    bureau: Bureau, death: dict[str, Any]
) -> None:
    bureau.outbox_service.enqueue(jobs := [bureau.job() for _ in range(5)])

    _died(bureau, **death)
    bureau.record()
    bureau.relay_all()

    assert bureau.bench.queue() == [job.id for job in jobs]
    assert _unsent(bureau) == 0
    assert _state(bureau).accepted == 5


@pytest.mark.parametrize("death", _DEATHS)
def test_a_job_that_has_run_and_left_redis_is_not_sent_again(
    bureau: Bureau, death: dict[str, Any]
) -> None:
    bureau.outbox_service.enqueue([job := bureau.job(result_ttl=0)])

    _died(bureau, **death)
    ran = bureau.run_all()
    assert bureau.queue.find(job.id) is None
    bureau.record()
    bureau.relay_all()
    ran += bureau.run_all()

    assert ran == [job.id]
    assert _unsent(bureau) == 0


@pytest.mark.parametrize("death", _DEATHS)
def test_an_id_that_comes_again_is_sent_though_its_former_job_is_on_record(
    bureau: Bureau, death: dict[str, Any]
) -> None:
    former = bureau.enqueue(bureau.job(job_id="invoice-7", result_ttl=0))
    assert bureau.run_all() == former
    bureau.record()
    bureau.outbox_service.enqueue([bureau.job(job_id="invoice-7", result_ttl=0)])

    _died(bureau, **death)
    bureau.record()
    bureau.relay_all()

    assert bureau.run_all() == ["invoice-7"]
    assert _unsent(bureau) == 0


def test_an_id_that_comes_again_is_sent_also_to_a_redis_that_has_just_lost_its_data(
    bureau: Bureau,
) -> None:
    """It knows of no event: the record tells how far they had come."""
    bureau.enqueue(bureau.job(job_id="invoice-7", result_ttl=0))
    bureau.run_all()
    bureau.record()
    bureau.redis.flushall()
    bureau.outbox_service.enqueue([bureau.job(job_id="invoice-7", result_ttl=0)])

    _died(bureau, part="gate", call="send", after=False)
    bureau.relay_all()

    assert bureau.run_all() == ["invoice-7"]


def test_an_id_that_came_again_and_has_run_is_not_sent_once_more(bureau: Bureau) -> None:
    former = bureau.enqueue(bureau.job(job_id="invoice-7", result_ttl=0))
    assert bureau.run_all() == former
    bureau.outbox_service.enqueue([bureau.job(job_id="invoice-7", result_ttl=0)])
    _died(bureau, part="store", call="sent", after=False)
    assert bureau.run_all() == ["invoice-7"]

    bureau.record()
    bureau.relay_all()

    assert bureau.run_all() == []
    assert _unsent(bureau) == 0


def test_a_doubtful_row_waits_until_the_record_can_tell(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job(result_ttl=0)])
    _died(bureau, part="store", call="sent", after=False)
    bureau.run_all()

    bureau.relay_all()
    assert _unsent(bureau) == 1
    assert bureau.queue.find(job.id) is None

    bureau.record()
    bureau.relay_all()
    assert _unsent(bureau) == 0
    assert bureau.run_all() == []


def test_a_relay_that_was_superseded_cannot_send_late(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job(result_ttl=0)])
    gate = RedisRelayTarget(bureau.redis, bureau.keys)
    frozen = bureau.relay(gate=Frozen(gate, bureau))

    frozen.run_once()

    assert bureau.rows("SELECT tries FROM job_outbox") == [{"tries": 2}]
    assert bureau.bench.kinds(job.id) == ["enqueued", "started", "finished"]
    assert bureau.queue.find(job.id) is None
    assert _unsent(bureau) == 0


class Frozen:
    """A gate before which a relay stands still while another takes over, sends, and the job runs."""

    def __init__(self, gate: RedisRelayTarget, bureau: Bureau) -> None:
        self._gate = gate
        self._bureau = bureau
        self.close_to_others = gate.close_to_others
        self.known = gate.known

    def send(self, jobs: Any, fence: int) -> Any:
        self._bureau.depose()
        self._bureau.relay_all()
        self._bureau.run_all()
        self._bureau.record()
        return self._gate.send(jobs, fence)


def test_an_answer_that_never_came_is_asked_for_under_a_new_fence(bureau: Bureau) -> None:
    gate = RedisRelayTarget(bureau.redis, bureau.keys)
    lost = Interrupted(gate, "send", after=True, error=QueueUnavailable("no answer"))
    relay = bureau.relay(gate=lost)
    bureau.outbox_service.enqueue([job := bureau.job()])

    with pytest.raises(QueueUnavailable):
        relay.run_once()
    before = int(bureau.redis.get("rq:tally:leader:relay:seen"))
    relay._gate = gate
    relay.run_once()

    assert bureau.bench.queue() == [job.id]
    assert _unsent(bureau) == 0
    assert int(bureau.redis.get("rq:tally:leader:relay:seen")) > before


def test_a_row_that_could_not_be_noted_is_noted_by_the_next_relay(bureau: Bureau) -> None:
    store = PostgresRelayStore(bureau.engine)
    away = Interrupted(store, "sent", after=False, error=HistoryUnavailable("away"))
    relay = bureau.relay(store=away)
    bureau.outbox_service.enqueue([bureau.job()])

    with pytest.raises(HistoryUnavailable):
        relay.run_once()
    assert bureau.outbox.depth().in_doubt == 1
    relay._store = store
    relay.run_once()

    assert _unsent(bureau) == 0
    assert _state(bureau).accepted == 1


def test_relays_that_are_killed_again_and_again_send_each_job_once(bureau: Bureau) -> None:
    jobs = [bureau.job(result_ttl=0) for _ in range(40)]
    bureau.outbox_service.enqueue(jobs)

    ran: list[str] = []
    for round_ in range(40):
        death = _DEATHS[round_ % len(_DEATHS)].values[0]
        store: Any = PostgresRelayStore(bureau.engine)
        gate: Any = RedisRelayTarget(bureau.redis, bureau.keys)
        broken: Any = Interrupted(
            store if death["part"] == "store" else gate,
            death["call"],
            after=death["after"],
            error=KeyboardInterrupt(),
        )
        store = broken if death["part"] == "store" else store
        gate = broken if death["part"] == "gate" else gate
        try:
            bureau.relay(batch=3, store=store, gate=gate).run_once()
        except KeyboardInterrupt:
            bureau.depose()
        ran += bureau.run_all()
        bureau.record()
    bureau.relay_all()
    ran += bureau.run_all()

    assert sorted(ran) == sorted(job.id for job in jobs)


def test_redis_that_lost_its_data_gets_doubtful_rows_again(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job()])
    _died(bureau, part="store", call="sent", after=False)

    bureau.redis.flushall()
    bureau.relay_all()

    assert bureau.bench.queue() == [job.id]


def test_a_full_queue_holds_up_only_its_own_jobs(bureau: Bureau) -> None:
    gate = RedisRelayTarget(bureau.redis, bureau.keys, backlog_limit=1)
    bureau.outbox_service.enqueue(
        [bureau.job(), second := bureau.job(), urgent := bureau.job(priority="high")]
    )

    relay = bureau.relay(gate=gate)
    relay.run_once()
    assert bureau.bench.queue("high") == [urgent.id]
    assert bureau.rows("SELECT job_id, last_error FROM job_outbox WHERE sent_at IS NULL") == [
        {"job_id": second.id, "last_error": "queue normal is at its backlog limit"}
    ]

    bureau.run_all()
    bureau.change("UPDATE job_outbox SET not_before = now()")
    relay.run_once()
    assert bureau.bench.queue() == [second.id]


def test_rows_that_wait_for_room_are_told_of_once_a_minute(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = bureau.clock.monotonic()
    bureau.outbox_service.enqueue([bureau.job() for _ in range(3)])
    relay = bureau.relay(gate=RedisRelayTarget(bureau.redis, bureau.keys, backlog_limit=1))

    with capture_logs() as lines:
        for seconds in (0, 1, 2, 62):
            now = began + seconds
            monkeypatch.setattr(bureau.clock, "monotonic", lambda now=now: now)
            bureau.change("UPDATE job_outbox SET not_before = now()")
            relay.run_once()

    told = [line["refusals"] for line in lines if line["event"] == "relay.refused"]
    assert told == [2, 6]


def test_a_row_that_cannot_be_read_is_set_aside_and_holds_up_nobody(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([broken := bureau.job(), job := bureau.job()])
    bureau.change("""UPDATE job_outbox SET job = '{"id": 1}' WHERE job_id = :id""", id=broken.id)

    bureau.relay_all()

    assert bureau.bench.queue() == [job.id]
    assert bureau.outbox.depth()[:3] == (0, 0, 1)


def test_a_taken_idempotency_key_is_noted_with_the_job_that_holds_it(bureau: Bureau) -> None:
    first, second = (bureau.job(idempotency_key="order-7") for _ in range(2))
    bureau.outbox_service.enqueue([first, second])

    bureau.relay_all()

    assert bureau.bench.queue() == [first.id]
    assert (
        bureau.rows("SELECT accepted_as FROM job_outbox ORDER BY number")
        == [{"accepted_as": first.id}] * 2
    )
    twin = bureau.outbox_service.find(second.id)
    assert twin is not None
    assert twin.id == first.id


def test_sent_rows_stay_until_their_job_is_on_record(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([bureau.job()])
    bureau.relay_all()
    store = PostgresRelayStore(bureau.engine)
    bureau.change("UPDATE job_outbox SET sent_at = now() - interval '2 days'")

    assert store.clean(86_400, 100) == 0
    bureau.record()
    assert store.clean(86_400, 100) == 1


def test_only_the_leader_sends(bureau: Bureau) -> None:
    leader, other = bureau.relay(), bureau.relay()
    leader.run_once()
    bureau.outbox_service.enqueue([bureau.job()])

    other.run_once()
    assert _unsent(bureau) == 1
    leader.run_once()
    assert _unsent(bureau) == 0


def test_a_stopping_relay_lets_another_lead_at_once(bureau: Bureau) -> None:
    relay, stop = bureau.relay(), threading.Event()
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    bureau.eventually(lambda: bureau.redis.exists("rq:tally:leader:relay"))

    stop.set()
    thread.join()

    assert isinstance(relay, Relay)
    assert not bureau.redis.exists("rq:tally:leader:relay")
