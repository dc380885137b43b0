"""What people may see of payloads and results."""

from __future__ import annotations

from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.telemetry.logs.masking import options_without_secrets, without_secrets
from tests.jobs.well_behaved import note

CATALOGUE = JobTypeCatalogue([JobType("pay", note, secret_fields=frozenset({"card"}))])


def test_declared_fields_are_masked_however_deep() -> None:
    seen = without_secrets(CATALOGUE, "pay", {"orders": [{"card": "4111", "cents": 5}]})

    assert seen == {"orders": [{"card": "[hidden]", "cents": 5}]}


def test_an_empty_secret_is_seen_to_be_empty() -> None:
    assert without_secrets(CATALOGUE, "pay", {"card": ""}) == {"card": ""}


def test_of_an_unknown_type_everything_with_a_secrets_name_is_masked() -> None:
    seen = without_secrets(CATALOGUE, "gone", {"api_key": "k", "Password": "p", "card": "4111"})

    assert seen == {"api_key": "[hidden]", "Password": "[hidden]", "card": "4111"}


def test_what_follows_a_job_keeps_its_secrets_as_it_was_said_and_as_it_is_carried() -> None:
    asked = {"job_type": "pay", "payload": {"card": "4111", "cents": 5}}
    plan = {"id": "x", "job_type": "pay", "payload": '{"card":"4111","cents":5}'}
    told = {"id": "y", "job_type": "pay"}
    options = {"tenant": "acme", "on_success": asked, "on_failure": "pay"}

    said = options_without_secrets(CATALOGUE, options)
    carried = options_without_secrets(
        CATALOGUE, {"follow": {"on_success": plan, "on_failure": told}}
    )

    shown = {"card": "[hidden]", "cents": 5}
    assert said == {**options, "on_success": {"job_type": "pay", "payload": shown}}
    assert carried == {
        "follow": {
            "on_success": {**plan, "payload": '{"card":"[hidden]","cents":5}'},
            "on_failure": told,
        }
    }


def test_what_is_no_object_is_left_as_it_is() -> None:
    assert without_secrets(CATALOGUE, "pay", [1, "two", None]) == [1, "two", None]
