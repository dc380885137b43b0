"""The job types that the pages are shown with."""

from __future__ import annotations

from typing import Any

from workers.base_worker import JobContext, job_type


@job_type("sync_customer", timeout=60, max_retries=2, secret_fields=("api_key",))
def sync_customer(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Brings one customer's record up to date."""
    return {"synced": payload.get("customer")}


@job_type("resize_image", timeout=30, lane="media", priority="low")
def resize_image(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Makes small pictures of a large one."""
    return {"sizes": [128, 512]}


@job_type("charge_card", timeout=30, priority="high", max_retries=0)
def charge_card(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Charges a card once."""
    return {"charged": payload.get("cents", 0)}
