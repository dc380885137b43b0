"""What may be said of a job, whoever says it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from backend.api.schemas.jobs import EnqueueRequest
from backend.domain.errors import InvalidOption, QueueUnavailable
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import follow_ups_of, without
from backend.domain.jobs.options.job_options import (
    JOB_ID,
    LINE,
    ON_CONFLICT,
    OPTIONS,
    OWN,
    QUEUE,
    SPAN,
    UNTIL,
    WEB_ADDRESS,
    JobOptions,
    Option,
)
from backend.domain.jobs.options.unique import UniqueScope
from backend.domain.jobs.queue_name import Priority
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.jobs.job_options import checked
from tests.unit.scheduler.builders import job_intake, nothing

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 13, tzinfo=UTC)
#: Everything that can be said at once, and what becomes of it.
EVERYTHING: JobOptions = {
    "expires_at": LATER,
    "max_retries": 2,
    "retry_delays": (1, 2.5),
    "timeout": 5,
    "result_ttl": 60,
    "tags": ("vip", "x" * 200),
    "tenant": "acme",
    "trace_id": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "traceparent": "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tracestate": "vendor=1",
    "context_id": "c-1",
    "environment": "staging",
    "idempotency_key": "order-17",
    "idempotency_window": 30,
    "unique": "started",
    "unique_by": ["to"],
    "on_conflict": "debounce",
    "delay": 10,
    "max_wait_seconds": 60,
    "limit_key": "shop-17",
    "limit": 2,
    "queue": "low",
    "version": 1,
    "job_id": "mine",
    "callback_url": "https://example.com/told",
    "is_test": True,
    "on_success": "told",
    "on_failure": "told",
}
FITTING = {
    LINE: "x" * LINE.longest,
    WEB_ADDRESS: "https://example.com/",
    JOB_ID: "a-b_C9",
    SPAN: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    QUEUE: "x" * QUEUE.longest,
    UNTIL: "3600.5",
    ON_CONFLICT: "debounce",
}
UNFITTING: dict[Any, list[Any]] = {
    datetime: ["2026-06-01", 5, True],
    bool: ["yes", 1, []],
    LINE: ["x" * 513, "two\nlines", "nul\0", "\x7f", "\u2028", "half \ud800", 7, ["x"]],
    WEB_ADDRESS: ["ftp://host/", "example.com", "https://a b", "javascript:x", "https://ü.de"],
    QUEUE: ["x" * 129, "two\nlines", 7],
    JOB_ID: ["a b", "x" * 65, "a:b", 7],
    UNTIL: ["for ever", "-1", "1e3", "inf", True, ["x"]],
    ON_CONFLICT: ["throw", "Keep", 7],
    SPAN: ["x", "00-0af7-b7ad-01", "0af7651916cd43dd8448eb211c80319c", 7],
}


def _new_job(options: Any) -> NewJob:
    return job_intake("report", "told", now=NOON).check("report", {"to": 7}, None, options)


def test_everything_that_is_said_reaches_the_job() -> None:
    assert EVERYTHING.keys() == OPTIONS.keys() - {"run_at"}

    job = _new_job(EVERYTHING)

    assert (job.id, job.delay, job.expires_at, job.timeout) == ("mine", 10.0, LATER, 5.0)
    assert job.scope is not None
    assert job.scope == UniqueScope(job.scope.key, "started", "debounce", 60.0)
    assert (job.max_attempts, job.limit_key, job.limit) == (3, "shop-17", 2)
    assert str(job.queue) == "low"
    assert (job.unique_key, job.unique_window) == ("order-17", 30.0)
    assert [(each.when, each.job_type) for each in follow_ups_of(job.options)] == [
        ("on_success", "told"),
        ("on_failure", "told"),
    ]
    assert without(job.options, {each.id for each in follow_ups_of(job.options)}) == {
        "timeout": 5,
        # Those that follow ask there what came of it.
        "result_ttl": job.result_ttl,
        "tags": ["vip", "x" * 200],
        "tenant": "acme",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate": "vendor=1",
        "context_id": "c-1",
        "environment": "staging",
        "idempotency_key": "order-17",
        "idempotency_window": 30,
        "unique": "started",
        "unique_by": ["to"],
        "on_conflict": "debounce",
        "max_wait_seconds": 60.0,
        "scope": job.scope.text,
        "limit_key": "shop-17",
        "limit": 2,
        "callback_url": "https://example.com/told",
        "is_test": True,
        "expires_at": "2026-06-01T13:00:00+00:00",
        "retry_delays": [1.0, 2.5],
    }


TRACE, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("said", "carried"),
    [
        ({"trace_id": f"00-{TRACE}-{SPAN_ID}-01"}, (TRACE, f"00-{TRACE}-{SPAN_ID}-01", None)),
        ({"traceparent": f"00-{TRACE}-{SPAN_ID}-00"}, (TRACE, f"00-{TRACE}-{SPAN_ID}-00", None)),
        (
            {"traceparent": f"00-{TRACE}-{SPAN_ID}-01", "trace_id": "order-17"},
            ("order-17", f"00-{TRACE}-{SPAN_ID}-01", None),
        ),
        ({"trace_id": TRACE, "tracestate": "a=1"}, (TRACE, None, "a=1")),
        ({"traceparent": f"00-{'0' * 32}-{SPAN_ID}-01", "tracestate": "a=1"}, (None, None, None)),
        ({"trace_id": f"00-{'0' * 32}-{SPAN_ID}-01"}, (None, None, None)),
    ],
)
def test_the_span_that_asks_is_carried_whole_and_its_trace_is_found_by(
    said: Any, carried: tuple[str | None, ...]
) -> None:
    options = _new_job(said).options

    assert tuple(options.get(n) for n in ("trace_id", "traceparent", "tracestate")) == carried


@pytest.mark.parametrize("nothing", [None, ""], ids=["none", "empty"])
def test_what_says_nothing_is_as_if_it_were_not_there(nothing: Any) -> None:
    texts = {name: nothing for name, option in OPTIONS.items() if option.text and not option.most}

    assert _new_job(texts) == _new_job({"tags": [], "is_test": False, "delay": None})
    assert _new_job(texts).options == {}


def test_nothing_is_something_where_it_is_a_number_or_a_list_of_them() -> None:
    job = _new_job({"max_retries": 0, "retry_delays": [], "result_ttl": 0, "delay": 0})

    assert (job.max_attempts, job.result_ttl, job.delay) == (1, 0, 0.0)
    assert job.options == {"result_ttl": 0, "retry_delays": []}


@pytest.mark.parametrize("option", OPTIONS.values(), ids=list(OPTIONS))
def test_python_and_http_refuse_the_same(option: Option) -> None:
    unfitting = ["x", {}, True] if option.bound else UNFITTING[option.text or option.kind]
    for value in unfitting:
        given = {option.name: [value] if option.most else value}
        with pytest.raises(InvalidOption) as refusal:
            _new_job(given)
        assert refusal.value.details["field"] == option.name
        assert option.name in str(refusal.value)
        # JSON has no instants: there a text is one.
        if not (option.kind is datetime and isinstance(value, str)):
            with pytest.raises(ValidationError):
                EnqueueRequest.model_validate({"job_type": "report", **given}, strict=True)


TEXTS = {name: option for name, option in OPTIONS.items() if option.text}


@pytest.mark.parametrize("option", TEXTS.values(), ids=list(TEXTS))
def test_python_and_http_take_texts_of_the_same_length(option: Option) -> None:
    longest = FITTING[option.text or LINE]
    given: dict[str, Any] = {option.name: [longest] if option.most else longest}
    together: dict[str, Any] = {"limit": 1} if option.name == "limit_key" else {}

    body = EnqueueRequest.model_validate({"job_type": "report", **given})

    assert given.items() <= checked(given | together).items()
    assert given.items() <= body.job_request().items()


@pytest.mark.parametrize("name", OWN)
def test_what_only_we_say_is_no_option_of_a_caller(name: str) -> None:
    with pytest.raises(InvalidOption, match=f"^there is no option '{name}'") as refusal:
        _new_job({name: "x"})
    assert refusal.value.details == {"field": name}
    with pytest.raises(ValidationError):
        EnqueueRequest.model_validate({"job_type": "report", name: "x"})


def test_what_we_say_ourselves_travels_with_the_job() -> None:
    job = job_intake().check(
        "report", {}, None, {}, {"schedule": "nightly", "parent_id": "", "is_confined": True}
    )

    assert job.options == {"schedule": "nightly", "is_confined": True}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"run_at": NOON, "delay": 0}, "give run_at or delay, not both"),
        ({"limit": 1}, "limit_key and limit belong together"),
        ({"limit_key": "k"}, "limit_key and limit belong together"),
        ({"tag": ["a"]}, "there is no option 'tag', did you mean 'tags'?"),
    ],
)
def test_what_does_not_go_together_is_refused(options: Any, message: str) -> None:
    with pytest.raises(InvalidOption) as refusal:
        _new_job(options)

    assert str(refusal.value) == message


INTAKE = JobIntake(
    JobTypeCatalogue(
        [
            JobType("send", nothing, lane="email", priority=Priority.HIGH, version=2),
            JobType("tidy", nothing, priority=Priority.LOW),
        ]
    ),
    IntakeRules(),
    new_id=lambda: "new-id",
    now=lambda: NOON,
)


@pytest.mark.parametrize(
    ("job_type", "priority", "asked", "queue"),
    [
        ("send", None, None, "high:email"),
        ("send", "low", None, "low:email"),
        ("send", None, "normal:email", "normal:email"),
        ("send", None, "low", "low"),
        ("send", None, "low:default", "low"),
        ("send", None, "default", "high"),
        ("tidy", None, "email", "low:email"),
        ("tidy", "high", "email", "high:email"),
        ("tidy", "high", "high:email", "high:email"),
    ],
)
def test_a_job_goes_to_the_queue_that_is_chosen(
    job_type: str, priority: str | None, asked: str | None, queue: str
) -> None:
    assert str(INTAKE.check(job_type, {}, priority, {"queue": asked}).queue) == queue


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("hihg:email", "there is no queue 'hihg:email', did you mean 'high:email'?"),
        (
            "dlq",
            "there is no queue 'dlq'; it is a priority, or a priority and a lane: normal, high:email",
        ),
        (7, "there is no queue 7; it is a priority, or a priority and a lane: normal, high:email"),
        ("low:email", "queue 'low:email' has priority low, not normal; give one of the two"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_in_words(asked: object, says: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        INTAKE.check("send", {}, "normal", {"queue": asked})

    assert str(refused.value) == says
    assert refused.value.details["field"] == "queue"


def test_while_nobody_can_tell_which_queues_there_are_none_is_said_not_to_exist() -> None:
    class Away:
        def all(self) -> dict[str, JobType]:
            raise QueueUnavailable("Redis is away")

    catalogue = JobTypeCatalogue([JobType("send", nothing)])
    catalogue.published = Away()  # type: ignore[assignment]
    intake = JobIntake(catalogue, IntakeRules(), new_id=lambda: "new-id", now=lambda: NOON)

    with pytest.raises(QueueUnavailable):
        intake.check("send", {}, None, {"queue": "images"})

    assert str(intake.check("send", {}, None, {"queue": "low"}).queue) == "low"


def test_only_the_version_that_is_deployed_can_be_asked_for() -> None:
    assert INTAKE.check("send", {}, None, {"version": 2}).options == {"version": 2}
    with pytest.raises(InvalidOption) as refused:
        INTAKE.check("send", {}, None, {"version": 3})

    assert str(refused.value) == (
        "job type 'send' has version 2 here, not 3; leave version out to have the one that is "
        "deployed run"
    )
