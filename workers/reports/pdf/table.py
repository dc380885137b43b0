"""Tables of a PDF: columns as wide as their contents want, long texts folded, headings on each page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from backend.domain.errors import PermanentFailure
from workers.reports.document import Heading, Table
from workers.reports.pdf.paper import MARGIN, QUIET, Paper, Style, cleaned
from workers.reports.shown_values import is_number, shown

_LINE, _RULE = "#d9dfe6", "#5f6b7a"
_TEXT, _HEADING, _NOTE = Style(8.0), Style(8.0, bold=True), Style(8.0, color=QUIET)
_LEADING = 10.4
_PADDING, _ABOVE, _BELOW = 5.0, 2.5, 3.5
#: A longer text would fill pages; the other formats hold all of it, and the result says so.
LONGEST = 600
_SAMPLE = 300
#: Columns narrower than this are never squeezed further.
_LEAST = 48.0
_MOST_COLUMNS = 200


class _Column(NamedTuple):
    """Where a column stands on the page."""

    place: int
    heading: Heading
    x: float
    width: float
    anchor: str


class TableWriter:
    """Writes tables onto paper, and counts the cells that it had to shorten."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._width = paper.width - 2 * MARGIN
        self.shortened = 0

    def write(self, table: Table) -> None:
        """Rows under headings that come again on each page.

        Columns beyond the page's width follow on pages of their own, each time with the first column.
        """
        count = len(table.headings)
        if count > _MOST_COLUMNS:
            raise PermanentFailure(
                f"table {table.title!r} has {count:,} columns and a PDF has room for {_MOST_COLUMNS}; "
                "choose columns in the layout, or another format"
            )
        parts = _parts(count, int(self._width // _LEAST))
        for number, places in enumerate(parts):
            if len(parts) > 1:
                self._say_which(number, places, count)
            self._write_part(table, places)

    def _say_which(self, number: int, places: Sequence[int], count: int) -> None:
        if number:
            self._paper.turn()
        shown_from = places[1] + 1 if number else 1
        text = f"Columns {shown_from} to {places[-1] + 1} of {count}"
        self._paper.put(text, MARGIN, self._paper.y + 8, _NOTE)
        self._paper.y += 14

    def _write_part(self, table: Table, places: Sequence[int]) -> None:
        columns = self._columns(table, places)
        self._head(columns)
        for row in table.rows:
            self._row([self._text(row[column.place], column) for column in columns], columns)

    def _columns(self, table: Table, places: Sequence[int]) -> list[_Column]:
        widths = self._widths(table, places)
        x, columns = MARGIN, []
        for place, width in zip(places, widths, strict=True):
            anchor = "end" if is_number(table.rows[0][place]) else "start"
            columns.append(_Column(place, table.headings[place], x, width, anchor))
            x += width
        return columns

    def _widths(self, table: Table, places: Sequence[int]) -> list[float]:
        """What the contents want; when that is too much, the widest give way first."""
        wanted = [self._wanted(table, place) + 2 * _PADDING for place in places]
        most = _level(wanted, self._width)
        squeezed = [min(width, most) for width in wanted]
        spare = max(self._width - sum(squeezed), 0.0) / len(squeezed)
        return [width + spare for width in squeezed]

    def _wanted(self, table: Table, place: int) -> float:
        kind = table.headings[place].format
        texts = (shown(row[place], kind)[:LONGEST] for row in table.rows[:_SAMPLE])
        return max(
            self._paper.measure(cleaned(table.headings[place].label), _HEADING),
            *(self._paper.measure(cleaned(text).partition("\n")[0], _TEXT) for text in texts),
        )

    def _text(self, value: Any, column: _Column) -> str:
        text = shown(value, column.heading.format)
        if len(text) > LONGEST:
            self.shortened += 1
            text = f"{text[:LONGEST]}…"
        return cleaned(text)

    def _head(self, columns: Sequence[_Column]) -> None:
        lines = [self._lines(cleaned(c.heading.label), c, _HEADING) for c in columns]
        self._paper.reserve((max(map(len, lines)) + 2) * _LEADING + _ABOVE + _BELOW)
        self._draw(lines, columns, _HEADING)
        self._end(_RULE, 1.0)

    def _row(self, texts: Sequence[str], columns: Sequence[_Column]) -> None:
        lines = [
            self._lines(text, column, _TEXT) for text, column in zip(texts, columns, strict=True)
        ]
        while True:
            room = int((self._paper.bottom - self._paper.y - _ABOVE - _BELOW) // _LEADING)
            left = max(map(len, lines))
            if left <= room:
                break
            if room > 0 and left * _LEADING > self._paper.bottom - 2 * MARGIN:
                # Higher than a page: what fits is drawn here, and the rest under the next headings.
                self._draw([each[:room] for each in lines], columns, _TEXT)
                lines = [each[room:] for each in lines]
            self._paper.turn()
            self._head(columns)
        self._draw(lines, columns, _TEXT)
        self._end(_LINE, 0.4)

    def _lines(self, text: str, column: _Column, style: Style) -> list[str]:
        room = column.width - 2 * _PADDING
        if "\n" not in text and self._paper.measure(text, style) <= room + 0.01:
            return [text]
        return self._paper.fold(text, room, style)

    def _draw(
        self, lines: Sequence[Sequence[str]], columns: Sequence[_Column], style: Style
    ) -> None:
        top = self._paper.y + _ABOVE + style.size
        for cell, column in zip(lines, columns, strict=True):
            x = column.x + (_PADDING if column.anchor == "start" else column.width - _PADDING)
            for number, line in enumerate(cell):
                if line:
                    self._paper.put(line, x, top + number * _LEADING, style, column.anchor)
        self._paper.y += _ABOVE + max(map(len, lines)) * _LEADING + _BELOW

    def _end(self, color: str, width: float) -> None:
        self._paper.rule(self._paper.y, MARGIN, self._paper.width - MARGIN, color, width)


def _parts(columns: int, room: int) -> list[list[int]]:
    """The columns by the pages that they stand on: the first one comes again on each."""
    if columns <= room:
        return [list(range(columns))]
    rest = range(1, columns)
    return [[0, *rest[start : start + room - 1]] for start in range(0, len(rest), room - 1)]


def _level(wanted: Sequence[float], room: float) -> float:
    """The width that no column may pass, so that all of them fit."""
    left, columns = room, len(wanted)
    for width in sorted(wanted):
        if width * columns > left:
            return max(left / columns, min(_LEAST, room / len(wanted)))
        left -= width
        columns -= 1
    return room
