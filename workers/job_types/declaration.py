"""What was said of a job type where it was declared, and the `JobType` that it makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import BaseModel

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.queue_name import DEFAULT_LANE
from workers.job_types.arguments import model_of_arguments

_MARK = "__tally_job_type__"


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
        setattr(handler, _MARK, self)

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
            return model_of_arguments(handler)
        names = list(inspect.signature(handler).parameters)[1 if is_method else 0 :]
        annotation = self._annotation(handler, names[0]) if names else None
        is_model = inspect.isclass(annotation) and issubclass(annotation, BaseModel)
        return annotation if is_model else None

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


def declaration_of(handler: object) -> Declaration | None:
    """What was said of a function; None for one that is no job type."""
    found: Declaration | None = getattr(handler, _MARK, None)
    return found


def hint(handler: Callable[..., Any], name: str, annotation: Any) -> Any:
    """What one annotation of a function means; raises NameError where it is not known."""
    module = getattr(inspect.unwrap(handler), "__globals__", {})
    return get_type_hints(SimpleNamespace(__annotations__={name: annotation}), module).get(name)
