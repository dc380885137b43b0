"""What workers do, one handler at a time."""

from __future__ import annotations

import smtplib
from email import message_from_bytes
from pathlib import Path

import pytest

from backend import mails, orders
from backend.jobs import Confirmation, Exported, confirm_order, export_orders
from tally.testing import run_job


def test_a_customer_gets_a_mail(shop_folder: Path) -> None:
    order = orders.place("ada@example.com", "Tea")

    ran = run_job(confirm_order, Confirmation(order=order.number))

    mail = message_from_bytes((shop_folder / "mails" / "1.eml").read_bytes())
    assert ran.result == mail["To"] == "ada@example.com"
    assert mail["Subject"] == "Your order 1"


def test_no_order_is_no_reason_to_try_again() -> None:
    assert run_job(confirm_order, {"order": 17}).outcome == "failed"


def test_a_mail_server_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise smtplib.SMTPServerDisconnected("no answer")

    monkeypatch.setattr(mails, "send", refuse)
    order = orders.place("ada@example.com", "Tea")

    ran = run_job(confirm_order, Confirmation(order=order.number), raise_errors=False)

    assert ran.outcome == "retried"


def test_an_export_says_how_far_it_is() -> None:
    for item in ("Tea", "Cups"):
        orders.place("ada@example.com", item)

    ran = run_job(export_orders, {})

    assert Exported.model_validate(ran.result).orders == 2
    assert ran.progress == [(1, 2, "order 2"), (2, 2, "order 1")]
