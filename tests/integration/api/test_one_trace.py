"""One trace from the request of a browser to the receiver of a webhook, as the real SDK exports it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import tally
from backend.api.app import create_app
from backend.api.config.api_settings import ApiSettings
from backend.api.config.settings import load_settings
from backend.api.config.worker_settings import WebhookSettings
from backend.bootstrap.current import standing_in
from backend.bootstrap.platform import Platform
from backend.embedded.servers import Servers
from tally.integrations.otel import OpenTelemetry
from tally.testing.worker_in_test import WorkerInTest
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import BOOTSTRAP, NO_LIMITS, parts_of
from tests.integration.workers.receivers import Received, Receiver

pytestmark = pytest.mark.usefixtures("own_middleware")
_W3C = TraceContextTextMapPropagator()
#: From the follow-up, which belongs to the same call as the order does.
CHAIN = [
    *("POST /api/jobs", "send normal", "process normal"),
    *("send normal:webhook", "process normal:webhook", "POST /hook"),
]


@tally.job_type("settle_order", on_success="tell_the_shop")
def settle_order(payload: dict[str, Any]) -> str:
    """What the request asks for."""
    return str(payload["url"])


@tally.job_type("tell_the_shop")
async def tell_the_shop(ended: tally.JobEnded) -> None:
    """What follows it; its webhook is a job of its own."""
    url = tally.queue().get_job(ended.job_id).result
    await tally.queue().aenqueue_job("send_webhook", {"url": url, "body": {"order": "settled"}})


@pytest.fixture
def platform(servers: Servers, migrated: str) -> Iterator[Platform]:
    """A deployment that runs these, and may send to this machine."""
    platform = Platform(
        load_settings(
            redis_url=servers.redis_url,
            database_url=migrated,
            job_packages=(__name__,),
            api=ApiSettings.model_validate(
                {"bootstrap_key": BOOTSTRAP, "access_log": False, "rates": NO_LIMITS}
            ),
            webhook=WebhookSettings(
                allow_unsigned=True, allow_http=True, ports=(), allowed_networks=("127.0.0.0/8",)
            ),
        )
    )
    platform.redis.flushall()
    platform.load_library()
    with standing_in(platform):
        yield platform
    platform.close()


class Shop:
    """Receives the webhook, and says so in a span of its own."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer
        self.receiver = Receiver(answer=self._answer)

    def _answer(self, request: Received) -> tuple[int, dict[str, str], bytes]:
        caller = _W3C.extract(request.headers)
        with self._tracer.start_as_current_span("POST /hook", caller, kind=SpanKind.SERVER):
            return 200, {}, b"thanks"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> trace.Tracer:
    """That of browser and shop; the deployment's spans go to the same exporter."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tally.use(OpenTelemetry(provider))
    return provider.get_tracer("test")


@pytest.fixture
def shop(tracer: trace.Tracer) -> Iterator[Shop]:
    shop = Shop(tracer)
    shop.receiver.start()
    yield shop
    shop.receiver.stop()


def test_request_job_follow_up_and_webhook_are_one_trace(
    platform: Platform,
    tracer: trace.Tracer,
    exporter: InMemorySpanExporter,
    shop: Shop,
    tmp_path: Path,
) -> None:
    app = create_app(parts_of(platform, tmp_path / "artifacts"))
    carried: dict[str, str] = {}
    with tracer.start_as_current_span("POST /api/jobs", kind=SpanKind.CLIENT) as request:
        _W3C.inject(carried)
    payload = {"url": shop.receiver.url("/hook")}
    Caller(app, BOOTSTRAP).enqueue("settle_order", payload=payload, **carried)
    worker = WorkerInTest(platform)
    ran = [worker.run_next() for _ in range(3)]

    worker.close()
    app.extensions["tally-app-state"].close()
    assert [(job.job_type, job.outcome) for job in ran if job] == [
        ("settle_order", "finished"),
        ("tell_the_shop", "finished"),
        ("send_webhook", "finished"),
    ]
    spans = exporter.get_finished_spans()
    assert {span.context.trace_id for span in spans if span.context} == {
        request.get_span_context().trace_id
    }
    [received] = [span for span in spans if span.name == "POST /hook"]
    assert chain_of(received, spans) == CHAIN
    # The order, and what follows it.
    assert sorted(span.name for span in spans) == sorted([*CHAIN, "process normal"])


def chain_of(span: ReadableSpan, spans: tuple[ReadableSpan, ...]) -> list[str]:
    """The names of those above a span, and its own."""
    by_id = {each.context.span_id: each for each in spans if each.context}
    names = [span.name]
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        names.insert(0, span.name)
    return names
