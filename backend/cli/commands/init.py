"""``tally init``: a small project to start from."""

from __future__ import annotations

import os
from pathlib import Path

import click

from backend.api.config.settings_file import settings_in
from backend.cli.input.command_group import CommandGroup
from backend.cli.output.printing import tell
from backend.domain.errors import ConfigurationError
from backend.shipped import shipped

_FILES = {
    "tally.toml": "settings",
    "jobs.py": "a job type",
    "test_jobs.py": "its tests: pytest",
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(folder: Path) -> None:
    """Writes a small project into FOLDER (default: here): a job type, its tests, settings.

    Nothing that is there is touched: where one of its files is, or other settings are, it writes none.

    \b
    Examples:
      tally init
      tally init shop
    """
    CommandGroup.guarded(lambda: _write_project(folder))


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
    for name, what in _FILES.items():
        text = shipped(f"examples/starter/{name}").read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
        tell(f"wrote {folder / name}: {what}")
    _say_next(folder)


def _say_next(folder: Path) -> None:
    move = "" if folder.resolve() == Path.cwd() else f"cd {folder}; "
    tell(f"next: {move}pytest")
    tell(f"then: {move}tally dev")
    tell(
        "and beside it: python -c \"from jobs import *; print(greet.delay(name='Ada').result(timeout=10))\""
    )
