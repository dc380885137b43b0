"""Draws pages: the templates, the words they use, and the headers that keep browsers in check."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, request
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from backend.api.config.dashboard_settings import DashboardSettings
from backend.dashboard import charts, wording
from backend.dashboard.assets import asset
from backend.dashboard.forms import TOKEN_FIELD
from backend.dashboard.notes import note_in
from backend.dashboard.visit import link
from backend.domain.visible_text import visible

#: No script, style or picture but our own files; nothing inline, nothing from another host.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_NOT_MODIFIED = 304


class Drawing:
    """Makes responses of templates."""

    def __init__(self, settings: DashboardSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._templates = Environment(
            loader=PackageLoader("backend.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            count=wording.count, short=wording.short, duration=wording.duration, size=wording.size,
            clock=wording.clock, json=wording.as_json, ago=self._ago, plural=wording.plural,
            whole_json=wording.whole_json,
        )  # fmt: skip
        self._templates.globals.update(
            asset=asset, link=link, settings=settings, charts=charts,
            token_field=TOKEN_FIELD, share=wording.share, note=note_in,
            path=lambda: request.script_root + request.path,
            query_string=lambda: request.query_string.decode(),  # noqa: PLW0108
        )  # fmt: skip

    def draw(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page; to a script that asks what has changed, nothing when nothing has."""
        text = self._templates.get_template(template).render(
            {"visit": None, "status": status} | context
        )
        response = Response(text, status, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = POLICY
        if "X-Live" in request.headers and status == 200:  # noqa: PLR2004 - what it is
            tag = hashlib.sha256(response.get_data()).hexdigest()[:32]
            response.set_etag(tag)
            if request.if_none_match.contains(tag):
                return Response(status=_NOT_MODIFIED, headers={"ETag": f'"{tag}"'})
        return response

    def _ago(self, at: datetime | None) -> Markup:
        """An instant as people say it; the exact one on pointing at it, and for the script."""
        if at is None:
            return Markup("–")
        exact, words = wording.clock(at), wording.relative(at, self._now())
        return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
            escape(at.isoformat()), exact, words
        )


def _shown(value: Any) -> Any:
    """What a template puts into a page: nothing in it turns the rest of the page around."""
    if isinstance(value, Markup):
        return Markup(visible(value))  # noqa: S704 - what was safe stays so: only backslashes come in
    return visible(value) if isinstance(value, str) else value
