"""Draws pages: the templates, the words they use, and the headers that keep browsers in check."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any

from flask import Response, request
from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from backend.api.config.dashboard_settings import DashboardSettings
from backend.dashboard.drawing import charts, wording
from backend.dashboard.drawing.assets import asset
from backend.dashboard.drawing.live_parts import parts_in, told, without
from backend.dashboard.request.flash import note_in
from backend.dashboard.request.forms import TOKEN_FIELD
from backend.dashboard.request.page_context import link
from backend.domain.jobs.options.unique import until_words
from backend.domain.text.visible_text import visible

#: No script, style or picture but our own files; nothing inline, nothing from another host.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
_GOOD, _NOT_MODIFIED = 200, 304


class _IndentationStays(Extension):
    """Indentation is for readers of templates; browsers are not sent it."""

    def preprocess(self, source: str, *_: str | None, **__: str | None) -> str:
        """A template without the blanks that its lines begin with."""
        return _INDENTATION.sub("", source)


class Drawing:
    """Makes responses of templates."""

    def __init__(self, settings: DashboardSettings) -> None:
        self._templates = Environment(
            loader=PackageLoader("backend.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_IndentationStays],
        )
        self._templates.filters.update(
            count=wording.count, short=wording.short, duration=wording.duration, size=wording.size,
            until_words=until_words,
            clock=wording.clock, json=wording.as_json, ago=_ago, since=_since, markup=Markup,
            plural=wording.plural, whole_json=wording.whole_json,
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
        if "X-Live" in request.headers and status == _GOOD:
            return _what_changed(response)
        return response


def _what_changed(response: Response) -> Response:
    """To a script that asks again: nothing, or the parts that it has not."""
    page = response.get_data(as_text=True)
    tag = hashlib.sha256(page.encode()).hexdigest()[:32]
    if request.if_none_match.contains_weak(tag):
        return Response(status=_NOT_MODIFIED, headers={"ETag": f'"{tag}"'})
    parts = parts_in(page)
    response.set_data(without(page, parts, request.headers.get("X-Parts", "")))
    response.headers["X-Parts"] = told(parts)
    response.set_etag(tag)
    return response


def _ago(at: datetime | None) -> Markup:
    """An instant, exact and in UTC: the script says how long ago it was, so that pages stay the same."""
    if at is None:
        return Markup("–")
    return Markup('<time datetime="{}" title="{} UTC">{} UTC</time>').format(
        at.isoformat(), *[wording.clock(at)] * 2
    )


def _since(at: datetime | None) -> Markup:
    """The same, for which the script says how much time has gone by."""
    if at is None:
        return Markup("–")
    return Markup('<time datetime="{}" title="since {} UTC" data-since>{} UTC</time>').format(
        at.isoformat(), *[wording.clock(at)] * 2
    )


def _shown(value: Any) -> Any:
    """What a template puts into a page: nothing in it turns the rest of the page around."""
    if isinstance(value, Markup):
        return Markup(visible(value))  # noqa: S704 - what was safe stays so: only backslashes come in
    return visible(value) if isinstance(value, str) else value
