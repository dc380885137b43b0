"""What did not fit, by field, and what is said above all."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from backend.dashboard.request.routes import page_of
from backend.dashboard.request.slip import slip_of
from backend.dashboard.views import ROUTES
from backend.domain.errors import IllegalMove, InvalidOption, InvalidPayload, QueueUnavailable


class _Sent(BaseModel):
    limit: int
    since: int


def test_each_field_that_was_sent_has_its_words_and_the_rest_stands_above() -> None:
    with pytest.raises(ValidationError) as wrong:
        _Sent.model_validate({"limit": "many", "since": "x"})

    slip = slip_of(wrong.value, "/a", {"limit": "many"})

    words = "Input should be a valid integer, unable to parse string as an integer."
    assert slip.texts == {"limit": words, "since": words}
    assert slip.head == f"Nothing was done. Since: {words}"


def test_fields_bear_the_names_that_the_page_has_for_them() -> None:
    error = InvalidOption("too short", field="error")

    assert slip_of(error, "", {"text": "ab"}).texts == {"text": "Too short."}
    assert slip_of(error, "", {"error": "ab"}).texts == {"error": "Too short."}


def test_a_payload_names_its_own_fields() -> None:
    error = InvalidPayload("no", errors=[{"field": "to.0", "problem": "not an address"}])

    assert slip_of(error, "/a", {"payload": "{}"}).texts == {"payload": "To.0: not an address."}


def test_what_is_refused_was_not_done_and_what_was_not_answered_may_have_been() -> None:
    refused = slip_of(IllegalMove("it has finished"), "/a", {})
    unheard = slip_of(QueueUnavailable("Redis does not answer"), "/a", {})

    assert refused.head == "Nothing was done. It has finished."
    assert unheard.head == (
        "This did not go through; look whether it was done before you do it again. "
        "Redis does not answer."
    )


@pytest.mark.parametrize(
    ("action", "page"),
    [
        ("/job/<job_id>/cancel", "/job/<job_id>"),
        ("/schedules", "/schedules"),
        ("/schedules/<name>/change", "/schedules/<name>"),
        ("/queues/<queue>/pause", "/queues"),
        ("/queues/<queue>/purge", "/queues/<queue>/purge"),
        ("/lanes/<lane>/pause", "/queues"),
        ("/types/<job_type>/limit", "/queues"),
        ("/workers/clear-stale", "/workers"),
        ("/keys/<key_id>/revoke", "/keys"),
        ("/bulk/cancel", "/bulk/cancel"),
    ],
)
def test_the_form_of_each_action_stands_on_a_page(action: str, page: str) -> None:
    [route] = [each for each in ROUTES if each.is_action and each.rule == action]

    assert page_of(route, ROUTES).rule == page
