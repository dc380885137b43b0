"""Puts the dashboard together, for `create_app(parts, pages=dashboard_pages(…))`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response

from backend.api.access.rights import OPEN, RIGHTS, Right
from backend.api.app import authenticator_of
from backend.api.config.dashboard_settings import DashboardSettings
from backend.api.request.api_services import ApiServices
from backend.api.request.pages import Pages
from backend.dashboard.drawing.assets import serve_asset
from backend.dashboard.drawing.renderer import Drawing
from backend.dashboard.request.error_pages import Failures
from backend.dashboard.request.page_context import link
from backend.dashboard.request.plain_input import check_input
from backend.dashboard.request.redirect import see_other
from backend.dashboard.session.login import SigningIn
from backend.dashboard.session.session_guard import SessionGuard
from backend.dashboard.session.session_store import MemorySessions, SessionStore
from backend.dashboard.session.sessions import Sessions
from backend.dashboard.views import ROUTES
from backend.domain.access.api_key import Credential, Principal
from backend.domain.history.queue_flow import FlowReader


def dashboard_pages(
    parts: ApiServices,
    settings: DashboardSettings,
    *,
    flow: FlowReader,
    store: SessionStore | None = None,
) -> list[Pages]:
    """The pages, where they are wanted. Without a ``store`` sessions live in this process alone."""
    if not settings.enabled:
        return []
    blueprint = Blueprint("dashboard", __name__, url_prefix="/dashboard")
    drawing = Drawing(settings)
    sessions = Sessions(
        store or MemorySessions(parts.clock.monotonic),
        parts.keys,
        parts.clock,
        idle=settings.idle_seconds,
        longest=lambda who: _longest(parts, settings, who),
    )
    session_guard = SessionGuard(
        sessions, drawing, settings, flow, parts.clock.monotonic, routes=ROUTES
    )
    signing_in = SigningIn(sessions, drawing, settings, parts.clock.monotonic)
    failures = Failures(drawing, session_guard)

    rights: dict[str, Right] = {}
    for route in ROUTES:
        blueprint.add_url_rule(
            f"/jobs{route.rule}",
            route.name,
            session_guard.view(route),
            methods=["POST"] if route.is_action else ["GET"],
            provide_automatic_options=False,
        )
        rights[f"dashboard.{route.name}"] = RIGHTS[route.operation]
    open_to_all: dict[str, tuple[str, Callable[..., Any], str]] = {
        "sign_in_page": ("/jobs/sign-in", signing_in.page, "GET"),
        "sign_in": ("/jobs/sign-in", signing_in.sign_in, "POST"),
        "sign_out": ("/jobs/sign-out", signing_in.sign_out, "POST"),
        "asset": ("/static/<release>/<name>", serve_asset, "GET"),
        "home": ("/jobs/", _to_the_overview, "GET"),
        "above": ("", _to_the_overview, "GET"),
        "above_with_slash": ("/", _to_the_overview, "GET"),
        "nothing": ("/<path:rest>", failures.nothing_here, "GET"),
    }
    for name, (rule, view, method) in open_to_all.items():
        blueprint.add_url_rule(rule, name, view, methods=[method], provide_automatic_options=False)
        rights[f"dashboard.{name}"] = OPEN
    blueprint.before_request(check_input)
    failures.register(blueprint)

    def set_up(app: Flask) -> None:
        signing_in.use(authenticator_of(app))

    front = Blueprint("front", __name__)
    front.add_url_rule("/", "page", _to_the_overview, provide_automatic_options=False)
    return [Pages(blueprint, rights, set_up), Pages(front, {"front.page": OPEN})]


def _to_the_overview() -> Response:
    """From where people look for the pages, whatever is written behind."""
    return see_other(link())


def _longest(parts: ApiServices, settings: DashboardSettings, who: Principal) -> float:
    """A signed token of an identity provider does not say here when it ends: it lives no longer."""
    if who.credential is Credential.JWT:
        return min(settings.session_seconds, parts.settings.jwt.longest_life)
    return settings.session_seconds
