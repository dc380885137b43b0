"""Tells other programs what happened."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, ClassVar

from backend.api.config.worker_settings import WebhookSettings
from backend.domain.errors import PermanentFailure
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.text.nearest_name import suggestion
from workers.base_worker import BaseWorker, JobContext, job_type
from workers.webhooks.secret_use import is_for_tenant
from workers.webhooks.signature import sign
from workers.webhooks.webhook import Webhook

if TYPE_CHECKING:
    from workers.webhooks.sender import Request


class WebhookWorker(BaseWorker):
    """Sends signed POSTs to receivers on the web, and never to the inside of one's own network."""

    lane: ClassVar[str] = "webhook"

    def __init__(self, settings: Any) -> None:
        # Every process reads this module, and few send webhooks: what sends them is read by those.
        from workers.webhooks.sender import WebhookSender

        super().__init__(settings)
        self.webhook: WebhookSettings = settings.webhook
        self.sender = WebhookSender(self.webhook)

    def open(self) -> None:
        """Reads the certificates to trust."""
        self.sender.open()

    @job_type(
        "send_webhook",
        timeout=60,
        secret_fields=("headers",),
        destination_fields=("url",),
        breaker=Breaker(by="url", name="webhook"),
    )
    def send_webhook(self, webhook: Webhook, context: JobContext) -> dict[str, Any]:
        """Sends one webhook, signed as Standard Webhooks says. A test run signs and sends nothing."""
        from workers.webhooks.outcome import excerpt, failure_of

        request = self._request(webhook, context)
        target = self.sender.permitted(webhook.url)
        if context.is_test:
            return {"status": None, "receiver": target.origin, "answer": "test run: not sent"}
        began = time.monotonic()
        target, answer = self.sender.send(request)
        failure = failure_of(
            answer,
            origin=target.origin,
            redirects=self.webhook.redirects,
            longest_wait=self.webhook.retry_after_limit,
        )
        if failure is not None:
            raise failure
        return {
            "status": answer.status,
            "receiver": target.origin,
            "answer": excerpt(answer.body),
            "bytes_sent": len(request.body),
            "seconds": round(time.monotonic() - began, 3),
        }

    def _request(self, webhook: Webhook, context: JobContext) -> Request:
        from workers.webhooks.sender import Request

        body = json.dumps(webhook.body, separators=(",", ":"), ensure_ascii=False).encode()
        timestamp = int(context.now().timestamp())
        name = self._secret_of(webhook.secret, context)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "tally-webhook/1",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Idempotency-Key": context.idempotency_key,
            "webhook-id": context.job_id,
            "webhook-timestamp": str(timestamp),
        }
        headers |= context.trace_headers()
        if not name:
            return Request(webhook.url, body, headers, webhook.headers)
        secrets = [secret.get_secret_value() for secret in self.webhook.secrets[name]]
        headers["webhook-signature"] = sign(context.job_id, timestamp, body, secrets)
        hosts = self.webhook.secret_hosts.get(name, ())
        return Request(webhook.url, body, headers, webhook.headers, name, hosts)

    def _secret_of(self, asked: str | None, context: JobContext) -> str:
        """The name of the secret to sign with; empty to send unsigned."""
        wanted, known = asked or self.webhook.default_secret, self.webhook.secrets
        if wanted in known and is_for_tenant(self.webhook, wanted, context):
            return wanted
        if asked is None and self.webhook.allow_unsigned:
            return ""
        if wanted in known:
            raise PermanentFailure(
                f"the signing secret {wanted!r} is not for this job; webhook.secret_tenants lists the "
                "tenants whose jobs may use it"
            )
        raise PermanentFailure(
            f"there is no signing secret {wanted!r}{suggestion(wanted, known)}; add it to "
            "webhook.secrets"
        )
