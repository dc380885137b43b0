"""What every noun of the command line shares: quiet logs, and errors as exit statuses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from backend.cli.output.done_so_far import say_done
from backend.cli.output.lost_answers import ANSWER_LOST
from backend.cli.output.whole_file import FileNotWritten
from backend.domain.errors import IllegalMove, InvalidRequest, JobNotFound, TallyError
from backend.domain.text.visible_text import visible
from backend.telemetry.logs.set_up import set_up_logs

FAILED, WRONG_USAGE = 1, 2


class CommandGroup(click.Group):
    """A group of commands about one thing. 0: done, 1: not done, 2: what was typed cannot be,
    3: the answer could not be written, 130: interrupted."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        return self.guarded(lambda: super(CommandGroup, self).invoke(ctx))

    @staticmethod
    def guarded(act: Callable[[], Any]) -> Any:
        """Standard output is for the answer, so logs go elsewhere; an error of ours is one line."""
        set_up_logs(level="WARNING", style="text")
        try:
            return act()
        except TallyError as error:
            click.echo(visible(f"tally: {error} [{error.code}]"), err=True)
            say_done()
            sys.exit(status_of(error))


def status_of(error: TallyError) -> int:
    """The exit status of an error."""
    if isinstance(error, FileNotWritten):
        return ANSWER_LOST
    asked_wrongly = isinstance(error, InvalidRequest)
    about_a_thing = isinstance(error, JobNotFound | IllegalMove)
    return WRONG_USAGE if asked_wrongly and not about_a_thing else FAILED
