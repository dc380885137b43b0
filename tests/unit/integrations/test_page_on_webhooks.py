"""What the page on events tells receivers of webhooks is what they get."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.events.callback_ports import EndedJob
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.job_labels import JobLabels
from backend.services.events.callback_service import CallbackService
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from tests.architecture.source_tree import ROOT
from workers.webhooks.signature import sign

PAGE = (ROOT / "docs" / "how-to" / "events.md").read_text(encoding="utf-8")
OLD, NEW = "whsec_b2xkIHNlY3JldA==", "whsec_bmV3IHNlY3JldA=="
BODY = b'{"order": 7}'
IsGenuine = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture
def is_genuine() -> IsGenuine:
    """The check of the page, as it stands there."""
    [code] = re.findall(r"```python\n(import base64\n.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "events.md", "exec"), names)  # noqa: S102 - the page's own
    checked: IsGenuine = names["is_genuine"]
    return checked


def _headers(*secrets: str, ago: int = 0) -> dict[str, str]:
    sent_at = int(time.time()) - ago
    return {
        "webhook-id": "01a2",
        "webhook-timestamp": f"{sent_at}",
        "webhook-signature": sign("01a2", sent_at, BODY, secrets),
    }


def test_the_check_takes_what_a_worker_signs_also_while_a_secret_is_changed(
    is_genuine: IsGenuine,
) -> None:
    for known in (OLD, NEW):
        assert is_genuine(known, _headers(NEW, OLD), BODY)


def test_the_check_refuses_what_was_changed_is_old_or_is_of_others(is_genuine: IsGenuine) -> None:
    signed = _headers(OLD)

    assert not is_genuine(NEW, signed, BODY)
    assert not is_genuine(OLD, signed, BODY + b" ")
    assert not is_genuine(OLD, signed | {"webhook-id": "01a3"}, BODY)
    assert not is_genuine(OLD, _headers(OLD, ago=301), BODY)
    assert not is_genuine(OLD, signed | {"webhook-signature": "v1,ümlaut"}, BODY)


def test_a_callback_has_the_fields_of_the_page() -> None:
    [shown] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    intake = JobIntake(
        JobTypeCatalogue([JobType("send_webhook", lambda: None)]),
        IntakeRules(),
        new_id=lambda: "new",
        now=lambda: datetime.now(UTC),
    )
    ended = EndedJob(
        job_id="01a2…",
        version=3,
        job_type="send_invoice",
        queue="normal",
        state="finished",
        ended_at=datetime(2026, 2, 1, 8, tzinfo=UTC),
        attempt=1,
        result='{"sent": true}',
        labels=JobLabels(callback_url="https://example.com/told", context_id="order-17"),
    )

    made = CallbackService(intake).decide(ended)

    assert isinstance(made, NewJob)
    assert json.loads(made.payload)["body"] == json.loads(shown)
