"""Each number has one range, whoever gives it: Python, HTTP, a shell, a job type, a schedule, a setting."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from backend.api.config.engine_settings import RedisSettings, RetrySettings, WorkerSettings
from backend.api.config.schedule_settings import ScheduleSettings
from backend.api.schemas.jobs import EnqueueRequest
from backend.api.schemas.schedules import ScheduleRequest
from backend.cli.commands.jobs.group import jobs
from backend.cli.commands.schedules import schedules
from backend.cli.input.instants import Duration
from backend.domain.errors import ConfigurationError, InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.bounds import Bound
from backend.domain.jobs.options.job_options import OPTIONS
from tests.unit.scheduler.builders import NOON, job_intake, schedule_intake
from workers.base_worker import job_type

#: What people write for "for ever", and what a sum gone wrong makes.
NO_NUMBER = (math.inf, -math.inf, math.nan, -1, 1e12, 1e300, sys.maxsize, 2**31, 2**63, 10**5000)
NO_NUMBERS = (*NO_NUMBER, "5", True, [5], {})
#: What `enqueue_job` takes as numbers.
NUMBERS = [option.bound for option in OPTIONS.values() if option.bound]
#: Of the versions in the range one is deployed, and no other is taken.
FREE_NUMBERS = [bound for bound in NUMBERS if bound is not bounds.VERSION]


def _options(bound: Bound, value: Any) -> dict[str, Any]:
    named = {bound.name: [value] if bound is bounds.RETRY_DELAY else value}
    rest = {"limit_key": "k"} if bound is bounds.LIMIT else {}
    debounce = {"unique": "started", "on_conflict": "debounce", "delay": bounds.DEBOUNCE.least}
    return named | (debounce if bound is bounds.MAX_WAIT else rest)


def _outside(bound: Bound) -> list[Any]:
    halves = [(bound.least + 1.5)] if bound.is_whole else []
    return [*NO_NUMBERS, math.nextafter(bound.most, math.inf), *halves]


@pytest.mark.parametrize("bound", NUMBERS, ids=lambda bound: bound.name)
def test_an_option_outside_of_its_range_is_refused_by_name_and_range(bound: Bound) -> None:
    for value in _outside(bound):
        with pytest.raises(InvalidOption) as refusal:
            job_intake().check("report", {}, None, _options(bound, value))

        assert refusal.value.details["field"] == bound.name
        assert str(refusal.value).startswith(f"{bound.name} must be {bound.words}, not ")
        assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("bound", FREE_NUMBERS, ids=lambda bound: bound.name)
def test_both_ends_of_a_range_are_taken(bound: Bound) -> None:
    for value in (bound.least, bound.most, int(bound.most)):
        job = job_intake().check("report", {}, None, _options(bound, value))

        assert json.loads(json.dumps(job.options)) == job.options


@pytest.mark.parametrize("bound", NUMBERS, ids=lambda bound: bound.name)
def test_http_has_the_same_range(bound: Bound) -> None:
    schema: Any = EnqueueRequest.model_json_schema()["properties"][bound.name]["anyOf"][0]
    number = schema["items"] if bound is bounds.RETRY_DELAY else schema

    assert (number["minimum"], number["maximum"]) == (bound.least, bound.most)
    assert number["type"] == ("integer" if bound.is_whole else "number")
    for value in (*NO_NUMBER, math.nextafter(bound.most, math.inf)):
        with pytest.raises(ValidationError):
            EnqueueRequest.model_validate({"job_type": "report", **_options(bound, value)})


@pytest.mark.parametrize("bound", bounds.DECLARED, ids=lambda bound: bound.name)
def test_a_job_type_outside_of_a_range_is_refused_where_it_is_declared(bound: Bound) -> None:
    for value in _outside(bound):
        given = [value] if bound is bounds.RETRY_DELAY else value
        with pytest.raises(ConfigurationError) as refusal:
            job_type("report", **{bound.name: given})

        assert str(refusal.value).startswith(
            f"job type 'report': {bound.name} must be {bound.words}, not "
        )


@pytest.mark.parametrize("bound", bounds.DECLARED, ids=lambda bound: bound.name)
def test_a_job_type_may_declare_both_ends(bound: Bound) -> None:
    for value in (bound.least, bound.most):
        job_type("report", **{bound.name: [value] if bound is bounds.RETRY_DELAY else value})


@pytest.mark.parametrize(
    ("command", "option", "bound"),
    [
        (jobs.commands["enqueue"], "delay", bounds.DELAY),
        (jobs.commands["enqueue"], "timeout", bounds.TIMEOUT),
        (jobs.commands["preview"], "timeout", bounds.TIMEOUT),
        (schedules.commands["add"], "interval", bounds.INTERVAL),
        (schedules.commands["add"], "jitter", bounds.SCHEDULE_JITTER),
    ],
)
def test_a_shell_has_the_same_range(command: Any, option: str, bound: Bound) -> None:
    kind = next(each.type for each in command.params if each.name == option)

    assert isinstance(kind, Duration)
    assert kind.bound is bound


def test_retries_from_a_shell_have_the_same_range() -> None:
    kind: Any = next(p.type for p in jobs.commands["enqueue"].params if p.name == "max_retries")

    assert (kind.min, kind.max) == (bounds.MAX_RETRIES.least, bounds.MAX_RETRIES.most)


@pytest.mark.parametrize("bound", [bounds.INTERVAL, bounds.SCHEDULE_JITTER], ids=lambda b: b.name)
def test_a_schedule_has_one_range_in_python_http_and_the_file(bound: Bound) -> None:
    schema = ScheduleRequest.model_json_schema()["properties"][bound.name]["anyOf"][0]

    assert (schema["minimum"], schema["maximum"]) == (bound.least, bound.most)
    for value in NO_NUMBER:
        said = {"job_type": "report", "interval": 60, bound.name: value}
        with pytest.raises(InvalidOption, match=bound.name):
            schedule_intake().plan(said, NOON)
        with pytest.raises(ValidationError):
            ScheduleSettings.model_validate(said)


def test_the_options_of_a_schedule_are_those_of_its_jobs() -> None:
    said = {"job_type": "report", "interval": 60, "options": {"max_retries": 2**31}}

    with pytest.raises(InvalidOption, match="max_retries must be a whole number from 0 to 1000"):
        schedule_intake().plan(said, NOON)


@pytest.mark.parametrize(
    ("section", "name"),
    [
        (RedisSettings, "result_ttl"),
        (RetrySettings, "delays"),
        (RetrySettings, "jitter"),
        (WorkerSettings, "grace"),
        (WorkerSettings, "heartbeat"),
        (WorkerSettings, "batch_seconds"),
    ],
)
def test_no_setting_takes_infinity(section: Any, name: str) -> None:
    for value in (math.inf, math.nan, -1):
        with pytest.raises(ValidationError):
            section.model_validate({name: [value] if name == "delays" else value})


@pytest.mark.parametrize("delays", ["123", 5, {1: 2}, [1] * 101, object()])
def test_retry_delays_are_a_short_list(delays: Any) -> None:
    with pytest.raises(InvalidOption, match="a list of at most 100 numbers of seconds"):
        job_intake().check("report", {}, None, {"retry_delays": delays})


@pytest.mark.parametrize("tags", ["one", 5, ["a"] * 33, {"a": 1}])
def test_tags_are_a_short_list(tags: Any) -> None:
    with pytest.raises(InvalidOption, match="tags must be a list of at most 32 words"):
        job_intake().check("report", {}, None, {"tags": tags})


def test_of_many_jobs_none_is_made_when_one_is_refused() -> None:
    with pytest.raises(InvalidOption, match="result_ttl"):
        job_intake().check_request({"job_type": "report", "result_ttl": sys.maxsize})
