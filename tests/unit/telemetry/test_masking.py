"""What people may see of payloads and results."""

from __future__ import annotations

from backend.domain.errors import QueueUnavailable
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


class Elsewhere:
    """Types of others, which can be found by name, or cannot; nobody can list them now."""

    def __init__(self, *kinds: JobType, is_away: bool) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self.is_away = is_away

    def find(self, name: str) -> JobType | None:
        if self.is_away:
            raise QueueUnavailable("Redis is away")
        return self.kinds.get(name)

    def all(self) -> dict[str, JobType]:
        raise QueueUnavailable("Redis is away")


def _published(kind: JobType, *, is_away: bool) -> JobTypeCatalogue:
    catalogue = JobTypeCatalogue()
    catalogue.published = Elsewhere(kind, is_away=is_away)
    return catalogue


def test_declared_fields_of_a_type_of_others_are_masked_while_nobody_can_list_them() -> None:
    catalogue = _published(CATALOGUE.get("pay"), is_away=False)

    assert without_secrets(catalogue, "pay", {"card": "4111", "cents": 5}) == {
        "card": "[hidden]",
        "cents": 5,
    }


def test_while_nobody_can_tell_which_fields_are_secret_each_of_them_is() -> None:
    catalogue = _published(CATALOGUE.get("pay"), is_away=True)
    payload = {"card": "4111", "orders": [{"iban": "DE1"}], "cents": 5, "note": ""}

    seen = without_secrets(catalogue, "pay", payload)
    followed = options_without_secrets(
        catalogue, {"on_success": {"job_type": "pay", "payload": payload}, "tenant": "acme"}
    )

    hidden = {"card": "[hidden]", "orders": "[hidden]", "cents": "[hidden]", "note": ""}
    assert seen == hidden
    assert without_secrets(catalogue, "pay", [{"iban": "DE1"}, "two"]) == [
        {"iban": "[hidden]"},
        "two",
    ]
    assert followed == {"on_success": {"job_type": "pay", "payload": hidden}, "tenant": "acme"}


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
