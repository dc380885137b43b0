"""What people type into the form of a payload whose secrets they were not shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.dashboard.request.edited_payload import edited_payload
from backend.domain.errors import InvalidPayload

WEBHOOK = {"url": "https://ours.example/", "headers": {"X-Key": "s3cret"}, "body": {"a": 1}}


def edited(**changes: Any) -> dict[str, Any]:
    typed = {**WEBHOOK, "headers": {"X-Key": "[hidden]"}, **changes}
    return edited_payload(json.dumps(typed), WEBHOOK, {"url"})


def test_what_was_hidden_and_left_so_stays_what_it_was() -> None:
    assert edited(body={"a": 2}) == {**WEBHOOK, "body": {"a": 2}}


def test_what_is_hidden_is_not_sent_to_another_address() -> None:
    with pytest.raises(InvalidPayload) as refusal:
        edited(url="https://theirs.example/")

    assert str(refusal.value) == (
        "url was changed, and what is [hidden] would be sent there: type its values anew, or leave it out"
    )


@pytest.mark.parametrize("headers", [{"X-Key": "s3cret"}, {"X-Key": "another"}, {}])
def test_who_knows_the_secrets_may_send_them_anywhere(headers: dict[str, str]) -> None:
    whole = edited(url="https://theirs.example/", headers=headers)

    assert whole == {**WEBHOOK, "url": "https://theirs.example/", "headers": headers}
