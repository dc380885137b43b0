"""Reads a request into the models of its operation; what the document does not allow is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from backend.api.http.api_errors import (
    BodyTooLarge,
    MalformedRequest,
    PathNotFound,
    RequestInvalid,
    WrongMediaType,
)
from backend.api.http.operation import Operation
from backend.api.schemas.fields import ALTERNATIVES
from backend.domain.text.checked_words import checked_words

_MOST_ERRORS = 20


def read(operation: Operation, request: Request, places: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of the operation's handler; raises `InvalidRequest`s that point at what is wrong."""
    arguments = _path(operation, places)
    if operation.query is not None:
        arguments["query"] = _query(operation.query, request)
    elif request.args:
        _refuse(
            [{"parameter": name, "detail": "there is no such parameter"} for name in request.args]
        )
    if operation.body is not None:
        arguments["body"] = _body(operation.body, request, optional=operation.body_is_optional)
    return arguments


def _path(operation: Operation, places: Mapping[str, str]) -> dict[str, Any]:
    try:
        return {
            name: adapter.validate_python(places[name])
            for name, adapter in operation.path_parameters.items()
        }
    except ValidationError:
        raise PathNotFound("nothing can be found under such a name") from None


def _query(model: type[BaseModel], request: Request) -> BaseModel:
    values: dict[str, Any] = {}
    for name, given in request.args.lists():
        if len(given) > 1:
            _refuse([{"parameter": name, "detail": "given more than once"}])
        values[name] = given[0]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        _refuse(_findings(error, "parameter"))


def _body(model: type[BaseModel], request: Request, *, optional: bool) -> BaseModel:
    raw = _bytes(request)
    if not raw and optional:
        return model()
    _check_media_type(request)
    _check_json(raw)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        _refuse(_findings(error, "pointer"))


def _bytes(request: Request) -> bytes:
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge as error:
        raise BodyTooLarge(
            f"the body is over {request.max_content_length} bytes; send fewer jobs, or raise "
            "api.max_body_bytes"
        ) from error


def _check_media_type(request: Request) -> None:
    if request.mimetype != "application/json":
        raise WrongMediaType(
            f"send application/json, not {request.mimetype or 'an unnamed type'!r}"
        )
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset != "utf-8" or request.headers.get("Content-Encoding", "identity") != "identity":
        raise WrongMediaType("send UTF-8, not compressed")


def _check_json(raw: bytes) -> None:
    """Refuses what parsers understand differently: names given twice, NaN, nesting without end."""
    try:
        json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        raise MalformedRequest("the body is nested too deeply") from None
    except ValueError as error:
        raise MalformedRequest(f"the body is not JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice in one object")
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a value of JSON")


def _findings(error: ValidationError, place: str) -> list[dict[str, str]]:
    """Where and what, never the value itself: it may be a secret."""
    findings = []
    for found in error.errors(include_input=False, include_url=False, include_context=False):
        parts = [str(part) for part in found["loc"] if part not in ALTERNATIVES]
        words = [part.replace("~", "~0").replace("/", "~1") for part in parts]
        at = "".join(f"/{word}" for word in words) if place == "pointer" else ".".join(words)
        findings.append({place: at, "detail": checked_words(found["msg"])})
    return findings


def _refuse(findings: list[dict[str, str]]) -> NoReturn:
    first = findings[0]
    place = first.get("pointer") or first.get("parameter") or "the body"
    raise RequestInvalid(f"{place}: {first['detail']}", errors=findings[:_MOST_ERRORS])
