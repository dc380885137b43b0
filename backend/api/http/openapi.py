"""The OpenAPI 3.1 document, made from the operations and the models that check their requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend.api.access.rights import Right
from backend.api.http.openapi_headers import ANSWER_HEADERS, REQUEST_HEADERS
from backend.api.http.openapi_links import LINKS
from backend.api.http.operation import Operation
from backend.api.http.problem import MEDIA_TYPE, Problem

_PREFIX = "#/components/schemas/"
_SCHEME = "token"
_ABOUT = """A priority job queue: Redis dispatches, Postgres remembers.

Errors are `application/problem+json` with a stable `code`; `GET /api/problems` lists them. Lists are
paged with `limit` and `cursor`; the `Link` header names the next page. `X-Request-ID` and
`traceparent` are taken and given back."""
Mode = Literal["validation", "serialization"]


def document_of(
    operations: Sequence[Operation], rights: Mapping[str, Right], version: str
) -> dict[str, Any]:
    """The whole document."""
    references, schemas = _schemas(operations)
    paths: dict[str, Any] = {}
    for operation in operations:
        described = _operation(operation, rights[operation.name], references)
        for path in operation.paths:
            item = paths.setdefault(path, {})
            item[operation.method.lower()] = (
                described if path == operation.path else _as_alias(described, operation)
            )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tally", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(each.group for each in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                _SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or a JWT of the configured issuer.",
                }
            },
        },
    }


References = Mapping[tuple[type[BaseModel], Mode], dict[str, Any]]


def _schemas(operations: Iterable[Operation]) -> tuple[References, dict[str, Any]]:
    inputs: list[tuple[type[BaseModel], Mode]] = []
    for each in operations:
        inputs += [(model, "validation") for model in (each.body, each.query) if model]
        inputs += [(each.answer, "serialization")] if each.answer else []
    inputs.append((Problem, "serialization"))
    wanted = list(dict.fromkeys(inputs))
    references, found = models_json_schema(wanted, ref_template=_PREFIX + "{model}")
    return references, found.get("$defs", {})  # type: ignore[return-value]


def _operation(each: Operation, right: Right, references: References) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": each.name.replace(".", "_"),
        "tags": [each.group],
        "summary": each.summary,
        "description": _description(each, right),
        "parameters": [*_places(each), *_query(each), *_headers(each)],
        "responses": _responses(each, right, references),
        "x-role": right.role,
    }
    if right.role is not None:
        described["security"] = [{_SCHEME: []}]
    if each.body is not None:
        described["requestBody"] = {
            "required": not each.body_is_optional,
            "content": {"application/json": {"schema": references[(each.body, "validation")]}},
        }
    return described


def _as_alias(described: dict[str, Any], each: Operation) -> dict[str, Any]:
    return {
        **described,
        "operationId": f"{described['operationId']}_alias",
        "deprecated": True,
        "description": f"The same as `{each.method} {each.path}`.",
    }


def _description(each: Operation, right: Right) -> str:
    who = f"Needs the role `{right.role}`." if right.role else "Open to all."
    return f"{each.description}\n\n{who}".strip()


def _places(each: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": adapter.json_schema()}
        for name, adapter in each.path_parameters.items()
    ]


def _query(each: Operation) -> list[dict[str, Any]]:
    if each.query is None:
        return []
    schema = each.query.model_json_schema()
    parameters = []
    for name, field in schema.get("properties", {}).items():
        described = {key: value for key, value in field.items() if key not in {"title", "default"}}
        parameter = {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _resolved(_without_null(described), schema.get("$defs", {})),
        }
        if "description" in field:
            parameter["description"] = field["description"]
        parameters.append(parameter)
    return parameters


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out is never sent as null."""
    choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return field
    return {**{key: value for key, value in field.items() if key != "anyOf"}, **choices[0]}


def _resolved(field: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    reference = field.get("$ref")
    if reference is None:
        return field
    rest = {key: value for key, value in field.items() if key != "$ref"}
    return {**definitions[reference.rpartition("/")[2]], **rest}


def _headers(each: Operation) -> list[dict[str, Any]]:
    return [{**REQUEST_HEADERS[name], "name": name, "in": "header"} for name in each.headers]


def _responses(each: Operation, right: Right, references: References) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if each.sends_file:
        content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    elif each.answer is not None:
        content = {"application/json": {"schema": references[(each.answer, "serialization")]}}
    good: dict[str, Any] = {"content": content, "headers": ANSWER_HEADERS}
    if each.name in LINKS:
        good["links"] = LINKS[each.name]
    responses = {
        str(status): {"description": _words(status), **good} for status in (each.status, *each.also)
    }
    if each.has_etag:
        responses["304"] = {"description": "Not changed since the ETag given."}
    problem = {MEDIA_TYPE: {"schema": references[(Problem, "serialization")]}}
    for status in _problems(each, right):
        responses.setdefault(str(status), {"description": _words(status), "content": problem})
    return responses


def _problems(each: Operation, right: Right) -> list[int]:
    statuses = [400, 422, 429, 500, 503]
    if right.role is not None:
        statuses += [401, 403]
    if each.path_parameters:
        statuses += [404]
    if each.method != "GET":
        statuses += [404, 409, 413, 415]
    elif each.name.startswith("jobs."):
        statuses += [409]
    return sorted(set(statuses))


_WORDS = {
    200: "Done.",
    201: "Made.",
    202: "Accepted.",
    400: "It cannot be read.",
    401: "A good token is needed.",
    403: "The token's role, or tenant, does not allow this.",
    404: "There is no such thing.",
    409: "Its state does not allow this now.",
    413: "It is too large.",
    415: "The body is not application/json.",
    422: "It can be read, but does not fit.",
    429: "Slower, please; or a queue is full.",
    500: "A mistake of ours.",
    503: "A store is away, or a part is missing; try again later.",
}


def _words(status: int) -> str:
    return _WORDS.get(status, re.sub(r"\D", "", str(status)))
