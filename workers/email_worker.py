"""Sends mails."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from workers.base_worker import BaseWorker, JobContext, job_type


class Mail(BaseModel):
    """A mail."""

    to: str
    subject: str


class EmailWorker(BaseWorker):
    """Mails."""

    lane: ClassVar[str] = "email"

    @job_type("send_email")
    def send_email(self, payload: Mail, context: JobContext) -> dict[str, str]:
        """Sends one mail."""
        return {"to": payload.to}
