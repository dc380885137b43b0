"""Destinations whose jobs are held back stand on the page of queues, and are opened and closed there."""

from __future__ import annotations

import re
from html import unescape

from backend.broker.jobs.dispatch import RedisDispatch
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind, Unreached
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.ports import ClaimPlan
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor

DESTINATION = "webhook:hooks.example.com:443"


def _text(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def _away(stage: Stage) -> None:
    """A receiver that does not answer, and a job that waits for it."""
    platform, plan = stage.platform, [ClaimPlan("normal:webhook", 0)]
    payload = {"url": "https://hooks.example.com/in"}
    platform.queue_service.enqueue_many(
        [{"job_type": "send_webhook", "payload": payload} for _ in range(2)]
    )
    dispatch = RedisDispatch(
        platform.redis, platform.keys, worker="hand", lanes=["webhook"], lease=60
    )
    [held] = dispatch.settle_and_claim([], plan, 1)[1]
    told = Unreached(Breaker(failures=1).text, 0.0, "ConnectionRefusedError: <nobody> there")
    dispatch.settle_and_claim([(held, Outcome(OutcomeKind.RETRIED, unreached=told))], plan, 5)
    dispatch.close()


def test_where_all_can_be_reached_the_page_says_so(admin: Visitor) -> None:
    assert "All can be reached: no breaker holds jobs back." in admin.get("/queues").text


def test_a_destination_that_is_away_is_shown_with_why_and_how_many_wait(
    stage: Stage, admin: Visitor
) -> None:
    _away(stage)

    page = admin.get("/queues").text

    words = _text(page[page.index('id="breakers"') :])
    assert f"{DESTINATION} open" in words
    assert "ConnectionRefusedError: <nobody> there" in words
    assert f"{DESTINATION} has been away for" in _text(admin.get("").text)


def test_it_is_closed_and_another_opened_with_a_reason(stage: Stage, admin: Visitor) -> None:
    _away(stage)

    admin.send("/breakers/close", destination=DESTINATION, reason="they called")
    admin.send("/breakers/open", destination="mail_server", reason="they move")

    page = _text(admin.get("/queues").text)
    assert f"{DESTINATION} ramping" in page
    assert "mail_server open" in page
    assert "opened by bootstrap key: they move" in page


def test_a_mistake_is_shown_in_the_menu_of_its_destination_alone(admin: Visitor) -> None:
    first, second, third = (f"webhook:{name}.example.com:443" for name in ("a", "b", "c"))
    for destination in (first, second, third):
        admin.send("/breakers/open", destination=destination, reason="they move")

    answer = admin.send("/breakers/close", destination=second, reason="they\tcalled")

    assert answer.status_code == 422
    menus = r'<details class="act" id="close-breaker-\d"(\s+open)?>.*?name="destination" value="([^"]+)"'
    found = re.findall(menus, answer.text, re.DOTALL)
    assert [(what, bool(is_open)) for is_open, what in found] == [
        (first, False),
        (second, True),
        (third, False),
    ]
    assert answer.text.count("they\tcalled") == 1
    assert answer.text.count('class="mistake"') == 1
