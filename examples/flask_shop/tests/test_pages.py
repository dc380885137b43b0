"""The pages enqueue jobs and show what became of them."""

from __future__ import annotations

from flask.testing import FlaskClient

from backend.jobs import confirm_order, export_orders
from tally.testing import QueueInTest


def order(browser: FlaskClient, item: str) -> None:
    browser.post("/orders", data={"email": "ada@example.com", "item": item})


def test_an_order_is_confirmed_by_mail_at_once(
    tally_queue: QueueInTest, browser: FlaskClient
) -> None:
    with tally_queue.expect_enqueued(confirm_order, order=1, priority="high"):
        order(browser, "Tea")

    assert "Tea" in browser.get("/").text


def test_an_export_shows_its_progress_and_then_its_file(
    tally_queue: QueueInTest, browser: FlaskClient
) -> None:
    order(browser, "Tea")
    order(browser, "Cups")
    with tally_queue.expect_enqueued(export_orders, tags=["export"]):
        page = browser.post("/exports").location or ""

    assert "<progress" in browser.get(page).text
    tally_queue.drain()
    done = browser.get(page).text
    assert "Download 2 orders" in done
    link = done.partition('<a href="')[2].partition('"')[0]
    assert browser.get(link).text.split() == [
        "number,email,item",
        "2,ada@example.com,Cups",
        "1,ada@example.com,Tea",
    ]


def test_an_export_that_nobody_started_is_not_found(
    tally_queue: QueueInTest, browser: FlaskClient
) -> None:
    assert browser.get("/exports/nothing").status_code == 404
