"""``tally config``: what is set, by whom, and whether it can be."""

from __future__ import annotations

import os
import sys

import click

from backend.api.config.settings import load_settings
from backend.api.config.settings_file import find_file
from backend.bootstrap.platform import Platform
from backend.cli.checks.declared import check_declared
from backend.cli.checks.finding import Level
from backend.cli.checks.folders import check_folders
from backend.cli.checks.names import NAMES_NOTHING
from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.cli.reference.configuration_page import configuration_page
from backend.cli.reference.setting_sources import SettingInForce, settings_in_force
from backend.domain.errors import ConfigurationError, InvalidOption
from backend.domain.text.nearest_name import suggestion


@click.group(cls=CommandGroup)
def config() -> None:
    """Shows and checks the settings."""


@config.command()
@click.argument("prefix", default="")
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@options.as_json
def show(prefix: str, changed: bool, as_json: bool) -> None:
    """Shows each setting, or those that begin with PREFIX, secrets masked, and where its value came from.

    \b
    Examples:
      tally config show --changed
      tally config show worker
    """
    meant = _beginning_with(prefix, settings_in_force(load_settings(), os.environ))
    found = [entry for entry in meant if not (changed and entry.source == "default")]
    if as_json:
        print_json(found)
    else:
        empty = f"every setting{f' of {prefix}' if prefix else ''} is at its default"
        print_rows(("setting", "value", "from"), found, empty=empty)


@config.command()
def check() -> None:
    """Says whether the settings can be used; names each that is wrong. Exit status 1 then.

    Job packages are imported, and schedules and subscriptions are tried. No server is asked.
    """
    try:
        parts = Platform(load_settings())
        file = find_file(os.environ)
    except ConfigurationError as error:
        _refuse(str(error).splitlines())
    declared = list(check_declared(parts))
    _refuse([found.text for found in declared if found.level is Level.WRONG])
    misnamed = [found for found in declared if found.code == NAMES_NOTHING]
    for found in (*misnamed, *check_folders(parts.settings)):
        say(f"{found.text}: {found.remedy}")
    tell(f"the settings are good; file: {file or 'none'}")


def _refuse(lines: list[str]) -> None:
    for line in lines:
        say(f"tally: {line}")
    if lines:
        sys.exit(1)


@config.command()
def reference() -> None:
    """Writes docs/configuration.md: every setting, its default and its meaning, as Markdown."""
    say("tally config reference > docs/configuration.md")
    click.echo(configuration_page(), nl=False)


def _beginning_with(prefix: str, entries: list[SettingInForce]) -> list[SettingInForce]:
    """The settings that are meant; raises `InvalidOption` when there is none."""
    meant = [entry for entry in entries if entry.name.startswith(prefix)]
    if not meant:
        names = [entry.name for entry in entries]
        groups = {name.rpartition(".")[0] for name in names} - {""}
        raise InvalidOption(
            f"there is no setting {prefix!r}{suggestion(prefix, {*names, *groups})}"
        )
    return meant
