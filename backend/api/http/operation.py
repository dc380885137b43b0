"""An operation of the API: one method of one path, declared beside the function that serves it.

The declaration is the only one: the same models check the request and make the OpenAPI document.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter

from backend.api.http.answer import Answer, FileAnswer

Handler = TypeVar("Handler", bound=Callable[..., Any])
_PLACE = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Operation:
    """What is served at one method of one path. ``name`` is its key in the table of rights."""

    name: str
    group: str
    method: str
    path: str
    handler: Callable[..., Any]
    #: The status of a plain answer; others come with an `Answer`.
    status: int
    #: Other good statuses it may answer with.
    also: tuple[int, ...]
    path_parameters: dict[str, TypeAdapter[Any]]
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    body_is_optional: bool
    answer: type[BaseModel] | None
    sends_file: bool
    #: Request headers it understands beside those that all do.
    headers: tuple[str, ...]
    #: Whether an unchanged answer is told by a 304.
    has_etag: bool
    #: A path under which it was served before, and still is; empty: none.
    alias: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it is served: at its path, and at its alias if it has one."""
        return (self.path, self.alias) if self.alias else (self.path,)

    @property
    def summary(self) -> str:
        """The first sentence of the handler's docstring."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[0]

    @property
    def description(self) -> str:
        """The rest of it."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[2].strip()


class Router:
    """A family of operations: ``name`` begins their names, ``title`` heads them in the document."""

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.title = title
        self.operations: list[Operation] = []

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares what a GET is answered with."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares what a POST does."""
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares what a PUT does."""
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares what a PATCH does."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declares what a DELETE does."""
        return self._declare("DELETE", path, options)

    def _declare(
        self, method: str, path: str, options: dict[str, Any]
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            self.operations.append(self._operation(method, path, handler, **options))
            return handler

        return declare

    def _operation(
        self,
        method: str,
        path: str,
        handler: Callable[..., Any],
        *,
        status: int = 200,
        also: tuple[int, ...] = (),
        headers: tuple[str, ...] = (),
        etag: bool = False,
        optional_body: bool = False,
        alias: str = "",
    ) -> Operation:
        hints = get_type_hints(handler, include_extras=True)
        answer = _plain(hints.get("return"))
        return Operation(
            name=f"{self.name}.{handler.__name__}",
            group=self.title,
            method=method,
            path=path,
            handler=handler,
            status=status,
            also=also,
            path_parameters={name: TypeAdapter(hints[name]) for name in _PLACE.findall(path)},
            query=hints.get("query"),
            body=hints.get("body"),
            body_is_optional=optional_body,
            answer=answer if inspect.isclass(answer) and issubclass(answer, BaseModel) else None,
            sends_file=answer is FileAnswer,
            headers=headers,
            has_etag=etag,
            alias=alias,
        )


def _plain(hint: Any) -> Any:
    """The model inside ``Answer[Model]``; other hints as they are."""
    return get_args(hint)[0] if get_origin(hint) is Answer else hint
