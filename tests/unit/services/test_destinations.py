"""Where jobs are bound for is fixed when they are accepted, in every way in which they may be asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, HttpUrl

from backend.domain.errors import ConfigurationError, InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.published_type import job_type_of, text_of
from backend.history.outbox.outbox_text import job_in
from backend.history.outbox.outbox_text import text_of as outbox_text_of
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from workers.base_worker import job_type
from workers.email_worker import EmailWorker
from workers.job_types.declaration import declaration_of
from workers.webhook_worker import WebhookWorker

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Note(BaseModel):
    url: str
    account: str = ""


def _accepted(
    breaker: Breaker | None,
    payload: Mapping[str, Any] | BaseModel | None,
    model: type[BaseModel] | None = None,
    **options: Any,
) -> NewJob:
    kind = JobType("push", print, breaker=breaker, payload=model)
    intake = JobIntake(
        JobTypeCatalogue([kind]), IntakeRules(), new_id=lambda: "new-id", now=lambda: NOON
    )
    return intake.check("push", payload, None, options)


def test_the_destination_travels_with_the_job() -> None:
    job = _accepted(Breaker(by="url"), {"url": "https://a.example/x"})

    assert job.options == {"destination": "push:a.example:443"}


class Hook(BaseModel):
    url: HttpUrl = HttpUrl("https://a.example/x")


@pytest.mark.parametrize("payload", [{}, {"url": "https://a.example/y"}, Hook()])
def test_a_field_counts_as_its_model_fills_it_in_and_json_has_it(payload: Any) -> None:
    job = _accepted(Breaker(by="url"), payload, Hook)

    assert job.options == {"destination": "push:a.example:443"}


def test_it_stands_beside_whatever_else_is_said() -> None:
    job = _accepted(Breaker(by="url"), {"url": "https://a.example/x"}, tags=["a"])

    assert job.options == {"tags": ["a"], "destination": "push:a.example:443"}


def test_the_same_job_through_the_outbox_has_it_too() -> None:
    job = _accepted(Breaker(by="url"), {"url": "https://a.example/x"})

    assert job_in(outbox_text_of(job)) == job


def test_a_type_without_a_breaker_has_jobs_without_a_destination() -> None:
    assert _accepted(None, {"url": "https://a.example/x"}).options == {}


def test_callers_do_not_choose_it() -> None:
    with pytest.raises(InvalidOption, match="no option 'destination'"):
        _accepted(Breaker(by="url"), {"url": "https://a.example/x"}, destination="elsewhere")


def _account(note: Note) -> str | None:
    return note.account or None


@pytest.mark.parametrize(
    "payload", [{"url": "x", "account": "acme"}, Note(url="x", account="acme")]
)
def test_a_function_is_given_the_model(payload: Any) -> None:
    job = _accepted(Breaker(by=_account), payload, Note)

    assert job.options == {"destination": "push:acme"}


def test_what_a_function_knows_no_destination_for_is_bound_for_nowhere() -> None:
    assert _accepted(Breaker(by=_account), {"url": "x"}, Note).options == {}


@pytest.mark.parametrize(
    ("by", "said"),
    [
        (lambda payload: payload["no such field"], "cannot tell the destination: KeyError"),
        (lambda _: 17, "as text or None, not int"),
    ],
)
def test_a_function_that_fails_is_told_to_whoever_enqueues(
    by: Callable[[Any], Any], said: str
) -> None:
    with pytest.raises(InvalidOption, match=said):
        _accepted(Breaker(by=by), {"url": "x"})


def test_others_who_enqueue_by_name_know_the_field_too() -> None:
    kind = JobType("push", print, breaker=Breaker(by="url", name="web", failures=9))

    found = job_type_of("push", text_of(kind))

    assert found.breaker == kind.breaker


def test_a_function_stays_with_the_code_and_others_jobs_are_bound_for_nowhere() -> None:
    found = job_type_of("push", text_of(JobType("push", print, breaker=Breaker(by=_account))))

    assert found.breaker is not None
    assert found.breaker.key_in({"": "acme"}) == "acme"
    assert found.breaker.key_in({"account": "acme"}) is None


def test_types_without_a_breaker_are_told_of_as_ever() -> None:
    assert "breaker" not in json.loads(text_of(JobType("push", print)))


def test_what_ships_is_guarded() -> None:
    webhook = declaration_of(WebhookWorker.send_webhook)
    email = declaration_of(EmailWorker.send_email)
    assert webhook is not None
    assert email is not None

    assert webhook.fields["breaker"].destination("x", "a.example:443") == "webhook:a.example:443"
    assert email.fields["breaker"].destination("x", None) == "mail_server"


def test_what_is_no_breaker_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ConfigurationError, match="breaker is a Breaker, not int"):
        job_type("push", breaker=5)  # type: ignore[call-overload]
