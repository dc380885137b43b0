"""``tally``: the door for people at a shell."""

from __future__ import annotations

import errno
import importlib
import sys
from pathlib import Path
from typing import Any

import click

from backend import __version__
from backend.cli.entry import INTERRUPTED
from backend.cli.output.done_so_far import forget_done, say_done
from backend.cli.output.lost_answers import telling_of_lost_answers
from backend.domain.errors import TallyError
from backend.domain.text.visible_text import visible
from backend.telemetry.lean_imports import lean_imports
from backend.telemetry.logs.lossy_streams import lose_error_lines
from backend.telemetry.logs.terminal_styles import takes_styles

#: What no change of ours would mend; another error of a file is a fault, and shows where.
_OF_THE_SYSTEM = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})
#: Command: where it is, and its line in ``tally --help`` (so that help imports nothing heavy).
COMMANDS = {
    "jobs": (
        "backend.cli.commands.jobs.group",
        "jobs",
        "Enqueue, show, find, cancel and retry jobs.",
    ),
    "queues": (
        "backend.cli.commands.queues.group",
        "queues",
        "Show, pause, resume, limit and empty queues.",
    ),
    "freezes": (
        "backend.cli.commands.gates.freezes",
        "freezes",
        "Maintenance windows: list, add, lift.",
    ),
    "tenants": (
        "backend.cli.commands.gates.tenants",
        "tenants",
        "How much each tenant may use: list, quota.",
    ),
    "breakers": (
        "backend.cli.commands.gates.breakers",
        "breakers",
        "Destinations that cannot be reached: list, open, close.",
    ),
    "dlq": ("backend.cli.commands.dlq", "dlq", "Show, redrive, discard and resolve dead jobs."),
    "schedules": (
        "backend.cli.commands.schedules",
        "schedules",
        "Recurring jobs: list, add, pause, run.",
    ),
    "history": (
        "backend.cli.commands.history",
        "history",
        "Search, sum up, export and prune the record.",
    ),
    "audit": (
        "backend.cli.commands.audit_log",
        "audit",
        "Search, verify and export the audit log.",
    ),
    "keys": ("backend.cli.commands.api_keys", "keys", "API keys: create, list, rotate, revoke."),
    "config": ("backend.cli.commands.config", "config", "Show and check the settings."),
    "workers": ("backend.cli.commands.workers", "workers", "Show and stop worker processes."),
    "reconcile": (
        "backend.cli.commands.ledger",
        "reconcile",
        "Prove that every job is accounted for.",
    ),
    "rebuild": (
        "backend.cli.commands.ledger",
        "rebuild",
        "Make the waiting jobs again in an empty Redis.",
    ),
    "shell": (
        "backend.cli.commands.shell",
        "shell",
        "A Python prompt with the deployment at hand.",
    ),
    "completion": (
        "backend.cli.commands.completion",
        "completion",
        "Completion for bash, zsh or fish.",
    ),
    "doctor": (
        "backend.cli.commands.doctor",
        "doctor",
        "Check everything, and say what to change.",
    ),
    "api": ("backend.cli.commands.processes", "api", "Serve the HTTP API and the dashboard."),
    "worker": (
        "backend.cli.commands.processes",
        "worker",
        "Run worker processes under a supervisor.",
    ),
    "scheduler": (
        "backend.cli.commands.processes",
        "scheduler",
        "Promote due jobs and rescue lost ones.",
    ),
    "recorder": (
        "backend.cli.commands.processes",
        "recorder",
        "Write the history from Redis to Postgres.",
    ),
    "migrate": (
        "backend.cli.commands.migrate",
        "migrate",
        "Bring the database's schema up to date.",
    ),
    "deploy-files": (
        "backend.cli.commands.deploy_files",
        "deploy_files",
        "Write units, configurations and alert rules to a folder.",
    ),
    "init": ("backend.cli.commands.init", "init", "Write a small project to start from."),
    "dev": ("backend.development.command", "dev", "Run a project while you write it."),
    "quickstart": ("backend.quickstart.command", "quickstart", "Start everything and show it."),
    "drill": ("backend.cli.commands.drill", "drill", "Kill workers while jobs run, and count."),
}


class _Commands(click.Group):
    def make_context(self, *words: Any, **extra: Any) -> click.Context:
        # Each command below inherits it. None: click looks whether it is a terminal.
        extra.setdefault("color", None if takes_styles(sys.stdout) else False)
        return super().make_context(*words, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        forget_done()
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say_done()
            # click would call it aborted, with the status of what failed.
            sys.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        with lean_imports():
            command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tally")
def tally() -> None:
    """A priority job queue: Redis dispatches, Postgres remembers."""


def main(arguments: list[str] | None = None) -> Any:
    """Runs the command; an error of ours, or of a file that cannot be written, is one line."""
    lose_error_lines()
    with telling_of_lost_answers():
        return _run(arguments)


def _run(arguments: list[str] | None) -> Any:
    # Job packages of one's own are looked for where the command is started, as with `flask` or `rq`. Last
    # of all places: a stray json.py there would take the place of Python's own.
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        return tally.main(args=arguments, prog_name="tally", standalone_mode=True)
    except TallyError as error:
        click.echo(visible(f"tally: {error} [{error.code}]"), err=True)
        say_done()
        sys.exit(1)
    except OSError as error:
        if error.errno not in _OF_THE_SYSTEM or error.filename is None:
            raise
        click.echo(visible(f"tally: {error.filename}: {error.strerror} [not_written]"), err=True)
        say_done()
        sys.exit(1)


if __name__ == "__main__":
    main()
