"""Lays data out as a definition says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.domain.errors import PermanentFailure
from backend.domain.text.nearest_name import suggestion
from workers.reports.dataset import Dataset
from workers.reports.definition import (
    ChartBlock,
    ColumnLabel,
    Columns,
    Definition,
    FiguresBlock,
    TableBlock,
    TextBlock,
)
from workers.reports.document import (
    Block,
    Chart,
    Document,
    Figures,
    Heading,
    Paragraph,
    Series,
    Table,
)
from workers.reports.shown_values import shown


def compose(
    definition: Definition, data: Mapping[str, Dataset], values: Mapping[str, Any], now: datetime
) -> Document:
    """The report; raises `PermanentFailure` naming a dataset or column that is not there."""
    given = [(name.replace("_", " "), value) for name, value in values.items() if value is not None]
    blocks = [_block(block, data) for block in definition.layout]
    return Document(definition.title, definition.description, given, now, blocks)


def _block(block: Any, data: Mapping[str, Dataset]) -> Block:
    if isinstance(block, TextBlock):
        return Paragraph(block.text)
    if isinstance(block, FiguresBlock):
        return _figures(block, _named(data, block.figures))
    if isinstance(block, TableBlock):
        return _table(block, _named(data, block.table))
    return _chart(block, _named(data, block.chart))


def _named(data: Mapping[str, Dataset], name: str) -> Dataset:
    if name not in data:
        raise PermanentFailure(f"there is no dataset {name!r}{suggestion(name, data)}")
    return data[name]


def _figures(block: FiguresBlock, data: Dataset) -> Figures:
    places, headings = _chosen(block.columns, data)
    first = data.rows[0] if data.rows else [None] * len(data.columns)
    return Figures(block.title, headings, [first[place] for place in places])


def _table(block: TableBlock, data: Dataset) -> Table:
    places, headings = _chosen(block.columns, data)
    rows = [[row[place] for place in places] for row in data.rows]
    return Table(block.title, headings, rows, block.empty, data.is_cut)


def _chart(block: ChartBlock, data: Dataset) -> Chart:
    where = _place(data, block.category)
    categories = [shown(row[where]) for row in data.rows]
    series = [
        Series(label, [_amount(row[_place(data, column)], column) for row in data.rows])
        for column, label in block.series.items()
    ]
    return Chart(block.title, block.kind, categories, series, data.is_cut)


def _chosen(columns: Columns, data: Dataset) -> tuple[list[int], list[Heading]]:
    wanted: Columns = columns or {
        name: name.replace("_", " ").capitalize() for name in data.columns
    }
    places = [_place(data, name) for name in wanted]
    return places, [_heading(label) for label in wanted.values()]


def _heading(label: str | ColumnLabel) -> Heading:
    return Heading(label, "auto") if isinstance(label, str) else Heading(label.label, label.format)


def _place(data: Dataset, column: str) -> int:
    if not data.rows and column not in data.columns:
        return 0
    if column not in data.columns:
        raise PermanentFailure(
            f"the data has no column {column!r}{suggestion(column, data.columns)}"
        )
    return list(data.columns).index(column)


def _amount(value: Any, column: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PermanentFailure(f"column {column!r} cannot be drawn: it holds no numbers")
    try:
        amount = float(value)
    except OverflowError:
        raise PermanentFailure(f"column {column!r} holds a number too large to be drawn") from None
    return amount if math.isfinite(amount) else None
