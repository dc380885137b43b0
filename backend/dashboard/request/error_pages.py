"""What people see instead of a page that could not be: what happened in their words, and ways on."""

from __future__ import annotations

from typing import NamedTuple

import structlog
from flask import Blueprint, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from backend.api.http.error_handlers import status_of
from backend.api.http.problem import told_of
from backend.dashboard.drawing.renderer import Drawing
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.session.session_guard import SessionGuard, the_call
from backend.domain.errors import TallyError
from backend.domain.text.checked_words import checked_words

log = structlog.get_logger("tally.dashboard")

_NOT_FOUND, _WRONG_FIELDS, _BROKEN, _AWAY = 404, 422, 500, 503
#: By the code of an error, else by its status: the API's titles speak to programs.
_HEADLINES: dict[str | int, str] = {
    "job_not_found": "There is no such job",
    "schedule_not_found": "There is no such schedule",
    "freeze_not_found": "There is no such freeze",
    "worker_not_found": "There is no such worker",
    "key_not_found": "There is no such key",
    "artifact_error": "This file is gone",
    "foreign_form": "This form was not taken",
    "queue_unavailable": "Redis cannot be reached",
    "history_unavailable": "The record cannot be read now",
    "migration_error": "The record cannot be read now",
    "too_many_requests": "Slower, please",
    403: "Your role may not do this",
    404: "Nothing is here",
    405: "Nothing is here",
    409: "It has changed meanwhile",
    413: "This is too large",
    422: "Something in this does not fit",
    429: "Not now",
    503: "Not now",
}
_BROKEN_WORDS = "Something went wrong that should not"


class WayOn(NamedTuple):
    """A button that leads out."""

    words: str
    href: str


class Failures:
    """Turns everything that can be raised into a page."""

    def __init__(self, drawing: Drawing, session_guard: SessionGuard) -> None:
        self._drawing = drawing
        self._session_guard = session_guard

    def register(self, blueprint: Blueprint) -> None:
        """For all that the blueprint serves."""
        blueprint.register_error_handler(TallyError, self._ours)
        blueprint.register_error_handler(ValidationError, self._wrong_fields)
        blueprint.register_error_handler(HTTPException, self._http)
        blueprint.register_error_handler(Exception, self._unexpected)

    def nothing_here(self, rest: str) -> Response:  # noqa: ARG002 - the address says it
        """For addresses below the dashboard's that nobody serves."""
        return self._page(_NOT_FOUND, _HEADLINES[_NOT_FOUND], "This address leads to no page.")

    def _ours(self, error: TallyError) -> Response:
        status = status_of(type(error))
        details = [
            f"{item['field']}: {item['problem']}" for item in error.details.get("errors", ())
        ]
        headline = _HEADLINES.get(error.code) or _HEADLINES.get(status) or _BROKEN_WORDS
        response = self._page(status, headline, _sentence(told_of(error)), details)
        if "retry_after" in error.details:
            response.headers["Retry-After"] = str(max(1, round(error.details["retry_after"])))
        return response

    def _wrong_fields(self, error: ValidationError) -> Response:
        details = [
            f"{'.'.join(map(str, each['loc']))}: {checked_words(each['msg'])}"
            for each in error.errors()
        ]
        return self._page(_WRONG_FIELDS, _HEADLINES[422], "Nothing was done.", details)

    def _http(self, error: HTTPException) -> Response:
        status = error.code or _BROKEN
        headline = _HEADLINES.get(status, error.name)
        return self._page(status, headline, error.description or "")

    def _unexpected(self, error: Exception) -> Response:
        log.error("page.failed", path=request.path, exc_info=error)
        words = f"The log has it under the request id {the_call().request_id}."
        return self._page(_BROKEN, _BROKEN_WORDS, words)

    def _page(
        self, status: int, title: str, text: str, details: list[str] | None = None
    ) -> Response:
        try:
            visit = self._session_guard.looking_on()
        except Exception as error:  # noqa: BLE001 - the page of last resort
            log.warning("page.without_session", error=str(error))
            visit = None
        return self._drawing.draw(
            "failure.html" if visit else "failure_alone.html",
            visit=visit,
            status=status,
            title=title,
            text=text,
            details=details or [],
            ways_on=_ways_on(status, visit) if visit else [WayOn("Sign in", link("/sign-in"))],
        )


def _ways_on(status: int, visit: Visit) -> list[WayOn]:
    """The first is the likeliest; none leads to where they would be refused."""
    pages = (("Jobs", "/search", "jobs.search"), ("Overview", "", "metrics.overview"))
    ways = [WayOn(words, link(path)) for words, path, operation in pages if visit.may(operation)]
    if request.method == "GET" and status >= _BROKEN:
        again = request.full_path.rstrip("?")
        return [WayOn("Try again", f"{request.script_root}{again}"), *ways]
    return ways


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
