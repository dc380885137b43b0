"""The production server as a program, with its settings as JSON in its first argument."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from tempfile import TemporaryFile

from flask import Blueprint, Flask, Response, request

from backend.api.access.rights import OPEN
from backend.api.app import create_app
from backend.api.http.answer import FileAnswer
from backend.api.http.response import file_response
from backend.api.request.pages import Pages
from backend.api.serving import answer_sender, patient_worker
from backend.api.serving.server import serve
from backend.bootstrap.api_parts import embedded_worker
from backend.telemetry.logs.set_up import set_up_logs
from tests.integration.api.wiring import ApiPlatform, parts_of


def _slow_and_large_pages() -> Pages:
    """Pages that take as long, or are as large, as one asks them to."""
    blueprint = Blueprint("slow", __name__)

    @blueprint.get("/slow")
    def wait() -> Response:
        print("a slow page begins")
        threading.Event().wait(float(request.args["seconds"]))
        return Response("done")

    @blueprint.get("/large")
    def text() -> Response:
        return Response(b"x" * int(request.args["bytes"]), content_type="application/octet-stream")

    @blueprint.get("/file")
    def file() -> Response:
        size = int(request.args["bytes"])
        made = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
        made.truncate(size)
        return file_response(FileAnswer(made, "zeros", "text/plain", size, "0"), request)

    return Pages(blueprint, {f"slow.{name}": OPEN for name in ("wait", "text", "file")})


def main() -> None:
    """Serves until it is told to stop."""
    asked = json.loads(sys.argv[1])
    set_up_logs(style="json")

    def platform() -> ApiPlatform:
        return ApiPlatform(asked["redis_url"], asked["database_url"], **asked["api"])

    def app() -> Flask:
        return create_app(parts_of(platform(), Path(asked["folder"])), [_slow_and_large_pages()])

    patient_worker.REQUEST_SECONDS = asked["request_seconds"]
    answer_sender.WINDOW_SECONDS = asked["window_seconds"]
    settings = platform().settings.api
    serve(settings, app, lambda: embedded_worker(platform()), worker_grace=5)
    print("the arbiter returned")


if __name__ == "__main__":
    main()
