"""Tables of a PDF: columns as wide as their contents want, long texts folded, headings on each page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from workers.optional_library import load
from workers.reports.document import Figures, Table
from workers.reports.shown_values import is_number, shown

_EXTRA = "reports"
_LINE, _RULE = "#d9dfe6", "#5f6b7a"
_SIZE = 8.0
_PADDING = 5.0
#: A longer text would fill pages; the other formats hold all of it.
_LONGEST = 600
_SAMPLE = 300
#: Columns narrower than this are never squeezed further.
_LEAST = 48.0
_FIGURES_A_ROW = 4


class TableMaker:
    """Makes tables for pages of one width."""

    def __init__(self, width: float, *, plain: str, bold: str) -> None:
        self._width = width
        self._plain = plain
        self._bold = bold
        self._platypus = load("reportlab.platypus", extra=_EXTRA)
        self._measure = load("reportlab.pdfbase.pdfmetrics", extra=_EXTRA).stringWidth
        style = load("reportlab.lib.styles", extra=_EXTRA).ParagraphStyle
        self._folded = style(
            "cell", fontName=plain, fontSize=_SIZE, leading=_SIZE * 1.3, splitLongWords=1
        )

    def table(self, table: Table) -> Any:
        """Rows under headings that come again on each page."""
        labels = [_clean(heading.label) for heading in table.headings]
        texts = [
            [
                _clean(shown(value, heading.format))
                for value, heading in zip(row, table.headings, strict=True)
            ]
            for row in table.rows
        ]
        widths = self._widths(labels, texts)
        rows = [
            [self._cell(text, width) for text, width in zip(row, widths, strict=True)]
            for row in texts
        ]
        made = self._platypus.LongTable(
            [[self._cell(label, width, bold=True) for label, width in zip(labels, widths, strict=True)],
             *rows],
            colWidths=widths, repeatRows=1, splitInRow=1,
        )  # fmt: skip
        made.setStyle(self._style(table.rows[0]))
        return made

    def figures(self, figures: Figures) -> Any:
        """A name and a large number in each of some boxes."""
        cells = [
            (_clean(heading.label), _clean(shown(value, heading.format)))
            for heading, value in zip(figures.headings, figures.values, strict=True)
        ]
        cells += [("", "")] * (-len(cells) % _FIGURES_A_ROW)
        rows: list[list[str]] = []
        for start in range(0, len(cells), _FIGURES_A_ROW):
            part = cells[start : start + _FIGURES_A_ROW]
            rows += [[label for label, _ in part], [value for _, value in part]]
        made = self._platypus.Table(rows, colWidths=[self._width / _FIGURES_A_ROW] * _FIGURES_A_ROW)
        made.setStyle([command for row in range(0, len(rows), 2) for command in self._boxed(row)])
        return made

    def _boxed(self, row: int) -> list[tuple[Any, ...]]:
        above, below = (0, row), (-1, row)
        return [
            ("FONT", above, below, self._plain, 8),
            ("TEXTCOLOR", above, below, _RULE),
            ("FONT", (0, row + 1), (-1, row + 1), self._bold, 14),
            ("BOTTOMPADDING", (0, row + 1), (-1, row + 1), 10),
            ("LINEABOVE", above, below, 0.75, _LINE),
        ]

    def _widths(self, labels: Sequence[str], texts: Sequence[Sequence[str]]) -> list[float]:
        """What the contents want; when that is too much, the widest give way first."""
        wanted = [
            max(
                self._measure(label, self._bold, _SIZE),
                *(self._measure(row[n].partition("\n")[0], self._plain, _SIZE) for row in texts[:_SAMPLE]),
            )
            + 2 * _PADDING
            for n, label in enumerate(labels)
        ]  # fmt: skip
        most = _level(wanted, self._width)
        squeezed = [min(width, most) for width in wanted]
        spare = max(self._width - sum(squeezed), 0.0) / len(squeezed)
        return [width + spare for width in squeezed]

    def _cell(self, text: str, width: float, *, bold: bool = False) -> Any:
        font = self._bold if bold else self._plain
        if "\n" not in text and self._measure(text, font, _SIZE) <= width - 2 * _PADDING + 0.01:
            return text
        return self._platypus.Paragraph(escape(text, quote=False), self._folded)

    def _style(self, first: Sequence[Any]) -> list[tuple[Any, ...]]:
        style: list[tuple[Any, ...]] = [
            ("FONT", (0, 0), (-1, 0), self._bold, _SIZE),
            ("FONT", (0, 1), (-1, -1), self._plain, _SIZE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
            ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ("LINEBELOW", (0, 0), (-1, 0), 1, _RULE),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE),
        ]
        numbers = [place for place, value in enumerate(first) if is_number(value)]
        return style + [("ALIGN", (place, 0), (place, -1), "RIGHT") for place in numbers]


def _level(wanted: Sequence[float], room: float) -> float:
    """The width that no column may pass, so that all of them fit."""
    left, columns = room, len(wanted)
    for width in sorted(wanted):
        if width * columns > left:
            return max(left / columns, min(_LEAST, room / len(wanted)))
        left -= width
        columns -= 1
    return room


def _clean(text: str) -> str:
    short = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return "".join(c if c.isprintable() or c == "\n" else " " for c in short)
