"""The decorators that declare job types."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, Unpack, cast, overload

from backend.domain.errors import ConfigurationError
from workers.job_types.arguments import refuse_unnamed
from workers.job_types.declaration import Declaration
from workers.job_types.enqueuer import Enqueuer
from workers.job_types.signatures import Awaited, ModelDecorator, P, R, TaskDecorator, TaskJob
from workers.job_types.type_options import TypeOptions, declaration

_OF_MODELS = ("enqueue", "aenqueue", "enqueue_many", "delay", "with_payload", "using")
_OF_CALLS = ("delay", "adelay", "with_arguments", "using")


def job_type(name: str, **options: Unpack[TypeOptions]) -> ModelDecorator:
    """Declares the decorated function, or method of a `BaseWorker`, to be a job type.

    The payload's model is the annotation of its first parameter; without one, any JSON object will
    do. It may take a second parameter, the `JobContext`. What it returns must be JSON, or what has one
    form in JSON (models, dataclasses, dates, decimals, UUIDs), of at most ``max_result_bytes``.

    An ``async def`` runs beside many others in the event loop of its worker process, unless
    ``isolation="process"`` gives it a child of its own.

    The function stays what it was, and can enqueue itself: ``greet.enqueue(Greeting(name="Ada"))``,
    `aenqueue`, `enqueue_many`, ``delay(name="Ada")``; ``greet.using(priority="high")`` holds options.

    ``options`` are those of `TypeOptions`. Raises `ConfigurationError` for one that does not exist, a
    number out of its range, and for what is no plain function.
    """
    declared = declaration(name, options, takes_arguments=False)

    def mark(handler: Callable[..., Any]) -> Callable[..., Any]:
        _refuse_unrunnable(f"job type {name!r}", handler)
        return _declared(handler, declared, _OF_MODELS)

    return cast("ModelDecorator", mark)


@overload
def task(handler: Callable[P, Awaited[R]], /) -> TaskJob[P, Awaited[R], R]: ...
@overload
def task(handler: Callable[P, R], /) -> TaskJob[P, R, R]: ...
@overload
def task(name: str = "", /, **options: Unpack[TypeOptions]) -> TaskDecorator: ...
def task(said: Any = "", /, **options: Unpack[TypeOptions]) -> Any:
    """Declares a function with plain arguments: ``@task``, or ``@task("charge", timeout=5)``.

    ``charge.delay(17, dry=True)`` enqueues the call; its payload is the object of its arguments by name,
    checked against their annotations. Without a name it is called after its module and itself. It takes no
    context: `current_job` has it. ``options`` are those of `TypeOptions`.

    Raises `ConfigurationError` as `job_type` does, and for a parameter without a name of its own.
    """
    if callable(said):
        return _as_task(said, "", options)
    return lambda handler: _as_task(handler, said, options)


def _as_task(handler: Callable[..., Any], name: str, options: TypeOptions) -> Callable[..., Any]:
    owner = f"job type {name or handler.__qualname__!r}"
    _refuse_unrunnable(owner, handler)
    refuse_unnamed(owner, handler)
    declared = declaration(name or _name_of(handler), options, takes_arguments=True)
    return _declared(handler, declared, _OF_CALLS)


def _declared(
    handler: Callable[..., Any], said: Declaration, does: tuple[str, ...]
) -> Callable[..., Any]:
    """The function itself: nothing around it that would be in the way of calls, pickling or tracebacks."""
    said.note_on(handler)
    enqueuer = Enqueuer(handler, said)
    for each in ("name", *does):
        setattr(handler, each, getattr(enqueuer, each))
    return handler


def _name_of(handler: Callable[..., Any]) -> str:
    """Its module and itself; what is run as a program goes by the name that others import it by."""
    module = handler.__module__
    if module == "__main__":
        spec = getattr(sys.modules["__main__"], "__spec__", None)
        if spec is None:
            raise ConfigurationError(
                f"{handler.__qualname__} is declared in the program that was started, which workers do not "
                f'know by that name; give the task one: @task("{handler.__name__}")'
            )
        module = spec.name.removesuffix(".__main__")
    return f"{module}.{handler.__qualname__}"


def _refuse_unrunnable(owner: str, handler: Any) -> None:
    """Raises `ConfigurationError` for a function whose call would not run it: its body never would."""
    if inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler):
        raise ConfigurationError(
            f"{owner}: {handler.__qualname__} has a yield, so calling it runs nothing; "
            "return a list instead"
        )
