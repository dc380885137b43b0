"""A job that gets another payload: what follows from a payload follows from the new one."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.job import JobView, NewJob
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare
from backend.domain.jobs.options.unique import UniqueScope
from backend.domain.jobs.step_codes import RedriveCode
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

#: Of the options that follow from no payload, such as are hard to read.
KEPT = {"tags": ["paid", "}"], "retry_delays": [], "context_id": 'the "first, \\'}
OLD, NEW = "hook:old.example.com:443", "hook:new.example.com:443"


def _asked(
    name: str = "Ada",
    *,
    key: str = "",
    limit: int = 1,
    host: str = "",
    scope: UniqueScope | None = None,
    **said: Any,
) -> NewJob:
    """A job as its intake makes it: what follows from its payload is told twice."""
    options: dict[str, Any] = {**KEPT, **said}
    if key:
        options |= {"limit_key": key, "limit": limit}
    if host:
        options["destination"] = host
    if scope:
        options["scope"] = scope.text
    keyed = {"limit_key": key, "limit": limit} if key else {}
    return new_job(payload=f'{{"name":"{name}"}}', options=options, scope=scope, **keyed)


def _rated(key: str) -> dict[str, str]:
    """Of such a key one job may start in an hour."""
    return {"rate_share": RateShare(1, 1, f"crm:{key}", Rate(1, 3600.0, 1)).text}


def _replacing(name: str, **said: Any) -> NewJob:
    return _asked(name, scope=UniqueScope("greet:7", "started", "replace"), **said)


def _terms(view: JobView) -> dict[str, Any]:
    """What it has of what follows from a payload."""
    names = ("limit_key", "limit", "destination", "version")
    assert view.options.get("destination", "") == view.destination
    return {name: view.options[name] for name in names if name in view.options}


def _dead(scene: Scene, job: NewJob) -> str:
    scene.accept(job)
    [held] = scene.claim()
    scene.settle(held, "failed")
    return job.id


def _redrive(scene: Scene, job_id: str, asked: NewJob, *, anyway: bool = False) -> RedriveCode:
    said = {"by": "ada", "reason": "the address was wrong", "anyway": anyway}
    return scene.do.redrive_changed(job_id, "greet", asked.payload, asked=asked, **said)


def _open(scene: Scene, *hosts: str) -> None:
    for host in hosts:
        scene.broker.breakers.open(host, by="ada", reason="they move house")


def test_a_redriven_job_has_what_follows_from_its_new_payload(scene: Scene) -> None:
    job_id = _dead(scene, _asked(key="customer:1", host=OLD, version=1))

    more = {"hold": True, "rate_share": "2/3/100/60/10/crm:a"}
    asked = _asked("Bob", key="customer:2", limit=5, host=NEW, version=2, tags=["free"], **more)
    assert _redrive(scene, job_id, asked) == RedriveCode.QUEUED

    view = scene.view(job_id)
    new = {"limit_key": "customer:2", "limit": 5, "destination": NEW, "version": 2}
    assert _terms(view) == new
    assert {name: view.options[name] for name in more} == more
    assert {name: view.options[name] for name in KEPT} == KEPT
    told = scene.events(job_id)[-1]
    assert (told.kind, told.data, told.body) == (
        *("redriven", '{"name":"Bob"}'),
        "the address was wrong",
    )
    assert '"limit_key":"customer:2"' in told.options
    assert scene.imbalance() == {}


def test_what_follows_no_more_is_gone(scene: Scene) -> None:
    job_id = _dead(scene, _asked(key="customer:1", host=OLD, version=2))

    _redrive(scene, job_id, _asked("Bob"))

    assert _terms(scene.view(job_id)) == {}
    assert [job.id for job in scene.claim()] == [job_id]


def test_a_redriven_job_waits_for_its_new_destination_and_not_for_the_old_one(scene: Scene) -> None:
    first = _dead(scene, _asked(host=OLD))
    second = _dead(scene, _asked(host=NEW))
    _open(scene, OLD)

    _redrive(scene, first, _asked("Bob", host=NEW))
    _redrive(scene, second, _asked("Bob", host=OLD))

    assert scene.claimed_ids() == [first]
    assert scene.look.parked(f"breaker:{OLD}", 0, 9) == [second]


def test_a_redriven_job_takes_a_slot_of_its_new_key(scene: Scene) -> None:
    job_id = _dead(scene, _asked(key="customer:1"))
    [holder] = scene.accept(_asked(key="customer:2"))
    assert scene.claimed_ids() == [holder]

    _redrive(scene, job_id, _asked("Bob", key="customer:2"))

    assert scene.claimed_ids() == []
    assert scene.look.parked("key:customer:2", 0, 9) == [job_id]


def test_a_redriven_job_stands_in_the_line_of_its_new_key(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness("limit_key"), by="ada", reason="")
    job_id = _dead(scene, _asked(key="customer:1"))

    _redrive(scene, job_id, _asked("Bob", key="customer:2"))

    place = scene.broker.fair_queues.place(job_id)
    assert place is not None
    assert place.key == "customer:2"


def test_a_redriven_job_keeps_out_those_that_are_the_same_as_its_new_payload(scene: Scene) -> None:
    old, new = UniqueScope("greet:old", "3600"), UniqueScope("greet:new", "3600")
    job_id = _dead(scene, _asked(scope=old))
    assert scene.ask(_asked(scope=old)) == [(job_id, False)]

    _redrive(scene, job_id, _asked("Bob", scope=new))

    assert scene.ask(_asked("Bob", scope=new)) == [(job_id, False)]
    scene.accept(_asked(scope=old))
    assert scene.view(job_id).options["scope"] == new.text


def test_a_dead_job_is_kept_out_by_the_twin_of_its_new_payload_alone(scene: Scene) -> None:
    old, new = UniqueScope("greet:old", "ended"), UniqueScope("greet:new", "ended")
    job_id = _dead(scene, _asked(scope=old))
    [twin] = scene.accept(_asked(scope=new))
    scene.accept(_asked(scope=old))
    asked = _asked("Bob", scope=new)

    assert _redrive(scene, job_id, asked) == RedriveCode.KEPT_OUT
    assert scene.view(job_id).payload == {"name": "Ada"}

    assert _redrive(scene, job_id, asked, anyway=True) == RedriveCode.QUEUED
    assert scene.ask(_asked("Bob", scope=new)) == [(twin, False)]


def test_a_redrive_to_a_payload_that_is_like_no_other_frees_the_old_key(scene: Scene) -> None:
    old = UniqueScope("greet:old", "3600")
    job_id = _dead(scene, _asked(scope=old))

    _redrive(scene, job_id, _asked("Bob"))

    assert scene.view(job_id).scope is None
    scene.accept(_asked(scope=old))
    [held, _] = scene.claim(2)
    assert scene.settle(held, "finished") == 1


def test_who_gets_the_newest_payload_gets_what_follows_from_it(scene: Scene) -> None:
    [first] = scene.accept(_replacing("Ada", key="customer:1", host=OLD, tags=["first"]))

    said = {"key": "customer:2", "limit": 5, "host": NEW, "version": 2}
    scene.ask(_replacing("Bob", **said, tags=["second"]))

    view = scene.view(first)
    new = {"limit_key": "customer:2", "limit": 5, "destination": NEW, "version": 2}
    assert (_terms(view), view.tags) == (new, ["first"])
    assert view.scope == UniqueScope("greet:7", "started")
    told = scene.events(first)[-1]
    assert (told.kind, told.data) == ("replaced", '{"name":"Bob"}')
    assert '"limit_key":"customer:2"' in told.options
    assert '"first"' in told.options


def test_a_job_keeps_others_out_for_as_long_as_it_said_itself(scene: Scene) -> None:
    [first] = scene.accept(_asked(scope=UniqueScope("greet:7", "ended")))

    scene.ask(_replacing("Bob"))

    assert scene.view(first).payload == {"name": "Bob"}
    assert scene.view(first).options["scope"] == "ended//greet:7"


def test_a_newer_payload_without_a_destination_leaves_the_old_one_behind(scene: Scene) -> None:
    [first] = scene.accept(_replacing("Ada", host=OLD))
    _open(scene, OLD)

    scene.ask(_replacing("Bob"))

    assert scene.claimed_ids() == [first]


def test_a_job_behind_the_gate_of_its_old_payload_waits_there_no_more(scene: Scene) -> None:
    _open(scene, OLD)
    [first] = scene.accept(_replacing("Ada", host=OLD))
    assert scene.claimed_ids() == []

    scene.ask(_replacing("Bob", host=NEW))

    assert scene.look.parked(f"breaker:{OLD}", 0, 9) == []
    assert scene.claimed_ids() == [first]
    assert (scene.books().parked, scene.imbalance()) == (0, {})


def test_a_job_behind_the_limit_of_its_old_key_waits_there_no_more(scene: Scene) -> None:
    [holder] = scene.accept(_asked(key="customer:1"))
    [first] = scene.accept(_replacing("Ada", key="customer:1"))
    assert scene.claimed_ids() == [holder]

    scene.ask(_replacing("Bob", key="customer:2"))

    assert scene.claimed_ids() == [first]
    assert (scene.books().parked, scene.imbalance()) == (0, {})


def test_a_job_behind_a_gate_that_still_holds_it_keeps_its_place(scene: Scene) -> None:
    _open(scene, OLD)
    ids = scene.accept(_replacing("Ada", host=OLD), _asked(host=OLD))
    assert scene.claimed_ids() == []

    scene.ask(_replacing("Bob", host=OLD))

    assert scene.look.parked(f"breaker:{OLD}", 0, 9) == ids


def test_a_job_behind_the_limit_that_its_new_payload_has_too_keeps_its_place(scene: Scene) -> None:
    scene.accept(_asked(key="customer:1"))
    ids = scene.accept(_replacing("Ada", key="customer:1"), _asked(key="customer:1"))
    scene.claimed_ids()

    scene.ask(_replacing("Bob", key="customer:1"))

    assert scene.look.parked("key:customer:1", 0, 9) == ids


def test_the_slot_that_a_job_was_let_through_for_is_the_next_ones_when_its_key_changes(
    scene: Scene,
) -> None:
    [holder] = scene.accept(_asked(key="customer:1"))
    [held] = scene.claim()
    first, behind = scene.accept(_replacing("Ada", key="customer:1"), _asked(key="customer:1"))
    assert scene.claimed_ids() == []
    scene.settle(held, "finished")
    assert held.id == holder
    assert scene.queue() == [first]

    scene.ask(_replacing("Bob", key="customer:2"))

    assert {*scene.claimed_ids()} == {first, behind}


def test_a_job_behind_the_rate_of_its_old_key_waits_there_no_more(scene: Scene) -> None:
    scene.accept(_asked(**_rated("1")))
    [first] = scene.accept(_replacing("Ada", **_rated("1")))
    assert first not in scene.claimed_ids()

    scene.ask(_replacing("Bob", **_rated("2")))

    assert scene.look.parked("rate:crm:1", 0, 9) == []
    assert scene.claimed_ids() == [first]
    assert (scene.books().parked, scene.imbalance()) == (0, {})


def test_also_where_its_new_payload_has_no_rate_of_a_key(scene: Scene) -> None:
    scene.accept(_asked(**_rated("1")))
    [first] = scene.accept(_replacing("Ada", **_rated("1")))
    scene.claimed_ids()

    scene.ask(_replacing("Bob"))

    assert scene.claimed_ids() == [first]


def test_a_job_behind_the_rate_that_its_new_payload_has_too_keeps_its_place(scene: Scene) -> None:
    scene.accept(_asked(**_rated("1")))
    ids = scene.accept(_replacing("Ada", **_rated("1")), _asked(**_rated("1")))
    scene.claimed_ids()

    scene.ask(_replacing("Bob", **_rated("1")))

    assert scene.look.parked("rate:crm:1", 0, 9) == ids


def test_the_start_that_a_job_was_let_through_for_is_the_next_ones_when_its_key_changes(
    scene: Scene,
) -> None:
    scene.accept(_asked(**_rated("1")))
    first, behind = scene.accept(_replacing("Ada", **_rated("1")), _asked(**_rated("1")))
    assert len(scene.claimed_ids()) == 1
    scene.broker.pass_time(3601)
    scene.promote()
    assert scene.queue() == [first]

    scene.ask(_replacing("Bob", **_rated("2")))
    scene.promote()

    assert {*scene.queue()} == {first, behind}
    assert {*scene.claimed_ids()} == {first, behind}


def test_a_job_changes_to_the_line_of_its_newest_key(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness("limit_key"), by="ada", reason="")
    [first] = scene.accept(_replacing("Ada", key="customer:1"))

    scene.ask(_replacing("Bob", key="customer:2"))

    place = scene.broker.fair_queues.place(first)
    assert place is not None
    assert place.key == "customer:2"
    assert scene.claimed_ids() == [first]
    assert (scene.books().parked, scene.imbalance()) == (0, {})


def test_also_when_both_came_in_one_call(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness("limit_key"), by="ada", reason="")
    one, other = _replacing("Ada", key="customer:1"), _replacing("Bob", key="customer:2")

    assert scene.ask(one, other) == [(one.id, True), (one.id, False)]

    place = scene.broker.fair_queues.place(one.id)
    assert place is not None
    assert place.key == "customer:2"
    assert scene.look.parked("fair:normal", 0, 9) == [one.id]
    assert scene.claimed_ids() == [one.id]
    assert (scene.books().parked, scene.imbalance()) == (0, {})
