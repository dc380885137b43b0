"""The page of queues says where keys take turns, and how many jobs stand in lines."""

from __future__ import annotations

import re

from tally import Fairness
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor


def test_the_page_of_queues_says_where_keys_take_turns(stage: Stage, admin: Visitor) -> None:
    queue = stage.platform.queue_service
    queue.fair("normal", Fairness(), reason="one floods")
    queue.enqueue_job("sync_customer", {"customer": 5}, tenant="acme")

    page = re.sub(r"\s+", " ", admin.get("/queues").text)

    assert "1 in lines by tenant" in page
