"""``tally init``: a small project to start from."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack
from pathlib import Path

import click

from backend.api.config.settings_file import settings_in
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.given_text import GivenPath
from backend.cli.output.done_so_far import note_done
from backend.cli.output.folder_to_write import writing_into
from backend.cli.output.printing import tell
from backend.cli.output.whole_file import replacing
from backend.domain.errors import ConfigurationError
from backend.shipped import shipped

_FILES = {
    "tally.toml": "settings",
    "jobs.py": "a job type",
    "test_jobs.py": "its tests: pytest",
}


@click.command()
@click.argument("folder", type=GivenPath(path_type=Path, file_okay=False), default=".")
def init(folder: Path) -> None:
    """Writes a small project into FOLDER (default: here): a job type, its tests, settings.

    Nothing that is there is touched: where one of its files is, or other settings are, it writes none.

    \b
    Examples:
      tally init
      tally init shop
    """
    CommandGroup.guarded(lambda: _in_folder(folder))


def _in_folder(folder: Path) -> None:
    with writing_into(folder, "name a folder that is yours to write, as in: tally init ~/shop"):
        _write_project(folder)
    note_done(f"the project is written to {folder}")
    for name, what in _FILES.items():
        tell(f"wrote {folder / name}: {what}")
    _say_next(folder)


def _write_project(folder: Path) -> None:
    """All three files, or none."""
    there = [folder / name for name in _FILES if os.path.lexists(folder / name)]
    settings = [file.path for file in settings_in(folder)]
    taken = list(dict.fromkeys([*there, *settings]))
    if taken:
        raise ConfigurationError(
            f"{', '.join(map(str, taken))} exists already, and nothing was written; name another folder, "
            "as in: tally init shop"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as files:
        # Each takes its place at the end, once all of them could be written.
        for name in _FILES:
            text = shipped(f"examples/starter/{name}").read_text(encoding="utf-8")
            files.enter_context(replacing(folder / name)).write_text(text, encoding="utf-8")


def _word(folder: Path) -> str:
    """As a shell takes it for the folder, and for no option."""
    return shlex.quote(f"./{folder}" if str(folder).startswith("-") else str(folder))


def _say_next(folder: Path) -> None:
    move = "" if folder.resolve() == Path.cwd() else f"cd {_word(folder)} && "
    tell(f"next: {move}pytest")
    tell(f"then: {move}tally dev")
    tell(
        "and beside it: python -c \"from jobs import *; print(greet.delay(name='Ada').result(timeout=10))\""
    )
