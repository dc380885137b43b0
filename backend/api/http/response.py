"""Makes HTTP answers of what handlers give back."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from flask import Request, Response
from pydantic import BaseModel
from werkzeug.wsgi import wrap_file

from backend.api.http.answer import Answer, FileAnswer
from backend.api.http.operation import Operation

_NOT_MODIFIED = 304
#: Bytes of a file that are read at once by servers that do not send files themselves.
_PIECE = 64 * 1024


def respond(operation: Operation, given: Any, request: Request) -> Response:
    """The answer of an operation."""
    if given is None:
        return Response(status=operation.status)
    if isinstance(given, FileAnswer):
        return file_response(given, request)
    answer = given if isinstance(given, Answer) else Answer(given)
    status = answer.status or operation.status
    response = _json(answer.body, status)
    response.headers.extend(answer.headers)
    if "Location" in answer.headers:
        response.headers["Location"] = request.script_root + answer.headers["Location"]
    return _conditional(response, request) if operation.has_etag else response


def _json(body: BaseModel, status: int) -> Response:
    return Response(body.model_dump_json(), status, content_type="application/json")


def _conditional(response: Response, request: Request) -> Response:
    """Told by a 304 when the caller has it already."""
    tag = hashlib.sha256(response.get_data()).hexdigest()[:32]
    response.set_etag(tag)
    if request.if_none_match.contains_weak(tag):
        return Response(status=_NOT_MODIFIED, headers={"ETag": f'"{tag}"'})
    return response


def file_response(file: FileAnswer, request: Request, *, place: str = "attachment") -> Response:
    """A file, handed to the server as one: it sends what its reader takes and no thread waits.

    Saved unless ``place`` says otherwise: what a job made is not ours to run in a browser.
    """
    body = wrap_file(request.environ, file.file, _PIECE)
    response = Response(body, content_type=file.media_type, direct_passthrough=True)
    name = quote(file.name, safe="")
    response.headers["Content-Disposition"] = f"{place}; filename*=UTF-8''{name}"
    response.headers["Content-Length"] = str(file.size_bytes)
    response.headers["ETag"] = f'"{file.sha256}"'
    return response
