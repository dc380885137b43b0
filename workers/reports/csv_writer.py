"""Reports as CSV: each table and chart under its title, one after the other."""

from __future__ import annotations

import csv
import io
from typing import Any, BinaryIO

from workers.exports.cells import safe_csv_cell
from workers.reports.document import Block, Chart, Document, Figures, Paragraph, Table
from workers.reports.left_out import left_out, note_of


def write_csv(document: Document, file: BinaryIO, _font: Any = None) -> list[str]:
    """Writes the file; sections are separated by an empty line. Answers what it left out."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow([safe_csv_cell(document.title)])
    for name, value in document.values:
        rows.writerow([safe_csv_cell(name), safe_csv_cell(value)])
    for block in document.blocks:
        section = _section(block)
        note = note_of(block, draws=False)
        section += [[note]] if note else []
        if section:
            rows.writerow([])
            rows.writerows([[safe_csv_cell(value) for value in row] for row in section])
    file.write(text.getvalue().encode("utf-8", "replace"))
    return left_out(document, draws=False)


def _section(block: Block) -> list[list[Any]]:
    if isinstance(block, Paragraph):
        return []
    if isinstance(block, Figures):
        named = zip(block.headings, block.values, strict=True)
        return [[heading.label, value] for heading, value in named]
    if isinstance(block, Table):
        labels = [heading.label for heading in block.headings]
        return [[block.title], labels, *map(list, block.rows)]
    return _chart(block)


def _chart(chart: Chart) -> list[list[Any]]:
    labels = ["", *(series.label for series in chart.series)]
    columns = [chart.categories, *(series.values for series in chart.series)]
    return [[chart.title], labels, *map(list, zip(*columns, strict=True))]
