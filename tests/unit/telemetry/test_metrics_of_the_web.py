"""The page of metrics beside the API."""

from __future__ import annotations

from flask import Flask

from backend.bootstrap.web_parts import metrics_pages
from backend.telemetry.metrics.metrics_page import MetricsPage
from backend.telemetry.metrics.process_collectors import BuildCollector

_TOKEN = "a-token-of-twenty-bytes"


def _app(token: str) -> Flask:
    app = Flask("web")
    pages = metrics_pages(MetricsPage([BuildCollector("1.2.3", "web")], token))
    app.register_blueprint(pages.blueprint)
    return app


def test_without_a_token_the_page_is_open() -> None:
    answer = _app("").test_client().get("/metrics")

    assert answer.status_code == 200
    assert 'tally_build_info{process="web",version="1.2.3"} 1.0' in answer.text


def test_with_a_token_it_is_for_who_sends_it() -> None:
    client = _app(_TOKEN).test_client()

    refused = client.get("/metrics")
    shown = client.get("/metrics", headers={"Authorization": f"Bearer {_TOKEN}"})

    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.text == "send the token of metrics.token: Authorization: Bearer …\n"
    assert shown.status_code == 200
