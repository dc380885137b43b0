"""The web process: API, dashboard and metrics in one application."""

from __future__ import annotations

import threading
from time import perf_counter

from flask import Blueprint, Flask, Response, request

from backend.api.access.rights import OPEN
from backend.api.app import create_app
from backend.api.request.api_services import ApiServices
from backend.api.request.app_state import AppState
from backend.api.request.pages import Pages
from backend.api.request.request_context import current_call
from backend.bootstrap.api_parts import api_parts
from backend.bootstrap.cluster_metrics_parts import web_page
from backend.bootstrap.platform import Platform
from backend.broker.session_book import RedisSessions
from backend.dashboard.pages import dashboard_pages
from backend.history.reading.flow_store import PostgresFlowStore
from backend.loops.store_watch import StoreWatch
from backend.telemetry.metrics.count_keeper import keep_counts
from backend.telemetry.metrics.http_counts import HttpCounts
from backend.telemetry.metrics.metrics_page import ASK_FOR_IT, WITHOUT_IT, MetricsPage


def web_app(parts: Platform) -> Flask:
    """The application. It starts without Redis and without Postgres, and its log says what is away."""
    api = api_parts(parts)
    app = create_app(api, pages=[*wired_pages(parts, api), metrics_pages(web_page(parts))])
    _count_requests(app)
    _watch_stores(app, api)
    return app


def _watch_stores(app: Flask, api: ApiServices) -> None:
    app_state: AppState = app.extensions["tally-app-state"]
    over = threading.Event()
    app_state.at_close.append(over.set)
    for store, look in api.checks.items():
        watch = StoreWatch(store, look)
        threading.Thread(target=watch.run, args=(over,), name=f"{store}-watch", daemon=True).start()


def _count_requests(app: Flask) -> None:
    """Keeps the counts of this process where /metrics of any of them finds those of all."""
    counts = HttpCounts()
    keeper = keep_counts(counts.snapshot)
    if keeper is None:
        return
    app_state: AppState = app.extensions["tally-app-state"]
    app_state.at_close.append(keeper.close)

    @app.after_request
    def count(response: Response) -> Response:
        call, route = current_call(), request.url_rule
        if call is not None:
            took = perf_counter() - call.began
            counts.answered(request.method, route.rule if route else "", response.status_code, took)
        return response


def wired_pages(platform: Platform, parts: ApiServices) -> list[Pages]:
    """The dashboard: sessions in Redis, charts from the record. Opens no connection."""
    return dashboard_pages(
        parts,
        platform.settings.dashboard,
        flow=PostgresFlowStore(platform.reading_engine),
        store=platform.home.part(RedisSessions),
    )


def metrics_pages(page: MetricsPage) -> Pages:
    """``/metrics``, with a token of its own if one is set: it names no job and no payload."""
    blueprint = Blueprint("metrics", __name__)

    def metrics() -> Response:
        if not page.is_open_to(request.headers.get("Authorization", "")):
            return Response(WITHOUT_IT, 401, ASK_FOR_IT, content_type="text/plain")
        content_type, body = page.render(request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)

    blueprint.add_url_rule("/metrics", "page", metrics, provide_automatic_options=False)
    return Pages(blueprint, {"metrics.page": OPEN})
