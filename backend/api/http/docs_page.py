"""A page to browse the API. Swagger UI comes out of an installed package: no outside host is asked."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from backend.api.access.rights import OPEN
from backend.api.config.api_settings import ApiSettings
from backend.api.request.pages import Pages

#: Its files are read, its code is not run.
_PACKAGE = "flask_openapi_swagger"
_FILES = {"css": "swagger-ui.css", "js": "swagger-ui-bundle.js"}
#: Swagger UI sets styles on its elements and draws icons from data URLs; no script is inline.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Addresses are relative: the page may be served below any path.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tally API</title>
<link rel="stylesheet" href="docs/css/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/js/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null
});
"""


def are_there(settings: ApiSettings) -> bool:
    """Whether the page is wanted, and its package is installed."""
    return _folder(settings) is not None


def docs_pages(settings: ApiSettings) -> list[Pages]:
    """The page, where it is wanted and its package is installed."""
    folder = _folder(settings)
    if folder is None:
        return []
    blueprint = Blueprint("docs", __name__, url_prefix="/api/docs")

    @blueprint.get("")
    def page() -> Response:
        return _shown(Response(_PAGE, content_type="text/html; charset=utf-8"))

    @blueprint.get("/start.js")
    def start() -> Response:
        return _shown(Response(_START, content_type="text/javascript; charset=utf-8"))

    @blueprint.get("/<any(css, js):kind>/<name>")
    def asset(kind: str, name: str) -> Response:
        known = name if _FILES[kind] == name else ""
        return _shown(send_from_directory(folder / kind, known, max_age=3600))

    return [Pages(blueprint, {f"docs.{name}": OPEN for name in ("page", "start", "asset")})]


def _folder(settings: ApiSettings) -> Path | None:
    found = find_spec(_PACKAGE) if settings.docs else None
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "templates" / "swagger"


def _shown(response: Response) -> Response:
    # Texts of a known size, read whole so that they can be compressed.
    response.direct_passthrough = False
    response.headers["Content-Security-Policy"] = _POLICY
    return response
