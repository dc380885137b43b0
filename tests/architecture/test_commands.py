"""Every group of commands keeps logs out of its answer, and tells errors in a line."""

from __future__ import annotations

from collections.abc import Iterator

import click

from backend.cli.input.command_group import CommandGroup
from backend.cli.main import COMMANDS, tally


def _groups(command: click.Command | None) -> Iterator[click.Group]:
    if isinstance(command, click.Group):
        yield command
        for below in command.commands.values():
            yield from _groups(below)


def test_every_group_of_commands_is_of_the_class_for_it() -> None:
    context = click.Context(tally)
    found = [group for name in COMMANDS for group in _groups(tally.get_command(context, name))]

    assert len(found) > 10
    assert [group.name for group in found if not isinstance(group, CommandGroup)] == []
