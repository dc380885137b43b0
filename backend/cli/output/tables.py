"""Tables that fit a terminal and never break what readers copy: ids, names, states and numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

#: The headings of free text: the only cells that may go over several lines.
_PROSE = frozenset(
    {"does", "error", "last error", "message", "note", "reason", "text", "value", "what"}
)
#: Free text in a narrower column than this is a sliver that nobody can read.
_READABLE = 20
_GAP = "  "
_INDENT = "    "


class Column(NamedTuple):
    """A heading and what stands below it, from the first row to the last."""

    heading: str
    cells: Sequence[str]

    @property
    def is_prose(self) -> bool:
        """Whether a reader loses nothing when it goes over several lines."""
        return self.heading in _PROSE

    @property
    def is_empty(self) -> bool:
        """Whether no row has anything to say here."""
        return not any(self.cells)

    @property
    def widest(self) -> int:
        """What its longest cell takes."""
        return max((_width(cell) for cell in self.cells), default=0)

    @property
    def natural(self) -> int:
        """What it takes with nothing folded."""
        return max(_width(self.heading), self.widest)

    @property
    def unfolded(self) -> int:
        """What it takes with its heading folded between words, and no cell."""
        return max(self.widest, *(_width(word) for word in self.heading.split() or [""]))


def fitted(columns: Sequence[Column], room: int | None) -> RenderableType:
    """One line a row where there is ``room`` for it (None: any), else what is left over below each row."""
    natural = [column.natural for column in columns]
    if room is None or _total(natural) <= room:
        return _table(columns, natural)
    kept = [column for column in columns if not column.is_empty or not column.cells]
    widths = _squeezed(kept, room)
    return _table(kept, widths) if _total(widths) <= room else _storeys(kept, room)


def _squeezed(columns: Sequence[Column], room: int) -> list[int]:
    """Free text gives way, the last column of it first: what matters most stands further left."""
    widths = [column.unfolded for column in columns]
    for place in reversed([n for n, column in enumerate(columns) if column.is_prose]):
        least = max(_READABLE, *(_width(word) for word in columns[place].heading.split()))
        over = max(0, _total(widths) - room)
        widths[place] = max(widths[place] - over, min(widths[place], least))
    return widths


def _table(columns: Sequence[Column], widths: Sequence[int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column.heading, overflow="fold", width=width)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    return table


def _storeys(columns: Sequence[Column], room: int) -> Text:
    """Above a row of a table, and below it, indented, the values that the line has no room for."""
    count = _that_fit(columns, room)
    above, below = columns[:count], columns[count:]
    text = Text(no_wrap=True, overflow="ignore")
    text.append(_line(above, [column.heading for column in above]), style="bold")
    for row in zip(*(column.cells for column in columns), strict=True):
        text.append("\n" + _line(above, [" ".join(cell.split("\n")) for cell in row[:count]]))
        for line in _packed(below, row[count:], room - len(_INDENT)):
            text.append(f"\n{_INDENT}{line}")
    return text


def _that_fit(columns: Sequence[Column], room: int) -> int:
    """How many stand on one line; the first always does, if the line has to be longer for it."""
    widths = [column.natural for column in columns]
    return max(1, sum(_total(widths[: n + 1]) <= room for n in range(len(widths))))


def _line(columns: Sequence[Column], cells: Sequence[str]) -> str:
    pairs = zip(columns, cells, strict=True)
    return _GAP.join(
        cell + " " * (column.natural - _width(cell)) for column, cell in pairs
    ).rstrip()


def _packed(columns: Sequence[Column], cells: Sequence[str], room: int) -> Iterator[str]:
    """``name: value`` by ``name: value``, as many on a line as it holds; only free text is folded."""
    line = ""
    for piece in _pieces(columns, cells, room):
        if line and _width(line + _GAP + piece) > room:
            yield line
            line = ""
        line = line + _GAP + piece if line else piece
    if line:
        yield line


def _pieces(columns: Sequence[Column], cells: Sequence[str], room: int) -> Iterator[str]:
    for column, cell in zip(columns, cells, strict=True):
        if cell:
            piece = f"{column.heading}: {cell}" if column.heading else cell
            yield from _folded(piece, room) if column.is_prose else (piece,)


def _folded(text: str, room: int) -> list[str]:
    """Between words: a path or an id within free text is longer than the line before it is broken."""
    return textwrap.wrap(text, max(room, 1), break_long_words=False, break_on_hyphens=False)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * max(0, len(widths) - 1)


def _width(text: str) -> int:
    return max((cell_len(line) for line in text.split("\n")), default=0)
