"""The Flask application: every operation behind its right, every answer with its headers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from flask import Flask, Response, request

from backend.api.access.authentication import Authenticator
from backend.api.access.authorize import Authorizer
from backend.api.access.rights import RIGHTS, check_rights
from backend.api.http.docs_page import docs_pages
from backend.api.http.error_handlers import register_error_handlers
from backend.api.http.openapi import document_of
from backend.api.http.operation import Operation
from backend.api.http.request_reading import read
from backend.api.http.response import respond
from backend.api.http.rules import rules_of
from backend.api.http.runbook_page import runbook_pages
from backend.api.request.api_services import ApiServices
from backend.api.request.app_state import AppState
from backend.api.request.middleware import Arrivals
from backend.api.request.pages import Pages
from backend.api.request.request_context import current_call
from backend.api.routers import OPERATIONS
from backend.api.serving.compression import compress_answers
from backend.api.serving.proxies import put_behind_proxies


def create_app(parts: ApiServices, pages: Sequence[Pages] = ()) -> Flask:
    """The application. Opens no connection: it starts without Redis and without Postgres."""
    app = Flask("backend.api", static_folder=None)
    app.url_map.merge_slashes = False
    app.config.update(MAX_CONTENT_LENGTH=parts.settings.max_body_bytes, PROPAGATE_EXCEPTIONS=False)
    document = cache(partial(document_of, OPERATIONS, RIGHTS, parts.version))
    app_state = app.extensions["tally-app-state"] = AppState(parts, document)
    authenticator = Authenticator(parts.keys, parts.settings.rates, parts.clock.monotonic)
    app.extensions["tally-authenticator"] = authenticator
    compress_answers(app)
    Arrivals(app_state).watch(app)
    gate = Authorizer(parts, authenticator)
    rules = rules_of(app, OPERATIONS)
    for operation in OPERATIONS:
        _serve(app, operation, rules[operation.name], gate)
    register_error_handlers(app)
    _take_in(app, [*pages, *docs_pages(parts.settings), runbook_pages()])
    put_behind_proxies(app, parts.settings)
    return app


def _take_in(app: Flask, pages: Sequence[Pages]) -> None:
    """Registers the pages beside the API, and checks that no route of either lacks a right."""
    rights = dict(RIGHTS)
    for page in pages:
        app.register_blueprint(page.blueprint)
        rights.update(page.rights)
        page.set_up(app)
    check_rights(app, rights, [operation.name for operation in OPERATIONS])


def parts_of(app: Flask) -> ApiServices:
    """The services that an application was made of, for pages beside the API."""
    app_state: AppState = app.extensions["tally-app-state"]
    return app_state.parts


def authenticator_of(app: Flask) -> Authenticator:
    """What tells who bears a token, for sessions: ``authenticate(token, address) -> Principal``."""
    found: Authenticator = app.extensions["tally-authenticator"]
    return found


def _serve(app: Flask, operation: Operation, rules: Sequence[str], gate: Authorizer) -> None:
    right = RIGHTS.get(operation.name)

    def view(**places: str) -> Response:
        call = current_call()
        if call is None or right is None:
            raise RuntimeError(f"{operation.name} has no right")
        call.operation = operation.name
        gate.let_in(call, right)
        arguments: dict[str, Any] = read(operation, request, places)
        return respond(operation, operation.handler(call, **arguments), request)

    for rule in rules:
        app.add_url_rule(
            rule,
            operation.name,
            view,
            methods=[operation.method],
            provide_automatic_options=False,
        )
