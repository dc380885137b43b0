"""A flag for each option of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import click

from backend.cli.input.completing import a_queue
from backend.cli.input.given_text import GIVEN
from backend.cli.input.instants import COMING, DURATIONS, Duration
from backend.domain.errors import InvalidPayload
from backend.domain.jobs.options.job_options import OPTIONS, Option
from backend.domain.jobs.payload_text import payload_in
from backend.domain.jobs.queue_name import Priority

Command = TypeVar("Command", bound=Callable[..., Any])

_PRIORITY = click.option(
    "--priority",
    "-p",
    type=click.Choice([priority.value for priority in Priority]),
    help="Default: the job type's own.",
)


class NameOrJob(click.ParamType[Any]):
    """A job type's name, or the JSON object of a job of it."""

    name = "job"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The name, or the object."""
        if not str(value).startswith("{"):
            return GIVEN.convert(value, param, ctx)
        try:
            return payload_in(value)
        except InvalidPayload:
            self.fail(f"{value!r} is no JSON", param, ctx)


def job_options(command: Command) -> Command:
    """The priority, and each option of `QueueService.enqueue_job`, called as there."""
    for option in reversed(list(OPTIONS.values())):
        command = _flag(option)(command)
    return _PRIORITY(command)


def said_options(flags: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, without what was left out. No retries are not no word about retries."""
    left_out: tuple[Any, ...] = (None, False, ())
    said = {
        name: value
        for name, value in flags.items()
        if not any(value is nothing for nothing in left_out)
    }
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in said.items()
    }


def flag_name(option: Option) -> str:
    """``--test`` for ``is_test``, ``--tag`` for one of the ``tags``."""
    name = option.name.removeprefix("is_")
    if _is_given_again(option):
        name = name.removesuffix("s")
    return "--" + name.replace("_", "-")


def _flag(option: Option) -> Callable[[Command], Command]:
    names = (flag_name(option), option.name)
    if option.kind is bool:
        return click.option(*names, is_flag=True, help=option.about)
    kind = _kind(option)
    if option.job is not None:
        about = f"{option.about} Such a job is JSON: an object of job_type and payload."
        return click.option(*names, type=kind, help=about)
    if not _is_given_again(option):
        complete = a_queue if option.name == "queue" else None
        return click.option(*names, type=kind, help=option.about, shell_complete=complete)
    return click.option(
        *names, type=kind, multiple=True, help=f"{option.about} May be given several times."
    )


def _is_given_again(option: Option) -> bool:
    """Several texts are typed one by one, as each may have a comma; several numbers at once."""
    return option.most is not None and option.bound is None


def _kind(option: Option) -> Any:
    bound = option.bound
    if option.job is not None:
        return NameOrJob()
    if bound is None:
        return COMING if option.kind is datetime else GIVEN
    if option.most is not None:
        return DURATIONS
    if bound.unit == "seconds":
        return Duration(bound)
    return click.IntRange(int(bound.least), int(bound.most))
