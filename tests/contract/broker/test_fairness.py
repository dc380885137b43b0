"""Fair queues: the jobs of one key stand in a line of their own, and lines take turns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.domain.errors import QueueFull
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.jobs.options.rate import Rate
from backend.domain.ports import ClaimPlan, WantedTypes
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene


def _fair(scene: Scene, fairness: Fairness | None = None, queue: str = "normal") -> None:
    rule = fairness or Fairness()
    scene.broker.fair_queues.set_rule(queue, rule, by="ada", reason="one flooded all")


def _fair_no_more(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", None, by="ada", reason="")


def _of(scene: Scene, tenant: str, jobs: int, **fields: object) -> list[str]:
    options = {"options": {"tenant": tenant} if tenant else {}}
    return scene.accept(*(new_job(**options, **fields) for _ in range(jobs)))


def _tenants(scene: Scene, most: int, at_once: int = 1) -> str:
    """Whose jobs are claimed, in order."""
    found = ""
    while len(found) < most and (held := scene.claim(min(at_once, most - len(found)))):
        found += "".join(scene.view(job.id).labels.tenant or "-" for job in held)
    return found


@pytest.mark.parametrize("at_once", [1, 5])
def test_who_enqueues_very_many_jobs_holds_up_nobody_else(scene: Scene, at_once: int) -> None:
    _fair(scene)
    _of(scene, "a", 20)
    _of(scene, "b", 2)
    _of(scene, "c", 1)

    assert sorted(_tenants(scene, 6, at_once)) == [*"aaabbc"]
    assert _tenants(scene, 99, at_once) == "a" * 17


def test_jobs_of_one_key_keep_their_order(scene: Scene) -> None:
    _fair(scene)
    ids = _of(scene, "a", 5)

    assert (scene.queue(), scene.claimed_ids()) == ([], ids)


def test_a_newcomer_has_a_turn_within_one_round_and_none_saved_up(scene: Scene) -> None:
    _fair(scene)
    for tenant in "abc":
        _of(scene, tenant, 20)
    _tenants(scene, 9)

    _of(scene, "d", 20)

    assert "d" in _tenants(scene, 4)
    assert _tenants(scene, 8).count("d") == 2


def test_newcomers_without_end_keep_nobody_waiting(scene: Scene) -> None:
    _fair(scene)
    _of(scene, "z", 3)
    claimed = ""
    for number in range(12):
        _of(scene, chr(ord("a") + number), 1)
        claimed += _tenants(scene, 1)

    assert claimed.count("z") == 3


def test_who_always_comes_back_has_no_more_than_his_share(scene: Scene) -> None:
    _fair(scene)
    _of(scene, "z", 20)
    claimed = ""
    for _ in range(10):
        if claimed[-1:] != "z":
            _of(scene, "a", 1)
        claimed += _tenants(scene, 1)

    assert 4 <= claimed.count("z") <= 6


def test_a_key_that_counts_for_more_has_more_turns(scene: Scene) -> None:
    _fair(scene, Fairness(weights={"a": 3}))
    _of(scene, "a", 40)
    _of(scene, "b", 40)

    claimed = _tenants(scene, 20, 4)

    assert 14 <= claimed.count("a") <= 16


def test_jobs_without_a_key_share_a_line(scene: Scene) -> None:
    _fair(scene)
    _of(scene, "", 9)
    _of(scene, "a", 3)

    assert _tenants(scene, 6).count("a") == 3


def test_a_queue_may_be_fair_by_another_option(scene: Scene) -> None:
    _fair(scene, Fairness("limit_key"))
    mine = scene.accept(*(new_job(options={"limit_key": "x", "limit": 9}) for _ in range(3)))
    [other] = scene.accept(new_job(options={"limit_key": "y", "limit": 9}))

    assert other in scene.claimed_ids(2)
    assert scene.claimed_ids() == mine[1:]


def test_who_waits_already_moves_into_lines_in_his_order(scene: Scene) -> None:
    first, second = _of(scene, "a", 2)
    [other] = _of(scene, "b", 1)

    _fair(scene)

    assert (scene.queue(), scene.books().lined, scene.count("queued")) == ([], 3, 3)
    claimed = scene.claimed_ids(1) + scene.claimed_ids(1) + scene.claimed_ids(1)
    assert (sorted(claimed[:2]), claimed[2]) == (sorted([first, other]), second)


def test_nobody_is_left_in_a_line_of_a_queue_that_is_fair_no_more(scene: Scene) -> None:
    _fair(scene)
    ids = [*_of(scene, "a", 3), *_of(scene, "b", 2)]

    _fair_no_more(scene)

    assert sorted(scene.queue()) == sorted(ids)
    assert (scene.books().lined, scene.broker.fair_queues.rules()) == (0, {})
    last = _of(scene, "a", 1)
    assert scene.claimed_ids()[-1:] == last


def test_what_is_given_back_goes_first(scene: Scene) -> None:
    _fair(scene)
    first, second = _of(scene, "a", 2)
    _of(scene, "b", 2)
    held = next(job for job in scene.claim(2) if job.id == first)

    scene.settle(held, "released")

    assert scene.queue() == [first]
    assert scene.claimed_ids(1) == [first]
    assert second in scene.claimed_ids()


@pytest.mark.parametrize("how", ["promoted", "run now", "redriven"])
def test_whoever_comes_later_stands_in_line_too(scene: Scene, how: str) -> None:
    _fair(scene)
    said = {"options": {"tenant": "a"}}
    job_id = scene.dead(**said) if how == "redriven" else scene.scheduled(**said)

    if how == "promoted":
        scene.broker.pass_time(2000)
        scene.promote()
    elif how == "run now":
        scene.do.run_now([job_id], by="ada", reason="")
    else:
        scene.do.redrive([job_id], by="ada", reason="")

    assert (scene.queue(), scene.books().lined) == ([], 1)
    assert scene.claimed_ids() == [job_id]
    assert (scene.books().lined, scene.imbalance()) == (0, {})


def test_who_stands_in_line_may_be_canceled(scene: Scene) -> None:
    _fair(scene)
    first, second = _of(scene, "a", 2)

    assert scene.cancel(first) == [1]

    assert (scene.books().lined, scene.imbalance()) == (1, {})
    assert scene.claimed_ids() == [second]


def test_a_line_that_was_emptied_keeps_nobody_waiting(scene: Scene) -> None:
    _fair(scene)
    scene.cancel(*_of(scene, "a", 2))
    ids = _of(scene, "b", 2)

    assert scene.claimed_ids() == ids


def test_one_that_expires_in_line_never_runs(scene: Scene) -> None:
    _fair(scene)
    soon = scene.broker.now() + timedelta(seconds=50)
    [mortal] = scene.accept(new_job(options={"tenant": "a"}, expires_at=soon))
    scene.broker.pass_time(100)
    others = _of(scene, "a", 1)

    assert scene.claimed_ids() == others
    assert (scene.state(mortal), scene.books().lined, scene.imbalance()) == ("canceled", 0, {})


def test_lines_are_emptied_with_their_queue(scene: Scene) -> None:
    _fair(scene)
    ids = [*_of(scene, "a", 3), *_of(scene, "b", 2)]

    scene.do.purge("normal", by="ada", reason="a mistake")

    assert {scene.state(job_id) for job_id in ids} == {"canceled"}
    assert (scene.books().lined, scene.imbalance()) == (0, {})


def test_a_job_moves_between_lines_of_two_queues(scene: Scene) -> None:
    _fair(scene)
    _fair(scene, queue="high")
    [moved] = _of(scene, "a", 1)

    scene.do.reprioritise([(moved, "high")], by="ada", reason="", front=False)

    assert (scene.books("high").lined, scene.books().lined, scene.imbalance()) == (1, 0, {})
    assert [job.queue for job in scene.claim(9)] == ["high"]


@pytest.mark.parametrize("front", [True, False])
def test_a_job_moves_out_of_its_line_into_a_queue_that_is_not_fair(
    scene: Scene, front: bool
) -> None:
    _fair(scene)
    [moved] = _of(scene, "a", 1)
    [other] = scene.accept(new_job(queue="low"))

    scene.do.reprioritise([(moved, "low")], by="ada", reason="", front=front)

    assert scene.queue("low") == ([moved, other] if front else [other, moved])
    assert scene.imbalance() == {}


def test_who_meets_a_shut_gate_holds_up_no_other_of_its_line(scene: Scene) -> None:
    _fair(scene)
    scene.do.pause("type:greet")
    _of(scene, "a", 1)
    others = _of(scene, "a", 2, job_type="other")

    assert scene.claimed_ids() == others
    assert (scene.books().parked, scene.books().lined) == (1, 0)


def test_a_pause_that_ends_gives_everybody_his_line_back(scene: Scene) -> None:
    _fair(scene)
    scene.do.pause("type:greet")
    ids = _of(scene, "a", 4)
    assert scene.claimed_ids() == []
    others = _of(scene, "b", 1, job_type="other")

    scene.do.resume("type:greet", ("default",))

    assert (scene.queue(), scene.books().lined, scene.books().parked) == ([], 5, 0)
    claimed = scene.claimed_ids()
    assert others[0] in claimed[:2]
    assert [job_id for job_id in claimed if job_id in ids] == ids


def test_a_backlog_counts_those_in_lines(scene: Scene) -> None:
    _fair(scene)
    _of(scene, "a", 2)
    limited = scene.broker.limited(backlog_limit=2)

    with pytest.raises(QueueFull):
        limited.enqueue([new_job()])


def test_where_a_job_stands_is_told(scene: Scene) -> None:
    _fair(scene)
    place = scene.broker.fair_queues.place
    _of(scene, "a", 3)
    ids = _of(scene, "b", 3)
    scene.claimed_ids(1)

    found = place(ids[2])

    assert found is not None
    assert (found.key, found.before, found.lines) == ("b", 2, 2)
    shares = scene.broker.fair_queues.shares("normal", 9)
    assert sorted((share.key, share.waiting) for share in shares) == [("a", 2), ("b", 3)]
    assert place(scene.started(queue="high").id) is None


def test_those_in_lines_are_found_by_who_looks(scene: Scene) -> None:
    _fair(scene)
    ids = [*_of(scene, "a", 3), *_of(scene, "b", 2)]

    pages = [scene.look.parked("fair:normal", start, 2) for start in (0, 2, 4)]

    assert sorted(job_id for page in pages for job_id in page) == sorted(ids)
    assert scene.look.gates() == ["fair:normal"]
    assert sorted(scene.look.newest_parked(9)) == sorted(ids)
    assert scene.books().oldest_enqueued_at is not None


def test_who_looks_for_jobs_of_some_types_finds_them_at_the_head_of_lines(scene: Scene) -> None:
    _fair(scene)
    [plain] = _of(scene, "a", 1)
    [wanted] = _of(scene, "b", 1, job_type="other")
    behind = _of(scene, "b", 1, job_type="other")

    plan = [ClaimPlan("normal", 0)]
    found = scene.worker().pick_out(WantedTypes(("other",)), plan, 1)

    assert [job.id for job in found.jobs] == [wanted]
    assert (scene.books().lined, scene.imbalance()) == (2, {})
    assert scene.claimed_ids() == [plain, *behind]


@pytest.mark.parametrize("gate", ["type:greet", "rate:greet"])
def test_who_comes_late_to_a_shut_gate_has_the_next_turn_there(scene: Scene, gate: str) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    if gate == "type:greet":
        scene.do.limit("greet", 1)
    else:
        scene.do.rate("greet", Rate(6, 60.0, 1))
    many = _of(scene, "acme", 9)
    assert scene.claimed_ids() == many[:1]
    assert scene.look.parked(gate, 0, 9) == many[1:]

    few = _of(scene, "zeta", 2) + _of(scene, "beta", 1)
    assert scene.claimed_ids() == []

    found = scene.look.parked(gate, 0, 20)
    assert {*found[1:3]} == {few[0], few[2]}
    assert found[:1] + found[3:5] == [many[1], many[2], few[1]]
    assert found[5:] == many[3:]


def test_a_key_that_counts_for_more_has_more_turns_behind_a_gate(scene: Scene) -> None:
    rule = Fairness(weights={"acme": 2})
    scene.broker.fair_queues.set_rule("normal", rule, by="ada", reason="")
    scene.do.limit("greet", 1)
    scene.waiting(options={"tenant": "none"})
    scene.claimed_ids()
    many, others = _of(scene, "acme", 4), _of(scene, "zeta", 4)

    assert scene.claimed_ids() == []

    found = scene.look.parked("type:greet", 0, 20)
    assert [job_id in many for job_id in found[:6]].count(True) == 4
    assert [job_id for job_id in found if job_id in others] == others


def test_those_who_left_a_line_behind_a_gate_are_no_place_to_stand(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    scene.do.limit("greet", 1)
    many = _of(scene, "acme", 6)
    [held] = scene.claim(9)
    assert scene.cancel(many[2]) == [1]
    assert scene.cancel(many[3]) == [1]

    late = _of(scene, "zeta", 1)
    scene.claimed_ids()

    assert scene.look.parked("type:greet", 0, 9) == [many[1], *late, *many[4:]]
    scene.settle(held, "finished")
    assert scene.claimed_ids() == [many[1]]


def test_behind_the_gate_of_a_key_jobs_go_in_their_order(scene: Scene) -> None:
    """Whose jobs of one key go one after another, those have an order of their own."""
    _fair(scene)
    said: dict[str, Any] = {"limit_key": "k", "limit": 1}
    tenants = ("acme", "acme", "acme", "zeta")
    jobs = [new_job(options={"tenant": each, **said}, **said) for each in tenants]
    ids = [scene.accept(job)[0] for job in jobs[:3]]
    assert scene.claimed_ids() == ids[:1]
    ids += scene.accept(jobs[3])

    assert scene.claimed_ids() == []

    assert scene.look.parked("key:k", 0, 9) == ids[1:]


def test_as_many_are_purged_as_waited_in_the_list_and_in_lines(scene: Scene) -> None:
    first = scene.waiting()
    _fair(scene)
    lined = _of(scene, "acme", 3) + _of(scene, "bolt", 2)

    assert scene.do.purge("normal", by="ada", reason="no use") == 6
    assert {scene.state(job_id) for job_id in (first, *lined)} == {"canceled"}
