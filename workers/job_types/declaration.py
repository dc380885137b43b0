"""What was said of a job type where it was declared, and the `JobType` that it makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from types import NoneType, SimpleNamespace
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.queue_name import DEFAULT_LANE
from workers.job_types.arguments import model_of_arguments

_MARK = "__tally_job_type__"
#: What no payload is: that is an object of fields.
_NO_OBJECTS = (str, bytes, int, float, list, tuple, set, frozenset)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One job type as its author declared it, before it is known which worker class it belongs to."""

    name: str
    #: None: that of its worker class.
    lane: str | None
    #: None: the deployment's.
    retry: RetryPolicy | None
    #: Whether its handler takes arguments, instead of one payload.
    takes_arguments: bool
    #: Everything else, as `JobType` has it.
    fields: dict[str, Any]

    def note_on(self, handler: Callable[..., Any]) -> None:
        """Leaves itself on the function, where `declaration_of` finds it."""
        try:
            setattr(handler, _MARK, self)
        except AttributeError as error:
            raise ConfigurationError(
                f"job type {self.name!r}: {handler!r} is no function of yours; write one that calls it"
            ) from error

    def job_type(
        self, handler: Callable[..., Any], worker: type[Any] | None, default_retry: RetryPolicy
    ) -> JobType:
        """The job type; ``worker`` is the class whose method the handler is, None for a function.

        Raises `ConfigurationError` when the type of the payload cannot be found.
        """
        return JobType(
            name=self.name,
            handler=handler,
            worker=worker,
            lane=self.lane or (worker.lane if worker else DEFAULT_LANE),
            retry=self.retry or default_retry,
            payload=self._payload_model(handler, is_method=worker is not None),
            takes_arguments=self.takes_arguments,
            description=inspect.getdoc(handler) or "",
            **self.fields,
        )

    def _payload_model(
        self, handler: Callable[..., Any], *, is_method: bool
    ) -> type[BaseModel] | None:
        if self.takes_arguments:
            self._refuse_method(handler, is_method=is_method)
            return model_of_arguments(handler)
        names = list(inspect.signature(handler).parameters)[1 if is_method else 0 :]
        self._refuse_uncallable(handler, names, is_method=is_method)
        annotation = self._annotation(handler, names[0]) if names else None
        if _is_no_payload(annotation):
            raise ConfigurationError(
                f"job type {self.name!r} in {handler.__module__}: what {handler.__qualname__} takes first "
                f"is its payload, a pydantic model or a mapping, and never "
                f"{inspect.formatannotation(annotation, handler.__module__)}"
            )
        is_model = inspect.isclass(annotation) and issubclass(annotation, BaseModel)
        return annotation if is_model else None

    def _refuse_method(self, handler: Callable[..., Any], *, is_method: bool) -> None:
        """Raises `ConfigurationError`: its ``self`` would be an argument that every caller has to give."""
        if is_method:
            raise ConfigurationError(
                f"job type {self.name!r} in {handler.__module__}: {handler.__qualname__} is a method, and "
                "a task is a function; declare it with @job_type, and with a payload"
            )

    def _refuse_uncallable(
        self, handler: Callable[..., Any], names: list[str], *, is_method: bool
    ) -> None:
        """Raises `ConfigurationError` for a handler that no worker could call: each attempt would fail."""
        given = [None] * (min(len(names), 2) + is_method)
        try:
            inspect.signature(handler).bind(*given)
        except TypeError as error:
            raise ConfigurationError(
                f"job type {self.name!r} in {handler.__module__}: {handler.__qualname__} is called with "
                "its payload, and with its context where it takes a second argument, both by place: "
                f"{error}"
            ) from error

    def _annotation(self, handler: Callable[..., Any], name: str) -> Any:
        """That of one parameter. The others may name what is only there for type checkers."""
        annotation = inspect.signature(handler).parameters[name].annotation
        if annotation is inspect.Parameter.empty:
            return None
        try:
            return hint(handler, name, annotation)
        except NameError as error:
            raise ConfigurationError(
                f"job type {self.name!r} in {handler.__module__}: the type of its payload cannot be "
                f"found when it runs: {error}; import it outside of `if TYPE_CHECKING`"
            ) from error


def _is_no_payload(annotation: Any) -> bool:
    """Whether it says of the payload what is never true, so that the handler would trip over a dict."""
    kind = get_origin(annotation) or annotation
    if inspect.isclass(kind) and kind.__name__ != "UnionType":
        is_other = issubclass(kind, _NO_OBJECTS) or kind.__name__ == "JobContext"
        return is_other or is_dataclass(kind)
    some_of = [part for part in get_args(annotation) if part is not NoneType]
    return bool(some_of) and all(inspect.isclass(part) and _is_of_fields(part) for part in some_of)


def _is_of_fields(kind: type[Any]) -> bool:
    return issubclass(kind, BaseModel) or is_dataclass(kind)


def declaration_of(handler: object) -> Declaration | None:
    """What was said of a function; None for one that is no job type."""
    found: Declaration | None = getattr(handler, _MARK, None)
    return found


def hint(handler: Callable[..., Any], name: str, annotation: Any) -> Any:
    """What one annotation of a function means; raises NameError where it is not known."""
    module = getattr(inspect.unwrap(handler), "__globals__", {})
    return get_type_hints(SimpleNamespace(__annotations__={name: annotation}), module).get(name)
