"""What commands write to standard output: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backend.cli.output.plain_data import plain
from backend.cli.output.tables import Column, fitted
from backend.domain.text.visible_text import visible
from backend.telemetry.logs.terminal_styles import takes_styles

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

#: Wide enough that nothing is folded in a pipe or a file.
_ENDLESS = 10_000_000


def print_json(value: Any) -> None:
    """One JSON document."""
    tell(json.dumps(plain(value), ensure_ascii=False, indent=2))


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "") -> None:
    """Rows under headings, or the sentence ``empty`` where there are none."""
    lines = [[_cell(value).plain for value in row] for row in rows]
    if empty and not lines:
        tell(empty)
        return
    down = [Column(name, [line[at] for line in lines]) for at, name in enumerate(columns)]
    # The table knows its width; a console of that width would only cut what must be longer.
    _endless().print(fitted(down, _console().width if sys.stdout.isatty() else None))


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Names and values, one pair a line; what is empty is left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value is not None and value != "":
            table.add_row(Text(name), _cell(value))
    _console().print(table)


def print_heading(text: str) -> None:
    """A line above what belongs together."""
    _console().print(Text(f"\n{visible(text)}", style="bold"))


def tell(text: str) -> None:
    """A line of output, in which nothing steers the terminal."""
    click.echo(visible(text))


def say(text: str) -> None:
    """A sentence to the person at the terminal; it is no output."""
    click.echo(visible(text), err=True)


def _cell(value: object) -> Text:
    return Text("" if value is None else visible(str(value)))


def progress(*columns: ProgressColumn, transient: bool = False) -> Progress:
    """How far something is, to the person at a terminal; nobody else sees it."""
    from rich.progress import Progress

    console = _console_of(sys.stderr, stderr=True)
    disable = not sys.stderr.isatty()
    return Progress(*columns, console=console, transient=transient, disable=disable)


def _console() -> Console:
    return _console_of(sys.stdout) if sys.stdout.isatty() else _endless()


def _endless() -> Console:
    return _console_of(sys.stdout, width=_ENDLESS)


def _console_of(stream: TextIO, **asked: Any) -> Console:
    # Without a system of colours nothing is bold either.
    if takes_styles(stream):
        return Console(highlight=False, **asked)
    return Console(highlight=False, color_system=None, **asked)
