"""Reports as an Excel workbook: figures and charts on the first sheet, a sheet for each table."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO

from workers.exports.xlsx_writer import OPTIONS, write_cell
from workers.handlers.optional_library import load
from workers.reports.document import Block, Chart, Document, Figures, Paragraph, Table
from workers.reports.left_out import left_out, note_of
from workers.reports.plot import PALETTE

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31
_WIDEST, _NARROWEST = 60, 8
#: Rows that a chart covers.
_CHART_ROWS = 16


def write_xlsx(document: Document, file: BinaryIO, _font: Any = None) -> list[str]:
    """Writes the workbook; answers what it left out."""
    made = io.BytesIO()
    options = {**OPTIONS, "constant_memory": False, "in_memory": True}
    book = load("xlsxwriter", extra="reports").Workbook(made, options)
    _Workbook(book).write(document)
    book.close()
    file.write(made.getvalue())
    return left_out(document, draws=False)


class _Workbook:
    def __init__(self, book: Any) -> None:
        self._book = book
        self._names: set[str] = set()
        self._bold = book.add_format({"bold": True})
        self._large = book.add_format({"bold": True, "font_size": 16})
        self._instants = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._cover = self._sheet("Report")
        self._row = 0

    def write(self, document: Document) -> None:
        self._cover.set_column(0, 0, 32)
        self._cover.set_column(1, 1, 24)
        self._line(document.title, self._large)
        self._line(document.description)
        for name, value in (*document.values, ("made", document.made_at)):
            self._pair(name, value)
        for block in document.blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        self._row += 1
        if isinstance(block, Paragraph):
            self._line(block.text)
        elif isinstance(block, Figures):
            self._line(block.title, self._bold)
            for heading, value in zip(block.headings, block.values, strict=True):
                self._pair(heading.label, value)
        elif isinstance(block, Table):
            self._table(block)
        else:
            self._chart(block)
        self._line(note_of(block, draws=False))

    def _line(self, text: str, style: Any = None) -> None:
        if text:
            self._cover.write_string(self._row, 0, text, style)
            self._row += 1

    def _pair(self, label: str, value: Any) -> None:
        self._cover.write_string(self._row, 0, label)
        write_cell(self._cover, self._row, 1, value, self._instants, heading=label)
        self._row += 1

    def _sheet(self, title: str) -> Any:
        base = _FORBIDDEN.sub(" ", title).strip()[:_LONGEST_NAME] or "Sheet"
        name, number = base, 2
        while name.lower() in self._names or name.lower() == "history":
            name = f"{base[: _LONGEST_NAME - 4]} {number}"
            number += 1
        self._names.add(name.lower())
        return self._book.add_worksheet(name)

    def _table(self, table: Table) -> None:
        sheet = self._sheet(table.title)
        self._cover.write_string(self._row, 0, table.title)
        self._cover.write_string(
            self._row, 1, f"sheet {sheet.get_name()}, {len(table.rows):,} rows"
        )
        self._row += 1
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(table.headings):
            texts = [heading.label, *(str(row[column]) for row in table.rows[:200])]
            sheet.set_column(column, column, _width(texts))
            sheet.write_string(0, column, heading.label, self._bold)
        for number, row in enumerate(table.rows, 1):
            for column, value in enumerate(row):
                label = table.headings[column].label
                write_cell(sheet, number, column, value, self._instants, heading=label)
        if table.rows:
            sheet.autofilter(0, 0, len(table.rows), len(table.headings) - 1)

    def _chart(self, chart: Chart) -> None:
        sheet = self._sheet(f"{chart.title} data")
        drawn = self._book.add_chart({"type": "column" if chart.kind == "bar" else "line"})
        last = max(len(chart.categories), 1)
        for number, category in enumerate(chart.categories, 1):
            sheet.write_string(number, 0, category)
        for column, series in enumerate(chart.series, 1):
            sheet.write_string(0, column, series.label, self._bold)
            for number, value in enumerate(series.values, 1):
                write_cell(sheet, number, column, value, None, heading=series.label)
            drawn.add_series(
                {
                    "name": [sheet.get_name(), 0, column],
                    "categories": [sheet.get_name(), 1, 0, last, 0],
                    "values": [sheet.get_name(), 1, column, last, column],
                    "fill": {"color": PALETTE[column - 1]},
                    "line": {"color": PALETTE[column - 1]},
                }
            )
        drawn.set_title({"name": chart.title, "name_font": {"size": 12}})
        drawn.set_size({"width": 720, "height": 300})
        self._cover.insert_chart(self._row, 0, drawn)
        self._row += _CHART_ROWS


def _width(texts: list[str]) -> int:
    return min(_WIDEST, max(_NARROWEST, *(len(text) + 2 for text in texts)))
