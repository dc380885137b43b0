"""The page of a unique job says how long it keeps others out that are the same."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from tally import Fairness
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor


def _page(admin: Visitor, job_id: str) -> str:
    page = admin.get(f"/job/{job_id}").text
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_a_page_says_how_long_a_job_keeps_others_out(stage: Stage, admin: Visitor) -> None:
    enqueue: Any = stage.platform.queue_service.enqueue_job
    by = {"url": "https://hooks.example.com/in"}
    first = enqueue("send_webhook", by, unique="started")
    other = enqueue("send_webhook", by | {"body": {"n": 1}}, unique=3600)

    assert "Unique until it has started" in _page(admin, first)
    assert "Unique for 1 h from when it was accepted" in _page(admin, other)


def test_a_page_says_who_holds_the_key_and_where_a_job_is_bound_for(
    stage: Stage, admin: Visitor
) -> None:
    enqueue: Any = stage.platform.queue_service.enqueue_job
    job_id = enqueue("send_webhook", {"url": "https://hooks.example.com/in"}, unique="started")
    stage.platform.queue_service.fair("normal:webhook", Fairness(), reason="one floods")
    other = enqueue("send_webhook", {"url": "https://else.example.com/in"}, tenant="acme")

    page = _page(admin, job_id)

    assert "Unique key send_webhook:" in page
    assert "Held by this job" in page
    assert "Destination webhook:hooks.example.com:443" in page
    assert "Fair by tenant acme" in _page(admin, other)
