"""``tally shell``: Python with the parts of this deployment at hand."""

from __future__ import annotations

import code
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from backend.bootstrap.current import platform
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.identity import who
from backend.services.calling.caller import speaking_for

_BANNER = """Tally {version}. What is changed by `queue` and `schedules` is in the audit log, as yours.

{names}

  queue.enqueue_job("log_message", {{"message": "hello"}})
  queue.get_job("01a2…")
"""
_ABOUT = {
    "queue": "QueueService: enqueue, look at a job, wait for one",
    "history": "HistoryService: the record of months",
    "search": "SearchService: jobs wherever they are",
    "schedules": "SchedulerService: recurring jobs",
    "types": "every job type, by name",
    "settings": "the settings of this process",
    "platform": "every other part",
}


@click.command()
@click.option("--command", "-c", help="Runs this Python and ends.")
@click.option("--plain", is_flag=True, help="Python's own prompt, even if IPython is installed.")
def shell(command: str | None, plain: bool) -> None:
    """Opens a Python prompt with `queue`, `history`, `search`, `schedules` and the settings ready.

    IPython's if it is installed, else Python's own.

    \b
    Examples:
      tally shell
      tally shell -c 'print(queue.get_job("01a2…").options)'
    """
    with speaking_for(who()):
        CommandGroup.guarded(lambda: _open(command, plain=plain))


def _open(command: str | None, *, plain: bool) -> None:
    names = at_hand()
    if command is not None:
        exec(compile(command, "<command>", "exec"), names)  # noqa: S102 - what the command is for
        return
    if not plain and find_spec("IPython") is not None:
        click.echo(_banner())
        import_module("IPython").start_ipython(argv=["--no-banner"], user_ns=names)
        return
    code.interact(_banner(), local=names, exitmsg="")


def at_hand() -> dict[str, Any]:
    """What a prompt knows, by name. Nothing is connected before it is used."""
    from backend.cli.input.parts import history_service, scheduler_service, search_service

    parts = platform()
    return {
        "queue": parts.queue_service,
        "history": history_service(),
        "search": search_service(),
        "schedules": scheduler_service(),
        "types": {kind.name: kind for kind in parts.catalogue},
        "settings": parts.settings,
        "platform": parts,
    }


def _banner() -> str:
    from backend import __version__

    names = "\n".join(f"  {name:<10} {about}" for name, about in _ABOUT.items())
    return _BANNER.format(version=__version__, names=names)
