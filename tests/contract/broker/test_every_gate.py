"""What holds at every gate, whatever kind it is: a rule of gates is none if one of them breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare
from backend.domain.schedules.freeze import Freeze, Window
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

HOST, LANES = "hook:down.example.com:443", ("default", "email")
HOUR = Rate(1, 3600.0, 1)
#: What each of these jobs would have to pass. The rate of its key is wide until a gate makes it narrow.
HELD: dict[str, Any] = {
    "options": {
        "tenant": "acme",
        "limit_key": "k",
        "limit": 1,
        "destination": HOST,
        "rate_share": RateShare(1, 1, "crm:a", Rate(99, 1.0, 99)).text,
    },
    "limit_key": "k",
    "limit": 1,
}


class Gate(NamedTuple):
    """One kind: its name, and what shuts and opens it. Some are shut by a job that runs."""

    name: str
    shut: Callable[[Scene], ClaimedJob | None]
    open: Callable[[Scene, ClaimedJob | None], Any]


def _freeze(what: str) -> Callable[[Scene], None]:
    def shut(scene: Scene) -> None:
        now = scene.broker.now()
        window = Window(now - timedelta(hours=1), now + timedelta(hours=1))
        freeze = Freeze("move", what, *window, ramp_seconds=0)
        scene.broker.freezes.set(freeze, [window], by="ada", reason="")

    return shut


def _thaw(scene: Scene, _: ClaimedJob | None) -> None:
    scene.broker.freezes.lift("move", by="ada", reason="")
    scene.promote()


def _break(scene: Scene) -> None:
    scene.broker.breakers.open(HOST, by="ada", reason="")


def _mend(scene: Scene, _: ClaimedJob | None) -> None:
    scene.broker.breakers.close(HOST, by="ada", reason="")
    scene.broker.pass_time(1)
    scene.promote()


def _say_quota(scene: Scene, **numbers: Any) -> None:
    scene.broker.quotas.set("acme", Quota(**numbers), by="ada", reason="")


def _fill_type(scene: Scene) -> ClaimedJob:
    scene.do.limit("greet", 1)
    return scene.started()


def _fill_key(scene: Scene) -> ClaimedJob:
    key = {"limit_key": "k", "limit": 1}
    return scene.started(job_type="other", options=dict(key), **key)


def _fill_quota(scene: Scene) -> ClaimedJob:
    _say_quota(scene, running=1)
    return scene.started(job_type="other", options={"tenant": "acme"})


def _spend(scene: Scene) -> None:
    scene.do.rate("greet", HOUR)
    scene.settle(scene.started(), "finished")


def _spend_key(scene: Scene) -> None:
    scene.do.rate_key("crm:a", HOUR, by="ada", reason="")
    options = {"rate_share": HELD["options"]["rate_share"]}
    scene.settle(scene.started(job_type="other", options=options), "finished")


def _spend_quota(scene: Scene) -> None:
    _say_quota(scene, starts=HOUR)
    scene.settle(scene.started(job_type="other", options={"tenant": "acme"}), "finished")


def _pass_an_hour(scene: Scene, _: ClaimedJob | None) -> None:
    scene.broker.pass_time(3601)
    scene.promote()


def _leave(scene: Scene, held: ClaimedJob | None) -> None:
    assert held is not None
    scene.settle(held, "finished")


GATES = (
    Gate(
        "paused:greet",
        lambda scene: scene.do.pause("type:greet") and None,
        lambda scene, _: scene.do.resume("type:greet", LANES),
    ),
    Gate("frozen:type:greet", _freeze("type:greet"), _thaw),
    Gate("frozen:tenant:acme", _freeze("tenant:acme"), _thaw),
    Gate(f"breaker:{HOST}", _break, _mend),
    Gate("type:greet", _fill_type, _leave),
    Gate("key:k", _fill_key, _leave),
    Gate("tenant:acme", _fill_quota, _leave),
    Gate("rate:greet", _spend, _pass_an_hour),
    Gate("rate:crm:a", _spend_key, _pass_an_hour),
    Gate("rate:@acme", _spend_quota, _pass_an_hour),
)
PLACES = ("type:greet", "key:k", "tenant:acme")
every_gate = pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)


@every_gate
def test_a_job_that_may_not_start_is_put_aside_and_not_tried(scene: Scene, gate: Gate) -> None:
    """As good_job #1353 and sidekiq #3943: there it was tried, and its back-off grew."""
    gate.shut(scene)
    [job_id] = scene.accept(new_job(**HELD))

    assert [scene.claimed_ids() for _ in range(3)] == [[], [], []]

    view = scene.view(job_id)
    assert (view.state, view.attempt, view.failures, view.run_at) == ("queued", 0, 0, None)
    assert scene.kinds(job_id) == ["enqueued"]
    assert scene.look.parked(gate.name, 0, 9) == [job_id]
    assert (scene.books().parked, scene.imbalance()) == (1, {})


@every_gate
def test_who_is_put_aside_is_off_the_head_of_his_queue(scene: Scene, gate: Gate) -> None:
    """As hatchet #2155 and celery #8119: there all of a queue waited behind him."""
    gate.shut(scene)
    scene.accept(*(new_job(**HELD) for _ in range(3)))
    behind = scene.accept(new_job(job_type="third"))

    assert scene.claimed_ids(1) == behind
    assert scene.queue() == []


@every_gate
def test_who_waits_for_one_gate_holds_no_other(scene: Scene, gate: Gate) -> None:
    """As hatchet #4804 and sidekiq #4744: two that each held what the other waited for."""
    held = gate.shut(scene)
    if gate.name not in {"tenant:acme", "rate:@acme"}:
        _say_quota(scene, running=5, starts=Rate(2, 3600.0, 2))
    if gate.name != "type:greet":
        scene.do.limit("greet", 5)
    if gate.name != "rate:greet":
        scene.do.rate("greet", Rate(2, 3600.0, 2))
    scene.accept(new_job(**HELD))
    assert scene.claimed_ids() == []

    holders = {each for name in PLACES for each in scene.look.gate(name)[0]}
    assert holders <= {held.id if held else ""}
    if gate.name not in {"rate:greet", "paused:greet", "frozen:type:greet", "type:greet"}:
        free = scene.accept(new_job(), new_job())
        assert scene.claimed_ids() == free
    if gate.name not in {"frozen:tenant:acme", "tenant:acme", "rate:@acme"}:
        options = {"tenant": "acme"}
        free = scene.accept(*(new_job(job_type="third", options=options) for _ in range(2)))
        assert scene.claimed_ids() == free


@every_gate
def test_who_was_put_aside_starts_once_the_gate_opens(scene: Scene, gate: Gate) -> None:
    held = gate.shut(scene)
    [job_id] = scene.accept(new_job(**HELD))
    assert scene.claimed_ids() == []

    gate.open(scene, held)

    [started] = scene.claim()
    assert (started.id, started.attempt) == (job_id, 1)
    assert (scene.books().parked, scene.imbalance()) == (0, {})


@every_gate
def test_priority_holds_behind_a_gate_too(scene: Scene, gate: Gate) -> None:
    """As solid_queue #237 and #662."""
    held = gate.shut(scene)
    ids = [scene.waiting(**HELD, queue=queue) for queue in ("low", "normal", "high")]
    assert scene.claimed_ids() == []

    assert scene.look.parked(gate.name, 0, 9) == ids[::-1]
    gate.open(scene, held)
    assert scene.claimed_ids(1) == ids[2:]


@every_gate
def test_who_waits_at_a_gate_may_be_withdrawn_and_leaves_nothing(scene: Scene, gate: Gate) -> None:
    gate.shut(scene)
    [job_id] = scene.accept(new_job(**HELD))
    assert scene.claimed_ids() == []

    assert scene.cancel(job_id) == [1]

    assert scene.look.parked(gate.name, 0, 9) == []
    assert (scene.books().parked, scene.imbalance()) == (0, {})


@pytest.mark.parametrize("how", ["retried", "snoozed"])
def test_a_job_that_waits_for_its_next_attempt_holds_no_slot(scene: Scene, how: str) -> None:
    """As inngest #2263 and procrastinate #1599: a long back-off that held a lock stalled all others."""
    scene.do.limit("greet", 1)
    _say_quota(scene, running=1)
    held = scene.started(**HELD)
    scene.settle(held, how)

    assert [scene.look.gate(name)[0] for name in PLACES] == [[], [], []]
    [other] = scene.accept(new_job(**HELD))
    assert scene.claimed_ids() == [other]


def test_a_cap_leaves_no_slot_idle_in_a_fair_queue(scene: Scene) -> None:
    """As elixirforum 75418: who is at his limit is passed over, and his turn is not waited for."""
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    full = [new_job(**HELD) for _ in range(5)]
    others = [new_job(options={"tenant": f"t{number % 2}"}) for number in range(4)]
    scene.accept(*full, *others)

    claimed = scene.claimed_ids(5)

    assert len(claimed) == 5
    assert len({*claimed} & {job.id for job in full}) == 1


def test_lines_that_come_into_turn_together_take_turns_by_their_names(scene: Scene) -> None:
    """As hatchet #1164: ties in time, without which two brokers would come to two orders."""
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    for tenant in ("z", "c", "a", "b"):
        scene.accept(*(new_job(options={"tenant": tenant}) for _ in range(2)))

    turns = [scene.view(held.id).labels.tenant for _ in range(8) for held in scene.claim(1)]

    assert turns == [*"zabczabc"]
