"""What workers do for the shop."""

from __future__ import annotations

import csv
from email.message import EmailMessage

from pydantic import BaseModel

from backend import mails, orders
from backend.places import folder
from tally import Exponential, JobContext, PermanentFailure, Retry, job_type


class Confirmation(BaseModel):
    """Which order is to be confirmed. Its number is enough: the rest is read when the job runs."""

    order: int


class Export(BaseModel):
    """What goes into a file; for now always everything."""


class Exported(BaseModel):
    """A file with orders, and how many are in it."""

    file: str
    orders: int


# A mail server that is away or busy raises OSError; it is tried for about an hour.
@job_type("confirm_order", timeout=30, retry=Retry(8, Exponential(15, most=1200)))
def confirm_order(payload: Confirmation, context: JobContext) -> str:
    """Mails the customer that the order came in; gives back to whom."""
    order = orders.find(payload.order)
    if order is None:
        raise PermanentFailure(f"there is no order {payload.order}")
    message = EmailMessage()
    message["To"], message["From"] = order.email, "shop@example.com"
    message["Subject"] = f"Your order {order.number}"
    message.set_content(f"Thank you. {order.item} is on its way.")
    # The id is the same when the job runs again: a mail that is sent twice can be told by it.
    message["Message-ID"] = f"<{context.job_id}@shop.example.com>"
    mails.send(message, name=str(order.number))
    return order.email


@job_type("export_orders", timeout=300, priority="low")
def export_orders(payload: Export, context: JobContext) -> Exported:  # noqa: ARG001
    """Writes every order into a file."""
    path = folder("exports") / f"{context.job_id}.csv"
    rows = orders.every()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(orders.Order._fields)
        for done, order in enumerate(rows, 1):
            writer.writerow(order)
            context.progress(done, len(rows), f"order {order.number}")
    return Exported(file=path.name, orders=len(rows))
