"""Every group of commands keeps logs out of its answer, tells errors in a line, and reads options alike."""

from __future__ import annotations

from collections.abc import Iterator

import click

from backend.cli.input.command_group import CommandGroup
from backend.cli.main import COMMANDS, tally

#: Texts that may be empty. Every other one is refused then: what a script has not set must widen no filter.
MAY_BE_EMPTY = {
    "reason": "nobody must say why",
    "cursor": "the first page",
    "payload": "no JSON, which is refused",
    "types": "no job type, which is refused",
    "weights": "no weight, which is refused",
    "command": "no Python, which does nothing",
}


def _groups(command: click.Command | None) -> Iterator[click.Group]:
    if isinstance(command, click.Group):
        yield command
        for below in command.commands.values():
            yield from _groups(below)


def _commands(command: click.Command | None) -> Iterator[click.Command]:
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _commands(below)
    elif command is not None:
        yield command


def test_every_group_of_commands_is_of_the_class_for_it() -> None:
    context = click.Context(tally)
    found = [group for name in COMMANDS for group in _groups(tally.get_command(context, name))]

    assert len(found) > 10
    assert [group.name for group in found if not isinstance(group, CommandGroup)] == []


def test_an_option_that_is_given_empty_is_refused() -> None:
    context = click.Context(tally)
    options = [
        (command.name, option)
        for name in COMMANDS
        for command in _commands(tally.get_command(context, name))
        for option in command.params
        if isinstance(option, click.Option)
    ]
    texts = {(name, option.name) for name, option in options if option.type is click.STRING}

    assert len(options) > 100
    assert {(command, name) for command, name in texts if name not in MAY_BE_EMPTY} == set()
