"""The shop's pages."""

from __future__ import annotations

from flask import Flask, abort, redirect, render_template, request, send_from_directory, url_for
from werkzeug.wrappers import Response

from backend import orders
from backend.jobs import Confirmation, Export, confirm_order, export_orders
from backend.places import folder
from tally import JobNotFound, queue

app = Flask(__name__)


@app.get("/")
def shop() -> str:
    """All orders, and a form for the next one."""
    return render_template("shop.html", orders=orders.every())


@app.post("/orders")
def place_order() -> Response:
    """Takes an order; the mail about it is not waited for."""
    order = orders.place(request.form["email"], request.form["item"])
    # The key makes it one mail an order, whatever is sent twice.
    key = f"confirm-{order.number}"
    confirm_order.enqueue(Confirmation(order=order.number), priority="high", idempotency_key=key)
    return redirect(url_for("shop"))


@app.post("/exports")
def start_export() -> Response:
    """Has a file made of all orders."""
    job = export_orders.enqueue(Export(), tags=["export"])
    return redirect(url_for("export", job_id=job.id))


@app.get("/exports/<job_id>")
def export(job_id: str) -> str:
    """How far the file is; once it is made, the link to it."""
    try:
        job = queue().get_job(job_id)
    except JobNotFound:
        abort(404)
    return render_template("export.html", job=job)


@app.get("/files/<name>")
def download(name: str) -> Response:
    """A file that was made."""
    return send_from_directory(folder("exports"), name, as_attachment=True)
