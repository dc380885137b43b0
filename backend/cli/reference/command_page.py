"""docs/cli.md, made from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

_HEAD = """# The `tally` command

<!-- Made by `python -m backend.cli.reference.pages docs`. Edit the commands, not this page. -->

Data goes to standard output, talk to standard error. `--json` is for programs, `--yes` answers what
is asked before something is lost; without a terminal nobody is asked, and `--yes` is needed. Exit
status 0: done; 1: not done, or something was found to be wrong; 2: what was typed cannot be; 3: the answer
could not be written, to standard output or the file that was named; 130: Ctrl-C ended it. Whatever ends
a command early, a line on standard error says what was done all the same: do not repeat that. Each
action is a row of the audit log with the account and host it came from. `tally completion bash` lets
a shell complete these words.

Colours and bold are for terminals; `NO_COLOR=1` and `TERM=dumb` turn them off.

Times are `90s`, `10m`, `2h`, `7d`, or `2026-02-01T08:00` (UTC unless it says otherwise).
"""


def command_page() -> str:
    """The whole page."""
    from backend.cli.main import COMMANDS, tally

    context = click.Context(tally, info_name="tally")
    parts = [_HEAD]
    for name in COMMANDS:
        command = tally.get_command(context, name)
        if command is not None:
            parts += _sections(command, click.Context(command, context, info_name=name), 2)
    return "".join(parts)


def _sections(command: click.Command, context: click.Context, depth: int) -> Iterator[str]:
    yield f"\n{'#' * depth} {context.command_path}\n\n{_prose(command)}"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _sections(
                    below, click.Context(below, context, info_name=name), depth + 1
                )
    else:
        yield f"\nUsage: `{command.get_usage(context).removeprefix('Usage: ')}`\n"
        yield _options(command, context)


def _prose(command: click.Command) -> str:
    """The help text; what was kept as it is (examples) becomes a block of code."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    shown = []
    for paragraph in paragraphs:
        lines = paragraph.splitlines()
        if lines and lines[0] == "\b":
            shown.append("\n".join(f"    {line.strip()}" for line in lines[2:]))
        else:
            shown.append("\n".join(lines))
    return "\n\n".join(shown) + "\n"


def _options(command: click.Command, context: click.Context) -> str:
    rows = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts
        if (record := parameter.get_help_record(context)) is not None
    ]
    if not rows:
        return ""
    cells = [(words.replace("|", "\\|"), meaning.replace("|", "\\|")) for words, meaning in rows]
    lines = [f"| `{words}` | {meaning} |\n" for words, meaning in cells]
    return "\n| option | |\n|---|---|\n" + "".join(lines)
