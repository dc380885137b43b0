"""What people see instead of a page that could not be."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from backend.api.error_handlers import status_of
from backend.api.problem import title_of
from backend.dashboard.door import Door, the_call
from backend.dashboard.drawing import Drawing
from backend.domain.errors import TallyError
from backend.telemetry.redaction import masked_text

log = structlog.get_logger("tally.dashboard")

_NOT_FOUND, _WRONG_FIELDS, _BROKEN = 404, 422, 500


class Failures:
    """Turns everything that can be raised into a page."""

    def __init__(self, drawing: Drawing, door: Door) -> None:
        self._drawing = drawing
        self._door = door

    def register(self, blueprint: Blueprint) -> None:
        """For all that the blueprint serves."""
        blueprint.register_error_handler(TallyError, self._ours)
        blueprint.register_error_handler(ValidationError, self._wrong_fields)
        blueprint.register_error_handler(HTTPException, self._http)
        blueprint.register_error_handler(Exception, self._unexpected)

    def nothing_here(self, rest: str) -> Response:  # noqa: ARG002 - the address says it
        """For addresses below the dashboard's that nobody serves."""
        return self._page(_NOT_FOUND, "Nothing is here", "This address leads to no page.")

    def _ours(self, error: TallyError) -> Response:
        status, kind = status_of(type(error)), type(error)
        details = [
            f"{item['field']}: {item['problem']}" for item in error.details.get("errors", ())
        ]
        return self._page(status, title_of(kind), masked_text(str(error)), details)

    def _wrong_fields(self, error: ValidationError) -> Response:
        details = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        return self._page(_WRONG_FIELDS, "This does not fit", "Nothing was done.", details)

    def _http(self, error: HTTPException) -> Response:
        status = error.code or _BROKEN
        return self._page(status, error.name, error.description or "")

    def _unexpected(self, error: Exception) -> Response:
        log.error("page.failed", path=request.path, exc_info=error)
        words = f"The log has it under the request id {the_call().request_id}."
        return self._page(_BROKEN, "Something went wrong that should not", words)

    def _page(
        self, status: int, title: str, text: str, details: list[str] | None = None
    ) -> Response:
        try:
            session = self._door.session()
        except Exception as error:  # noqa: BLE001 - the page of last resort
            log.warning("page.without_session", error=str(error))
            session = None
        return self._drawing.draw(
            "failure.html",
            status=status,
            title=title,
            text=text,
            details=details or [],
            signed_in=session is not None,
        )
