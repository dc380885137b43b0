"""A report ready to be written in any format: titles, texts, figures, tables, charts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from workers.reports.definition import CellFormat


class Heading(NamedTuple):
    """A column of a table, or a figure's name."""

    label: str
    format: CellFormat


class Paragraph(NamedTuple):
    """Text."""

    text: str


class Figures(NamedTuple):
    """A few numbers that stand out."""

    title: str
    headings: Sequence[Heading]
    values: Sequence[Any]


class Table(NamedTuple):
    """Rows under headings."""

    title: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Any]]
    #: Said instead of a table without rows.
    empty: str
    is_cut: bool = False


class Series(NamedTuple):
    """One line, or one colour of bars."""

    label: str
    #: None where there is no number: a gap, not nought.
    values: Sequence[float | None]


class Chart(NamedTuple):
    """Series over categories."""

    title: str
    kind: str
    categories: Sequence[str]
    series: Sequence[Series]
    #: There were more rows than these.
    is_cut: bool = False


Block = Paragraph | Figures | Table | Chart


class Document(NamedTuple):
    """The whole report."""

    title: str
    description: str
    #: The parameters it was made with, as name and value.
    values: Sequence[tuple[str, Any]]
    made_at: datetime
    blocks: Sequence[Block]
