"""Every action is written down before and after, whatever becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import CapturingLogger

from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.actor import Actor, Channel
from backend.domain.access.role import Role
from backend.domain.errors import HistoryUnavailable, InvalidOption, JobNotFound, QueueUnavailable
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.actions.ownership import Ownership

ADA = Actor("ada", Role.OPERATOR, "10.0.0.7", channel=Channel.CLI, request_id="r-1")


class Trail:
    """An audit log in memory, that can be away."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, dict[str, Any]]] = []
        self.is_away = False

    def record(self, action: str, actor: Actor, **details: Any) -> None:
        """One row."""
        if self.is_away:
            raise HistoryUnavailable("Postgres does not answer")
        self.rows.append((action, actor.name, details))

    @property
    def outcomes(self) -> list[str]:
        """The outcome of each row."""
        return [details["outcome"] for _, _, details in self.rows]


class Lamps(ActionFamily):
    """Lamps that can be lit."""

    @action("lamps.light", "lamp:{lamp}")
    def light(self, by: Actor, lamp: str, *, reason: str = "") -> Effect[str]:
        """Lights one."""
        if lamp == "broken":
            raise InvalidOption("it is broken", field="lamp")
        if lamp == "far":
            raise QueueUnavailable("no wire")
        return Effect(
            f"{lamp} is lit by {by.name}", [lamp], before={"lit": False}, after={"lit": True}
        )


def test_an_action_gives_back_its_value_and_leaves_its_intent_and_its_outcome() -> None:
    trail = Trail()

    assert Lamps(ActionLog(trail)).light(ADA, "red", reason="dark") == "red is lit by ada"

    said = {"object": "lamp:red", "reason": "dark"}
    assert trail.rows == [
        ("lamps.light", "ada", {**said, "outcome": "intended"}),
        (
            "lamps.light",
            "ada",
            {
                **said,
                "outcome": "done",
                "affected_ids": ["red"],
                "affected": 1,
                "before": {"lit": False},
                "after": {"lit": True},
            },
        ),
    ]


@pytest.mark.parametrize(
    ("lamp", "error", "outcome"),
    [("broken", InvalidOption, "refused"), ("far", QueueUnavailable, "failed")],
)
def test_what_was_refused_or_failed_is_raised_and_written_down(
    lamp: str, error: type[Exception], outcome: str
) -> None:
    trail = Trail()

    with pytest.raises(error):
        Lamps(ActionLog(trail)).light(ADA, lamp)

    assert trail.outcomes == ["intended", outcome]
    assert trail.rows[1][2]["after"]["message"] in {"it is broken", "no wire"}


def test_while_the_audit_log_is_away_the_process_log_takes_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trail, told = Trail(), []
    trail.is_away = True
    logs = CapturingLogger()
    monkeypatch.setattr("backend.services.actions.action_log.log", logs)

    lit = Lamps(ActionLog(trail, when_lost=told.append)).light(ADA, "red", reason="dark")

    lost = [call.kwargs for call in logs.calls if call.args == ("audit.not_recorded",)]
    assert lit == "red is lit by ada"
    assert [(line["outcome"], line["action"], line["actor"], line["object"]) for line in lost] == [
        ("intended", "lamps.light", "ada", "lamp:red"),
        ("done", "lamps.light", "ada", "lamp:red"),
    ]
    assert [line["request_id"] for line in lost] == ["r-1", "r-1"]
    assert len(told) == 1


def test_where_the_audit_log_is_required_nothing_is_done_without_it() -> None:
    trail = Trail()
    trail.is_away = True

    with pytest.raises(HistoryUnavailable):
        Lamps(ActionLog(trail, is_required=True)).light(ADA, "red")


class Jobs:
    """Two jobs, of two tenants."""

    def find(self, job_id: str) -> Any:
        """One of them."""
        if job_id not in {"blue-1", "red-1"}:
            raise JobNotFound(f"no job {job_id!r}", job_id=job_id)
        options = {"tenant": job_id.partition("-")[0]}
        return JobView(job_id, "greet", "low", JobState.QUEUED, {}, 0, 1, options=options)

    def jobs(self, job_ids: Any) -> list[Any]:
        """Those that there are."""
        return [self.find(job_id) for job_id in job_ids if job_id in {"blue-1", "red-1"}]


def _ownership() -> Ownership:
    kinds = JobTypeCatalogue([JobType("greet", lambda: None)])
    return Ownership(Jobs(), Jobs(), kinds)


def test_jobs_of_another_tenant_are_as_if_they_were_not_there() -> None:
    blue, ownership = Actor("bot", Role.OPERATOR, tenant="blue"), _ownership()

    ownership.check(blue, "blue-1")
    ownership.check_live(blue, ["blue-1", "gone"])
    for check in (
        lambda: ownership.check(blue, "red-1"),
        lambda: ownership.check_live(blue, ["blue-1", "red-1"]),
        lambda: ownership.check_to_run(blue, "red-1"),
    ):
        with pytest.raises(JobNotFound, match="no job 'red-1'"):
            check()


def test_a_job_is_run_again_only_by_those_who_may_have_its_type_run() -> None:
    ownership = _ownership()

    ownership.check_to_run(Actor("deploy"), "a job that nobody needs to look up")
    ownership.check_to_run(Actor("ada", Role.OPERATOR), "blue-1")
    with pytest.raises(NotAllowed, match="it may not have 'greet' run"):
        ownership.check_to_run(Actor("bot", Role.OPERATOR, job_types=frozenset({"x"})), "blue-1")
