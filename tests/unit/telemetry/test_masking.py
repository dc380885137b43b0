"""What people may see of payloads and results."""

from __future__ import annotations

from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.telemetry.logs.masking import without_secrets
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


def test_what_is_no_object_is_left_as_it_is() -> None:
    assert without_secrets(CATALOGUE, "pay", [1, "two", None]) == [1, "two", None]
