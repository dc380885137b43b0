"""The callback of a job that is bound to a tenant is bound too: it forges no signature for its tenant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.domain.errors import PermanentFailure
from tests.integration.record.bureau import Bureau
from tests.integration.record.test_callbacks import tell
from tests.integration.workers.receivers import Receiver
from tests.integration.workers.test_sending_webhooks import reaching
from tests.workers_at_work import settings_for
from workers.runtime.attempts.job_contexts import context_of
from workers.webhook_worker import WebhookWorker
from workers.webhooks.webhook import Webhook

SECRET = "whsec_" + "MDEy" * 8


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where the tenant wants to be told."""
    receiver = Receiver()
    receiver.start()
    yield receiver
    receiver.stop()


def _end(bureau: Bureau, url: str, **own: Any) -> Any:
    """A job of the tenant ends; its callback."""
    told: Any = {"callback_url": url, "tenant": "acme"}
    job = bureau.intake.check("greet", {"name": "Ada"}, None, told, own)
    bureau.enqueue(job)
    bureau.run_all('{"said":"what the tenant likes"}')
    (hook,) = tell(bureau)
    return hook


def _send(bureau: Bureau, hook: Any, folder: Path, **webhook: Any) -> Any:
    """What a webhook worker makes of the callback."""
    (claimed,) = bureau.bench.claim(1, ("normal:webhook",), lanes=("webhook",))
    worker = WebhookWorker(
        reaching(settings_for(folder), secrets={"main": SECRET, "default": SECRET}, **webhook)
    )
    worker.open()
    return worker.send_webhook(Webhook.model_validate(hook.payload), context_of(claimed, "w1"))


def test_the_callback_of_a_confined_job_is_confined(bureau: Bureau) -> None:
    hook = _end(bureau, "https://example.com/done", is_confined=True)

    assert (hook.options["tenant"], hook.options["is_confined"]) == ("acme", True)


def test_the_callback_of_any_other_job_is_not(bureau: Bureau) -> None:
    hook = _end(bureau, "https://example.com/done")

    assert "is_confined" not in hook.options


@pytest.mark.parametrize("name", ["main", None])
def test_it_is_not_signed_with_a_secret_that_the_tenant_may_not_use(
    bureau: Bureau, receiver: Receiver, tmp_path: Path, name: str | None
) -> None:
    bureau.callback_service._secret = name
    hook = _end(bureau, receiver.url(), is_confined=True)

    with pytest.raises(PermanentFailure, match=r"is not for this job; webhook\.secret_tenants"):
        _send(bureau, hook, tmp_path)

    assert receiver.requests == []


@pytest.mark.parametrize("tenants", [["acme"], ["*"]])
def test_it_is_signed_with_a_secret_that_is_listed_for_the_tenant(
    bureau: Bureau, receiver: Receiver, tmp_path: Path, tenants: list[str]
) -> None:
    hook = _end(bureau, receiver.url(), is_confined=True)

    _send(bureau, hook, tmp_path, secret_tenants={"main": tenants})

    assert "webhook-signature" in receiver.requests[0].headers


def test_it_goes_unsigned_where_that_is_allowed_and_no_secret_is_named(
    bureau: Bureau, receiver: Receiver, tmp_path: Path
) -> None:
    bureau.callback_service._secret = None
    hook = _end(bureau, receiver.url(), is_confined=True)

    _send(bureau, hook, tmp_path, allow_unsigned=True)

    assert "webhook-signature" not in receiver.requests[0].headers
