"""What people do to jobs and queues, and what they are refused, over a broker in memory."""

from __future__ import annotations

import pytest

from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.errors import (
    IllegalMove,
    InvalidOption,
    JobNotFound,
    UnknownJobType,
    UnknownPriority,
)
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.rate import Rate
from backend.services.jobs.job_control import JobControl
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from tests.contract.broker.brokers import InMemory
from tests.contract.broker.scene import Scene

ADA = Actor("ada", Role.OPERATOR)


@pytest.fixture
def scene() -> Scene:
    return Scene(InMemory())


@pytest.fixture
def noted() -> list[str]:
    """The names of the controls on which something was said."""
    return []


@pytest.fixture
def control(scene: Scene, noted: list[str]) -> JobControl:
    broker = scene.broker
    kinds = [JobType("greet", lambda: None), JobType("send", lambda: None, lane="email")]
    intake = JobIntake(
        JobTypeCatalogue(kinds), IntakeRules(), new_id=lambda: "new", now=broker.clock.now
    )
    return JobControl(broker.operations, broker.inspection, broker.queue, intake, noted.append)


def test_a_waiting_job_is_canceled_and_a_running_one_asked(
    control: JobControl, scene: Scene
) -> None:
    running = scene.started().id

    assert control.cancel(scene.waiting(), by=ADA) == "canceled"
    assert control.cancel(running, by=ADA) == "asked"


def test_what_has_ended_or_is_not_known_is_not_canceled(control: JobControl, scene: Scene) -> None:
    with pytest.raises(IllegalMove, match="has ended already"):
        control.cancel(scene.finished(), by=ADA)
    with pytest.raises(JobNotFound):
        control.cancel("nobody", by=ADA)


def test_a_dead_job_goes_home_also_with_another_payload(control: JobControl, scene: Scene) -> None:
    plain, changed = scene.dead(), scene.dead()

    control.redrive(plain, by=ADA)
    control.redrive(changed, by=ADA, payload={"name": "Bob"})

    assert scene.queue() == [plain, changed]
    assert scene.view(changed).payload == {"name": "Bob"}


@pytest.mark.parametrize("action", ["redrive", "discard", "resolve"])
def test_what_is_not_dead_is_left_alone_and_told_so(
    control: JobControl, scene: Scene, action: str
) -> None:
    act = getattr(control, action)

    with pytest.raises(IllegalMove, match="is queued, not in the dead-letter queue"):
        act(scene.waiting(), by=ADA)
    with pytest.raises(JobNotFound):
        act("nobody", by=ADA)


def test_a_job_changes_its_priority_within_its_lane(control: JobControl, scene: Scene) -> None:
    job_id = scene.waiting(queue="low:email")

    assert control.reprioritise(job_id, "high", by=ADA) == "high:email"

    assert scene.view(job_id).queue == "high:email"
    with pytest.raises(UnknownPriority, match="did you mean 'high'"):
        control.reprioritise(job_id, "hihg", by=ADA)
    with pytest.raises(IllegalMove, match="only waiting jobs can move"):
        control.reprioritise(scene.finished(), "high", by=ADA)


def test_only_a_scheduled_job_is_run_sooner(control: JobControl, scene: Scene) -> None:
    assert control.run_now(scene.scheduled(queue="low"), by=ADA) == "low"
    with pytest.raises(IllegalMove, match="only scheduled jobs can be run sooner"):
        control.run_now(scene.finished(), by=ADA)


@pytest.mark.parametrize("what", ["queue:high", "lane:email", "type:greet"])
def test_a_pause_holds_until_it_is_resumed_and_only_what_changes_is_noted(
    control: JobControl, scene: Scene, noted: list[str], what: str
) -> None:
    assert [control.pause(what, by=ADA), control.pause(what, by=ADA)] == [True, False]
    assert scene.look.paused() == [what]
    assert [control.resume(what, by=ADA), control.resume(what, by=ADA)] == [True, False]

    assert scene.look.paused() == []
    assert noted == [f"pause:{what}"] * 2


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("high", InvalidOption),
        ("lane:", InvalidOption),
        ("lane:emial", InvalidOption),
        ("queue:hihg", UnknownPriority),
        ("type:gret", UnknownJobType),
    ],
)
def test_what_does_not_exist_is_not_paused(
    control: JobControl, scene: Scene, what: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        control.pause(what, by=ADA)

    assert scene.look.paused() == []


def test_a_limit_is_of_a_type_that_exists_and_may_be_taken_away(
    control: JobControl, scene: Scene
) -> None:
    control.limit("greet", 2, by=ADA)
    assert scene.look.limits() == {"greet": 2}

    control.limit("greet", 0, by=ADA)

    assert scene.look.limits() == {}
    with pytest.raises(UnknownJobType):
        control.limit("gret", 2, by=ADA)
    with pytest.raises(InvalidOption):
        control.limit("greet", -1, by=ADA)


@pytest.mark.parametrize("rate", [Rate(5, 1, by="who"), Rate(5, 1, weight="size")])
def test_a_rate_that_the_payload_tells_is_for_job_types_to_declare(
    control: JobControl, rate: Rate
) -> None:
    with pytest.raises(InvalidOption) as refused:
        control.rate("greet", rate, by=ADA)

    assert str(refused.value) == (
        "by and weight are told by the payload, so a job type declares them; say limit, per and burst here"
    )


@pytest.mark.parametrize(
    "key", ["", "acme", "@acme:x", "push:a\nb", "push:\ud800", "push:" + "x" * 508]
)
def test_what_no_job_can_have_is_no_key_of_a_rate(control: JobControl, key: str) -> None:
    with pytest.raises(InvalidOption):
        control.rate_key(key, Rate(5, 1), by=ADA)


def test_a_purge_says_how_many_it_took(control: JobControl, scene: Scene) -> None:
    scene.waiting()
    scene.waiting()

    assert control.purge("normal", by=ADA) == 2
    with pytest.raises(UnknownPriority):
        control.purge("nromal", by=ADA)


@pytest.mark.parametrize("name", ["high:emial", "low:nowhere"])
def test_a_queue_that_no_worker_serves_is_neither_paused_nor_said_to_go_on(
    control: JobControl, scene: Scene, noted: list[str], name: str
) -> None:
    for act in (control.pause, control.resume):
        with pytest.raises(UnknownPriority, match=f"there is no queue '{name}'"):
            act(f"queue:{name}", by=ADA)

    assert (scene.broker.inspection.paused(), noted) == ([], [])


def test_what_was_paused_goes_on_when_its_lane_or_type_is_gone(
    control: JobControl, scene: Scene
) -> None:
    for what in ("queue:high:gone", "lane:gone", "type:gone"):
        scene.do.pause(what)

        assert control.resume(what, by=ADA)
