"""A signing secret signs for the hosts and the tenants that it is for: else it forges messages."""

from __future__ import annotations

import pytest

from backend.domain.errors import PermanentFailure
from tests.integration.workers.test_sending_webhooks import Start, reaching
from tests.integration.workers.test_webhook_walls import redirecting
from tests.workers_at_work import Settings, context
from workers.webhook_worker import WebhookWorker
from workers.webhooks.webhook import Webhook


def send(settings: Settings, url: str, **given: object) -> object:
    worker = WebhookWorker(settings)
    worker.open()
    return worker.send_webhook(Webhook(url=url), context(**given))


@pytest.mark.parametrize("hosts", [["127.0.0.1"], ["*.example.com", "127.0.0.1"], []])
def test_a_secret_signs_for_its_hosts(
    settings: Settings, start_receiver: Start, hosts: list[str]
) -> None:
    receiver = start_receiver()

    send(reaching(settings, secret_hosts={"default": hosts}), receiver.url())

    assert "webhook-signature" in receiver.requests[0].headers


@pytest.mark.parametrize("hosts", [["example.com"], ["*.127.0.0.1"], ["7.0.0.1"]])
def test_it_signs_for_no_other(settings: Settings, start_receiver: Start, hosts: list[str]) -> None:
    receiver = start_receiver()

    with pytest.raises(PermanentFailure) as refusal:
        send(reaching(settings, secret_hosts={"default": hosts}), receiver.url())

    assert str(refusal.value) == (
        "the signing secret 'default' is not for 127.0.0.1; webhook.secret_hosts lists whom it is for"
    )
    assert receiver.requests == []


def test_it_is_not_carried_to_another_host_by_a_redirect(
    settings: Settings, start_receiver: Start
) -> None:
    other = start_receiver()
    receiver = start_receiver(answer=redirecting(other.url("/new", host="localhost")))

    with pytest.raises(PermanentFailure, match="'default' is not for localhost"):
        send(
            reaching(settings, secret_hosts={"default": ["127.0.0.1"]}, redirects=1), receiver.url()
        )

    assert other.requests == []


@pytest.mark.parametrize(
    ("tenants", "tenant", "confined", "may"),
    [
        (None, "acme", True, False),
        (["acme"], "acme", True, True),
        (["globex"], "acme", True, False),
        (["*"], "acme", True, True),
        (None, "acme", False, True),
        (["globex"], "acme", False, False),
        (["acme"], "", False, False),
    ],
)
def test_a_secret_is_for_the_jobs_of_its_tenants(
    settings: Settings,
    start_receiver: Start,
    *,
    tenants: list[str] | None,
    tenant: str,
    confined: bool,
    may: bool,
) -> None:
    receiver = start_receiver()
    chosen = reaching(settings, secret_tenants={} if tenants is None else {"default": tenants})

    if may:
        send(chosen, receiver.url(), tenant=tenant, is_confined=confined)
    else:
        with pytest.raises(PermanentFailure) as refusal:
            send(chosen, receiver.url(), tenant=tenant, is_confined=confined)
        assert str(refusal.value) == (
            "the signing secret 'default' is not for this job; webhook.secret_tenants lists the tenants "
            "whose jobs may use it"
        )

    assert len(receiver.requests) == may
