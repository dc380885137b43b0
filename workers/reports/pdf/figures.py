"""Key figures of a PDF: a name and a large number in each of some boxes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from workers.reports.document import Figures, Heading
from workers.reports.pdf.paper import MARGIN, QUIET, Paper, Style, cleaned
from workers.reports.shown_values import shown

_A_ROW = 4
_LABEL, _VALUE = Style(8.0, color=QUIET), Style(14.0, bold=True)
_LABEL_STEP, _VALUE_STEP = 11.0, 18.0
_LINE = "#d9dfe6"


def write_figures(paper: Paper, figures: Figures) -> None:
    """Puts the boxes onto paper, four in a row."""
    wide = (paper.width - 2 * MARGIN) / _A_ROW
    for cells in _rows_of(figures):
        labels = [paper.fold(cleaned(heading.label), wide - 8, _LABEL) for heading, _ in cells]
        values = [
            paper.fold(cleaned(shown(value, heading.format)), wide - 8, _VALUE)
            for heading, value in cells
        ]
        above = max(map(len, labels)) * _LABEL_STEP + 4
        height = above + max(map(len, values)) * _VALUE_STEP + 10
        paper.reserve(height)
        paper.rule(paper.y, MARGIN, paper.width - MARGIN, _LINE, 0.75)
        for number, (label, value) in enumerate(zip(labels, values, strict=True)):
            x = MARGIN + number * wide
            _put(paper, label, (x, paper.y + 12), _LABEL, _LABEL_STEP)
            _put(paper, value, (x, paper.y + above + 14), _VALUE, _VALUE_STEP)
        paper.y += height


def _put(
    paper: Paper, lines: Sequence[str], place: tuple[float, float], style: Style, step: float
) -> None:
    x, y = place
    for number, line in enumerate(lines):
        paper.put(line, x, y + number * step, style)


def _rows_of(figures: Figures) -> Iterator[list[tuple[Heading, Any]]]:
    cells = list(zip(figures.headings, figures.values, strict=True))
    for start in range(0, len(cells), _A_ROW):
        yield cells[start : start + _A_ROW]
